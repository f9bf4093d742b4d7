// The recipe, fitted on training rows only: medians, dictionaries, parts of time, lags. Whatever
// the table's dictionaries or later rows hold, the fit depends on the training rows alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "model/time_part.h"
#include "prepare/features.h"

namespace rondo::prepare {
namespace {

using model::Step;
using table::Column;
using table::Type;
using Part = Step::Part;

constexpr double kIdShare = 0.95;
constexpr std::size_t kFewestForId = 100;

/// A part of a time. It is a feature where it comes round within the training rows.
struct TimePart {
  Part part;
  std::string_view name;
};
constexpr std::array kTimeParts = {
    TimePart{Part::kYear, "year"},
    TimePart{Part::kMonth, "month"},
    TimePart{Part::kDay, "day"},
    TimePart{Part::kWeekday, "weekday"},
    TimePart{Part::kHour, "hour"},
    TimePart{Part::kDayOfYear, "day_of_year"},
    TimePart{Part::kMinuteOfDay, "minute_of_day"},
};

/// The steps so far, with names that no other feature has.
class Recipe {
 public:
  std::int32_t add_input(const table::Field& field) {
    schema_.fields.push_back(field);
    return static_cast<std::int32_t>(schema_.fields.size() - 1);
  }
  void add(Step step) {
    const std::string wished = step.feature;
    for (int n = 2; !names_.insert(step.feature).second; ++n) {
      step.feature = fmt::format("{}_{}", wished, n);
    }
    steps_.push_back(std::move(step));
  }
  /// What the history is told apart by is an input, feature or not.
  model::Transform take(model::HistorySpec history, const table::Schema& columns) {
    const auto need = [&](const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        if (!schema_.find(name)) add_input(columns.fields[*columns.find(name)]);
      }
    };
    need(history.entity);
    for (const model::Side& side : history.sides) need(side.on);
    return {std::move(schema_), std::move(steps_), std::move(history)};
  }

 private:
  table::Schema schema_;
  std::vector<Step> steps_;
  std::set<std::string> names_;
};

std::vector<std::size_t> training_rows(const Draft& draft) {
  std::vector<std::size_t> rows;
  rows.reserve(draft.train.size());
  for (const std::size_t i : draft.train) rows.push_back(draft.used[i]);
  return rows;
}

/// The finite values of the rows; their number says whether any was missing.
std::vector<double> values_of(const Column& column, const std::vector<std::size_t>& rows) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::size_t row : rows) {
    const double value = column.as_double(row);
    if (std::isfinite(value)) values.push_back(value);
  }
  return values;
}

/// How often each category occurs in the rows, in byte order.
std::map<std::string, std::size_t> frequencies(const Column& column,
                                               const std::vector<std::size_t>& rows) {
  std::map<std::string, std::size_t> counts;
  if (column.type == Type::kCategory || column.type == Type::kText) {
    std::vector<std::size_t> by_code(column.dictionary.size());
    for (const std::size_t row : rows) {
      if (!column.is_null(row)) ++by_code[static_cast<std::size_t>(column.codes[row])];
    }
    for (std::size_t code = 0; code < by_code.size(); ++code) {
      if (by_code[code] > 0) counts[column.dictionary[code]] += by_code[code];
    }
    return counts;
  }
  std::map<double, std::size_t> by_value;
  for (const double value : values_of(column, rows)) ++by_value[value];
  for (const auto& [value, count] : by_value) counts[shortest(value)] += count;
  return counts;
}

/// Nearly as many values as rows, among values that name rather than measure.
bool is_identifier(const Job& job, const Input& input, const std::vector<std::size_t>& rows) {
  if (rows.size() < kFewestForId) return false;
  if (std::ranges::find(job.options.allow, input.name) != job.options.allow.end()) return false;
  const Column& column = job.rows.column(input.column);
  const double needed = kIdShare * static_cast<double>(rows.size());
  if (column.type == Type::kCategory) {
    return static_cast<double>(frequencies(column, rows).size()) >= needed;
  }
  if (column.type != Type::kInteger) return false;
  std::vector<double> values = values_of(column, rows);
  if (static_cast<double>(values.size()) < needed) return false;
  const auto [low, high] = std::ranges::minmax_element(values);
  if (*high - *low + 1 < needed) return false;
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  return static_cast<double>(values.size() - repeated.size()) >= needed;
}

Broken fit_number(const Job& job, const Input& input, const std::vector<std::size_t>& rows,
                  const Draft& draft, Step& step) {
  const Column& column = job.rows.column(input.column);
  const std::vector<double> values = values_of(column, rows);
  if (values.size() == rows.size()) step.fill = median(values);
  if (job.options.missing != "reject") return {};
  for (const std::size_t row : draft.used) {
    if (std::isfinite(column.as_double(row))) continue;
    return fmt::format("column \"{}\" has missing values, and [prepare] missing is \"reject\"",
                       input.name);
  }
  return {};
}

/// The parts of the times that are worth a feature. `input` is -1 for the event time.
void fit_time(std::string_view name, std::int32_t input, const std::vector<Time>& times,
              Recipe& recipe) {
  if (times.empty()) return;
  const auto [first, last] = std::ranges::minmax_element(times);
  const Span span = *last - *first;
  const bool on_the_hour = std::ranges::all_of(
      times, [](Time time) { return time.us % Span::hours(1).us == 0; });
  for (const TimePart& each : kTimeParts) {
    if (!model::comes_round(each.part, span)) continue;
    if (each.part == Part::kMinuteOfDay && on_the_hour) continue;  // it would repeat the hour
    if (each.part == Part::kYear && civil(*first).year == civil(*last).year) continue;
    Step step;
    step.kind = Step::Kind::kTimePart;
    step.feature = fmt::format("{}_{}", name, each.name);
    step.input = input;
    step.part = each.part;
    recipe.add(std::move(step));
  }
}

std::vector<Time> times_of(const Column& column, const std::vector<std::size_t>& rows) {
  std::vector<Time> times;
  for (const std::size_t row : rows) {
    if (!column.is_null(row)) times.push_back({column.integers[row]});
  }
  return times;
}

Broken fit_input(const Job& job, const Input& input, const std::vector<std::size_t>& rows,
                 const Draft& draft, Recipe& recipe) {
  const Column& column = job.rows.column(input.column);
  const std::int32_t place = recipe.add_input(job.rows.schema().fields[input.column]);
  if (input.reading == Reading::kTimeParts) {
    fit_time(input.name, place, times_of(column, rows), recipe);
    return {};
  }
  Step step;
  step.feature = input.name;
  step.input = place;
  if (input.reading == Reading::kCategory) {
    step.kind = Step::Kind::kCategory;
    fit_dictionary(frequencies(column, rows), job.options.rare, step.categories, step.rare_code);
  } else if (const Broken why = fit_number(job, input, rows, draft, step)) {
    return why;
  }
  recipe.add(std::move(step));
  return {};
}

}  // namespace

void fit_dictionary(const std::map<std::string, std::size_t>& counts, std::int64_t rare,
                    std::vector<std::string>& categories, std::int32_t& rare_code) {
  std::vector<std::pair<std::string_view, std::size_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, std::ranges::greater(), [](const auto& pair) {
    return pair.second;
  });
  for (const auto& [name, count] : order) {
    if (count >= static_cast<std::size_t>(std::max<std::int64_t>(rare, 1))) {
      categories.emplace_back(name);
    }
  }
  const bool some_rare = categories.size() < counts.size();
  rare_code = some_rare ? static_cast<std::int32_t>(categories.size()) : -1;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string shortest(double value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

Broken fit_features(const Job& job, Draft& draft) {
  const std::vector<std::size_t> rows = training_rows(draft);
  Recipe recipe;
  for (const Input& input : draft.inputs) {
    if (is_identifier(job, input, rows)) {
      draft.ids.push_back(input);
      draft.dropped.push_back({input.name, "an identifier: nearly every row has its own value"});
      continue;
    }
    if (const Broken why = fit_input(job, input, rows, draft, recipe)) return why;
  }
  if (job.situation.has_clock && !job.orders_only) {
    std::vector<Time> times;
    for (const std::size_t row : rows) times.push_back(job.times[row]);
    fit_time(table::kTimeColumn, -1, times, recipe);
  }
  const std::vector<LagWish> lags = coded(job, draft);
  for (std::size_t i = 0; i < lags.size(); ++i) {
    Step step;
    step.kind = Step::Kind::kLag;
    step.feature = lags[i].feature;
    step.lag = static_cast<std::uint32_t>(i);
    step.coded = !lags[i].categories.empty();
    recipe.add(std::move(step));
  }
  draft.transform = recipe.take(
      history_of(lags, job.situation.entity, scales_of(job, draft, job.lags)),
      job.rows.schema());
  return {};
}

}  // namespace rondo::prepare
