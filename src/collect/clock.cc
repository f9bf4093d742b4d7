// Event times from `[collect] time`: computed here for the common forms, by DuckDB for the rest.
// A time that was given once never changes.
#include "collect/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "collect/bind.h"
#include "collect/sniff.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Table;
using table::Type;
using Kind = ClockState::Kind;

constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kHour = 3'600'000'000;

/// A text column was named as the clock.
std::unexpected<Error> no_clock(const Column& column, const std::string& name) {
  std::string example;
  for (std::size_t row = 0; row < column.size() && example.empty(); ++row) {
    if (!column.is_null(row)) example = column.cell_text(row);
  }
  if (is_slashed_date(example)) {
    return fail(Code::kInvalidInput,
                fmt::format("time: {} is written as \"{}\": day and month cannot be told apart",
                            name, shown(example)),
                fmt::format("say which it is: time = {}",
                            io::to_toml(fmt::format("strptime({}, '{}')", sql_name(name),
                                                    slashed_format(example)))));
  }
  return fail(Code::kInvalidInput,
              fmt::format("time: {} is no time but text, such as \"{}\"", name, shown(example)),
              "write times as 2011-03-02 or 2011-03-02T17:00:00Z, or give an SQL expression");
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\n") - from + 1);
}

struct Step {
  std::string_view function;
  std::int64_t us;
};
constexpr Step kSteps[] = {{"to_hours(", kHour},
                           {"to_minutes(", 60'000'000},
                           {"to_seconds(", 1'000'000},
                           {"to_days(", kDay}};

/// "date + to_hours(hour)" over a time and an integer column; null when it is anything else.
std::shared_ptr<const Column> simple_sum(const Table& rows, std::string_view expression) {
  const std::size_t plus = expression.find('+');
  if (plus == std::string_view::npos) return nullptr;
  const Column* base = rows.find(trimmed(expression.substr(0, plus)));
  const std::string_view call = trimmed(expression.substr(plus + 1));
  if (base == nullptr || base->type != Type::kTime || !call.ends_with(')')) return nullptr;
  for (const Step& step : kSteps) {
    if (!call.starts_with(step.function)) continue;
    const std::size_t at = step.function.size();
    const Column* count = rows.find(trimmed(call.substr(at, call.size() - at - 1)));
    if (count == nullptr || count->type != Type::kInteger) return nullptr;
    table::ColumnBuilder sum(Type::kTime);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const bool known = !base->is_null(row) && !count->is_null(row) &&
                         std::abs(count->integers[row]) < 1'000'000'000;
      if (known) {
        sum.integer(base->integers[row] + count->integers[row] * step.us);
      } else {
        sum.null();
      }
    }
    return sum.finish();
  }
  return nullptr;
}

/// Rows that share a value, in the median of the first 30 values.
std::int64_t rows_a_value(std::span<const double> keys) {
  std::vector<double> sorted;
  std::ranges::copy_if(keys, std::back_inserter(sorted), [](double key) { return key == key; });
  std::ranges::sort(sorted);
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < sorted.size() && counts.size() < 31; ++i) {
    if (i == 0 || sorted[i] != sorted[i - 1]) counts.push_back(0);
    ++counts.back();
  }
  // The last value may go on in a later file.
  if (counts.size() > 1) counts.pop_back();
  if (counts.empty()) return 1;
  std::ranges::sort(counts);
  return counts[counts.size() / 2];
}

}  // namespace

std::optional<Kind> unix_unit(std::span<const double> keys) {
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (const double key : keys) {
    if (key != key) continue;
    least = std::min(least, key);
    greatest = std::max(greatest, key);
  }
  for (const auto& [kind, unit] :
       {std::pair(Kind::kSeconds, 1.0), {Kind::kMillis, 1e3}, {Kind::kMicros, 1e6}}) {
    if (least >= 315'532'800 * unit && greatest < 4'102'444'800 * unit) return kind;
  }
  return std::nullopt;
}

double unit_us(Kind kind) {
  return kind == Kind::kSeconds ? 1e6 : kind == Kind::kMillis ? 1e3 : 1;
}

Result<std::shared_ptr<const Column>> clock_values(const Table& rows, const std::string& expression,
                                                   Tools& tools) {
  std::shared_ptr<const Column> values;
  const std::string name(trimmed(expression));
  if (const auto index = rows.schema().find(name)) {
    values = rows.shared(*index);
  } else if (name.find_first_of("+-*/()': \"|") == std::string::npos) {
    std::vector<std::string> names;
    for (const table::Field& field : rows.schema().fields) names.push_back(field.name);
    const std::string near = io::nearest(name, names);
    return fail(Code::kInvalidInput, fmt::format("time: there is no column \"{}\"", name),
                near.empty() ? fmt::format("the columns are {}", fmt::join(names, ", "))
                             : fmt::format("did you mean \"{}\"?", near));
  } else {
    values = simple_sum(rows, expression);
    if (values == nullptr) {
      auto evaluated = TRY(tools.engine())->evaluate(rows, expression);
      values = TRY(during(std::move(evaluated), "reading [collect] time"));
    }
  }
  const std::size_t known = values->valid.count();
  if (is_text(values->type) && known > 0) return no_clock(*values, name);
  if (values->type == Type::kBool) {
    return fail(Code::kInvalidInput, fmt::format("time: {} is true or false, not a time", name));
  }
  if (is_text(values->type)) return Column::missing(Type::kTime, values->size());
  return values;
}

std::vector<double> clock_keys(const Column& values) {
  std::vector<double> keys(values.size());
  for (std::size_t row = 0; row < keys.size(); ++row) {
    keys[row] = values.as_double(row);
    if (std::isinf(keys[row])) keys[row] = std::numeric_limits<double>::quiet_NaN();
  }
  return keys;
}

void settle_kind(const Column& values, std::span<const double> keys, ClockState& state) {
  if (state.kind != Kind::kNone) return;
  if (values.type == Type::kTime) {
    state.kind = Kind::kTime;
  } else if (const auto unit = unix_unit(keys)) {
    state.kind = *unit;
  } else {
    state.rows_a_day = rows_a_value(keys);
    state.kind = state.rows_a_day > 1 ? Kind::kSteps : Kind::kRows;
  }
}

std::vector<Time> event_times(const Column& values, std::span<const double> keys,
                              const std::vector<bool>& counts, ClockState& state) {
  std::vector<Time> times(keys.size(), kBeginningOfTime);
  std::vector<std::size_t> order;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    if (counts[row] && keys[row] == keys[row]) order.push_back(row);
  }
  if (state.kind != Kind::kSteps && state.kind != Kind::kRows) {
    for (const std::size_t row : order) {
      const bool exact = values.type == Type::kTime;
      times[row].us = exact ? values.integers[row] : std::llround(keys[row] * unit_us(state.kind));
      state.value = state.row < 0 ? keys[row] : std::max(state.value, keys[row]);
      state.row = 0;
    }
    return times;
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t row) { return keys[row]; });
  for (const std::size_t row : order) {
    const bool first = state.row < 0 || keys[row] > state.value;
    state.value = keys[row];
    if (state.kind == Kind::kRows) {
      times[row] = kOrderBegins + Span{++state.row * kHour};
      continue;
    }
    state.day += first ? 1 : 0;
    state.row = first ? 0 : state.row + 1;
    const std::int64_t within = std::min(state.row * (kDay / state.rows_a_day), kDay - 1);
    times[row] = kOrderBegins + Span{state.day * kDay + within};
  }
  return times;
}

}  // namespace rondo::collect
