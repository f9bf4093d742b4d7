// Parts that are watched by themselves: harm in one of two hundred is found while the whole stays
// within its tolerance, and where nothing changes there is no alarm.
#include "monitor/slice_risks.h"

#include <gtest/gtest.h>

#include "base/seed.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

constexpr int kColumns = 4, kValues = 50;  // 200 parts of 2 % each
constexpr double kUsual = 0.10, kHarmed = 0.30;

/// Errors of classes; parts by the values of each column.
std::shared_ptr<model::Reference> four_columns(bool clock) {
  auto reference = std::make_shared<model::Reference>();
  reference->label.name = "y";
  reference->label.numeric = true;
  reference->label.counts.assign(5, 0);
  reference->has_clock = clock;
  reference->loss = "error";
  reference->test_risk = kUsual;
  reference->risk_bound = 0.105;
  reference->test_rows = 10'000;
  for (int column = 0; column < kColumns; ++column) {
    model::ColumnReference c;
    c.name = "c" + std::to_string(column);
    c.numeric = false;
    c.counts.assign(4, 0);
    reference->columns.push_back(c);
    for (int value = 0; value < kValues; ++value) {
      model::SliceReference slice;
      slice.column = c.name;
      slice.value = std::to_string(value);
      slice.where = c.name + " = " + *slice.value;
      slice.test_risk = kUsual;
      slice.risk_bound = 0.13;
      slice.rows_per_day = clock ? 20 : 0;
      reference->slices.push_back(slice);
    }
  }
  return reference;
}

class ManyKinds {
 public:
  explicit ManyKinds(std::uint64_t seed) : chance_(Seed{seed}) {
    for (int value = 0; value < kValues; ++value) names_.push_back(std::to_string(value));
  }
  /// 1,000 rows; with `harm` those with c1 = 7 fail three times as often.
  Cohort next(bool harm) {
    const Time from{(20'000 + day_++) * Span::days(1).us};
    Cohort cohort{1, from, from + Span::days(1), {}};
    for (int i = 0; i < 1'000; ++i) {
      Judged row;
      row.time = from + Span::seconds(86 * i);
      bool worse = false;
      for (int column = 0; column < kColumns; ++column) {
        const std::string& name = names_[chance_.below(kValues)];
        row.cells.push_back(text(name));
        worse = worse || (harm && column == 1 && name == "7");
      }
      row.label = chance_.uniform() < (worse ? kHarmed : kUsual) ? 1 : 0;
      cohort.rows.push_back(std::move(row));
    }
    return cohort;
  }

 private:
  Chance chance_;
  std::int64_t day_ = 0;
  std::vector<std::string> names_;
};

TEST(SliceRisks, HarmInOneOfTwoHundredIsFoundWhileTheWholeIsWithinItsTolerance) {
  for (const bool clock : {false, true}) {
    Watcher watcher({}, four_columns(clock), 1);
    ManyKinds days(3);
    std::vector<std::string> said;
    int found = 0;
    for (int day = 0; day < 100 && found == 0; ++day) {
      for (const Signal& signal : watcher.judge(days.next(day >= 20))) {
        said.push_back(signal.sentence);
        if (signal.subject == "c1 = 7") found = day - 19;
        EXPECT_GE(signal.evidence, 1);
        EXPECT_NEAR(signal.value, kHarmed, 0.12) << signal.sentence;
      }
    }
    ASSERT_EQ(said.size(), 1U) << "and nothing else";
    EXPECT_GT(found, 0);
    EXPECT_LE(found, clock ? 60 : 25) << "days of 20 rows of the part";
    EXPECT_NE(said[0].find("RISK v1 where c1 = 7, since "), std::string::npos) << said[0];
    const Json excess = watcher.summary().at("excess");
    EXPECT_EQ(excess.at("slice"), "c1 = 7");
    EXPECT_GT(excess.at("cost"), 0);
    EXPECT_FALSE(watcher.state().at("open").empty());
  }
}

TEST(SliceRisks, WithoutAChangeThereIsNoAlarmInAYear) {
  for (const bool clock : {false, true}) {
    Watcher watcher({}, four_columns(clock), 1);
    ManyKinds days(4);
    for (int day = 0; day < 365; ++day) {
      EXPECT_TRUE(watcher.judge(days.next(false)).empty()) << "day " << day;
    }
    EXPECT_EQ(watcher.summary().at("slices").size(), 200U);
  }
}

TEST(SliceRisks, ARestartChangesNothing) {
  const auto reference = four_columns(true);
  Watcher whole({}, reference, 1);
  Json kept = whole.state();
  ManyKinds days(3), again(3);
  for (int day = 0; day < 70; ++day) {
    const bool harm = day >= 20 && day < 60;
    const auto one = whole.judge(days.next(harm));
    Watcher part = Watcher::restore({}, reference, kept).value();
    EXPECT_EQ(told(part.judge(again.next(harm))), told(one));
    kept = part.state();
    ASSERT_EQ(kept, whole.state()) << "day " << day;
  }
  kept["slices"]["parts"].erase("c0 = 0");
  EXPECT_FALSE(Watcher::restore({}, reference, kept));
}

TEST(SliceRisks, APartEndsAndItsSignalWithIt) {
  Watcher watcher({}, four_columns(false), 1);
  ManyKinds days(3);
  std::vector<std::string> all;
  for (int day = 0; day < 120; ++day) {
    for (const std::string& one : told(watcher.judge(days.next(day >= 20 && day < 60)))) {
      all.push_back(one);
    }
  }
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all.front(), "+risk c1 = 7");
  EXPECT_EQ(all.back(), "-risk c1 = 7");
  EXPECT_TRUE(watcher.summary().at("excess").is_null());
}

TEST(SliceRisks, PartsHoldTheirCells) {
  model::SliceReference value, range, open, missing;
  value.value = "north";
  range.above = 1;
  range.until = 2;
  open.above = 2;
  EXPECT_TRUE(value.holds(text("north")));
  EXPECT_FALSE(value.holds(text("south")));
  EXPECT_FALSE(value.holds({}));
  EXPECT_FALSE(range.holds(number(1)));
  EXPECT_TRUE(range.holds(number(2)));
  EXPECT_FALSE(open.holds(number(2)));
  EXPECT_TRUE(open.holds(number(2.5)));
  EXPECT_FALSE(open.holds({}));
  EXPECT_TRUE(missing.holds({}));
  EXPECT_TRUE(missing.holds(number(std::nan(""))));
  EXPECT_FALSE(missing.holds(number(0)));
  EXPECT_FALSE(missing.holds(text("")));
  range.where = "x above 1 to 2";
  range.column = "x";
  const auto again = model::SliceReference::from_json(range.to_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->to_json(), range.to_json());
  Json wrong = range.to_json();
  wrong["until"] = 0;
  EXPECT_FALSE(model::SliceReference::from_json(wrong));
}

}  // namespace
}  // namespace rondo::monitor
