// One column after the other: which test rows are in which part, and what is proved of each.
#include "evaluate/watched_slices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/words.h"
#include "evaluate/bound.h"
#include "evaluate/fairness.h"
#include "model/slice_reference.h"

namespace rondo::evaluate {
namespace {

using model::SliceReference;
using model::Step;

constexpr std::size_t kMostWatched = 200;
constexpr std::uint64_t kFewestDays = 7;

/// A part before it is measured, and the test rows that are in it.
struct WatchedPart {
  SliceReference slice;
  std::vector<std::size_t> rows;
};

/// Columns that rows have as they come in: a number or a category of an input's own name.
Result<std::size_t> watched_place(const model::Prepared& prepared, const std::string& column) {
  const auto& fields = prepared.transform.inputs().fields;
  const auto& steps = prepared.transform.steps();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const bool plain = (step.kind == Step::Kind::kNumber || step.kind == Step::Kind::kCategory) &&
                       step.input >= 0 &&
                       fields[static_cast<std::size_t>(step.input)].name == step.feature;
    if (!plain) continue;
    if (step.feature == column) return i;
    names.push_back(step.feature);
  }
  return fail(Code::kInvalidInput,
              fmt::format("monitor.slices: \"{}\" is no input that is a feature by itself", column),
              fmt::format("there are: {}", fmt::join(names, ", ")));
}

WatchedPart& missing_part(const Step& step, std::map<int, WatchedPart>& parts) {
  WatchedPart& part = parts[-1];
  part.slice.where = step.feature + " is missing";
  return part;
}

/// By codes; what training did not know is in none.
std::map<int, WatchedPart> parts_by_value(const Step& step, std::span<const double> values) {
  std::map<int, WatchedPart> parts;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!(values[row] >= 0)) {
      missing_part(step, parts).rows.push_back(row);
      continue;
    }
    const auto code = static_cast<std::size_t>(values[row]);
    if (code >= step.categories.size()) continue;
    WatchedPart& part = parts[static_cast<int>(code)];
    part.slice.value = step.categories[code];
    part.slice.where = fmt::format("{} = {}", step.feature, step.categories[code]);
    part.rows.push_back(row);
  }
  return parts;
}

std::string range_text(const std::string& column, const SliceReference& slice) {
  if (!slice.above) return fmt::format("{} {} at most", column, rounded(*slice.until));
  if (!slice.until) return fmt::format("{} above {}", column, rounded(*slice.above));
  return fmt::format("{} above {} to {}", column, rounded(*slice.above), rounded(*slice.until));
}

std::map<int, WatchedPart> parts_by_quarter(const Step& step, std::span<const double> values) {
  std::vector<double> sorted, edges;
  for (const double value : values) {
    if (std::isfinite(value)) sorted.push_back(value);
  }
  std::ranges::sort(sorted);
  for (const std::size_t quarter : {1, 2, 3}) {
    if (sorted.empty()) break;
    const double edge = sorted[quarter * (sorted.size() - 1) / 4];
    if (edge < sorted.back() && (edges.empty() || edge > edges.back())) edges.push_back(edge);
  }
  std::map<int, WatchedPart> parts;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!std::isfinite(values[row])) {
      missing_part(step, parts).rows.push_back(row);
      continue;
    }
    if (edges.empty()) continue;  // one value: the part would be the whole
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(edges, values[row]) -
                                             edges.begin());
    WatchedPart& part = parts[static_cast<int>(at)];
    if (at > 0) part.slice.above = edges[at - 1];
    if (at < edges.size()) part.slice.until = edges[at];
    part.slice.where = range_text(step.feature, part.slice);
    part.rows.push_back(row);
  }
  return parts;
}

double median_rows_of_a_day(const std::vector<std::int64_t>& days) {
  std::map<std::int64_t, double> counts;
  for (const std::int64_t day : days) ++counts[day];
  std::vector<double> rows;
  for (const auto& [day, count] : counts) rows.push_back(count);
  if (rows.empty()) return 0;
  std::ranges::sort(rows);
  return rows[rows.size() / 2];
}

/// What is proved of the part; false: it has too few rows or days for anything.
bool bound_part(const Looked& looked, const model::LossRule& rule, WatchedPart& part) {
  const Truth& whole = looked.truth;
  const std::size_t outputs = outputs_of(whole);
  Truth truth;
  truth.task = whole.task;
  truth.classes = whole.classes;
  truth.threshold = whole.threshold;
  Answers answers;
  for (const std::size_t row : part.rows) {
    truth.label.push_back(whole.label[row]);
    if (!whole.day.empty()) truth.day.push_back(whole.day[row]);
    if (!whole.group.empty()) truth.group.push_back(whole.group[row]);
    for (std::size_t k = 0; k < outputs; ++k) answers.push_back(looked.answers[row * outputs + k]);
  }
  if (truth.rows() < kFewestOfGroup) return false;
  const RiskBound bound = risk_bound(truth, answers, rule);
  if (!truth.day.empty() && bound.days < kFewestDays) return false;
  part.slice.test_risk = bound.test_risk;
  part.slice.risk_bound = bound.risk_bound;
  part.slice.rows = bound.rows;
  part.slice.days = bound.days;
  part.slice.rows_per_day = median_rows_of_a_day(truth.day);
  return true;
}

}  // namespace

Result<Json> watched_slices_json(const Looked& looked, const std::vector<std::string>& columns,
                                 const model::LossRule& rule) {
  const std::vector<std::size_t> rows = looked.prepared.rows_on(table::Side::kTest);
  std::vector<SliceReference> slices;
  for (const std::string& column : columns) {
    const std::size_t place = TRY(watched_place(looked.prepared, column));
    const Step& step = looked.prepared.transform.steps()[place];
    std::vector<double> values;
    for (const std::size_t row : rows) {
      values.push_back(looked.prepared.features.row(row)[place]);
    }
    auto parts = step.is_category() ? parts_by_value(step, values) : parts_by_quarter(step, values);
    for (auto& [number, part] : parts) {
      if (!bound_part(looked, rule, part)) continue;
      part.slice.column = column;
      slices.push_back(std::move(part.slice));
    }
  }
  std::ranges::stable_sort(slices, std::ranges::greater(), &SliceReference::rows);
  if (slices.size() > kMostWatched) slices.resize(kMostWatched);
  Json out = Json::array();
  for (const SliceReference& slice : slices) out.push_back(slice.to_json());
  return out;
}

}  // namespace rondo::evaluate
