// What the card tells, on rows whose weak part, whose groups and whose probabilities are known.
#include "evaluate/detail.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/gate.h"

namespace rondo::evaluate {
namespace {

using table::Side;

/// 6,000 rows, the later half test. The model knows the probability of the second class; of
/// the rows of kind "b" with hour 0, 4 in 100, the model answers the opposite.
struct Known {
  model::Prepared prepared;
  Truth truth{model::Task::kBinary, 2, {}, {}};
  Answers right, wrong;

  Known() {
    prepared.task = model::Task::kBinary;
    prepared.classes = {"no", "yes"};
    table::Schema inputs;
    inputs.fields = {{"kind", table::Type::kCategory}, {"hour", table::Type::kNumber}};
    model::Step kind, hour;
    kind.feature = "kind";
    kind.kind = model::Step::Kind::kCategory;
    kind.input = 0;
    kind.categories = {"a", "b"};
    kind.rare_code = 2;
    hour.feature = "hour";
    hour.input = 1;
    prepared.transform = model::Transform(inputs, {kind, hour}, {});
    Chance chance(Seed{3});
    for (int i = 0; i < 6'000; ++i) {
      const double draw = chance.uniform();
      const double code = draw < 0.8 ? 0 : draw < 0.95 ? 1 : draw < 0.98 ? 2 : std::nan("");
      const double at = static_cast<double>(chance.below(4));
      const double p = 0.1 + 0.8 * static_cast<double>(chance.below(2));
      prepared.features.values.insert(prepared.features.values.end(), {code, at});
      prepared.label.push_back(chance.uniform() < p ? 1 : 0);
      prepared.source_row.push_back(static_cast<std::uint64_t>(i));
      prepared.side.push_back(i < 3'000 ? Side::kTrain : Side::kTest);
      if (i < 3'000) continue;
      truth.label.push_back(prepared.label.back());
      right.push_back(p);
      wrong.push_back(code == 1 && at < 1 ? 1 - p : p);
    }
    prepared.features.rows = prepared.label.size();
    prepared.features.columns = 2;
  }
};

Json slices_of(const Known& known, const Answers& answers) {
  return slices_json({known.prepared, known.truth, answers}, slice_features(known.prepared), 0.95,
                     Seed{1});
}

TEST(Detail, TheWeakPartIsNamedAndNoneWhereThereIsNone) {
  const Known w;
  const Json found = slices_of(w, w.wrong);
  ASSERT_FALSE(found.at("slices").empty()) << found.dump(1);
  const Json& first = found.at("slices")[0];
  EXPECT_TRUE(first.at("named").get<bool>()) << found.dump(1);
  const std::string where = first.at("conditions").dump();
  EXPECT_NE(where.find("kind = b"), std::string::npos) << where;
  EXPECT_NE(where.find("hour"), std::string::npos) << where;
  EXPECT_GT(first.at("mean_loss").get<double>(), 2 * first.at("loss_elsewhere").get<double>());
  const Json none = slices_of(w, w.right);
  for (const Json& slice : none.at("slices")) {
    EXPECT_FALSE(slice.at("named").get<bool>()) << slice.dump();
  }
}

TEST(Detail, FewRowsAreNotSearched) {
  Known w;
  for (std::size_t i = 0; i < w.prepared.side.size(); ++i) {
    w.prepared.side[i] = i < 100 ? Side::kTest : Side::kTrain;
  }
  w.truth.label.resize(100);
  EXPECT_TRUE(slices_of(w, w.right).contains("why_not"));
}

TEST(Detail, ProbabilitiesThatAreTooSureAreTold) {
  const Known w;
  EXPECT_GT(reliability_json({w.prepared, w.truth, w.right}, 0.95).at("p").get<double>(), 0.001);
  Answers sure = w.right;
  for (double& p : sure) p = p < 0.5 ? 0.02 : 0.98;
  const Json told = reliability_json({w.prepared, w.truth, sure}, 0.95);
  EXPECT_LT(told.at("p").get<double>(), 1e-6);
  EXPECT_NEAR(told.at("calibration_error").get<double>(), 0.08, 0.03);
  Known numbers;
  numbers.truth.task = model::Task::kRegression;
  EXPECT_TRUE(reliability_json({numbers.prepared, numbers.truth, sure}, 0.95).is_null());
}

TEST(Detail, ACutIsToldWithWhatItCosts) {
  Known w;  // answers are 0.1 and 0.9, half of the rows each, and right
  const CostRule rule = cost_rule({{"fp", 1}, {"fn", 20}}).value();
  w.truth.threshold = 0.05;  // answers all positive
  const Json all = cut_json({w.prepared, w.truth, w.right}, rule, 0.95, Seed{1});
  EXPECT_EQ(all.at("selected").at("value"), 1.0);
  EXPECT_EQ(all.at("recall").at("value"), 1.0);
  EXPECT_NEAR(all.at("mean_cost").get<double>(), 0.5, 0.03) << "half of the rows are negative";
  EXPECT_NEAR(all.at("mean_cost_at_half").get<double>(), 0.5 * 0.1 + 0.5 * 0.1 * 20, 0.15);
  ASSERT_EQ(all.at("curve").size(), 20U);
  double before = 0;
  for (const Json& point : all.at("curve")) {
    EXPECT_GE(point.at("threshold"), before);
    before = point.at("threshold").get<double>();
    EXPECT_LE(point.at("low"), point.at("mean_cost"));
    EXPECT_GE(point.at("high"), point.at("mean_cost"));
  }
  w.truth.threshold = 0.5;
  const Json half = cut_json({w.prepared, w.truth, w.right}, {}, 0.95, Seed{1});
  EXPECT_NEAR(half.at("selected").at("value").get<double>(), 0.5, 0.03);
  EXPECT_NEAR(half.at("precision").at("value").get<double>(), 0.9, 0.03);
  EXPECT_FALSE(half.contains("curve"));
  w.truth.threshold = 0.95;
  const Json none = cut_json({w.prepared, w.truth, w.right}, {}, 0.95, Seed{1});
  EXPECT_TRUE(none.at("precision").is_null());
  const Json groups = fairness_json({w.prepared, w.truth, w.right}, {"kind"}, 0.95).value();
  EXPECT_EQ(groups[0].at("groups")[0].at("selected").at("value"), 0.0) << "by the same threshold";
}

TEST(Detail, GroupsAreComparedAndAGreatDifferenceKeepsAModelOut) {
  const Known w;
  Answers biased = w.right;
  std::size_t at = 0;
  for (std::size_t i = 0; i < w.prepared.side.size(); ++i) {
    if (w.prepared.side[i] != Side::kTest) continue;
    if (w.prepared.features.row(i)[0] == 1) biased[at] = 0.9;
    ++at;
  }
  const Json told = fairness_json({w.prepared, w.truth, biased}, {"kind"}, 0.95).value();
  ASSERT_EQ(told.size(), 1U);
  ASSERT_EQ(told[0].at("groups").size(), 4U) << "a, b, any other, missing";
  EXPECT_EQ(told[0].at("groups")[1].at("name"), "b");
  EXPECT_EQ(told[0].at("groups")[1].at("selected").at("value"), 1.0);
  EXPECT_NEAR(told[0].at("demographic_parity").at("difference").get<double>(), 0.5, 0.1);
  EXPECT_TRUE(unfair(told, 1).empty());
  const auto guards = unfair(told, 0.2);
  ASSERT_FALSE(guards.empty());
  EXPECT_NE(guards[0].find("demographic parity by kind differs by"), std::string::npos);
  EXPECT_FALSE(fairness_json({w.prepared, w.truth, biased}, {"hour"}, 0.95)) << "no categories";

  Evidence evidence;
  evidence.metric = "auc";
  evidence.greater_is_better = true;
  evidence.challenger = {0.8, 0.78, 0.82};
  evidence.rows = evidence.least_class = 3'000;
  evidence.look = 0;
  evidence.baselines = {{"prior", 0.5, 0.8, {{0.3, 0.28, 0.32}, 0.01, 3'000, 0}}};
  EXPECT_EQ(judge(evidence, {}).decision, Decision::kPromote);
  evidence.guards = guards;
  const Verdict kept = judge(evidence, {});
  EXPECT_EQ(kept.decision, Decision::kKeep);
  EXPECT_NE(kept.reasons.at(0).find("demographic parity"), std::string::npos);
}

}  // namespace
}  // namespace rondo::evaluate
