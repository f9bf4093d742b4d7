// A column's frozen law against the plain way to say it: sort all, look at each row. Columns that
// are hard to get right stand in one table, which is large enough for several threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>

#include "base/cores.h"
#include "base/seed.h"
#include "model/reference.h"
#include "model/reference_windows.h"

namespace rondo::model {
namespace {

using table::ColumnBuilder;
using table::Table;
using table::Type;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<double> rising(const table::Column& column, std::span<const std::size_t> rows) {
  std::vector<double> out;
  for (const std::size_t row : rows) {
    if (std::isfinite(column.as_double(row))) out.push_back(column.as_double(row));
  }
  std::ranges::sort(out);
  return out;
}

std::map<double, std::uint64_t> counted(const std::vector<double>& values) {
  std::map<double, std::uint64_t> out;  // to a map -0 and 0 are one
  for (const double value : values) ++out[value];
  return out;
}

double part(std::uint64_t some, std::uint64_t all) {
  return static_cast<double>(some) / static_cast<double>(all);
}

std::vector<std::size_t> all_rows(const table::Column& column) {
  std::vector<std::size_t> rows(column.size());
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = row;
  return rows;
}

void numbers_of(const table::Column& column, ColumnReference& c) {
  const std::vector<double> sorted = rising(column, all_rows(column));
  if (sorted.empty()) return;
  c.minimum = sorted.front() + 0.0;
  c.maximum = sorted.back() + 0.0;
  for (std::size_t i = 1; i < 20; ++i) {
    const double edge = sorted[(i * sorted.size() + 19) / 20 - 1] + 0.0;
    if (edge < c.maximum && (c.edges.empty() || c.edges.back() < edge)) c.edges.push_back(edge);
  }
  for (const auto& [value, count] : counted(sorted)) {
    if (part(count, c.rows) > 0.01) {
      c.common.push_back(value + 0.0);
      c.common_counts.push_back(count);
    } else {
      c.greatest_rare_share = std::max(c.greatest_rare_share, part(count, c.rows));
    }
  }
}

void categories_of(const table::Column& column, ColumnReference& c) {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) ++counts[std::string(column.text(row))];
  }
  std::vector<std::pair<std::string, std::uint64_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 63); ++i) {
    c.categories.push_back(order[i].first);
  }
  if (order.size() > 63) c.greatest_rare_share = part(order[63].second, c.rows);
}

using Days = std::map<std::int64_t, std::vector<std::size_t>>;

void days_of_numbers(const table::Column& column, const Days& days, ColumnReference& c) {
  double before = 0;
  std::int64_t last = 0;
  for (const auto& [day, rows] : days) {
    const std::vector<double> sorted = rising(column, rows);
    for (const auto& [value, count] : counted(sorted)) {
      if (std::ranges::count(c.common, value) > 0) continue;
      c.greatest_rare_day_share = std::max(c.greatest_rare_day_share, part(count, rows.size()));
    }
    if (!sorted.empty()) {
      const double low = sorted[(sorted.size() - 1) / 2], high = sorted[sorted.size() / 2];
      const double median = sorted.size() % 2 == 1 ? high : low / 2 + high / 2;
      const double ratio = std::max(median / before, before / median);
      const bool counts = last == day - 1 && before > 0 && median > 0 && std::isfinite(ratio);
      if (counts) c.greatest_day_ratio = std::max(c.greatest_day_ratio, ratio);
      c.last_day_median = before = median;
    }
    last = day;
  }
}

void days_of_categories(const table::Column& column, const Days& days, ColumnReference& c) {
  for (const auto& [day, rows] : days) {
    std::map<std::string_view, std::uint64_t> others;
    for (const std::size_t row : rows) {
      const bool own = column.is_null(row) ||
                       std::ranges::count(c.categories, column.text(row)) > 0;
      if (!own) ++others[column.text(row)];
    }
    for (const auto& [text, count] : others) {
      c.greatest_rare_day_share = std::max(c.greatest_rare_day_share, part(count, rows.size()));
    }
  }
}

void shares_of(std::span<const std::uint8_t> bins, const Days& days, ColumnReference& c) {
  c.day_low.assign(c.counts.size(), 1);
  c.day_high.assign(c.counts.size(), 0);
  for (const auto& [day, rows] : days) {
    for (std::size_t b = 0; b < c.counts.size(); ++b) {
      const auto in = std::ranges::count_if(rows, [&](std::size_t row) { return bins[row] == b; });
      const double share = part(static_cast<std::uint64_t>(in), rows.size());
      c.day_low[b] = std::min(c.day_low[b], std::floor(share * kShareSteps) / kShareSteps);
      c.day_high[b] = std::max(c.day_high[b], std::ceil(share * kShareSteps) / kShareSteps);
    }
  }
}

ColumnReference plainly(const std::string& name, const table::Column& column, const Days& days,
                        std::span<const ReferenceWindows> clocks) {
  ColumnReference c;
  c.name = name;
  c.numeric = !table::is_text(column.type);
  c.rows = column.size();
  if (column.type == Type::kTime) {
    c.minimum = std::numeric_limits<double>::lowest();
    c.maximum = std::numeric_limits<double>::max();
  } else {
    c.numeric ? numbers_of(column, c) : categories_of(column, c);
  }
  const std::size_t own = c.numeric ? c.edges.size() + 1 : c.categories.size();
  c.counts.assign(own + 4, 0);
  std::vector<std::uint8_t> bins;
  for (std::size_t row = 0; row < column.size(); ++row) {
    Cell cell;
    if (!column.is_null(row) && c.numeric) cell = {Cell::Kind::kNumber, column.as_double(row), {}};
    if (!column.is_null(row) && !c.numeric) cell = {Cell::Kind::kText, 0, column.text(row)};
    bins.push_back(static_cast<std::uint8_t>(bin_of(c, cell)));
    ++c.counts[bins.back()];
  }
  for (const auto& windows : clocks) {
    c.envelopes.push_back(envelope_of(bins, c.counts.size(), windows));
  }
  if (days.empty()) return c;
  shares_of(bins, days, c);
  if (!c.numeric) days_of_categories(column, days, c);
  else if (column.type != Type::kTime) days_of_numbers(column, days, c);
  return c;
}

void expect_alike(const ColumnReference& found, const ColumnReference& plain) {
  SCOPED_TRACE(plain.name);
  EXPECT_EQ(found.name, plain.name);
  EXPECT_EQ(found.numeric, plain.numeric);
  EXPECT_EQ(found.rows, plain.rows);
  EXPECT_EQ(found.minimum, plain.minimum);
  EXPECT_EQ(found.maximum, plain.maximum);
  EXPECT_EQ(found.edges, plain.edges);
  const auto below_zero = [](double edge) { return edge == 0 && std::signbit(edge); };
  EXPECT_TRUE(std::ranges::none_of(found.edges, below_zero));
  EXPECT_EQ(found.categories, plain.categories);
  EXPECT_EQ(found.counts, plain.counts);
  EXPECT_EQ(found.common, plain.common);
  EXPECT_EQ(found.common_counts, plain.common_counts);
  EXPECT_EQ(found.greatest_rare_share, plain.greatest_rare_share);
  EXPECT_EQ(found.greatest_rare_day_share, plain.greatest_rare_day_share);
  EXPECT_EQ(found.day_low, plain.day_low);
  EXPECT_EQ(found.day_high, plain.day_high);
  EXPECT_EQ(found.greatest_day_ratio, plain.greatest_day_ratio);
  EXPECT_EQ(found.last_day_median, plain.last_day_median);
  ASSERT_EQ(found.envelopes.size(), plain.envelopes.size());
  for (std::size_t i = 0; i < plain.envelopes.size(); ++i) {
    EXPECT_EQ(found.envelopes[i].low, plain.envelopes[i].low);
    EXPECT_EQ(found.envelopes[i].high, plain.envelopes[i].high);
  }
}

struct Hard {
  const char* name;
  Type type;
  std::function<void(ColumnBuilder&, int, int, Chance&)> cell;  // row, rows
};

const Hard kHard[] = {
    {"normal", Type::kNumber, [](auto& c, int, int, Chance& chance) { c.number(chance.normal()); }},
    {"constant", Type::kNumber, [](auto& c, int, int, Chance&) { c.number(4.5); }},
    {"rising", Type::kNumber, [](auto& c, int i, int, Chance&) { c.number(i); }},
    {"falling", Type::kNumber, [](auto& c, int i, int n, Chance&) { c.number(n - i); }},
    {"few values", Type::kNumber,
     [](auto& c, int, int, Chance& chance) { c.number(static_cast<double>(chance.below(4))); }},
    {"ties", Type::kNumber,
     [](auto& c, int, int, Chance& chance) { c.number(std::round(chance.normal() * 30)); }},
    {"gaps", Type::kNumber,
     [](auto& c, int i, int, Chance& chance) {
       i % 3 == 0 ? c.null() : c.number(chance.normal());
     }},
    {"infinite", Type::kNumber,
     [](auto& c, int i, int, Chance& chance) {
       c.number(i % 50 == 0 ? kInf : i % 51 == 0 ? -kInf : chance.uniform());
     }},
    {"zeros", Type::kNumber,
     [](auto& c, int i, int, Chance& chance) { c.number(i % 2 == 0 ? -0.0 : chance.normal()); }},
    {"none", Type::kNumber, [](auto& c, int, int, Chance&) { c.null(); }},
    {"crowd", Type::kNumber,
     [](auto& c, int i, int, Chance& chance) {
       c.number(i < 3 ? -1e9 : 1 + 1e-12 * chance.uniform());
     }},
    {"whole", Type::kInteger,
     [](auto& c, int, int, Chance& chance) {
       c.integer(static_cast<std::int64_t>(chance.below(900)));
     }},
    {"whole with gaps", Type::kInteger,
     [](auto& c, int i, int, Chance&) { i % 2 == 0 ? c.null() : c.integer(i / 40); }},
    {"yes or no", Type::kBool,
     [](auto& c, int i, int, Chance& chance) {
       i % 9 == 0 ? c.null() : c.integer(static_cast<std::int64_t>(chance.below(2)));
     }},
    {"due", Type::kTime,
     [](auto& c, int i, int, Chance&) { i % 4 == 0 ? c.null() : c.integer(i); }},
    {"names", Type::kCategory,
     [](auto& c, int i, int, Chance& chance) {
       i % 6 == 0 ? c.null() : c.text("n" + std::to_string(chance.below(chance.below(90) + 1)));
     }},
    {"text", Type::kText,
     [](auto& c, int i, int, Chance&) { c.text("t" + std::to_string(i % 40)); }},
};

struct Made {
  Table rows;
  std::vector<std::string> names;
};

Made made(int rows) {
  Made out;
  table::Schema schema;
  std::vector<std::shared_ptr<const table::Column>> columns;
  Chance chance(Seed{static_cast<std::uint64_t>(rows)});
  for (const Hard& hard : kHard) {
    ColumnBuilder column(hard.type);
    for (int i = 0; i < rows; ++i) hard.cell(column, i, rows, chance);
    columns.push_back(column.finish());
    schema.fields.push_back({hard.name, hard.type});
    out.names.push_back(hard.name);
  }
  out.rows = Table(std::move(schema), std::move(columns));
  return out;
}

/// An hour apart each `an_hour` rows, and out of order; the last day is cut.
std::vector<Time> times_of(int rows, int an_hour) {
  std::vector<Time> times;
  for (int i = 0; i < rows; ++i) times.push_back(Time{} + Span::seconds(3600LL * i / an_hour));
  for (std::size_t i = 0; i + 1 < times.size(); i += 3) std::swap(times[i], times[i + 1]);
  return times;
}

/// Days with at least half of the median day's rows.
Days whole_days(std::span<const Time> times) {
  Days days;
  for (std::size_t i = 0; i < times.size(); ++i) days[day_of(times[i])].push_back(i);
  std::vector<std::size_t> sizes;
  for (const auto& [day, rows] : days) sizes.push_back(rows.size());
  std::ranges::sort(sizes);
  std::erase_if(days, [&](const auto& day) {
    return day.second.size() * 2 < sizes[sizes.size() / 2];
  });
  return days;
}

/// Of each row how many of the cells have no value.
std::shared_ptr<const table::Column> gaps_of(const Table& rows) {
  ColumnBuilder out(Type::kNumber);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    int gaps = 0;
    for (std::size_t i = 0; i < rows.columns(); ++i) {
      const table::Column& column = rows.column(i);
      gaps += column.is_null(row) ||
              (!table::is_text(column.type) && !std::isfinite(column.as_double(row)));
    }
    out.number(gaps);
  }
  return out.finish();
}

class Freezing : public testing::TestWithParam<std::pair<int, int>> {};  // rows; of an hour

TEST_P(Freezing, IsThatOfThePlainWay) {
  const auto& [rows, an_hour] = GetParam();
  const Made made_rows = made(rows);
  const std::vector<Time> times = an_hour == 0 ? std::vector<Time>() : times_of(rows, an_hour);
  const Reference found = freeze(made_rows.rows, made_rows.names, "ties", times);
  const Days days = whole_days(times);
  const std::vector<ReferenceWindows> clocks = windows_of(times);
  EXPECT_EQ(found.clocks.size(), clocks.size());
  ASSERT_EQ(found.columns.size(), std::size(kHard));
  for (std::size_t i = 0; i < std::size(kHard); ++i) {
    const table::Column& column = made_rows.rows.column(i);
    expect_alike(found.columns[i], plainly(made_rows.names[i], column, days, clocks));
  }
  expect_alike(found.label, plainly("ties", *made_rows.rows.find("ties"), days, {}));
  ASSERT_EQ(found.derived.size(), 1U);
  const auto gaps = gaps_of(made_rows.rows);
  expect_alike(found.derived[0], plainly(std::string(kMissingCells), *gaps, days, clocks));
}

INSTANTIATE_TEST_SUITE_P(Rows, Freezing,
                         testing::Values(std::pair(1, 0), std::pair(7, 0), std::pair(700, 0),
                                         std::pair(2'000, 3), std::pair(33'000, 0),
                                         std::pair(33'000, 100)));

TEST(Freezing, IsTheSameOnOneThread) {
  const Made rows = made(33'000);
  const std::vector<Time> times = times_of(33'000, 100);
  const auto text = [&] {
    return io::canonical(freeze(rows.rows, rows.names, "ties", times).to_json());
  };
  const std::string side_by_side = text();
  const FewerCores one(1);
  EXPECT_EQ(text(), side_by_side);
}

}  // namespace
}  // namespace rondo::model
