// What the tests of this folder share: tables written down as text, a job around them, and bikes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "io/compress.h"
#include "prepare/draft.h"
#include "prepare/report.h"

namespace rondo::prepare {

/// Cells as text; "" is missing. Types by column.
class Grid {
 public:
  Grid() = default;
  explicit Grid(table::Table start) : table_(std::move(start)) {}
  Grid& column(const std::string& name, table::Type type, const std::vector<std::string>& cells) {
    table::ColumnBuilder builder(type);
    for (const std::string& cell : cells) put(builder, type, cell);
    table_ = table_.with({name, type}, builder.finish());
    return *this;
  }
  Grid& numbers(const std::string& name, const std::vector<double>& values) {
    table::ColumnBuilder builder(table::Type::kNumber);
    for (const double value : values) std::isnan(value) ? builder.null() : builder.number(value);
    table_ = table_.with({name, table::Type::kNumber}, builder.finish());
    return *this;
  }
  Grid& integers(const std::string& name, const std::vector<std::int64_t>& values,
                 table::Type type = table::Type::kInteger) {
    table::ColumnBuilder builder(type);
    for (const std::int64_t value : values) builder.integer(value);
    table_ = table_.with({name, type}, builder.finish());
    return *this;
  }
  Grid& times(const std::vector<Time>& times) {
    std::vector<std::int64_t> us;
    for (const Time time : times) us.push_back(time.us);
    return integers(std::string(table::kTimeColumn), us, table::Type::kTime);
  }
  const table::Table& table() const { return table_; }

 private:
  static void put(table::ColumnBuilder& builder, table::Type type, const std::string& cell) {
    if (cell.empty()) return builder.null();
    switch (type) {
      case table::Type::kCategory:
      case table::Type::kText: return builder.text(cell);
      case table::Type::kNumber: return builder.number(std::stod(cell));
      case table::Type::kTime: return builder.integer(parse_time(cell)->us);
      case table::Type::kInteger:
      case table::Type::kBool: return builder.integer(std::stoll(cell));
    }
  }
  table::Table table_;
};

inline const Time kStart = *parse_time("2011-01-01");

/// `count` times, `step` apart, from 2011-01-01 on.
inline std::vector<Time> clock(std::size_t count, Span step = Span::hours(1)) {
  std::vector<Time> times;
  for (std::size_t i = 0; i < count; ++i) {
    times.push_back(kStart + Span{step.us * static_cast<std::int64_t>(i)});
  }
  return times;
}

inline std::vector<double> noise(std::size_t count, std::uint64_t seed) {
  Chance chance(Seed{seed});
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(chance.normal());
  return out;
}

/// A job over the rows, with a clock when they have `_time`, long after the last label was known.
inline Job job_of(table::Table rows, const std::string& target) {
  Job job;
  job.situation.target = target;
  job.dataset = 1;
  job.now = *parse_time("2030-01-01");
  job.seed = Seed{7};
  if (const table::Column* time = rows.find(table::kTimeColumn)) {
    job.situation.has_clock = true;
    for (const std::int64_t us : time->integers) job.times.push_back({us});
  }
  job.rows = std::move(rows);
  return job;
}

/// Why the phases stop, or "".
inline std::string work(const Job& job, Draft& draft) {
  for (const Phase phase : phases()) {
    if (const Broken why = phase(job, draft)) return *why;
  }
  return "";
}

/// The draft of a job that must not break.
inline Draft draft_of(const Job& job) {
  Draft draft;
  EXPECT_EQ(work(job, draft), "");
  return draft;
}

inline std::vector<std::string> dropped_of(const Draft& draft) {
  std::vector<std::string> names;
  for (const Dropped& each : draft.dropped) names.push_back(each.column);
  return names;
}

/// The value of a feature in the matrix; the test fails when there is no such feature.
inline double feature(const Draft& draft, std::size_t row, const std::string& name) {
  const auto names = draft.transform.feature_names();
  const auto found = std::ranges::find(names, name);
  EXPECT_NE(found, names.end()) << name;
  if (found == names.end()) return 0;
  return draft.matrix.row(row)[static_cast<std::size_t>(found - names.begin())];
}

/// examples/bikes as collection gives it: `_time` in front, whole numbers and doubles.
table::Table bikes();
/// The job of its rondo.toml.
Job bikes_job();

}  // namespace rondo::prepare
