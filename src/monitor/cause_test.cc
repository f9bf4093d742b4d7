// One of a hundred columns that go together breaks and the model with it: the alarm of the risk
// names it among its three columns.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/seed.h"
#include "monitor/testing.h"

namespace rondo::monitor {
namespace {

constexpr std::size_t kWide = 100;
constexpr int kWideRows = 150, kLearntDays = 30, kRuns = 20;
const Time kWideBegin = parse_time("2020-01-06").value();

/// Columns that share half of their variance.
void wide_row(Chance& chance, std::vector<double>& values) {
  const double common = chance.normal();
  values.clear();
  for (std::size_t i = 0; i < kWide; ++i) {
    values.push_back(0.7071 * common + 0.7071 * chance.normal());
  }
}

std::shared_ptr<model::Reference> wide_reference() {
  std::vector<table::ColumnBuilder> builders;
  for (std::size_t i = 0; i < kWide; ++i) builders.emplace_back(table::Type::kNumber);
  std::vector<Time> times;
  Chance chance(Seed{1});
  std::vector<double> values;
  for (int row = 0; row < kWideRows * kLearntDays; ++row) {
    wide_row(chance, values);
    for (std::size_t i = 0; i < kWide; ++i) builders[i].number(values[i]);
    times.push_back(kWideBegin + Span::days(row / kWideRows) +
                    Span::seconds(86'400 / kWideRows * (row % kWideRows)));
  }
  table::Schema schema;
  std::vector<std::shared_ptr<const table::Column>> columns;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kWide; ++i) {
    names.push_back("c" + std::to_string(i));
    schema.fields.push_back({names.back(), table::Type::kNumber});
    columns.push_back(builders[i].finish());
  }
  auto reference = std::make_shared<model::Reference>(
      model::freeze(table::Table(schema, columns), names, "y", times));
  reference->loss = "error";
  reference->test_risk = 0.1;
  reference->risk_bound = 0.12;
  return reference;
}

/// A day whose column `broken` reads half of a deviation too much; more answers are wrong than on
/// the test.
Cohort wide_day(Chance& chance, int day, std::size_t broken) {
  const Time from = kWideBegin + Span::days(kLearntDays + day);
  Cohort cohort{1, from, from + Span::days(1), {}};
  std::vector<double> values;
  for (int i = 0; i < kWideRows; ++i) {
    wide_row(chance, values);
    values[broken] += 0.5;
    Judged row;
    row.time = from + Span::seconds(86'400 / kWideRows * i);
    row.id = std::to_string(day) + "." + std::to_string(i);
    for (const double value : values) row.cells.push_back(number(value));
    row.answer = 0;
    row.label = chance.uniform() < 0.35 ? 1 : 0;
    cohort.rows.push_back(std::move(row));
  }
  return cohort;
}

TEST(Cause, ABrokenColumnOfAHundredIsNamed) {
  const auto reference = wide_reference();
  int named = 0, alarmed = 0;
  for (int run = 0; run < kRuns; ++run) {
    Chance chance(Seed{100 + static_cast<std::uint64_t>(run)});
    const std::size_t broken = chance.below(kWide);
    Options options;
    options.tolerance = 0;
    Watcher watcher(options, reference, 1);
    Json cause = nullptr;
    for (int day = 0; day < 25 && cause.is_null(); ++day) {
      const Cohort cohort = wide_day(chance, day, broken);
      watcher.inputs(cohort);
      for (const Signal& signal : watcher.judge(cohort)) {
        if (signal.kind != "risk" || !signal.open) continue;
        ++alarmed;
        cause = signal.cause;
      }
    }
    if (!cause.is_object() || !cause.contains("columns")) continue;
    const auto columns = cause.at("columns").get<std::vector<std::string>>();
    EXPECT_LE(columns.size(), 3U);
    named += std::ranges::find(columns, "c" + std::to_string(broken)) != columns.end() ? 1 : 0;
  }
  EXPECT_EQ(alarmed, kRuns);
  RecordProperty("named", named);
  EXPECT_GE(named, kRuns * 9 / 10);
}

}  // namespace
}  // namespace rondo::monitor
