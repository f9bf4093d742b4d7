// The limits of a request that need no socket, each with its status, on every route that reads
// rows; those of connections are in server_threads_test.cc. docs/API.md, "Limits", lists them.
#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

struct Way {
  const char* path;
  const char* before;  // around a row as an object
  const char* after;
};
constexpr Way kWays[] = {
    {"/api/v1/predict", R"({"rows":[)", "]}"},
    {"/v2/models/bikes/infer", R"({"rows":[)", "]}"},
    {"/invocations", R"({"dataframe_records":[)", "]}"},
    {"/invocations", R"({"instances":[)", "]}"},
    {"/v1/models/bikes:predict", R"({"instances":[)", "]}"},
};
constexpr const char* kRow = R"({"temp":25.5,"hour":8,"sky":"rain","holiday":false})";

class RequestLimits : public ::testing::Test {
 protected:
  Response post(App& app, const std::string& path, const std::string& body,
                std::vector<Header> headers = {}) {
    return ask(app, {Method::kPost, path, body, std::move(headers)});
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  FakeService service_{regression_pipeline()};
  App app_{service_, {.body_max = 10'000, .rows_max = 3}, {}, 1};
};

TEST_F(RequestLimits, RowsAndBytes) {
  for (const Way& way : kWays) {
    const auto status = [&](int rows, std::size_t blanks = 0) {
      std::string body = way.before;
      for (int i = 0; i < rows; ++i) body += (i == 0 ? "" : ",") + std::string(kRow);
      return post(app_, way.path, body + way.after + std::string(blanks, ' ')).status;
    };
    EXPECT_EQ(status(3), 200) << way.path;
    EXPECT_EQ(status(4), 413) << way.path;
    EXPECT_EQ(status(1, 10'000), 413) << way.path;
  }
  const std::string line = "25.5,8,rain,false\n", head = "temp,hour,sky,holiday\n";
  const Header csv{"Content-Type", "text/csv"};
  EXPECT_EQ(post(app_, "/invocations", head + line + line + line, {csv}).status, 200);
  EXPECT_EQ(post(app_, "/invocations", head + line + line + line + line, {csv}).status, 413);
}

TEST_F(RequestLimits, JsonThatIsDeepBrokenOrAmbiguous) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  const struct {
    std::string row;
    const char* code;
  } rows[] = {
      {deep, "invalid_shape"},
      {"\"\xff\"", "invalid_json"},
      {R"({"temp":1,"temp":1,"hour":1,"sky":"a","holiday":true})", "duplicate_key"},
      {R"({"temp":Infinity,"hour":1,"sky":"a","holiday":true})", "invalid_json"},
      {R"({"temp":1e999,"hour":1,"sky":"a","holiday":true})", "invalid_shape"},
      {R"({"temp":1,"hour":1,"sky":"\ud800","holiday":true})", "invalid_shape"},
      {R"({"temp":"1","hour":1,"sky":"a","holiday":true})", "wrong_type"},
      {R"({"hour":1,"sky":"a","holiday":true})", "missing_column"},
      {R"({"temp":1,"hour":1,"sky":"a","holiday":true,"x":1})", "unknown_column"},
  };
  for (const Way& way : kWays) {
    for (const auto& row : rows) {
      const Response reply = post(app_, way.path, way.before + row.row + way.after);
      EXPECT_EQ(reply.status, 400) << way.path << row.row;
      EXPECT_NE(reply.body.find(row.code), std::string::npos) << way.path << reply.body;
    }
    const std::string member = std::string(way.before).substr(1);  // "rows":[
    const std::string twice = std::string(way.before) + "]," + member + way.after;
    EXPECT_EQ(post(app_, way.path, twice).status, 400) << twice;
  }
  EXPECT_EQ(service_.log_written(), 0U);
}

TEST_F(RequestLimits, WhatTheHeadMaySay) {
  for (const Way& way : kWays) {
    const std::string body = way.before + std::string(kRow) + way.after;
    const auto status = [&](Header header) {
      return post(app_, way.path, body, {header}).status;
    };
    EXPECT_EQ(status({"Accept", "*/*"}), 200) << way.path;
    EXPECT_EQ(status({"Host", "evil.example"}), 421) << way.path;
    EXPECT_EQ(status({"Origin", "https://evil.example"}), 403) << way.path;
    EXPECT_EQ(status({"Authorization", "Bearer wrong"}), 401) << way.path;
    EXPECT_EQ(status({"Content-Type", "text/plain"}), 415) << way.path;
    EXPECT_EQ(status({"Content-Encoding", "br"}), 415) << way.path;
    EXPECT_EQ(status({"Expect", "a-miracle"}), 417) << way.path;
    const Response get = ask(app_, {Method::kGet, way.path});
    EXPECT_EQ(get.status, 405) << way.path;
    EXPECT_EQ(header(get, "Allow"), "POST") << way.path;
  }
}

TEST_F(RequestLimits, LoadAndReadiness) {
  App full(service_, {.in_flight_max = 0}, {}, 1);
  FakeService empty(nullptr);
  App unready(empty, {}, {}, 1);
  for (const Way& way : kWays) {
    const std::string body = way.before + std::string(kRow) + way.after;
    const Response shed = post(full, way.path, body);
    EXPECT_EQ(shed.status, 503) << way.path;
    EXPECT_EQ(header(shed, "Retry-After"), "1") << way.path;
    const Response early = post(unready, way.path, body);
    EXPECT_EQ(early.status, 503) << way.path;
    EXPECT_NE(header(early, "Retry-After"), "") << way.path;
  }
}

TEST_F(RequestLimits, LabelsThatCannotBeWritten) {
  const std::string labels = R"({"labels":[{"id":"x.0","label":1}]})";
  const auto with = [&](Code code) {
    service_.feedback_error = Error{code, "the store says no", "", {}, {}};
    return post(app_, "/api/v1/feedback", labels, {admin()});
  };
  const Response poisoned = with(Code::kUnavailable);  // after a sync that failed
  EXPECT_EQ(poisoned.status, 503);
  EXPECT_EQ(header(poisoned, "Retry-After"), "1");
  const Response disk = with(Code::kExhausted);
  EXPECT_EQ(disk.status, 507);
  EXPECT_NE(disk.body.find("disk_full"), std::string::npos);
  EXPECT_EQ(with(Code::kInvalidInput).status, 400);
  const std::string body = std::string(kWays[0].before) + kRow + kWays[0].after;
  EXPECT_EQ(post(app_, kWays[0].path, body).status, 200) << "predictions go on";
}

TEST_F(RequestLimits, EachNumberIsInTheMetrics) {
  const std::string body = R"({"rows":[{"temp":99,"hour":1,"sky":null,"holiday":false},
      {"temp":1,"hour":1,"sky":"fog","holiday":false}]})";
  ASSERT_EQ(post(app_, "/api/v1/predict", body).status, 200);
  const std::string text = ask(app_, {Method::kGet, "/metrics"}).body;
  for (const char* line : {
           R"(rondo_predictions_total{model="bikes",version="3",arm="champion"} 2)",
           R"(rondo_input_missing_total{model="bikes",column="sky"} 1)",
           R"(rondo_input_unseen_total{model="bikes",column="sky"} 1)",
           R"(rondo_input_out_of_range_total{model="bikes",column="temp"} 1)",
           R"(rondo_score_seconds_count{model="bikes",version="3"} 1)",
           R"(rondo_score_seconds_bucket{model="bikes",version="3",le="+Inf"} 1)",
           R"(rondo_request_seconds_count{model="bikes",route="/api/v1/predict"} 1)",
           R"(rondo_http_requests_total{model="bikes",route="/api/v1/predict",code="200"} 1)",
           R"(rondo_deployment_share{model="bikes",version="3"} 1)",
           R"(rondo_shed_total{model="bikes",reason="lag"} 0)",
           R"(rondo_build_info{model="bikes",version=")",
       }) {
    EXPECT_NE(text.find(std::string("\n") + line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace rondo::api
