// The matrix of features, made row by row by the very transform that serves, and the features that
// say nothing taken out of it: constant ones, and doubles of an earlier one. Training rows judge.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>

#include "model/served_past.h"
#include "prepare/features.h"

namespace rondo::prepare {
namespace {

using model::Step;

/// Bits of a feature's value; every NaN is one value, and so are both zeros.
std::uint64_t bits_of(double value) {
  if (std::isnan(value)) return ~std::uint64_t{0};
  return std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
}

std::uint64_t column_hash(const Draft& draft, std::size_t column) {
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const std::size_t row : draft.train) {
    hash = mixed(hash ^ bits_of(draft.matrix.row(row)[column]));
  }
  return hash;
}

bool is_constant(const Draft& draft, std::size_t column) {
  const std::uint64_t first = bits_of(draft.matrix.row(draft.train.front())[column]);
  return std::ranges::all_of(draft.train, [&](std::size_t row) {
    return bits_of(draft.matrix.row(row)[column]) == first;
  });
}

bool are_equal(const Draft& draft, std::size_t a, std::size_t b) {
  return std::ranges::all_of(draft.train, [&](std::size_t row) {
    const auto values = draft.matrix.row(row);
    return bits_of(values[a]) == bits_of(values[b]);
  });
}

std::string why_constant(const Job& job, const Draft& draft, std::size_t column) {
  const Step& step = draft.transform.steps()[column];
  if (!std::isnan(draft.matrix.row(draft.train.front())[column])) {
    return "the same in all training rows";
  }
  if (step.kind != Step::Kind::kLag) return "missing in all training rows";
  const model::HistorySpec& history = draft.transform.history();
  const model::Lag& lag = history.lags[step.lag];
  if (const model::Side* side = history.side(lag.series)) {
    return fmt::format("missing in all training rows: table {} has no fact of theirs within {} "
                       "before them",
                       side->table, to_text(lag.ttl));
  }
  const Span delay = history.series[lag.series] == job.situation.target
                         ? job.situation.label_delay
                         : job.situation.delay;
  const bool too_young = lag.by.us > 0 && lag.by.us <= delay.us / 2;
  if (too_young || (lag.over.us > 0 && lag.over.us <= delay.us)) {
    return fmt::format("missing in all training rows: its values are known only after {}",
                       to_text(delay));
  }
  return "missing in all training rows: none is old enough yet";
}

/// The features to keep, in order; the others are listed in the draft.
std::vector<std::size_t> useful(const Job& job, Draft& draft) {
  const auto& steps = draft.transform.steps();
  std::vector<std::size_t> kept;
  std::map<std::uint64_t, std::vector<std::size_t>> by_hash;
  for (std::size_t column = 0; column < steps.size(); ++column) {
    const std::string& name = steps[column].feature;
    const bool news = steps[column].kind != Step::Kind::kTimePart;
    if (is_constant(draft, column)) {
      draft.dropped.push_back({name, why_constant(job, draft, column), news});
      continue;
    }
    auto& alike = by_hash[column_hash(draft, column)];
    const auto twin = std::ranges::find_if(alike, [&](std::size_t other) {
      const bool same_kind = steps[other].is_category() == steps[column].is_category();
      return same_kind && are_equal(draft, other, column);
    });
    if (twin != alike.end()) {
      draft.dropped.push_back(
          {name, fmt::format("the same as \"{}\" in all training rows", steps[*twin].feature),
           news});
      continue;
    }
    alike.push_back(column);
    kept.push_back(column);
  }
  return kept;
}

}  // namespace

model::Matrix matrix_of(const Job& job, const Draft& draft, const model::Transform& transform,
                        std::span<const std::size_t> places) {
  const model::HistoryState history = history_for(job, draft, transform.history());
  std::vector<const table::Column*> columns;
  for (const table::Field& field : transform.inputs().fields) {
    columns.push_back(job.rows.find(field.name));
  }
  model::Matrix matrix{places.size(), transform.features(), {}};
  matrix.values.resize(matrix.rows * matrix.columns);
  std::vector<model::Cell> cells(columns.size());
  const model::ServedPast past(job.served, transform.history(), job.situation.target,
                               draft.classes);
  std::vector<double> lags(transform.history().lags.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t row = draft.used[places[i]];
    const Time time = job.times.empty() ? Time{} : job.times[row];
    const auto out = std::span(matrix.values).subspan(i * matrix.columns, matrix.columns);
    model::gather(columns, row, cells);
    if (past.is_empty()) {
      transform.row({cells, time, time}, &history, out);
      continue;
    }
    history.read(transform.entity(cells), time, time, lags);
    past.put(row, lags);
    transform.row_with_lags(cells, time, lags, out);
  }
  return matrix;
}

model::Matrix matrix_of(const Job& job, const Draft& draft) {
  std::vector<std::size_t> all(draft.used.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return matrix_of(job, draft, draft.transform, all);
}

Broken drop_useless(const Job& job, Draft& draft) {
  const std::vector<std::size_t> kept = useful(job, draft);
  if (kept.empty()) {
    std::vector<std::string> names;
    for (const Dropped& each : draft.dropped) {
      names.push_back(fmt::format("{} ({})", each.column, each.why));
    }
    return "no column is left that could be a feature: " + listed(names);
  }
  draft.matrix = reduced(draft.matrix, kept);
  draft.transform = reduced(draft.transform, kept);
  return {};
}

}  // namespace rondo::prepare
