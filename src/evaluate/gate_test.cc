// The gate as a table: one plain sentence a row, with the evidence that it is about.
#include "evaluate/gate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace rondo::evaluate {
namespace {

/// A gain with its bounds.
Rival rival(std::string name, double value, double low, double gain, double high) {
  Rival out{std::move(name), value, value - gain, {{gain, low, high}, 0, 336, 14}};
  out.paired.standard_error = (high - low) / 4;
  return out;
}

/// mae 38 (36 to 40) against v3's 40.9: gain 2.9 (1 to 4.8); median and last value far behind.
Evidence clear_gain() {
  Evidence e;
  e.metric = "mae";
  e.challenger = {38, 36, 40};
  e.champion = rival("v3", 40.9, 1, 2.9, 4.8);
  e.baselines = {rival("median", 120, 60, 82, 100), rival("last value", 54, 10, 16, 22)};
  e.rows = e.least_class = 336;
  return e;
}

Evidence first_model() {
  Evidence e = clear_gain();
  e.champion.reset();
  return e;
}

void gain(Evidence& e, double low, double middle, double high) {
  e.champion = rival("v3", 40.9, low, middle, high);
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Row {
  std::string sentence;
  Evidence evidence;
  std::function<void(Evidence&, Rules&)> change;
  Decision decision;
  std::string said;  // in the first reason
};

const std::vector<Row>& table() {
  using D = Decision;
  static const std::vector<Row> rows = {
      {"A gain that is surely above 0 is promoted.", clear_gain(), [](Evidence&, Rules&) {},
       D::kPromote, "promotes the challenger: the challenger's mae is 38, v3's 40.9"},
      {"A sure gain is promoted even when it is small.", clear_gain(),
       [](Evidence& e, Rules&) { gain(e, 0.1, 0.3, 0.5); }, D::kPromote, "gain 0.3 (0.1 to 0.5"},
      {"A gain of exactly 0 at its lower bound is not above 0.", clear_gain(),
       [](Evidence& e, Rules&) { gain(e, 0, 2, 4); }, D::kUndecided, "it may be better or not"},
      {"What can gain no more than is worth it is kept out.", clear_gain(),
       [](Evidence& e, Rules&) { gain(e, -1.1, -0.3, 0.5); }, D::kKeep,
       "keeps v3: the challenger's mae is 41.2, v3's 40.9 on the same 336 rows of 14 days; gain "
       "-0.3 (-1.1 to 0.5, each end at 96.96 %): at most 0.5, below the smallest gain worth a "
       "promotion, 0.8"},
      {"What is surely worse is kept out.", clear_gain(),
       [](Evidence& e, Rules&) { gain(e, -9, -6, -3); }, D::kKeep, "keeps v3"},
      {"What may gain enough, or nothing, is undecided.", clear_gain(),
       [](Evidence& e, Rules&) { gain(e, -1, 1, 3); }, D::kUndecided, "undecided"},
      {"A margin accepts what is not worse by more.", clear_gain(),
       [](Evidence& e, Rules& r) { gain(e, -0.4, 0.1, 0.6), r.margin = 0.5; }, D::kPromote,
       "gain 0.1"},
      {"A margin does not accept what may be worse by more.", clear_gain(),
       [](Evidence& e, Rules& r) { gain(e, -0.6, 0.1, 0.7), r.margin = 0.5; }, D::kKeep, "keeps"},
      {"A worse end that misses at_least is not deployed.", clear_gain(),
       [](Evidence&, Rules& r) { r.at_least = 39; }, D::kUndecided, "the worse end"},
      {"A better end that misses at_least is kept out.", clear_gain(),
       [](Evidence&, Rules& r) { r.at_least = 35; }, D::kKeep, "keeps v3: the better end"},
      {"A worse end that meets at_least exactly is good.", clear_gain(),
       [](Evidence&, Rules& r) { r.at_least = 40; }, D::kPromote, "promotes"},
      {"Of a score the low end must reach at_least.", clear_gain(),
       [](Evidence& e, Rules& r) { e.greater_is_better = true, r.at_least = 37; },
       D::kUndecided, "the worse end"},
      {"A baseline that is better with confidence stops a gain over the champion.", clear_gain(),
       [](Evidence& e, Rules&) { e.baselines[0] = rival("median", 30, -12, -8, -4); }, D::kKeep,
       "keeps v3: the challenger's mae is 38, the baseline \"median\"'s 30"},
      {"A baseline that may be better does not stop a challenger.", clear_gain(),
       [](Evidence& e, Rules&) { e.baselines[0] = rival("median", 37, -3, -1, 1); }, D::kPromote,
       "promotes"},
      {"A first model that beats each baseline is promoted; the best one stands for the champion.",
       first_model(), [](Evidence&, Rules&) {}, D::kPromote,
       "promotes the first model: the first model's mae is 38, the baseline \"last value\"'s 54"},
      {"A first model that may not beat a baseline waits for rows.", first_model(),
       [](Evidence& e, Rules&) { e.baselines[1] = rival("last value", 39, -1, 1, 3); },
       D::kUndecided, "undecided: the first model's mae is 38, the baseline \"last value\"'s 39"},
      {"A first model that is not worth more than a baseline is not deployed.", first_model(),
       [](Evidence& e, Rules&) { e.baselines[1] = rival("last value", 37.5, -1.5, -0.5, 0.5); },
       D::kKeep,
       "deploys nothing: the first model's mae is 38, the baseline \"last value\"'s 37.5"},
      {"A margin is not harm accepted against a baseline.", first_model(),
       [](Evidence& e, Rules& r) {
         e.baselines[1] = rival("last value", 39, -1, 1, 3), r.margin = 2;
       },
       D::kUndecided, "must beat each baseline"},
      {"29 rows are too few, whatever they say.", clear_gain(),
       [](Evidence& e, Rules&) { e.rows = 29; }, D::kUndecided, "there are 29 test rows"},
      {"4 rows of a class are too few.", clear_gain(),
       [](Evidence& e, Rules&) { e.least_class = 4; }, D::kUndecided, "a class has 4 test rows"},
      {"An undefined gain decides nothing.", clear_gain(),
       [](Evidence& e, Rules&) { gain(e, kNaN, 3, kNaN); }, D::kUndecided, "mae is undefined"},
      {"One day is one observation.", clear_gain(),
       [](Evidence& e, Rules&) {
         gain(e, kNaN, 3, kNaN), e.champion->paired.days = 1;
       },
       D::kUndecided, "fall on one day"},
      {"Without anything to compare with nothing is decided.", first_model(),
       [](Evidence& e, Rules&) { e.baselines.clear(); }, D::kUndecided, "nothing to compare"},
  };
  return rows;
}

const std::vector<Row>& linear_table() {
  using D = Decision;
  static const std::vector<Row> rows = {
      {"A linear model that is beaten is listed.", first_model(),
       [](Evidence& e, Rules&) {
         e.baselines.push_back(rival("linear", 39, -1, 1, 3));
         e.baselines.back().is_model = true;
       },
       D::kPromote, "the baseline \"last value\"'s 54"},
      {"A first model that is worse than a linear one is kept out.", first_model(),
       [](Evidence& e, Rules&) {
         e.baselines.push_back(rival("linear", 37, -2, -1, -0.1));
         e.baselines.back().is_model = e.line_was_tried = true;
       },
       D::kKeep, "a straight line is better with confidence, though inner rows"},
      {"Where no line was tried it is told, and deployed.", first_model(),
       [](Evidence& e, Rules&) {
         e.baselines.push_back(rival("linear", 37, -2, -1, -0.1));
         e.baselines.back().is_model = true;
       },
       D::kPromote, "the baseline \"last value\"'s 54"},
      {"So is a challenger.", clear_gain(),
       [](Evidence& e, Rules&) {
         e.baselines.push_back(rival("linear", 37, -2, -1, -0.1));
         e.baselines.back().is_model = e.line_was_tried = true;
       },
       D::kKeep, "a straight line is better with confidence"},
      {"A first model that may be no better than a linear one is deployed, and that is told.",
       first_model(),
       [](Evidence& e, Rules&) {
         e.baselines.push_back(rival("linear", 37, -4, -1, 2));
         e.baselines.back().is_model = true;
       },
       D::kPromote, "the baseline \"last value\"'s 54"},
  };
  return rows;
}

TEST(Gate, ATieWithALinearModelIsTold) {
  Evidence evidence = first_model();
  evidence.baselines.push_back(rival("linear", 37, -4, -1, 2));
  evidence.baselines.back().is_model = true;
  const Verdict verdict = judge(evidence, {});
  EXPECT_EQ(verdict.decision, Decision::kPromote);
  EXPECT_NE(verdict.reasons.back().find(": not beaten, and not better with confidence"),
            std::string::npos) << verdict.reasons.back();
  evidence.baselines.back().paired.gain.high = -0.1;
  EXPECT_NE(judge(evidence, {}).reasons.back().find("is better with confidence: [train] learners"),
            std::string::npos);
}

TEST(Gate, JudgesAsTheTablesSay) {
  std::vector<Row> rows = table();
  rows.insert(rows.end(), linear_table().begin(), linear_table().end());
  for (const Row& row : rows) {
    Evidence evidence = row.evidence;
    Rules rules;
    rules.min_effect = 0.8;
    row.change(evidence, rules);
    const Verdict verdict = judge(evidence, rules);
    EXPECT_EQ(name_of(verdict.decision), name_of(row.decision)) << row.sentence;
    ASSERT_FALSE(verdict.reasons.empty()) << row.sentence;
    EXPECT_NE(verdict.reasons.front().find(row.said), std::string::npos)
        << row.sentence << "\n" << verdict.reasons.front();
    EXPECT_EQ(verdict.rows_needed > 0, row.decision == Decision::kUndecided) << row.sentence;
  }
}

// Sum over j of 6/(pi^2 j^2) is 1 (Basel); the rest after n terms is below 6/(pi^2 n).
TEST(Gate, LooksSpendTheErrorOnce) {
  double sum = 0;
  for (std::int64_t j = 1; j <= 100'000; ++j) sum += alpha_of(j, 0.95);
  EXPECT_LT(sum, 0.05);
  EXPECT_GT(sum, 0.05 * (1 - 6.1e-6));
  EXPECT_NEAR(alpha_of(1, 0.95), 0.030396, 1e-6);
  EXPECT_NEAR(alpha_of(3, 0.95), alpha_of(1, 0.95) / 9, 1e-15);
  EXPECT_EQ(judge(clear_gain(), {}).alpha, alpha_of(1, 0.95));
  EXPECT_EQ(alpha_of(0, 0.95), 1 - 0.95);  // a first model: there is no champion to protect
}

TEST(Gate, AFirstModelBeatsTheWorseBaselinesOnTheSameRows) {
  Evidence e = first_model();
  e.baselines[0] = rival("median", 60, -8, 22, 52);
  EXPECT_EQ(judge(e, {}).decision, Decision::kPromote);
  e.baselines[0] = rival("median", 37, -8, -1, 6);  // now it is the best one, and not beaten
  EXPECT_NE(judge(e, {}).decision, Decision::kPromote);
}

// z(1 - .030396) = 1.8746, z(.8) = .8416; SE = (3 + 1)/4 = 1: rows 336 (2.7162 / .8)^2 = 3873.4.
TEST(Gate, AsksForTheRowsOfThePowerFormula) {
  Evidence e = clear_gain();
  gain(e, -1, 1, 3);
  Rules rules;
  rules.min_effect = 0.8;
  const Verdict verdict = judge(e, rules);
  EXPECT_NEAR(verdict.smallest_detectable, 2.7162, 2e-3);
  EXPECT_NEAR(static_cast<double>(verdict.rows_needed), 3873, 6);
  e.champion->paired.standard_error = 0.01;
  EXPECT_EQ(judge(e, rules).rows_needed, e.rows + 1);
}

TEST(Gate, SmallestGainIsAShareOfWhatIsLeft) {
  EXPECT_DOUBLE_EQ(smallest_gain(40, false), 0.8);
  EXPECT_DOUBLE_EQ(smallest_gain(0.9, true), 0.005);
}

TEST(Gate, EveryFailedGuardIsNamedAndTheChampionComparedLast) {
  Evidence e = clear_gain();
  gain(e, -9, -6, -3);
  e.baselines[0] = rival("median", 30, -12, -8, -4);
  Rules rules;
  rules.min_effect = 0.8;
  const Verdict verdict = judge(e, rules);
  ASSERT_EQ(verdict.reasons.size(), 2U);
  EXPECT_NE(verdict.reasons[0].find("the baseline is better with confidence"), std::string::npos);
  EXPECT_NE(verdict.reasons[1].find("v3's 40.9"), std::string::npos);
  const Json json = to_json(verdict);
  EXPECT_EQ(json.at("decision"), "keep");
  EXPECT_EQ(json.at("reasons").size(), 2U);
  EXPECT_EQ(json.at("min_effect"), 0.8);
}

}  // namespace
}  // namespace rondo::evaluate
