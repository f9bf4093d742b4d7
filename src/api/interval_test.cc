// The interval of an answer, by each protocol: only when it is asked for, only of a version that
// has one.
#include <gtest/gtest.h>

#include <cstring>

#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr const char* kTwoRows = R"([{"temp":25.5,"hour":8,"sky":"rain","holiday":false},
                                  {"temp":null,"hour":13,"sky":null,"holiday":true}])";
constexpr const char* kTwoValues = "[[25.5,8,\"rain\",false],[null,13,null,true]]";

/// regression_pipeline() with answers +- 2.5; the rows above are answered 31 and 12.5.
std::shared_ptr<const model::Pipeline> with_interval() {
  model::Pipeline::Parts parts = regression_pipeline()->parts();
  parts.answering.interval = model::Reach{0.9, 2.5};
  parts.golden.clear();
  return loaded(std::move(parts));
}

class IntervalOf : public ::testing::Test {
 protected:
  Response post(const std::string& path, const std::string& body) {
    return ask(app_, {Method::kPost, path, body});
  }
  static Json json(const Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return io::parse_json(response.body).value();
  }
  static std::string rows(const std::string& more = "") {
    return R"({"rows":)" + std::string(kTwoRows) + more + "}";
  }
  static std::string instances(const std::string& more = "") {
    return R"({"instances":)" + std::string(kTwoValues) + more + "}";
  }

  FakeService service_{with_interval()};
  App app_{service_, {}, {}, 1};
};

TEST_F(IntervalOf, OurOwnRouteAnswersBothEndsWhenAsked) {
  const Json said = json(post("/api/v1/predict?interval=true", rows())).at("predictions");
  EXPECT_EQ(said[0].at("value"), 31);
  EXPECT_EQ(said[0].at("low"), 28.5);
  EXPECT_EQ(said[0].at("high"), 33.5);
  EXPECT_EQ(said[1].at("low"), said[1].at("value").get<double>() - 2.5);
  EXPECT_FALSE(json(post("/api/v1/predict", rows())).at("predictions")[0].contains("low"));
  const Json both = json(post("/api/v1/predict?explain=true&interval=true", rows()));
  EXPECT_TRUE(both.at("predictions")[0].contains("contributions"));
  EXPECT_EQ(both.at("predictions")[0].at("high"), 33.5);
  EXPECT_EQ(post("/api/v1/predict?interval=wide", rows()).status, 400);
}

TEST_F(IntervalOf, TheOtherProtocolsHaveOutputsOfThem) {
  const std::string asked =
      R"(,"outputs":[{"name":"interval_high"},{"name":"prediction"},{"name":"interval_low"}])";
  const Json outputs = json(post("/v2/models/bikes/infer", rows(asked))).at("outputs");
  EXPECT_EQ(outputs[0].at("name"), "interval_high");
  EXPECT_EQ(outputs[0].at("shape"), Json::parse("[2]"));
  EXPECT_EQ(outputs[0].at("datatype"), "FP64");
  EXPECT_EQ(outputs[0].at("data")[0], 33.5);
  EXPECT_EQ(outputs[2].at("data")[0], 28.5);
  EXPECT_EQ(json(post("/v2/models/bikes/infer", rows())).at("outputs").size(), 1U);

  const std::string binary =
      R"(,"outputs":[{"name":"interval_low","parameters":{"binary_data":true}}])";
  const Response response = post("/v2/models/bikes/infer", rows(binary));
  ASSERT_GE(response.body.size(), 16U);
  double low = 0;
  std::memcpy(&low, response.body.data() + response.body.size() - 16, sizeof low);
  EXPECT_EQ(low, 28.5);

  const std::string high = R"({"output":"interval_high"})";
  EXPECT_EQ(json(post("/v1/models/bikes:predict", instances(R"(,"parameters":)" + high)))
                .at("predictions")[0], 33.5);
  EXPECT_EQ(json(post("/invocations", instances(R"(,"params":)" + high))).at("predictions")[0],
            33.5);
}

TEST_F(IntervalOf, TheModelSaysWhatItCoversAndOneWithoutSaysSo) {
  const auto names = [&] {
    Json out = Json::array();
    const Json said = json(ask(app_, {Method::kGet, "/v2/models/bikes"})).at("outputs");
    for (const Json& one : said) {
      out.push_back(one.at("name"));
      if (one.at("name") == "interval_low") {
        EXPECT_EQ(one.at("parameters").at("coverage"), 0.9);
      }
    }
    return out;
  };
  EXPECT_EQ(names(), Json::parse(R"(["prediction","raw_score","interval_low","interval_high",
                                     "contributions"])"));
  service_.deploy(4, regression_pipeline());
  EXPECT_EQ(names(), Json::parse(R"(["prediction","raw_score","contributions"])"));
  const Response refused = post("/api/v1/predict?interval=true", rows());
  EXPECT_EQ(refused.status, 501);
  EXPECT_NE(refused.body.find("version 4 has no interval"), std::string::npos) << refused.body;
  EXPECT_EQ(post("/v2/models/bikes/infer", rows(R"(,"outputs":[{"name":"interval_low"}])")).status,
            501);
  EXPECT_EQ(post("/invocations", instances(R"(,"params":{"output":"interval_low"})")).status, 501);
  EXPECT_EQ(
      post("/v1/models/bikes:predict", instances(R"(,"parameters":{"output":"interval_low"})"))
          .status,
      501);
}

TEST_F(IntervalOf, InARolloutTheVersionThatHasOneAnswers) {
  deploy::Routing next = *service_.router().take();
  auto other = std::make_shared<deploy::Deployed>();
  other->version = 5;
  other->pipeline = regression_pipeline(100);
  deploy::Trial trial{other, deploy::kWhole, deploy::kWhole, "salt", ""};
  next.trial = std::make_shared<const deploy::Trial>(std::move(trial));
  service_.publish(next);
  const auto version = [&](const std::string& query) {
    return json(post("/api/v1/predict" + query, rows())).at("predictions")[0].at("model_version");
  };
  EXPECT_EQ(version(""), 5);
  EXPECT_EQ(version("?interval=true"), 3);
}

}  // namespace
}  // namespace rondo::api
