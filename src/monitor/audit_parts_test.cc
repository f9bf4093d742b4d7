// What labels that are bought say of the watched parts, and of the risk at all times: a part that
// fails oftener is found by a fifth of the labels, a year without a change gives no alarm, and the
// bounds that are shown hold on nearly every path.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/seed.h"
#include "monitor/audit.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

constexpr int kGroups = 10;              // of each of two columns: 20 parts
constexpr double kGood = 0.10, kBad = 0.40;

std::shared_ptr<model::Reference> two_columns(bool clock, double rows_of_part) {
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.numeric = true;
  reference->label.counts.assign(5, 0);
  reference->has_clock = clock;
  reference->loss = "error";
  reference->test_risk = kGood;
  reference->risk_bound = 0.13;          // the harm of one part leaves the whole below it
  reference->test_rows = 10'000;
  for (int column = 0; column < 2; ++column) {
    model::ColumnReference c;
    c.name = "c" + std::to_string(column);
    c.numeric = false;
    c.counts.assign(4, 0);
    reference->columns.push_back(c);
    for (int value = 0; value < kGroups; ++value) {
      model::SliceReference slice;
      slice.column = c.name;
      slice.value = std::to_string(value);
      slice.where = c.name + " = " + *slice.value;
      slice.test_risk = kGood;
      slice.risk_bound = 0.13;
      slice.rows_per_day = clock ? rows_of_part : 0;
      reference->slices.push_back(slice);
    }
  }
  return reference;
}

/// Days of rows whose labels come only where they were asked for.
class BoughtDays {
 public:
  BoughtDays(std::uint64_t seed, int rows, Span window = Span::days(1))
      : chance_(Seed{seed}), rows_(rows), window_(window) {
    for (int value = 0; value < kGroups; ++value) names_.push_back(std::to_string(value));
  }
  /// With `harm` rows with c1 = 7 fail four times as often.
  Cohort next(bool harm, double usual = kGood) {
    const Time from = Time{20'000 * Span::days(1).us} + Span{window_.us * count_};
    Cohort cohort{1, from, from + window_, {}};
    for (int i = 0; i < rows_; ++i) {
      Judged row;
      row.time = from + Span{window_.us / rows_ * i};
      row.id = std::to_string(count_) + "." + std::to_string(i);
      bool worse = false;
      for (int column = 0; column < 2; ++column) {
        const std::string& name = names_[chance_.below(kGroups)];
        row.cells.push_back(text(name));
        worse = worse || (harm && column == 1 && name == "7");
      }
      row.label = chance_.uniform() < (worse ? kBad : usual) ? 1 : 0;
      cohort.rows.push_back(std::move(row));
    }
    ++count_;
    return cohort;
  }

 private:
  Chance chance_;
  int rows_;
  Span window_;
  std::int64_t count_ = 0;
  std::vector<std::string> names_;
};

/// The cohort with the labels that the watcher asked for, and no others.
Cohort answered(Cohort cohort, const Watcher& watcher) {
  std::set<std::string> asked;
  const Json audits = watcher.state().at("audits");
  for (const Json& window : audits.at("windows")) {
    for (const Json& row : window.at("rows")) asked.insert(row.at("id").get<std::string>());
  }
  for (Judged& row : cohort.rows) {
    if (!asked.contains(row.id)) row.label.reset();
  }
  return cohort;
}

std::vector<Signal> pass(Watcher& watcher, const Cohort& cohort) {
  watcher.inputs(cohort);
  return watcher.judge(answered(cohort, watcher));
}

Options fifth_of(int rows) {
  Options options;
  options.audit_per_day = rows / 5;
  return options;
}

TEST(AuditParts, HarmInOneOfTwentyIsFoundByAFifthOfTheLabelsAndEnds) {
  for (const bool clock : {false, true}) {
    Watcher watcher(fifth_of(100), two_columns(clock, 10), 1);
    BoughtDays days(3, 100);
    int found = 0, over = 0;
    for (int day = 0; day < 400 && over == 0; ++day) {
      const bool harm = day >= 20 && (found == 0 || day < found + 90);
      for (const Signal& signal : pass(watcher, days.next(harm))) {
        EXPECT_EQ(signal.subject, "c1 = 7") << "and nothing else: " << signal.sentence;
        if (!signal.open) {
          over = day;
          continue;
        }
        EXPECT_NE(signal.sentence.find("rows judged by audits"), std::string::npos);
        EXPECT_NEAR(signal.value, kBad, 0.15) << signal.sentence;
        if (found == 0) found = day;
        EXPECT_EQ(watcher.summary().at("excess").at("slice"), "c1 = 7");
      }
    }
    RecordProperty(clock ? "days_with_clock" : "days_without", found - 20);
    EXPECT_GT(found, 20);
    EXPECT_LE(found, 140) << "days of two labels of the part; clock " << clock;
    EXPECT_GE(over, found + 90) << "one right label does not end it";
    EXPECT_GT(over, 0) << "but many do";
  }
}

TEST(AuditParts, AYearWithoutAChangeGivesNoAlarm) {
  for (const bool clock : {false, true}) {
    Watcher watcher(fifth_of(100), two_columns(clock, 10), 1);
    BoughtDays days(4, 100);
    for (int day = 0; day < 365; ++day) {
      for (const Signal& signal : pass(watcher, days.next(false))) {
        ADD_FAILURE() << "day " << day << ": " << signal.sentence;
      }
    }
    const Json said = watcher.summary();
    EXPECT_EQ(said.at("slices").size(), 20U);
    for (const Json& part : said.at("slices")) {
      EXPECT_NEAR(part.at("mean_loss").get<double>(), kGood, 0.05) << part;
      EXPECT_GT(part.at("judged_rows"), 3'000);
    }
  }
}

/// Windows of which one in twenty asks for anybody of the part: what they say is put together.
TEST(AuditParts, FewLabelsAreGatheredBeforeTheySayAnything) {
  Options options;
  options.audit_per_day = 12;             // one window asks for a half of one
  options.window = Span::seconds(3'600);
  const auto reference = two_columns(false, 0);
  Watcher whole(options, reference, 1);
  Json kept = whole.state();
  BoughtDays hours(5, 40, options.window);
  for (int hour = 0; hour < 120; ++hour) {
    const Cohort cohort = hours.next(false);
    Watcher part = Watcher::restore(options, reference, kept).value();
    pass(part, cohort);
    pass(whole, cohort);
    kept = part.state();
    ASSERT_EQ(kept, whole.state()) << "a restart changes nothing, hour " << hour;
  }
  const Json parts = kept.at("slices").at("parts");
  for (const auto& [where, part] : parts.items()) {
    EXPECT_LT(part.at("bought")[2], 1.0) << where << ": labels that wait, less than one";
    EXPECT_FALSE(part.at("fence").is_null()) << where;
    EXPECT_GE(part.at("fence")[0], -3.0) << where << ": not one luck in twenty";
  }
}

// The risk is .25 on average, by windows .1 or .4: what the audits say of them, bounded in the
// watcher as in stats/sequence_test.cc, where two thousand paths are counted.
TEST(AuditParts, TheBoundsOfTheRiskHoldAtAllTimes) {
  constexpr int kPaths = 60, kWindows = 40, kEach = 10;
  int wrong = 0;
  double low = 0, high = 0;
  auto reference = two_columns(true, 1);
  reference->slices.clear();
  for (std::uint64_t path = 1; path <= kPaths; ++path) {
    Options options;
    options.audit_per_day = kEach / 2;
    Watcher watcher(options, reference, 1);
    BoughtDays days(path, kEach);
    Chance doubts(Seed{1'000 + path});
    bool held = true;
    for (int day = 0; day < kWindows; ++day) {
      pass(watcher, days.next(false, doubts.uniform() < 0.5 ? 0.1 : 0.4));
      if (day % 8 != 7) continue;          // the bounds that are shown never widen again
      const Json said = watcher.summary();
      held = held && said.at("lower") <= 0.25 && said.at("upper") >= 0.25;
      if (day + 1 < kWindows) continue;
      low += said.at("lower").get<double>() / kPaths;
      high += said.at("upper").get<double>() / kPaths;
    }
    wrong += held ? 0 : 1;
  }
  RecordProperty("wrong", wrong);
  RecordProperty("mean_width", std::to_string(high - low));
  EXPECT_LE(wrong, 8) << "3 of 60, and three standard deviations of such a count";
  EXPECT_GT(low, 0.02) << "they say something";
  EXPECT_LT(high, 0.6);
}

}  // namespace
}  // namespace rondo::monitor
