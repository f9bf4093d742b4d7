// The repository of the inference protocol: which versions are loaded, what may be loaded and
// unloaded, and what was counted.
#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr const char* kRows =
    R"({"rows":[{"temp":25.5,"hour":8,"sky":"rain","holiday":false}]})";

class Repository : public ::testing::Test {
 protected:
  Response get(const std::string& path) { return ask(app_, {Method::kGet, path}); }
  Response post(const std::string& path, const std::string& body, bool token = true) {
    std::vector<Header> headers;
    if (token) headers.push_back(admin());
    return ask(app_, {Method::kPost, path, body, headers});
  }
  Response act(const std::string& what, const std::string& body) {
    return post("/v2/repository/models/bikes/" + what, body);
  }
  Json index(const std::string& body = "") {
    const Response reply = post("/v2/repository/index", body, false);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return io::parse_json(reply.body).value();
  }
  int infer(const std::string& version) {
    return post("/v2/models/bikes/versions/" + version + "/infer", kRows, false).status;
  }

  FakeService service_{regression_pipeline()};  // the registry has 2 and 3, of which 3 answers
  App app_{service_, {}, {}, 1};
};

TEST_F(Repository, AVersionIsLoadedAnswersByNameAndIsUnloaded) {
  EXPECT_EQ(index(), Json::parse(R"([
      {"name":"bikes","version":"2","state":"UNAVAILABLE","reason":"not loaded"},
      {"name":"bikes","version":"3","state":"READY","reason":""}])"));
  EXPECT_EQ(infer("2"), 503) << "known, not loaded";
  EXPECT_EQ(infer("9"), 404);
  EXPECT_EQ(act("load", R"({"parameters":{"version":"2"}})").status, 200);
  EXPECT_EQ(infer("2"), 200);
  EXPECT_EQ(index(R"({"ready":true})").size(), 2U);
  EXPECT_EQ(io::parse_json(get("/v2/models/bikes").body)->at("versions"),
            Json::parse(R"(["3","2"])"));
  const Response champion = post("/v2/models/bikes/infer", kRows, false);
  EXPECT_EQ(io::parse_json(champion.body)->at("model_version"), "3") << "no traffic";
  EXPECT_EQ(act("unload", R"({"parameters":{"version":"v2","unload_dependents":true}})").status,
            200);
  EXPECT_EQ(infer("2"), 503);
  EXPECT_EQ(index(R"({"ready":true})").size(), 1U);
}

TEST_F(Repository, WhatIsRefused) {
  EXPECT_EQ(act("load", "").status, 200) << "the champion is loaded already";
  EXPECT_EQ(act("load", "{}").status, 200);
  EXPECT_EQ(act("unload", "{}").status, 400) << "the champion answers";
  EXPECT_EQ(act("unload", R"({"parameters":{"version":"3"}})").status, 400);
  EXPECT_EQ(act("load", R"({"parameters":{"version":"9"}})").status, 404);
  EXPECT_EQ(act("load", R"({"parameters":{"version":true}})").status, 400);
  EXPECT_EQ(act("load", R"({"parameters":{"config":"{}"}})").status, 400);
  EXPECT_EQ(act("load", R"({"parameters":{"file:1/model.onnx":"AAAA"}})").status, 400);
  EXPECT_EQ(act("load", R"({"parameters":7})").status, 400);
  EXPECT_EQ(act("load", "{").status, 400);
  EXPECT_EQ(post("/v2/repository/models/cars/load", "{}").status, 404);
  EXPECT_EQ(post("/v2/repository/models/bikes/load", "{}", false).status, 401);
  EXPECT_EQ(post("/v2/repository/models/bikes/unload", "{}", false).status, 401);
  EXPECT_EQ(post("/v2/repository/index", R"({"ready":1})").status, 400);
}

TEST_F(Repository, StatisticsCountRowsAndRequests) {
  EXPECT_EQ(post("/v2/models/bikes/infer", kRows, false).status, 200);
  EXPECT_EQ(post("/api/v1/predict", kRows, false).status, 200);
  EXPECT_EQ(post("/v2/models/bikes/infer", R"({"rows":[{}]})", false).status, 400);
  for (const char* path : {"/v2/models/stats", "/v2/models/bikes/stats",
                           "/v2/models/bikes/versions/3/stats"}) {
    const Json stats = io::parse_json(get(path).body)->at("model_stats");
    ASSERT_EQ(stats.size(), 1U) << path;
    EXPECT_EQ(stats[0].at("name"), "bikes");
    EXPECT_EQ(stats[0].at("version"), "3");
    EXPECT_EQ(stats[0].at("inference_count"), 2);
    EXPECT_EQ(stats[0].at("execution_count"), 2);
    EXPECT_EQ(stats[0].at("last_inference"), kTestNow.us / 1000);
    const Json& parts = stats[0].at("inference_stats");
    EXPECT_EQ(parts.at("success").at("count"), 2);
    EXPECT_EQ(parts.at("fail").at("count"), 1);
    for (const char* part : {"queue", "compute_input", "compute_infer", "compute_output"}) {
      EXPECT_EQ(parts.at(part).at("count"), 2) << part;
      EXPECT_LE(parts.at(part).at("ns"), parts.at("success").at("ns")) << part;
    }
    EXPECT_EQ(parts.at("cache_hit").at("count"), 0);
  }
  EXPECT_EQ(get("/v2/models/cars/stats").status, 404);
  EXPECT_EQ(get("/v2/models/bikes/versions/9/stats").status, 404);
}

TEST_F(Repository, ConfigurationNamesInputsAndOutputs) {
  const Json config = io::parse_json(get("/v2/models/bikes/config").body).value();
  EXPECT_EQ(config.at("max_batch_size"), 0);
  EXPECT_EQ(config.at("input")[1],
            Json::parse(R"({"name":"hour","data_type":"TYPE_INT64","dims":[-1]})"));
  EXPECT_EQ(config.at("input")[2].at("data_type"), "TYPE_STRING");
  EXPECT_EQ(config.at("output")[1].at("name"), "raw_score");
  EXPECT_EQ(get("/v2/models/bikes/versions/3/config").status, 200);
  EXPECT_EQ(get("/v2/models/cars/config").status, 404);
}

TEST_F(Repository, MetadataNamesTheOutputs) {
  FakeService service(binary_pipeline());
  App app(service, {}, {}, 1);
  const Json outputs =
      io::parse_json(ask(app, {Method::kGet, "/v2/models/bikes"}).body)->at("outputs");
  ASSERT_EQ(outputs.size(), 4U);
  EXPECT_EQ(outputs[1].at("shape"), Json::parse("[-1,2]"));
  EXPECT_EQ(outputs[2], Json::parse(R"({"name":"raw_score","datatype":"FP64","shape":[-1]})"));
  const Json server = io::parse_json(get("/v2").body).value();
  EXPECT_EQ(server.at("extensions")[0], "binary_tensor_data");
}

}  // namespace
}  // namespace rondo::api
