// Every way in which a request is refused for its form, its sender, its size or for load, on a
// real socket: a row each, with its status, whether the connection ends, and the header that goes
// with it. Slow clients and ends of connections: server_threads_test.cc.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/server.h"
#include "api/socket_client.h"
#include "api/testing.h"
#include "io/testing.h"

namespace rondo::api {
namespace {

struct Row {
  std::string what, bytes;
  int status;
  bool closes = false;
  std::string name = {}, value = {};  // of a header of the reply
};

const std::string kPost = "POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n";
const std::string kJson = "Content-Type: application/json\r\n";
const std::string kViewer = "Authorization: Bearer the secret of viewer\r\n";
const std::string kAdmin = "Authorization: Bearer a-token-for-tests\r\n";

std::string fields(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "A: b\r\n";
  return out;
}
/// A GET whose head has exactly so many bytes.
std::string head_of(std::size_t bytes) {
  const std::size_t bare = get("/ping", "A: \r\n").size();
  return get("/ping", "A: " + std::string(bytes - bare, 'x') + "\r\n");
}
std::string many_rows(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    rows += (i == 0 ? "" : ",") +
            std::string(R"({"temp":1,"hour":1,"sky":"rain","holiday":true})");
  }
  return "{\"rows\":[" + rows + "]}";
}
std::string padded(std::size_t bytes) {
  std::string body = kRow;
  body.resize(bytes, ' ');
  return body;
}
std::string zipped(const std::string& plain) {
  return post("/api/v1/predict", io::gzip(plain), "Content-Encoding: gzip\r\n");
}

class Refusals : public ::testing::Test {
 protected:
  Refusals() {
    service_.held_tokens =
        with_token(service_.held_tokens, "viewer", {Role::kViewer, Role::kPredictor});
    options_.listen = "127.0.0.1:0";
    options_.threads = 1;
    options_.body_max = 100'000;
    options_.rows_max = 3;
    options_.drain = Span{};
  }
  void start() {
    server_.reset();
    server_ = Server::start(options_, service_).value();
  }
  /// Whoever is refused is told what to do; the protocols of others have one text for all. What the
  /// service says is its own (conflict, unavailable, disk_full).
  static void expect_hint(const std::string& what, const std::string& body) {
    const auto said = io::parse_json(body);
    if (!said || !said->is_object() || !said->contains("error")) return;
    const Json& error = said->at("error");
    if (!error.is_object()) return;
    for (const char* service : {"conflict", "unavailable", "disk_full"}) {
      if (error.at("code") == service) return;
    }
    EXPECT_NE(error.at("hint"), "") << what << ": " << body;
  }
  void expect(const std::vector<Row>& rows) {
    start();
    for (const Row& row : rows) {
      Client client(server_->port());
      const Got got = client.send(row.bytes).reply();
      EXPECT_EQ(got.status, row.status) << row.what << ": " << got.body;
      EXPECT_EQ(got.closes(), row.closes) << row.what;
      expect_hint(row.what, got.body);
      const std::string said = row.name.empty() ? "" : got.header(row.name);
      EXPECT_EQ(said, row.value) << row.what;
      if (row.closes) {
        client.end_sending();
        EXPECT_TRUE(client.ended()) << row.what;
      } else {
        EXPECT_EQ(client.send(get("/ping")).reply().status, 200) << row.what << ": goes on";
      }
    }
  }
  std::string numbers() {
    return Client(server_->port()).send(get("/metrics")).reply().body;
  }

  FakeService service_{regression_pipeline()};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(Refusals, FormOfTheHead) {
  const std::string chunked = kPost + "Transfer-Encoding: chunked\r\n";
  expect({
      {"a head of 16 KiB", head_of(16 << 10), 200},
      {"a byte more", head_of((16 << 10) + 1), 431, true},
      {"100 fields", get("/ping", fields(99)), 200},
      {"101 fields", get("/ping", fields(100)), 431, true},
      {"a target of 4 KiB", get("/" + std::string(4095, 'x')), 404},
      {"a byte more in the target", get("/" + std::string(4096, 'x')), 414, true},
      {"both lengths", chunked + "Content-Length: 2\r\n\r\n0\r\n\r\n", 400, true},
      {"unequal lengths", kPost + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400, true},
      {"obs-fold", get("/ping", "A: b\r\n c\r\n"), 400, true},
      {"bad chunk", chunked + "\r\nzz\r\n{}\r\n0\r\n\r\n", 400, true},
      {"NUL", get("/ping", std::string("A: \0\r\n", 7)), 400, true},
      {"bare CR", get("/ping", "A: b\rc\r\n"), 400, true},
      {"no Host", "GET /ping HTTP/1.1\r\n\r\n", 400, true},
      {"a hello of TLS", std::string("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", 11), 400,
       true},
      {"expectation", post("/api/v1/predict", kRow, "Expect: a-miracle\r\n"), 417, true},
  });
}

TEST_F(Refusals, SizeOfTheBody) {
  expect({
      {"as many bytes as may be", post("/api/v1/predict", padded(100'000)), 200},
      {"a byte more", post("/api/v1/predict", padded(100'001)), 413, true},
      {"as many rows as may be", post("/api/v1/predict", many_rows(3)), 200},
      {"a row more", post("/api/v1/predict", many_rows(4)), 413},
      {"as many bytes after gzip", zipped(padded(5'000)), 200},
      {"more bytes after gzip", zipped(many_rows(2500)), 413},
      {"a ratio over 100", zipped(padded(99'000)), 413},
      {"a long body where short ones are taken",
       post("/api/v1/pause", padded(70'000), kAdmin), 413, true},
      {"depth over 64", post("/api/v1/predict", std::string(65, '[') + std::string(65, ']')), 400},
      {"broken UTF-8", post("/api/v1/predict", "{\"rows\":[{\"sky\":\"\xff\"}]}"), 400},
      {"doubled key", post("/api/v1/predict", "{\"rows\":[],\"rows\":[]}"), 400},
  });
}

TEST_F(Refusals, WhoAsksForWhat) {
  const std::string act = "{\"why\":\"x\"}";
  expect({
      {"Host not allowed", "GET /ping HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {"cross-site by origin", post("/api/v1/predict", kRow, "Origin: https://evil.example\r\n"),
       403},
      {"cross-site by fetch", post("/api/v1/predict", kRow, "Sec-Fetch-Site: cross-site\r\n"), 403},
      {"token bad", get("/v2", "Authorization: Bearer no\r\n"), 401, false, "WWW-Authenticate",
       "Bearer"},
      {"no token where one is needed", post("/api/v1/pause", act), 401, false, "WWW-Authenticate",
       "Bearer"},
      {"role too low", post("/api/v1/pause", act, kViewer), 403},
      {"path", get("/nowhere"), 404},
      {"method", get("/api/v1/predict"), 405, false, "Allow", "POST"},
      {"unknown method", "BREW /ping HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, false, "Allow",
       "GET, HEAD"},
      {"type",
       kPost + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
      {"encoding", post("/api/v1/predict", kRow, "Content-Encoding: br\r\n"), 415},
      {"unsupported",
       post("/v2/models/bikes/infer", R"({"inputs":[{"name":"temp","shape":[1],"datatype":"FP64",)"
                                      R"("parameters":{"shared_memory_region":"r"}}]})"),
       501},
      {"a version that is not there", post("/v2/models/bikes/versions/9/infer", "{\"inputs\":[]}"),
       404},
      {"no earlier version", post("/api/v1/rollback", act, kAdmin), 409},
  });
}

TEST_F(Refusals, AMethodIsNamedAndWhatMayBeUsed) {
  start();
  const Json brew = io::parse_json(Client(server_->port())
                                       .send("BREW /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
                                       .reply()
                                       .body)
                        .value();
  EXPECT_EQ(brew.at("error").at("message"), "/ping does not take BREW");
  EXPECT_EQ(brew.at("error").at("hint"), "use GET, HEAD");
  const Json got = io::parse_json(Client(server_->port()).send(get("/api/v1/predict")).reply().body)
                       .value();
  EXPECT_EQ(got.at("error").at("message"), "/api/v1/predict does not take GET");
  EXPECT_EQ(got.at("error").at("hint"), "use POST");
}

TEST_F(Refusals, AnActSaysWhyAndByNoOtherWord) {
  start();
  const std::string body = R"({"reason":"holidays"})";
  const Got got = Client(server_->port()).send(post("/api/v1/pause", body, kAdmin)).reply();
  EXPECT_EQ(got.status, 400);
  const Json error = io::parse_json(got.body).value().at("error");
  EXPECT_EQ(error.at("message"), "the body has no member \"reason\"");
  EXPECT_EQ(error.at("hint"), "did you mean \"why\"?");
}

TEST_F(Refusals, Load) {
  options_.queue_max = 0;
  const std::string labels = post("/api/v1/feedback", R"({"labels":[{"id":"x.0","label":1}]})",
                                  kAdmin);
  expect({
      {"what needs no worker", post("/api/v1/predict", kRow), 200},
      {"pool queue", get("/api/v1/status"), 503, false, "Retry-After", "1"},
      {"labels are never shed", labels, 200},
      {"numbers are never shed", get("/metrics"), 200},
  });
  EXPECT_NE(numbers().find("reason=\"queue\"} 1\n"), std::string::npos) << numbers();
  options_.in_flight_max = 0;
  expect({
      {"in flight", post("/api/v1/predict", kRow), 503, false, "Retry-After", "1"},
      {"labels are never shed", labels, 200},
      {"health is never shed", get("/health/ready"), 200},
  });
  EXPECT_NE(numbers().find("reason=\"in_flight\"} 1\n"), std::string::npos) << numbers();
  options_.in_flight_max = 1024;
  options_.queue_max = 256;
  options_.quota.requests = 1e-6;
  expect({
      {"the first", post("/api/v1/predict", kRow, kViewer), 200},
      {"quota", post("/api/v1/predict", kRow, kViewer), 429},
      {"quota of another protocol", post("/invocations", "{}", kViewer), 429},
      {"labels have no quota", labels, 200},
  });
}

TEST_F(Refusals, WhatCannotBeDoneNow) {
  service_.feedback_error = Error{Code::kUnavailable, "a sync failed", "", {}, {}};
  const std::string labels = post("/api/v1/feedback", R"({"labels":[{"id":"x.0","label":1}]})",
                                  kAdmin);
  expect({{"write after a failed sync", labels, 503, false, "Retry-After", "1"},
          {"predictions go on", post("/api/v1/predict", kRow), 200}});
  service_.feedback_error = Error{Code::kExhausted, "the disk is full", "", {}, {}};
  expect({{"disk full", labels, 507}, {"predictions go on", post("/api/v1/predict", kRow), 200}});
  service_.publish({});
  start();
  Client early(server_->port());
  const Got got = early.send(post("/api/v1/predict", kRow)).reply();
  EXPECT_EQ(got.status, 503) << "not ready";
  EXPECT_EQ(early.send(get("/ping")).reply().status, 503);
}

TEST_F(Refusals, DeadlinePast) {
  options_.rows_max = 10'000;
  std::string rows = many_rows(500);
  rows.pop_back();
  expect({{"deadline past",
           post("/v2/models/bikes/infer", rows + ",\"parameters\":{\"timeout\":1}}"), 504},
          {"deadline far",
           post("/v2/models/bikes/infer", rows + ",\"parameters\":{\"timeout\":3600000000}}"),
           200}});
}

}  // namespace
}  // namespace rondo::api
