// Splitting the training rows once more, and the loss on the part that is held out. Both depend on
// the rows and the seed alone.
#include "train/rows.h"

#include <algorithm>
#include <cmath>

namespace rondo::train {
namespace {

constexpr double kInnerShare = 0.2;
constexpr std::size_t kFewestStop = 20;  // fewer rows say nothing about the best round

Inner newest_apart(const model::Prepared& prepared, const RowList& train) {
  const auto count = static_cast<double>(train.size());
  auto at = train.begin() + static_cast<std::ptrdiff_t>(std::ceil(count * (1 - kInnerShare)));
  // Rows of one moment stay together.
  while (at != train.begin() && at != train.end() &&
         prepared.time[*at] == prepared.time[*(at - 1)]) {
    --at;
  }
  return {{train.begin(), at}, {at, train.end()}};
}

Inner hashed_apart(const model::Prepared& prepared, const RowList& train, Seed seed) {
  Inner inner;
  const std::uint64_t salt = seed.derive("inner rows").value;
  for (const std::uint32_t row : train) {
    const bool stop = Chance({salt ^ whose(prepared, row)}).uniform() < kInnerShare;
    (stop ? inner.stop : inner.fit).push_back(row);
  }
  return inner;
}

}  // namespace

std::uint64_t whose(const model::Prepared& prepared, std::uint32_t row) noexcept {
  return prepared.group.empty() ? prepared.source_row[row] : prepared.group[row];
}

std::vector<std::uint64_t> units_of(const model::Prepared& prepared, const RowList& rows) {
  std::vector<std::uint64_t> units;
  const bool clock = prepared.by_time && !prepared.time.empty();
  if (!clock && prepared.group.empty()) return units;
  for (const std::uint32_t row : rows) {
    units.push_back(clock ? static_cast<std::uint64_t>(day_of(prepared.time[row]))
                          : prepared.group[row]);
  }
  return units;
}

RowList rows_of(const model::Prepared& prepared, table::Side side) {
  RowList rows;
  for (std::uint32_t i = 0; i < prepared.side.size(); ++i) {
    if (prepared.side[i] == side) rows.push_back(i);
  }
  return rows;
}

RowList thinned(const RowList& rows, std::size_t most) {
  RowList some;
  const std::size_t count = std::min(rows.size(), most);
  for (std::size_t i = 0; i < count; ++i) some.push_back(rows[i * rows.size() / count]);
  return some;
}

Inner inner_split(const model::Prepared& prepared, const RowList& train, Seed seed) {
  const bool clock = prepared.by_time && !prepared.time.empty();
  Inner inner = clock ? newest_apart(prepared, train) : hashed_apart(prepared, train, seed);
  if (inner.stop.size() < kFewestStop || inner.fit.size() < inner.stop.size()) return {train, {}};
  if (!has_weight(prepared, inner.stop) || !has_weight(prepared, inner.fit)) return {train, {}};
  return inner;
}

FeatureRows::FeatureRows(const model::Matrix& features, const RowList& rows) {
  if (rows.empty()) return;
  if (rows.back() - rows.front() + 1 == rows.size()) {
    values_ = std::span(features.values)
                  .subspan(rows.front() * features.columns, rows.size() * features.columns);
    return;
  }
  own_.reserve(rows.size() * features.columns);
  for (const std::uint32_t row : rows) {
    const auto values = features.row(row);
    own_.insert(own_.end(), values.begin(), values.end());
  }
  values_ = own_;
}

namespace {

double loss_of(const Judged& rows, double label, std::span<const double> answer) {
  const auto log_loss = [](double p) { return -std::log(std::clamp(p, 1e-15, 1 - 1e-15)); };
  switch (rows.task) {
    case model::Task::kRegression: return (answer[0] - label) * (answer[0] - label);
    case model::Task::kBinary: return log_loss(label > 0.5 ? answer[0] : 1 - answer[0]);
    case model::Task::kQuantile: return pinball(rows.levels, label, answer);
    case model::Task::kMulticlass: break;
  }
  return log_loss(answer[static_cast<std::size_t>(label)]);
}

}  // namespace

double pinball(std::span<const double> levels, double label, std::span<const double> answer) {
  double sum = 0;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const double above = label - answer[k];
    sum += above >= 0 ? levels[k] * above : (levels[k] - 1) * above;
  }
  return sum / static_cast<double>(levels.size());
}

double mean_loss(const Judged& rows, std::span<const double> answers) {
  const std::size_t outputs = answers.size() / rows.labels.size();
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const double weight = rows.weights.empty() ? 1 : rows.weights[i];
    sum += weight * loss_of(rows, rows.labels[i], answers.subspan(i * outputs, outputs));
    all += weight;
  }
  return sum / all;
}

std::vector<double> weights_of(const model::Prepared& prepared, const RowList& rows) {
  std::vector<double> weights;
  if (prepared.weight.empty()) return weights;
  for (const std::uint32_t row : rows) weights.push_back(prepared.weight[row]);
  return weights;
}

bool has_weight(const model::Prepared& prepared, const RowList& rows) {
  return prepared.weight.empty() || std::ranges::any_of(rows, [&](std::uint32_t row) {
    return prepared.weight[row] > 0;
  });
}

std::string_view loss_name(model::Task task) {
  if (task == model::Task::kQuantile) return "pinball loss";
  return task == model::Task::kRegression ? "squared error" : "log-loss";
}

}  // namespace rondo::train
