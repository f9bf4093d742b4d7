// A rollout as a request meets it: who gets the challenger, who answers when it fails, and what the
// log keeps. The champion is v3 of testing.h; the challenger answers 100 more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr const char* kSalt = "salt";

/// Answers as v3 does up to 20 degrees, and no number above.
std::shared_ptr<const model::Pipeline> failing_pipeline() {
  model::Pipeline::Parts parts = regression_pipeline()->parts();
  auto builder = model::ForestBuilder::start({4, 1, model::Link::kIdentity, 1.0}).value();
  CHECK(builder.add(stump(0, 20, 10, 1.7e308)) && builder.add(stump(0, 20, 1, 1.7e308)),
        "two trees");
  parts.forest = builder.finish().value();
  parts.golden.clear();
  return loaded(std::move(parts));
}

/// Reads hour, then a column that the champion does not know, then temp.
std::shared_ptr<const model::Pipeline> other_columns() {
  model::Pipeline::Parts parts;
  parts.target = "cnt";
  table::Schema inputs;
  inputs.fields = {{"hour", table::Type::kInteger},
                   {"wind", table::Type::kNumber},
                   {"temp", table::Type::kNumber}};
  parts.transform = model::Transform(inputs, steps_for(inputs), {});
  auto builder = model::ForestBuilder::start({3, 1, model::Link::kIdentity, 1.0}).value();
  CHECK(builder.add(stump(2, 20, 110, 130)) && builder.add(stump(0, 12, 1, 2.5)), "two trees");
  parts.forest = builder.finish().value();
  return loaded(std::move(parts));
}

class RolloutRequests : public ::testing::Test {
 protected:
  void roll_out(std::shared_ptr<const model::Pipeline> pipeline, std::uint16_t share,
                const std::string& split_by = "") {
    const auto before = service_.router().take();
    auto other = std::make_shared<deploy::Deployed>();
    other->version = 4;
    other->pipeline = std::move(pipeline);
    deploy::Routing next = *before;
    const auto columns = deploy::columns_between(*next.champion->pipeline, *other->pipeline);
    next.trial = std::make_shared<const deploy::Trial>(
        deploy::Trial{other, share, share, kSalt, split_by, columns});
    service_.publish(next);
  }
  static std::string row(double temp, int hour = 8) {
    return fmt::format(R"({{"temp":{},"hour":{},"sky":"rain","holiday":false}})", temp, hour);
  }
  Response predict(const std::string& rows, const std::string& key = "") {
    Asking asking{Method::kPost, "/api/v1/predict", "{\"rows\":[" + rows + "]}"};
    if (!key.empty()) asking.headers.push_back({"Rondo-Split-Key", key});
    return ask(app_, asking);
  }
  static std::string version(const Response& reply) { return reply.headers.at(0).second; }
  static double value(const Response& reply, std::size_t row = 0) {
    return io::parse_json(reply.body)->at("predictions")[row].at("value");
  }
  ledger::Prediction last() const {
    return service_.logged.with([](const auto& rows) { return rows.back(); });
  }
  /// A key that is inside a share of 10 %, or outside.
  static std::string key(bool inside) {
    for (int i = 0;; ++i) {
      const std::string text = std::to_string(i);
      if ((deploy::place_of(kSalt, text) < 1000) == inside) return text;
    }
  }

  FakeService service_{regression_pipeline()};
  App app_{service_, {}, {}, 1};
};

TEST_F(RolloutRequests, ACallersKeyDecidesAndEachReplyNamesWhoAnswered) {
  roll_out(regression_pipeline(100), 1000);
  for (int i = 0; i < 300; ++i) {
    const std::string caller = std::to_string(i);
    const bool inside = deploy::place_of(kSalt, caller) < 1000;
    const Response reply = predict(row(25), caller);
    EXPECT_EQ(version(reply), inside ? "4" : "3");
    EXPECT_EQ(value(reply), inside ? 131 : 31);
    EXPECT_EQ(last().arm, inside ? ledger::Arm::kCanary : ledger::Arm::kChampion);
    EXPECT_EQ(last().version, inside ? 4 : 3);
    EXPECT_EQ(last().share, 1000);
  }
  const Numbers numbers = app_.numbers();
  EXPECT_EQ(numbers.versions.at(4).by_arm[1], numbers.versions.at(4).rows);
  EXPECT_EQ(numbers.versions.at(3).by_arm[0] + numbers.versions.at(4).by_arm[1], 300U);
}

TEST_F(RolloutRequests, WithoutAKeyEachPredictionIsDrawnAlone) {
  roll_out(regression_pipeline(100), 2500);
  int canary = 0;
  for (int i = 0; i < 2000; ++i) canary += version(predict(row(25))) == "4" ? 1 : 0;
  EXPECT_NEAR(canary / 2000.0, 0.25, 0.04);
}

TEST_F(RolloutRequests, WhoNamesAVersionIsOutsideOfTheSplit) {
  roll_out(regression_pipeline(100), 10'000);
  const std::string body =
      R"({"inputs":[{"name":"temp","shape":[1],"datatype":"FP64","data":[25]},)"
      R"({"name":"hour","shape":[1],"datatype":"INT64","data":[8]},)"
      R"({"name":"sky","shape":[1],"datatype":"BYTES","data":["rain"]},)"
      R"({"name":"holiday","shape":[1],"datatype":"BOOL","data":[false]}]})";
  for (const auto& [named, by] : {std::pair("3", "3"), {"champion", "3"}, {"challenger", "4"},
                                  {"4", "4"}}) {
    const Response reply =
        ask(app_, {Method::kPost, fmt::format("/v2/models/bikes/versions/{}/infer", named), body});
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(version(reply), by) << named;
    EXPECT_EQ(last().arm, ledger::Arm::kNamed);
    EXPECT_EQ(last().share, 0);
  }
  EXPECT_EQ(version(predict(row(25))), "4");
}

TEST_F(RolloutRequests, WithoutARolloutNobodyIsTheChallenger) {
  for (const char* named : {"challenger", "former"}) {
    const Response reply = ask(
        app_, {Method::kPost, fmt::format("/v2/models/bikes/versions/{}/infer", named), "{}"});
    EXPECT_EQ(reply.status, 404);
    EXPECT_NE(reply.body.find(fmt::format("there is no {}", named)), reply.body.npos) << reply.body;
    EXPECT_NE(reply.body.find("/api/v1/deployments"), reply.body.npos) << reply.body;
  }
}

TEST_F(RolloutRequests, AColumnKeepsACallerAndMixedCallersGetTheChampion) {
  roll_out(regression_pipeline(100), 5000, "temp");
  std::vector<double> inside, outside;
  for (int i = 0; i < 40; ++i) {
    const Response one = predict(row(i)), same = predict(row(i, 13) + "," + row(i));
    EXPECT_EQ(version(one), version(same)) << "one caller, one version";
    (version(one) == "4" ? inside : outside).push_back(i);
  }
  ASSERT_GE(inside.size(), 10U);
  ASSERT_GE(outside.size(), 10U);
  const Response mixed = predict(row(inside[0]) + "," + row(inside[0], 13) + "," + row(outside[0]));
  EXPECT_EQ(version(mixed), "3");
  EXPECT_LT(value(mixed), 100) << "what the challenger had answered is answered anew";
  EXPECT_EQ(last().arm, ledger::Arm::kChampion);
  EXPECT_EQ(version(predict(row(inside[0]) + "," + row(inside[1]))), "3") << "two callers";
  EXPECT_EQ(version(predict(row(outside[0]) + "," + row(inside[0]))), "3");
}

TEST_F(RolloutRequests, WhereTheChallengerFailsTheChampionAnswersTheWholeRequest) {
  roll_out(failing_pipeline(), 10'000);
  const Response good = predict(row(10));
  EXPECT_EQ(version(good), "4");
  EXPECT_EQ(last().fell_back, false);
  const Response saved = predict(row(10) + "," + row(11) + "," + row(25) + "," + row(12));
  ASSERT_EQ(saved.status, 200) << saved.body;
  EXPECT_EQ(version(saved), "3");
  EXPECT_EQ(value(saved, 0), 11);
  EXPECT_EQ(value(saved, 2), 31);
  EXPECT_EQ(value(saved, 3), 11);
  service_.logged.with([](const auto& rows) {
    ASSERT_EQ(rows.size(), 5U);
    for (std::size_t i = 1; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].version, 3);
      EXPECT_TRUE(rows[i].fell_back);
      EXPECT_EQ(rows[i].arm, ledger::Arm::kCanary);
    }
  });
  EXPECT_EQ(app_.numbers().versions.at(3).by_arm[0], 4U);
}

TEST_F(RolloutRequests, AFailureBeyondAThousandRowsChangesAllOfThem) {
  roll_out(failing_pipeline(), 10'000);
  std::string rows = row(10);
  for (int i = 0; i < 999; ++i) rows += "," + row(10);
  const Response saved = predict(rows + "," + row(25));
  EXPECT_EQ(version(saved), "3");
  for (const std::size_t i : {0U, 500U, 999U}) EXPECT_EQ(value(saved, i), 11);
  EXPECT_EQ(value(saved, 1000), 31);
}

TEST_F(RolloutRequests, AChallengerOfOtherColumnsReadsWhatItKnows) {
  roll_out(other_columns(), 10'000);
  const Response reply = predict(row(25, 13));
  EXPECT_EQ(version(reply), "4");
  EXPECT_EQ(value(reply), 132.5);
  const auto cells = model::decode_cells(last().cells).value();
  ASSERT_EQ(cells.size(), 3U) << "as the version that answered reads them";
  EXPECT_EQ(cells[0].number, 13);
  EXPECT_EQ(cells[1].kind, model::Cell::Kind::kMissing);
  EXPECT_EQ(cells[2].number, 25);
  const ledger::Prediction row_of_it = last();
  const auto read = model::decode_cells(row_of_it.read_cells).value();
  ASSERT_EQ(read.size(), 4U) << "and as the champion reads them, so that it can be watched";
  EXPECT_EQ(read[2].text, "rain");
  static_cast<void>(predict(row(25, 13)));
  roll_out(regression_pipeline(100), 10'000);
  static_cast<void>(predict(row(25, 13)));
  EXPECT_EQ(last().read_cells, "") << "both read the same";
}

TEST_F(RolloutRequests, SharesAreInTheMetrics) {
  roll_out(regression_pipeline(100), 2500);
  service_.loop_numbers.guarded = 4;
  service_.loop_numbers.guard_evidence = {{"errors", 12.5}};
  service_.loop_numbers.rollbacks = 2;
  static_cast<void>(predict(row(25), key(true)));
  const std::string text = ask(app_, {Method::kGet, "/metrics", "", {admin()}}).body;
  for (const char* line :
       {R"(rondo_deployment_share{model="bikes",version="3"} 0.75)",
        R"(rondo_deployment_share{model="bikes",version="4"} 0.25)",
        R"(rondo_predictions_total{model="bikes",version="4",arm="canary"} 1)",
        R"(rondo_swaps_total{model="bikes",result="rolled_back"} 2)",
        R"(rondo_guard_evidence{model="bikes",version="4",guard="errors"} 12.5)"}) {
    EXPECT_NE(text.find(line), text.npos) << line;
  }
}

}  // namespace
}  // namespace rondo::api
