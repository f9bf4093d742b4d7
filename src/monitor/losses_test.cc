// Other losses than errors: harm that only they see is found, dated and called by its name, and
// without labels nothing is said.
#include <gtest/gtest.h>

#include <functional>

#include "base/seed.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

constexpr int kRowsADay = 400;

std::shared_ptr<model::Reference> bounded(const std::string& loss, double risk, double bound,
                                          bool clock) {
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.counts.assign(5, 0);
  reference->has_clock = clock;
  reference->loss = loss;
  reference->test_risk = risk;
  reference->risk_bound = bound;
  return reference;
}

/// A stream of days; `answer` fills a row in, before or after the harm.
struct Harmed {
  std::function<void(Chance&, bool, Judged&)> answer;
  bool labelled = true;
  Chance chance{Seed{7}};
  Cohort day(std::int64_t number, bool harmed) {
    const Time from{(20'000 + number) * Span::days(1).us};
    Cohort cohort{1, from, from + Span::days(1), {}};
    for (int i = 0; i < kRowsADay; ++i) {
      Judged row;
      row.time = from + Span::seconds(86'400 * i / kRowsADay);
      row.id = std::to_string(number) + "." + std::to_string(i);
      answer(chance, harmed, row);
      if (!labelled) row.label.reset();
      cohort.rows.push_back(std::move(row));
    }
    return cohort;
  }
};

struct Found {
  std::int64_t day = -1;   // of the first alarm
  Signal signal;
};

/// The first alarm of a risk in 60 days, the harm beginning with day 30.
Found first_alarm(const std::shared_ptr<model::Reference>& reference, Harmed stream) {
  Options options;
  options.tolerance = 0;
  Watcher watcher(options, reference, 1);
  for (std::int64_t day = 0; day < 60; ++day) {
    for (Signal& signal : watcher.judge(stream.day(day, day >= 30))) {
      if (signal.kind == "risk" && signal.open) return {day, std::move(signal)};
    }
  }
  return {};
}

/// Positives score N(distance, 1), negatives N(0, 1): a pair is mis-ordered with probability
/// Phi(-distance/sqrt 2), .24 before and .44 after.
void ranks(Chance& chance, bool harmed, Judged& row) {
  const bool positive = chance.uniform() < 0.3;
  row.label = positive ? 1 : 0;
  row.score = chance.normal() + (positive ? (harmed ? 0.2 : 1.0) : 0.0);
  row.answer = 0;
}

TEST(Losses, ARankingThatBreaksIsFoundUnderTheAuc) {
  for (const bool clock : {false, true}) {
    const auto found = first_alarm(bounded("auc", 0.24, 0.27, clock), {ranks});
    ASSERT_GE(found.day, 30) << "clock " << clock;
    EXPECT_LE(found.day, clock ? 50 : 34) << "by days it takes longer";
    EXPECT_GT(found.signal.value, 0.35);
    EXPECT_NE(found.signal.sentence.find("1 - AUC, the share of pairs in the wrong order, 0."),
              std::string::npos) << found.signal.sentence;
    EXPECT_NE(found.signal.sentence.find("judged pairs; proved bound 0.27"), std::string::npos)
        << found.signal.sentence;
    // The same rows, answered with one class throughout, have no more errors than before.
    EXPECT_EQ(first_alarm(bounded("error", 0.3, 0.33, clock), {ranks}).day, -1);
  }
}

/// Of 100 rows 10 are answered wrong, before and after; what is dear becomes the rule.
void prices(Chance& chance, bool harmed, Judged& row) {
  const double u = chance.uniform();
  const bool dear = u < (harmed ? 0.06 : 0.02);
  const bool wrong = u < 0.1;
  row.answer = wrong && !dear ? 1 : 0;
  row.label = wrong && dear ? 1 : 0;
}

TEST(Losses, DearerMistakesAreFoundUnderTheCostThoughThereAreNoMoreOfThem) {
  const auto priced = [](bool clock) {
    auto reference = bounded("cost", 0.036, 0.042, clock);  // (.02 x 5 + .08 x 1)/5
    reference->loss_scale = 5;
    reference->false_positive = 1;
    reference->false_negative = 5;
    return reference;
  };
  for (const bool clock : {false, true}) {
    const auto found = first_alarm(priced(clock), {prices});
    ASSERT_GE(found.day, 30) << "clock " << clock;
    EXPECT_LE(found.day, clock ? 55 : 35) << "by days it takes longer";
    EXPECT_GT(found.signal.value * 5, 0.28) << "(.06 x 5 + .04) is .34 a row";
    EXPECT_NE(found.signal.sentence.find(": mean cost 0."), std::string::npos)
        << found.signal.sentence;
    EXPECT_NE(found.signal.sentence.find("proved bound 0.21"), std::string::npos)
        << found.signal.sentence << ": in the prices' unit";
    EXPECT_EQ(first_alarm(bounded("error", 0.1, 0.11, clock), {prices}).day, -1);
  }
}

/// Three classes, the first is right four times in five; the probabilities become too sure of it.
void surer(Chance& chance, bool harmed, Judged& row) {
  static const std::vector<double> honest = {0.8, 0.1, 0.1}, sure = {0.998, 0.001, 0.001};
  row.answer = 0;
  row.label = chance.uniform() < 0.8 ? 0 : 1;
  row.probabilities = harmed ? sure : honest;
  row.score = row.probabilities[0];
}

TEST(Losses, ProbabilitiesThatLieAreFoundUnderTheBrierScore) {
  auto reference = bounded("brier", 0.17, 0.175, false);  // halved: (.8 x .06 + .2 x 1.46)/2
  reference->loss_scale = 2;
  const auto found = first_alarm(reference, {surer});
  ASSERT_GE(found.day, 30);
  EXPECT_LE(found.day, 45);
  EXPECT_NE(found.signal.sentence.find("Brier score 0."), std::string::npos);
  EXPECT_NE(found.signal.sentence.find("proved bound 0.35"), std::string::npos)
      << found.signal.sentence << ": as the metric has it, not halved";
  EXPECT_EQ(first_alarm(bounded("error", 0.2, 0.22, false), {surer}).day, -1);
}

/// Errors of a fixed mean, some of which become large.
void outliers(Chance& chance, bool harmed, Judged& row) {
  const double error = harmed ? (chance.uniform() < 0.25 ? 4 : 0) : 1;
  row.answer = error;
  row.label = 0;
}

TEST(Losses, OutliersAreFoundUnderTheSquaredErrorThoughTheMeanErrorStays) {
  auto squared = bounded("squared", 1.0 / 16, 0.07, true);
  squared->loss_scale = 16;
  const auto found = first_alarm(squared, {outliers});
  ASSERT_GE(found.day, 30);
  EXPECT_NE(found.signal.sentence.find("mean squared error 4"), std::string::npos)
      << found.signal.sentence;
  auto absolute = bounded("absolute", 0.25, 0.28, true);
  absolute->loss_scale = 4;
  EXPECT_EQ(first_alarm(absolute, {outliers}).day, -1);
}

TEST(Losses, WithoutLabelsNothingIsSaidOfTheRisk) {
  for (const char* loss : {"auc", "cost", "brier", "error"}) {
    Harmed stream{ranks};
    stream.labelled = false;
    EXPECT_EQ(first_alarm(bounded(loss, 0.01, 0.02, false), stream).day, -1) << loss;
  }
  Harmed one_class{[](Chance&, bool, Judged& row) {
    row.label = 0;
    row.score = 0.5;
  }};
  EXPECT_EQ(first_alarm(bounded("auc", 0.01, 0.02, true), one_class).day, -1)
      << "one class makes no pairs";
}

TEST(Losses, ARestartInTheMiddleOfADayChangesNothing) {
  const auto reference = bounded("auc", 0.24, 0.27, true);
  Options options;
  Watcher whole(options, reference, 1), again(options, reference, 1);
  Harmed stream{ranks};
  for (std::int64_t day = 0; day < 5; ++day) {
    const Cohort rows = stream.day(day, false);
    for (int half : {0, 1}) {
      Cohort part{1, rows.from + Span::hours(12 * half), rows.from + Span::hours(12 * half + 12),
                  {}};
      const auto first = rows.rows.begin() + half * kRowsADay / 2;
      part.rows.assign(first, first + kRowsADay / 2);
      whole.judge(part);
      again.judge(part);
      again = Watcher::restore(options, reference, again.state()).value();
    }
    EXPECT_EQ(whole.state(), again.state());
  }
  EXPECT_EQ(whole.summary().at("of"), "pairs");
  EXPECT_GT(whole.summary().at("judged_rows"), 400);
  EXPECT_LT(whole.summary().at("judged_rows"), 1'000) << "of 2,000 rows six hundred have a pair";
}

TEST(Losses, APartPairsItsOwnRows) {
  auto reference = bounded("auc", 0.5, 0.6, false);
  model::ColumnReference column;
  column.name = "region";
  column.numeric = false;
  column.categories = {"north"};
  column.counts.assign(5, 1);
  reference->columns.push_back(column);
  model::SliceReference north;
  north.column = "region";
  north.where = "region = north";
  north.value = "north";
  north.test_risk = 0.24;
  north.risk_bound = 0.27;
  north.rows = 1'000;
  reference->slices.push_back(north);
  Options options;
  Watcher watcher(options, reference, 1);
  Harmed stream{ranks};
  std::vector<std::string> found;
  for (std::int64_t day = 0; day < 50; ++day) {
    Cohort cohort = stream.day(day, day >= 30);
    for (std::size_t i = 0; i < cohort.rows.size(); ++i) {
      Judged& row = cohort.rows[i];
      row.cells = {text(i % 2 == 0 ? "north" : "south")};
      if (i % 2 == 1) row.score = 0.5;   // the rest ties, before and after
    }
    for (const Signal& signal : watcher.judge(cohort)) {
      if (signal.kind != "risk" || !signal.open) continue;
      EXPECT_GE(day, 30) << signal.sentence;
      found.push_back(signal.subject);
    }
  }
  EXPECT_NE(std::ranges::find(found, "region = north"), found.end());
}

}  // namespace
}  // namespace rondo::monitor
