// Why a row got its score, by each protocol. Of the two trees of testing.h three of four training
// rows went left: temp > 20 is worth 30 - (3 * 10 + 30) / 4 = 15, hour <= 12 is worth 1 - 1.375.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr const char* kRows = R"([{"temp":25.5,"hour":8,"sky":"rain","holiday":false},
                                  {"temp":null,"hour":13,"sky":null,"holiday":true}])";
constexpr const char* kValues = "[[25.5,8,\"rain\",false],[null,13,null,true]]";

class Explain : public ::testing::Test {
 protected:
  Response post(const std::string& path, const std::string& body) {
    return ask(app_, {Method::kPost, path, body});
  }
  static Json json(const Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    Json value = io::parse_json(response.body).value();
    round_off(value);
    return value;
  }
  /// Contributions end in the last digit or so.
  static void round_off(Json& value) {
    if (value.is_number_float()) value = std::round(value.get<double>() * 1e9) / 1e9;
    if (!value.is_structured()) return;
    for (Json& inner : value) round_off(inner);
  }

  FakeService service_{regression_pipeline()};
  App app_{service_, {}, {}, 1};
};

TEST_F(Explain, OurOwnRouteNamesTheColumns) {
  const Json first = {{"temp", 15}, {"hour", -0.375}, {"sky", 0}, {"holiday", 0}};
  const std::string rows = R"({"rows":)" + std::string(kRows) + "}";
  const Json said = json(post("/api/v1/predict?explain=true", rows)).at("predictions");
  EXPECT_EQ(said[0].at("value"), 31);
  EXPECT_EQ(said[0].at("raw_score"), 31);
  EXPECT_EQ(said[0].at("base"), 16.375);
  EXPECT_EQ(said[0].at("contributions"), first);
  EXPECT_EQ(said[1].at("contributions").at("temp"), -5);  // missing is 0
  EXPECT_EQ(said[1].at("contributions").at("hour"), 1.125);
  const Json plain = json(post("/api/v1/predict", rows)).at("predictions");
  EXPECT_FALSE(plain[0].contains("contributions"));
  EXPECT_EQ(json(post("/api/v1/predict?explain=false", rows)).at("predictions")[0].size(), 3U);
  EXPECT_EQ(post("/api/v1/predict?explain=yes", rows).status, 400);
}

TEST_F(Explain, TheInferenceProtocolHasAnOutputOfThem) {
  const std::string body = R"({"rows":)" + std::string(kRows) +
                           R"(,"outputs":[{"name":"contributions"},{"name":"raw_score"}]})";
  const Json said = json(post("/v2/models/bikes/infer", body)).at("outputs");
  EXPECT_EQ(said[0].at("shape"), Json::parse("[2,5]"));
  EXPECT_EQ(said[0].at("datatype"), "FP64");
  EXPECT_EQ(said[0].at("data"),
            Json::parse("[15,-0.375,0,0,16.375,-5,1.125,0,0,16.375]"));
  EXPECT_EQ(said[1].at("data"), Json::parse("[31,12.5]"));
  const Json outputs = json(ask(app_, {Method::kGet, "/v2/models/bikes"})).at("outputs");
  EXPECT_EQ(outputs.back().at("name"), "contributions");
  EXPECT_EQ(outputs.back().at("shape"), Json::parse("[-1,5]"));
  EXPECT_EQ(outputs.back().at("parameters").at("columns"),
            Json::parse(R"(["temp","hour","sky","holiday"])"));
  const Json config = json(ask(app_, {Method::kGet, "/v2/models/bikes/config"})).at("output");
  EXPECT_EQ(config.back().at("dims"), Json::parse("[-1,5]"));
}

TEST_F(Explain, ItComesInBinaryToo) {
  const std::string body = R"({"rows":)" + std::string(kRows) +
                           R"(,"outputs":[{"name":"contributions","parameters":)"
                           R"({"binary_data":true}}]})";
  const Response reply = post("/v2/models/bikes/infer", body);
  ASSERT_EQ(reply.status, 200) << reply.body;
  double values[10];
  ASSERT_GT(reply.body.size(), sizeof values);
  std::memcpy(values, reply.body.data() + reply.body.size() - sizeof values, sizeof values);
  EXPECT_NEAR(values[0], 15, 1e-9);
  EXPECT_EQ(values[9], 16.375);
}

TEST_F(Explain, OtherProtocolsListTheValues) {
  const Json lists = Json::parse("[[15,-0.375,0,0,16.375],[-5,1.125,0,0,16.375]]");
  const std::string instances = R"({"instances":)" + std::string(kValues);
  EXPECT_EQ(json(post("/v1/models/bikes:predict",
                      instances + R"(,"parameters":{"output":"contributions"}})"))
                .at("predictions"),
            lists);
  EXPECT_EQ(json(post("/invocations", instances + R"(,"params":{"output":"contributions"}})"))
                .at("predictions"),
            lists);
}

TEST_F(Explain, KserveAsksForExplanations) {
  const std::string body = R"({"instances":)" + std::string(kValues) + "}";
  for (const char* path : {"/v1/models/bikes:explain", "/v1/models/bikes/versions/3:explain",
                           "/v1/models/bikes/labels/champion:explain"}) {
    const Json said = json(post(path, body)).at("explanations");
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(said[0], Json::parse(R"({"raw_score":31,"base":16.375,"contributions":
                       {"temp":15,"hour":-0.375,"sky":0,"holiday":0}})"));
  }
  EXPECT_EQ(post("/v1/models/bikes:explain", "{}").status, 400);
  EXPECT_EQ(post("/v1/models/cars:explain", body).status, 404);
}

TEST_F(Explain, AModelWithoutCoversSaysSo) {
  model::Pipeline::Parts parts = regression_pipeline()->parts();
  auto builder = model::ForestBuilder::start({4, 1, model::Link::kIdentity, 1.0}).value();
  model::ForestBuilder::Tree tree = stump(0, 20, 10, 30);
  tree.covers.clear();
  ASSERT_TRUE(builder.add(tree));
  parts.forest = builder.finish().value();
  parts.golden.clear();
  service_.deploy(4, loaded(std::move(parts)));
  const std::string rows = R"({"rows":)" + std::string(kRows);
  const std::string instances = R"({"instances":)" + std::string(kValues);
  const Response refused = post("/api/v1/predict?explain=true", rows + "}");
  EXPECT_EQ(refused.status, 501);
  EXPECT_NE(refused.body.find("version 4 cannot be explained"), std::string::npos) << refused.body;
  const std::string output = R"(,"outputs":[{"name":"contributions"}]})";
  EXPECT_EQ(post("/v2/models/bikes/infer", rows + output).status, 501);
  EXPECT_EQ(post("/v1/models/bikes:explain", instances + "}").status, 501);
  EXPECT_EQ(post("/invocations", instances + R"(,"params":{"output":"contributions"}})").status,
            501);
  EXPECT_EQ(post("/api/v1/predict", rows + "}").status, 200);
  const Json outputs = json(ask(app_, {Method::kGet, "/v2/models/bikes"})).at("outputs");
  EXPECT_EQ(outputs.back().at("name"), "raw_score");
}

TEST_F(Explain, WhatTakesLongIsKeptFromTheThreadsThatListen) {
  const auto quick = [&](const std::string& target, const std::string& body) {
    Request request;
    request.method = Method::kPost;
    request.target = target;
    request.headers = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
    request.local = true;
    const Admission admission = admit(app_, request, {body.size(), false}, 1);
    request.body = body;
    return is_quick(admission, request, 1000);
  };
  EXPECT_TRUE(quick("/api/v1/predict", "{}"));
  EXPECT_FALSE(quick("/api/v1/predict", std::string(1001, ' ')));
  EXPECT_FALSE(quick("/api/v1/predict?explain=true", "{}"));
  EXPECT_FALSE(quick("/v1/models/bikes:explain", "{}"));
  EXPECT_FALSE(quick("/v2/models/bikes/infer", R"({"outputs":[{"name":"contributions"}]})"));
}

}  // namespace
}  // namespace rondo::api
