// What is chosen on held-out rows: distorted probabilities are mended, good ones left alone, and no
// map is used where nothing can judge it.
#include "evaluate/answering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace rondo::evaluate {
namespace {

using table::Side;

/// Rows of two classes by hour: the first 4/5 train, the last 3/5 of those were held out. The right
/// log-odds are normal; said are `slope` times as many.
struct Case {
  model::Prepared prepared;
  model::Candidate candidate;

  Case(double slope, std::size_t rows, bool clock) {
    Chance chance(Seed{3});
    prepared.task = model::Task::kBinary;
    prepared.classes = {"no", "yes"};
    prepared.by_time = clock;
    for (std::size_t i = 0; i < rows; ++i) {
      const double odds = 1.5 * chance.normal();
      const double right = 1 / (1 + std::exp(-odds));
      prepared.label.push_back(chance.uniform() < right ? 1 : 0);
      prepared.side.push_back(5 * i < 4 * rows ? Side::kTrain : Side::kTest);
      if (clock) prepared.time.push_back(Time{} + Span::hours(static_cast<std::int64_t>(i)));
      const double said = 1 / (1 + std::exp(-slope * odds));
      if (prepared.side.back() == Side::kTest) candidate.test_scores.push_back(said);
      if (prepared.side.back() == Side::kTest || 5 * i < rows) continue;
      candidate.held_rows.push_back(static_cast<std::uint32_t>(i));
      candidate.held_answers.push_back(said);
    }
  }
  Chosen choose(const std::string& calibrate = "auto") const {
    Options options;
    options.calibrate = calibrate;
    return choose_answering(options, prepared, candidate, Seed{1}).value();
  }
};

double mean_log_loss(const Case& c, const Answers& answers) {
  double sum = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < c.prepared.label.size(); ++i) {
    if (c.prepared.side[i] != Side::kTest) continue;
    sum += stats::log_loss(answers[at++], c.prepared.label[i] > 0.5);
  }
  return sum / static_cast<double>(at);
}

// The rows that are too sure have weight 0, then all of it.
TEST(Answering, MapsAreOfTheRowsThatWeigh) {
  Case c(1, 4'000, false);
  const Case sure(3, 4'000, false);
  for (std::size_t i = 0; i < 4'000; ++i) c.prepared.weight.push_back(i % 2 == 0 ? 0 : 2);
  for (std::size_t i = 0; i < c.candidate.held_rows.size(); ++i) {
    if (c.candidate.held_rows[i] % 2 == 0) {
      c.candidate.held_answers[i] = sure.candidate.held_answers[i];
    }
  }
  const Chosen alone = c.choose();
  EXPECT_TRUE(alone.answering.is_plain()) << alone.calibration;
  EXPECT_EQ(alone.calibration.at("rows"), c.candidate.held_rows.size() / 2);
  for (std::size_t i = 0; i < 4'000; ++i) c.prepared.weight[i] = i % 2 == 0 ? 2 : 0;
  EXPECT_FALSE(c.choose().answering.is_plain());
}

TEST(Answering, ProbabilitiesThatAreTooSureAreMendedOnRowsThatCameAfter) {
  for (const bool clock : {false, true}) {
    const Case c(3, 4'000, clock);
    const Chosen chosen = c.choose();
    EXPECT_FALSE(chosen.answering.is_plain()) << chosen.calibration;
    EXPECT_EQ(chosen.calibration.at("rows"), c.candidate.held_rows.size());
    EXPECT_EQ(chosen.calibration.at("trials").size(), 4U);
    Answers mended = c.candidate.test_scores;
    chosen.answering.apply(mended, 1);
    EXPECT_LT(mean_log_loss(c, mended), 0.9 * mean_log_loss(c, c.candidate.test_scores));
  }
}

TEST(Answering, GoodProbabilitiesAreLeftAlone) {
  const Chosen chosen = Case(1, 4'000, false).choose();
  EXPECT_TRUE(chosen.answering.is_plain()) << chosen.calibration;
  EXPECT_EQ(chosen.calibration.at("map"), "none");
  EXPECT_NE(chosen.calibration.at("reason").get<std::string>().find("left alone"),
            std::string::npos);
}

TEST(Answering, AMapThatIsNamedIsTheOnlyOneThatIsTried) {
  const Chosen chosen = Case(3, 4'000, false).choose("isotonic");
  EXPECT_EQ(chosen.calibration.at("map"), "isotonic");
  EXPECT_EQ(chosen.calibration.at("trials").size(), 1U);
  EXPECT_TRUE(Case(1, 4'000, false).choose("isotonic").answering.is_plain())
      << "a name is no reason to make it worse";
  EXPECT_TRUE(Case(3, 4'000, false).choose("none").answering.is_plain());
}

TEST(Answering, TooFewRowsOrNoneJudgeNoMap) {
  const Chosen few = Case(3, 40, false).choose();
  EXPECT_TRUE(few.answering.is_plain());
  EXPECT_NE(few.calibration.at("reason").get<std::string>().find("too few"), std::string::npos);
  Case none(3, 4'000, false);
  none.candidate.held_rows.clear();
  none.candidate.held_answers.clear();
  EXPECT_NE(none.choose().calibration.at("reason").get<std::string>().find("held no row out"),
            std::string::npos);
}

TEST(Answering, OtherTasksAreToldWhy) {
  Case c(3, 400, false);
  Options options;
  options.calibrate = "platt";
  c.prepared.task = model::Task::kRegression;
  const auto refused = choose_answering(options, c.prepared, c.candidate, Seed{1});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("evaluate.calibrate: \"platt\" needs"), std::string::npos);
  c.prepared.task = model::Task::kMulticlass;
  c.prepared.classes = {"a", "b", "c"};
  EXPECT_FALSE(choose_answering(options, c.prepared, c.candidate, Seed{1}));
  const auto other = choose_answering({}, c.prepared, c.candidate, Seed{1});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().text().find("answers other classes"), std::string::npos);
}

// The third class takes a half of both others, so the scores of all three keep their odds.
TEST(Answering, ManyClassesGetATemperature) {
  Case c(3, 4'000, false);
  c.prepared.task = model::Task::kMulticlass;
  c.prepared.classes = {"a", "b", "c"};
  std::vector<double> answers;
  Chance chance(Seed{8});
  for (std::size_t i = 0; i < c.candidate.held_rows.size(); ++i) {
    const double p = c.candidate.held_answers[i];
    answers.insert(answers.end(), {(1 - p) / 2, p / 2, 0.5});
    if (chance.uniform() < 0.5) c.prepared.label[c.candidate.held_rows[i]] = 2;
  }
  c.candidate.held_answers = answers;
  const Chosen chosen = c.choose();
  EXPECT_EQ(chosen.calibration.at("map"), "temperature") << chosen.calibration;
  EXPECT_LT(chosen.answering.calibration.a, 0.9);
  EXPECT_EQ(c.choose("none").calibration.at("map"), "none");
  EXPECT_TRUE(c.choose("none").answering.is_plain());
}

/// 100 held-out rows that were missed by 1 to 100.
Case numbers() {
  Case c(1, 400, false);
  c.prepared.task = model::Task::kRegression;
  c.candidate.held_rows.resize(100);
  c.candidate.held_answers.clear();
  for (int i = 0; i < 100; ++i) {
    const double label = 1000 + 7 * i;
    c.prepared.label[c.candidate.held_rows[static_cast<std::size_t>(i)]] = label;
    c.candidate.held_answers.push_back(label + (i % 2 == 0 ? 1 : -1) * (i + 1));
  }
  return c;
}

TEST(Answering, TheReachIsThatRankOfTheErrorsThatLetsAsManyNewOnesIn) {
  const Case c = numbers();
  Options options;
  const Chosen chosen = choose_answering(options, c.prepared, c.candidate, Seed{1}).value();
  // k = ceil(101 * 0.9) = 91
  ASSERT_TRUE(chosen.answering.interval);
  EXPECT_EQ(chosen.answering.interval->reach, 91);
  EXPECT_EQ(chosen.answering.interval->coverage, 0.9);
  EXPECT_EQ(chosen.interval.at("rank"), 91);
  EXPECT_EQ(chosen.interval.at("rows"), 100);
  options.interval = 0.999;  // would need the 101st
  const Chosen none = choose_answering(options, c.prepared, c.candidate, Seed{1}).value();
  EXPECT_TRUE(none.answering.is_plain());
  EXPECT_NE(none.interval.at("reason").get<std::string>().find("at least 999 can"),
            std::string::npos) << none.interval;
  options.interval = 0;
  EXPECT_TRUE(
      choose_answering(options, c.prepared, c.candidate, Seed{1}).value().interval.is_null());
}

/// Labels stand 1 to 100 above the highest of two quantiles, or as much below the lowest.
TEST(Answering, OfQuantilesTheReachIsWhatLiesOutsideOfThem) {
  Case c = numbers();
  c.prepared.task = model::Task::kQuantile;
  c.prepared.levels = {0.2, 0.8};
  c.candidate.held_answers.clear();
  for (std::size_t i = 0; i < 100; ++i) {
    const double label = c.prepared.label[c.candidate.held_rows[i]];
    const double nearest = i % 2 == 0 ? label - 1 - static_cast<double>(i)
                                      : label + 1 + static_cast<double>(i);
    c.candidate.held_answers.push_back(i % 2 == 0 ? nearest - 50 : nearest);
    c.candidate.held_answers.push_back(i % 2 == 0 ? nearest : nearest + 50);
  }
  const Chosen chosen = choose_answering({}, c.prepared, c.candidate, Seed{1}).value();
  ASSERT_TRUE(chosen.answering.interval);
  EXPECT_EQ(chosen.answering.interval->reach, 91);
  EXPECT_EQ(chosen.interval.at("around"), "quantiles");
  const std::vector<double> answer = {10, 20};
  EXPECT_EQ(chosen.answering.interval->around(answer).low, 10 - 91);
  EXPECT_EQ(chosen.answering.interval->around(answer).high, 20 + 91);
  // All labels within: the reach is below 0, and never turns the ends around.
  for (std::size_t i = 0; i < 100; ++i) {
    const double label = c.prepared.label[c.candidate.held_rows[i]];
    c.candidate.held_answers[2 * i] = label - 8;
    c.candidate.held_answers[2 * i + 1] = label + 8;
  }
  const Chosen narrow = choose_answering({}, c.prepared, c.candidate, Seed{1}).value();
  EXPECT_EQ(narrow.answering.interval->reach, -8);
  EXPECT_EQ(narrow.answering.interval->around(answer).low, 15);
  EXPECT_EQ(narrow.answering.interval->around(answer).high, 15);
  c.prepared.levels = {0.5};
  EXPECT_TRUE(choose_answering({}, c.prepared, c.candidate, Seed{1}).value().interval.is_null());
}

TEST(Answering, TheThresholdFollowsFromWhatMistakesCostOnHeldOutRows) {
  const Case c(1, 4'000, false);
  Options options;
  options.cost = {{"fp", 1}, {"fn", 5}};
  const Chosen chosen = choose_answering(options, c.prepared, c.candidate, Seed{1}).value();
  ASSERT_TRUE(chosen.answering.threshold) << chosen.threshold;
  EXPECT_NEAR(*chosen.answering.threshold, 1.0 / 6, 0.07) << "the probabilities are right";
  EXPECT_EQ(chosen.threshold.at("threshold"), *chosen.answering.threshold);
  EXPECT_DOUBLE_EQ(chosen.threshold.at("expected").get<double>(), 1.0 / 6);
  options.cost = {{"capacity", 0.1}};
  const Chosen share = choose_answering(options, c.prepared, c.candidate, Seed{1}).value();
  const auto above = std::ranges::count_if(c.candidate.held_answers, [&](double p) {
    return p >= share.answering.threshold.value();
  });
  EXPECT_EQ(above, static_cast<std::ptrdiff_t>(c.candidate.held_rows.size() / 10));
}

TEST(Answering, WithFewRowsTheThresholdIsThatOfRightProbabilitiesOrOneHalf) {
  const Case c(1, 40, false);
  Options options;
  options.cost = {{"fp", 1}, {"fn", 3}};
  const Chosen chosen = choose_answering(options, c.prepared, c.candidate, Seed{1}).value();
  EXPECT_EQ(chosen.answering.threshold, 0.25);
  options.cost = {{"capacity", 0.1}};
  const Chosen share = choose_answering(options, c.prepared, c.candidate, Seed{1}).value();
  EXPECT_FALSE(share.answering.threshold);
  EXPECT_NE(share.threshold.at("reason").get<std::string>().find("one half"), std::string::npos);
  Case numbers = c;
  numbers.prepared.task = model::Task::kRegression;
  EXPECT_FALSE(choose_answering(options, numbers.prepared, numbers.candidate, Seed{1}));
}

TEST(Answering, ARowThatWasNotHeldOutIsNotJudgedBy) {
  Case c(3, 400, false);
  c.candidate.held_rows.back() = 399;  // a test row
  EXPECT_FALSE(choose_answering({}, c.prepared, c.candidate, Seed{1}));
}

}  // namespace
}  // namespace rondo::evaluate
