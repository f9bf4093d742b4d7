// The server on a real socket of this machine: what HTTP says of connections, limits that refuse
// while a request is still being read, versions that change under load, and an end that loses
// nothing. Every wait has a bound; nothing is timed.
#include "api/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/socket_client.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr const char* kInfer =
    R"({"inputs":[{"name":"temp","shape":[1],"datatype":"FP64","data":[25.5]},)"
    R"({"name":"hour","shape":[1],"datatype":"INT64","data":[8]},)"
    R"({"name":"sky","shape":[1],"datatype":"BYTES","data":["rain"]},)"
    R"({"name":"holiday","shape":[1],"datatype":"BOOL","data":[false]}]})";

class ServerThreads : public ::testing::Test {
 protected:
  ServerThreads() {
    options_.listen = "127.0.0.1:0";
    options_.threads = 2;
    options_.body_max = 100'000;
    options_.drain = Span::seconds(20);
    start();
  }
  void start() {
    auto server = Server::start(options_, service_);
    CHECK(server.has_value(), "the server starts on a free port");
    server_ = *std::move(server);
  }
  std::uint16_t port() const { return server_->port(); }

  FakeService service_{regression_pipeline()};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerThreads, OneConnectionAnswersManyRequestsInOrder) {
  Client client(port());
  ASSERT_TRUE(client.connected());
  for (int i = 0; i < 3; ++i) {
    const Got got = client.send(post("/api/v1/predict", kRow)).reply();
    ASSERT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(io::parse_json(got.body)->at("predictions")[0].at("value"), 31);
    EXPECT_EQ(got.header("Rondo-Model-Version"), "3");
    EXPECT_FALSE(got.closes());
  }
  // One waits in the pool, one is quick: the replies come in the order of the requests.
  client.send(get("/metrics") + get("/v2/health/live") + get("/nowhere") + get("/ping"));
  EXPECT_EQ(client.reply().header("Content-Type").substr(0, 10), "text/plain");
  EXPECT_EQ(client.reply().body, "{\"live\":true}\n");
  EXPECT_EQ(client.reply().status, 404);
  EXPECT_EQ(client.reply().status, 200);
}

TEST_F(ServerThreads, FormsOfARequest) {
  Client head(port());
  const Got bare = head.send("HEAD /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n").reply(true);
  EXPECT_EQ(bare.status, 200);
  EXPECT_NE(bare.header("Content-Length"), "0");
  EXPECT_EQ(head.send(get("/v2/health/live")).reply().body, "{\"live\":true}\n") << "no body came";

  Client chunked(port());
  const std::string row = kRow;
  chunked.send("POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n"
               "Transfer-Encoding: chunked\r\n\r\n"
               "5\r\n" + row.substr(0, 5) + "\r\n");
  chunked.send(fmt::format("{:x};x=y\r\n{}\r\n0\r\nTrailer: t\r\n\r\n", row.size() - 5,
                           row.substr(5)));
  EXPECT_EQ(chunked.reply().status, 200);
  EXPECT_EQ(chunked.send(get("/ping")).reply().status, 200);

  Client patient(port());
  patient.send(fmt::format("POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n"
                           "Expect: 100-continue"
                           "\r\nContent-Length: {}\r\n\r\n",
                           row.size()));
  EXPECT_EQ(patient.reply().status, 100);
  EXPECT_EQ(patient.send(row).reply().status, 200);

  Client old(port());
  const Got answer = old.send("GET /ping HTTP/1.0\r\nHost: localhost\r\n\r\n").reply();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.closes());
  EXPECT_TRUE(old.ended());

  Client half(port());
  half.send(get("/ping") + post("/api/v1/predict", kRow));
  half.end_sending();
  EXPECT_EQ(half.reply().status, 200);
  EXPECT_EQ(half.reply().status, 200) << "a client that ended its side still gets its answers";
  EXPECT_TRUE(half.ended());
}

TEST_F(ServerThreads, BrokenAndTooLargeRequestsAreRefusedAndClosed) {
  const std::string start = "POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n";
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n";
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += "A: b\r\n";
  const struct {
    std::string what, bytes;
    int status;
  } rows[] = {
      {"no Host", "GET /ping HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET /ping HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
      {"both lengths", chunked + "Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400},
      {"unequal lengths", start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400},
      {"negative length", start + "Content-Length: -1\r\n\r\n", 400},
      {"another encoding", start + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"bad chunk", chunked + "\r\nzz\r\n{}\r\n0\r\n\r\n", 400},
      {"folded line", "GET /ping HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n", 400},
      {"NUL", std::string("GET /ping HTTP/1.1\r\nHost: local\0host\r\n\r\n", 41), 400},
      {"no HTTP", "hello\r\n\r\n", 400},
      {"too many fields", get("/ping", fields), 431},
      {"too long a head", get("/ping", "A: " + std::string(17 << 10, 'x') + "\r\n"), 431},
      {"too long a target", get("/" + std::string(5 << 10, 'x')), 414},
      {"announced body", start + "Content-Length: 100001\r\n\r\n", 413},
      {"chunked body",
       chunked + "\r\n186a1\r\n" + std::string(100'001, ' ') + "\r\n0\r\n\r\n", 413},
      {"type of a large body",
       start + "Content-Type: text/plain\r\nContent-Length: 70000\r\n\r\n", 415},
  };
  for (const auto& row : rows) {
    Client client(port());
    const Got got = client.send(row.bytes).reply();
    EXPECT_EQ(got.status, row.status) << row.what << ": " << got.body;
    EXPECT_TRUE(got.closes()) << row.what;
    client.end_sending();
    EXPECT_TRUE(client.ended()) << row.what;
  }
}

TEST_F(ServerThreads, ARefusalLeavesTheConnectionUsable) {
  Client client(port());
  EXPECT_EQ(client.send(post("/api/v1/predict", "{")).reply().status, 400);
  EXPECT_EQ(client.send("GET /ping HTTP/1.1\r\nHost: evil.org\r\n\r\n").reply().status, 421);
  EXPECT_EQ(client.send(post("/api/v1/trigger", "{\"why\":\"x\"}")).reply().status, 401);
  EXPECT_EQ(client.send(post("/ping", "{}")).reply().status, 405);
  EXPECT_EQ(client.send(post("/api/v1/predict", kRow, "Expect: nothing\r\n")).reply().status, 417);
  Client another(port());
  EXPECT_EQ(another.send(post("/api/v1/predict", kRow)).reply().status, 200);
}

TEST_F(ServerThreads, SlowClientsAreSentAway) {
  options_.patience = {.idle = Span::millis(1500), .head = Span::millis(300),
                       .body = Span::millis(300), .write = Span::millis(500)};
  start();
  Client head(port()), body(port()), trickle(port()), idle(port());
  EXPECT_EQ(head.send("GET /ping HT").reply().status, 408);
  EXPECT_TRUE(head.ended());
  const std::string start = "POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(body.send(start + "Content-Length: 1000\r\n\r\n{").reply().status, 408);
  EXPECT_TRUE(body.ended());
  trickle.send(start + "Content-Length: 1000\r\n\r\n");
  for (int i = 0; i < 10; ++i) {  // 20 bytes in 300 ms, where 307 must come
    sleep_for(Span::millis(60));
    trickle.send("1234");
  }
  EXPECT_EQ(trickle.reply().status, 408);
  EXPECT_EQ(idle.reply().status, 0) << "nothing is said to who says nothing";
  EXPECT_TRUE(idle.ended());
}

TEST_F(ServerThreads, AReaderThatStallsIsCutOff) {
  options_.patience = {.idle = Span::seconds(1), .write = Span::millis(500)};
  start();
  std::string rows = "{\"rows\":[";
  for (int i = 0; i < 1000; ++i) {
    rows += (i == 0 ? "" : ",") + std::string(R"({"temp":1,"hour":1,"sky":"rain","holiday":true})");
  }
  const std::string request = post("/api/v1/predict", rows + "]}");
  Client stalled(port());
  Worker sender("sender", [&](const Stop&) {  // until the server does not take more
    for (int i = 0; i < 400; ++i) stalled.send(request);
  });
  const auto connections = [&] {
    const std::string text = Client(port()).send(get("/metrics")).reply().body;
    const std::string name = "rondo_connections{model=\"bikes\"} ";
    const std::size_t at = text.find(name) + name.size();
    return text.substr(at, text.find('\n', at) - at);
  };
  std::string left;
  for (int i = 0; i < 200 && left != "1"; ++i) {
    sleep_for(Span::millis(50));
    left = connections();
  }
  EXPECT_EQ(left, "1") << "only the one that asks is left";
  sender.join();
}

TEST_F(ServerThreads, ConnectionsAreCounted) {
  options_.connections_max = 2;
  start();
  Client one(port());
  EXPECT_EQ(one.send(get("/ping")).reply().status, 200);
  auto two = std::make_unique<Client>(port());
  EXPECT_EQ(two->send(get("/ping")).reply().status, 200);
  Client three(port());
  const Got full = three.reply();
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.header("Retry-After"), "1");
  EXPECT_TRUE(full.closes());
  EXPECT_TRUE(three.ended());
  EXPECT_NE(one.send(get("/metrics")).reply().body.find("reason=\"connections\"} 1\n"),
            std::string::npos);
  two.reset();
  int status = 503;
  for (int i = 0; i < 200 && status != 200; ++i) {  // the server sees the end a moment later
    status = Client(port()).send(get("/ping")).reply().status;
    if (status != 200) sleep_for(Span::millis(20), Stop());
  }
  EXPECT_EQ(status, 200) << "whoever left makes room";
}

TEST_F(ServerThreads, UnderLoadEachReplyIsItsNamedVersions) {
  constexpr int kVersions = 4, kSwaps = 300;
  std::vector<std::shared_ptr<const model::Pipeline>> pipelines;
  for (int v = 0; v < kVersions; ++v) pipelines.push_back(regression_pipeline(1000.0 * v));
  service_.deploy(1, pipelines[1]);
  Counter good, bad;
  {
    std::vector<std::unique_ptr<Worker>> askers;
    for (int i = 0; i < 3; ++i) {
      askers.push_back(std::make_unique<Worker>("asker", [&](const Stop& stop) {
        Client client(port());
        while (!stop.requested()) {
          const Got got = client.send(post("/api/v1/predict", kRow)).reply();
          const auto json = io::parse_json(got.body);
          if (got.status != 200 || !json) {
            bad.add();
            continue;
          }
          const Json& row = json->at("predictions")[0];
          const int version = row.at("model_version").get<int>();
          const bool right = row.at("value") == 31 + 1000 * (version % kVersions) &&
                             got.header("Rondo-Model-Version") == std::to_string(version);
          right ? good.add() : bad.add();
        }
      }));
    }
    for (int turn = 1; turn <= kSwaps || good.get() < 50; ++turn) {
      service_.deploy(turn, pipelines[static_cast<std::size_t>(turn % kVersions)]);
      if (bad.get() > 0) break;
    }
  }
  EXPECT_EQ(bad.get(), 0U);
  EXPECT_GE(good.get(), 50U);
}

TEST_F(ServerThreads, StoppingAnswersWhatIsOnItsWayAndClosesWhatIsIdle) {
  Client idle(port()), busy(port());
  EXPECT_EQ(idle.send(get("/v2/health/ready")).reply().status, 200);
  const std::string request = post("/api/v1/predict", kRow);
  busy.send(request.substr(0, request.size() - 5));
  Worker stopper("stopper", [&](const Stop&) { server_->stop(); });
  // The rest of the request comes while the server is ending.
  while (idle.send(get("/v2/health/ready")).reply().status == 200) {
  }
  const Got got = busy.send(request.substr(request.size() - 5)).reply();
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.closes());
  EXPECT_TRUE(busy.ended());
  stopper.join();
  EXPECT_FALSE(Client(port()).connected());
}

TEST_F(ServerThreads, AddressesThatCannotBeServed) {
  const auto code = [&](const std::string& listen) {
    ServerOptions options;
    options.listen = listen;
    options.threads = 1;
    options.drain = Span{};
    const auto server = Server::start(options, service_);
    return server ? std::string("started") : std::string(name_of(server.error().code));
  };
  EXPECT_EQ(code(fmt::format("127.0.0.1:{}", port())), "conflict") << "a port in use";
  EXPECT_EQ(code("0.0.0.0:0"), "unavailable") << "others could reach it";
  for (const char* bad : {"", "localhost", ":80", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
                          "nobody.invalid:80"}) {
    EXPECT_EQ(code(bad), "invalid_input") << bad;
  }
  EXPECT_EQ(code("localhost:0"), "started");
}

TEST_F(ServerThreads, ADurableReplyWaitsForTheLog) {
  server_.reset();
  options_.durable = true;
  service_.hold_done.add();
  start();
  Client client(port()), other(port());
  client.send(post("/api/v1/predict", kRow) + get("/ping"));
  const auto held = [&] {
    return service_.held_done.with([](auto& all) { return std::exchange(all, {}); });
  };
  auto done = held();
  for (; done.empty(); done = held()) sleep_for(Span::millis(1));
  EXPECT_EQ(other.send(get("/ping")).reply().status, 200) << "nobody waits behind it";
  EXPECT_EQ(service_.logged.with([](const auto& all) { return all.size(); }), 1U);
  EXPECT_FALSE(client.has_reply()) << "it came before the sync";
  done[0](true);
  EXPECT_EQ(client.reply().status, 200);
  EXPECT_EQ(client.reply().body, "\n") << "and the next in its order";
}

TEST_F(ServerThreads, WhatTheLogCannotKeepIsNoDurableAnswer) {
  server_.reset();
  options_.durable = true;
  start();
  service_.log_breaks.add();
  Client client(port());
  Got got = client.send(post("/api/v1/predict", kRow)).reply();
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.header("Retry-After"), "1");
  EXPECT_NE(got.body.find("could not be kept"), got.body.npos) << got.body;
  service_.log_breaks.sub();
  service_.log_full.add();
  EXPECT_EQ(client.send(post("/v2/models/bikes/infer", kInfer)).reply().status, 503);
  service_.log_full.sub();
  EXPECT_EQ(client.send(post("/api/v1/predict", kRow)).reply().status, 200);
  const std::string numbers = client.send(get("/metrics")).reply().body;
  EXPECT_NE(numbers.find("route=\"/api/v1/predict\",code=\"503\"} 1\n"), numbers.npos) << numbers;
  EXPECT_NE(numbers.find("route=\"/api/v1/predict\",code=\"200\"} 1\n"), numbers.npos) << numbers;
}

}  // namespace
}  // namespace rondo::api
