// Labels that are bought: the number that is asked for, the same rows in a replay, a band that
// holds though the law moved and the plain estimate does not, harm found by a twentieth of them.
#include "monitor/audit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/seed.h"
#include "monitor/label_free.h"
#include "monitor/testing.h"
#include "stats/intervals.h"

namespace rondo::monitor {
namespace {

constexpr std::size_t kAuditedRows = 2'000;
constexpr std::int64_t kBought = 100;   // 5 % of them

/// x ~ N(0, 1) answered by P(y = 1 | x) = 1/(1 + exp(-2x)); the truth is 1/(1 + exp(-2x - shift)).
class Bought {
 public:
  explicit Bought(std::uint64_t seed) : chance_(Seed{seed}) {}
  Cohort day(double shift) {
    const Time from{(20'000 + day_++) * Span::days(1).us};
    Cohort cohort{1, from, from + Span::days(1), {}};
    for (std::size_t i = 0; i < kAuditedRows; ++i) {
      const double x = chance_.normal();
      Judged row;
      row.time = from + Span::seconds(static_cast<std::int64_t>(40 * i));
      row.id = std::to_string(day_) + "." + std::to_string(i);
      row.score = 1 / (1 + std::exp(-2 * x));
      row.answer = row.score >= 0.5 ? 1 : 0;
      row.label = chance_.uniform() < 1 / (1 + std::exp(-2 * x - shift)) ? 1 : 0;
      cohort.rows.push_back(std::move(row));
    }
    return cohort;
  }

 private:
  Chance chance_;
  std::int64_t day_ = 0;
};

double wrong_share(const Cohort& cohort) {
  double wrong = 0;
  for (const Judged& row : cohort.rows) wrong += row.answer == *row.label ? 0 : 1;
  return wrong / static_cast<double>(cohort.rows.size());
}

std::shared_ptr<model::Reference> audited_reference(bool clock) {
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.counts.assign(5, 0);
  reference->loss = "error";
  reference->has_clock = clock;
  reference->scores_of_positive = true;
  Bought law(1);
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  const Cohort test = law.day(0);
  for (const Judged& row : test.rows) {
    score.push_back(row.score);
    positive.push_back(*row.label > 0.5 ? 1 : 0);
  }
  reference->scores = stats::fit_score_map({score, positive}, Seed{1});
  reference->test_risk = wrong_share(test);
  const auto wrong = static_cast<std::uint64_t>(std::lround(2'000 * reference->test_risk));
  reference->risk_bound = stats::clopper_pearson_upper({wrong, kAuditedRows}, 0.01);
  return reference;
}

Options buying() {
  Options options;
  options.audit_per_day = kBought;
  options.tolerance = 0;
  return options;
}

/// Whom the watcher has asked for, of windows that wait.
std::set<std::string> asked_of(const Json& state) {
  std::set<std::string> ids;
  for (const Json& window : state.at("windows")) {
    for (const Json& row : window.at("rows")) ids.insert(row.at("id").get<std::string>());
  }
  return ids;
}

/// The cohort with the labels that were bought, and no others.
Cohort only_bought(Cohort cohort, const std::set<std::string>& asked) {
  for (Judged& row : cohort.rows) {
    if (!asked.contains(row.id)) row.label.reset();
  }
  return cohort;
}

TEST(Audit, AsksForWhatItMayAndForTheSameAgain) {
  const auto reference = audited_reference(true);
  const Options options = buying();
  Audits audits(options, *reference), replayed(options, *reference);
  Options other_seed = options;
  other_seed.seed = 2;
  Audits others(other_seed, *reference);
  Bought law(2);
  double doubtful = 0, sure = 0;
  for (int day = 0; day < 20; ++day) {
    const Cohort cohort = law.day(0);
    for (Audits* one : {&audits, &replayed, &others}) one->choose(cohort);
  }
  const auto ids = asked_of(audits.state());
  EXPECT_EQ(ids, asked_of(replayed.state()));
  EXPECT_NE(ids, asked_of(others.state()));
  EXPECT_NEAR(static_cast<double>(ids.size()), 20 * kBought, 20) << "one more or less a day";
  const Json kept = audits.state();
  for (const Json& window : kept.at("windows")) {
    for (const Json& row : window.at("rows")) {
      EXPECT_GE(row.at("probability").get<double>(), 0.5 * kBought / kAuditedRows);
    }
  }
  Bought again(2);
  for (const Judged& row : again.day(0).rows) {
    const bool near = std::fabs(row.score - 0.5) < 0.25;
    (near ? doubtful : sure) += ids.contains(row.id) ? 1 : 0;
  }
  EXPECT_GT(doubtful, sure * 0.8) << "two fifths of the rows are in doubt, and asked more often";
}

TEST(Audit, TheBandHoldsThoughTheLawMovedAndThePlainOneIsCalledWrong) {
  const auto reference = audited_reference(true);
  const Options options = buying();
  Audits audits(options, *reference);
  LabelFree plain(*reference);
  Bought law(3);
  int covered = 0;
  double sum = 0, wrong = 0, width = 0;
  constexpr int kDays = 200;
  for (int day = 0; day < kDays; ++day) {
    const Cohort cohort = law.day(-1.5);
    audits.choose(cohort);
    const Cohort bought = only_bought(cohort, asked_of(audits.state()));
    plain.look(bought);
    ASSERT_TRUE(audits.judge(bought));
    plain.compare(bought);
    const Json said = audits.summary();
    const double truth = wrong_share(cohort), value = said.at("value");
    const double low = said.at("low"), high = said.at("high");
    covered += low <= truth && truth <= high ? 1 : 0;
    sum += value;
    wrong += truth;
    width += high - low;
  }
  RecordProperty("covered", covered);
  RecordProperty("mean_width", std::to_string(width / kDays));
  EXPECT_GE(covered, kDays * 88 / 100) << "of " << kDays;
  EXPECT_NEAR(sum / kDays, wrong / kDays, 0.01) << "no bias: 3 standard errors";
  EXPECT_TRUE(plain.summary().at("violated"));
}

TEST(Audit, HarmIsFoundByTheLabelsThatWereBought) {
  for (const bool clock : {false, true}) {
    const auto reference = audited_reference(clock);
    Watcher watcher(buying(), reference, 1), again(buying(), reference, 1);
    Bought law(4);
    std::int64_t alarm = -1;
    std::string sentence;
    for (std::int64_t day = 0; day < 60 && alarm < 0; ++day) {
      const Cohort cohort = law.day(day < 20 ? 0 : -3);
      for (Watcher* one : {&watcher, &again}) one->inputs(cohort);
      again = Watcher::restore(buying(), reference, again.state()).value();
      const Cohort bought = only_bought(cohort, asked_of(watcher.state().at("audits")));
      again.judge(bought);
      for (const Signal& signal : watcher.judge(bought)) {
        EXPECT_NE(signal.kind, "missing") << "labels that nobody asked for are not late";
        if (signal.kind == "risk" && signal.open) alarm = day, sentence = signal.sentence;
      }
    }
    EXPECT_GE(alarm, 20) << sentence;
    EXPECT_LE(alarm, 50) << "clock " << clock;
    EXPECT_NE(sentence.find("rows judged by audits"), std::string::npos) << sentence;
    EXPECT_EQ(watcher.state(), again.state()) << "a restart changes nothing";
    RecordProperty(clock ? "days_with_clock" : "days_without", static_cast<int>(alarm - 20));
  }
}

TEST(Audit, LabelsThatNobodyAskedForAreNotFolded) {
  const auto reference = audited_reference(true);
  Watcher watcher(buying(), reference, 1);
  Bought law(5);
  const Cohort first = law.day(0);
  watcher.judge(first);  // its inputs were never looked at: nobody was asked
  EXPECT_EQ(watcher.summary().at("judged_rows"), 0);
  Cohort cohort = law.day(0);
  watcher.inputs(cohort);
  const auto asked = asked_of(watcher.state().at("audits"));
  for (Judged& row : cohort.rows) {
    if (!asked.contains(row.id)) row.label = 1 - row.answer;  // all wrong
  }
  watcher.judge(cohort);
  EXPECT_EQ(watcher.summary().at("judged_rows"), kAuditedRows);
  EXPECT_LT(watcher.summary().at("mean_loss"), 0.5);
  EXPECT_EQ(watcher.summary().at("labels_due"), asked.size());
}

}  // namespace
}  // namespace rondo::monitor
