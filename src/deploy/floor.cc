// The twin's loss on rows that it has seen; see floor.h for why.
#include "deploy/floor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>

#include "model/compiled_forest.h"

namespace rondo::deploy {
namespace {

/// Places in the twin's matrix of the rows that tested the measured model, in order.
std::vector<std::size_t> shared_rows(const model::Prepared& measured,
                                     const model::Prepared& twin) {
  std::unordered_map<std::uint64_t, std::size_t> places;
  places.reserve(twin.source_row.size());
  for (std::size_t i = 0; i < twin.source_row.size(); ++i) places.emplace(twin.source_row[i], i);
  std::vector<std::size_t> shared;
  for (std::size_t i = 0; i < measured.side.size(); ++i) {
    if (measured.side[i] != table::Side::kTest) continue;
    const auto found = places.find(measured.source_row[i]);
    if (found != places.end()) shared.push_back(found->second);
  }
  return shared;
}

/// |y - f|, or whether the class is wrong; infinite for an answer that is no number.
double loss_of(const model::Prepared& twin, const model::Answering& answering, double label,
               std::span<const double> answer) {
  if (!std::ranges::all_of(answer, [](double x) { return std::isfinite(x); })) {
    return std::numeric_limits<double>::infinity();
  }
  std::size_t chosen = 0;
  switch (twin.task) {
    case model::Task::kRegression: return std::abs(label - answer[0]);
    case model::Task::kBinary: chosen = answer[0] >= answering.cut() ? 1 : 0; break;
    case model::Task::kMulticlass:
      chosen = static_cast<std::size_t>(std::ranges::max_element(answer) - answer.begin());
      break;
  }
  return chosen == static_cast<std::size_t>(label) ? 0 : 1;
}

std::vector<double> losses_of(const model::Prepared& twin, const model::Pipeline::Parts& parts,
                              const std::vector<std::size_t>& rows) {
  std::vector<double> features;
  features.reserve(rows.size() * twin.features.columns);
  for (const std::size_t row : rows) {
    const auto values = twin.features.row(row);
    features.insert(features.end(), values.begin(), values.end());
  }
  const std::size_t outputs = parts.forest.outputs();
  std::vector<double> answers(rows.size() * outputs), losses;
  model::CompiledForest(parts.forest).raw_batch(features, rows.size(), answers);
  parts.forest.link(answers);
  parts.answering.apply(answers);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    losses.push_back(loss_of(twin, parts.answering, twin.label[rows[i]],
                             std::span(answers).subspan(i * outputs, outputs)));
  }
  return losses;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// By the rows' weights, as the metric: rows without weight are not looked at.
double weighted_mean(const model::Prepared& twin, const std::vector<std::size_t>& rows,
                     const std::vector<double>& losses) {
  if (twin.weight.empty()) return mean(losses);
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double weight = twin.weight[rows[i]];
    if (weight == 0) continue;
    sum += weight * losses[i];
    all += weight;
  }
  return all > 0 ? sum / all : 0;
}

/// As the bound was made: losses over `scale` clipped to 1, with a clock the mean of days' means.
double risk_of(const model::Prepared& twin, const std::vector<std::size_t>& rows,
               const std::vector<double>& losses, double scale) {
  std::map<std::int64_t, std::vector<double>> days;  // without a clock one day
  for (std::size_t i = 0; i < rows.size(); ++i) {
    days[twin.time.empty() ? 0 : day_of(twin.time[rows[i]])].push_back(
        std::min(1.0, losses[i] / scale));
  }
  std::vector<double> means;
  for (const auto& [day, of_day] : days) means.push_back(mean(of_day));
  return mean(means);
}

/// The worse end of the gate's interval as a loss, when its metric is the mean of that loss.
std::optional<double> worst_end(const Json& evidence) {
  const auto metric = io::get_or<std::string>(evidence, "metric", "");
  const Json end = io::get_or<Json>(evidence, metric == "mae" ? "high" : "low", nullptr);
  if (!end.is_number()) return std::nullopt;
  if (metric == "mae") return end.get<double>();
  if (metric == "accuracy") return 1 - end.get<double>();
  return std::nullopt;
}

}  // namespace

Floor floor_of(const model::Prepared& measured, const model::Prepared& twin,
               const model::Pipeline::Parts& parts, const Json& evidence) {
  const std::vector<std::size_t> rows = shared_rows(measured, twin);
  const std::vector<double> losses = losses_of(twin, parts, rows);
  Floor floor;
  floor.share = twin.task != model::Task::kRegression;
  floor.rows = rows.size();
  // The metric's accuracy is that of one half.
  const auto end = parts.answering.threshold ? std::nullopt : worst_end(evidence);
  if (end) {
    const auto value = io::get_or<double>(evidence, "value", 0);
    floor.value = weighted_mean(twin, rows, losses);
    floor.measured = floor.share ? 1 - value : value;
    floor.most = *end;
    return floor;
  }
  const model::Reference& reference = parts.reference;
  const double scale = reference.loss_scale;
  floor.value = risk_of(twin, rows, losses, scale) * scale;
  floor.measured = reference.test_risk * scale;
  floor.most = reference.risk_bound * scale;
  return floor;
}

}  // namespace rondo::deploy
