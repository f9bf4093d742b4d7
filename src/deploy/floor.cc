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

/// |y - f|, or whether the class is wrong.
std::vector<double> plain_losses(const model::Prepared& twin, const TwinAnswers& answered) {
  std::vector<double> losses;
  for (std::size_t i = 0; i < answered.rows.size(); ++i) {
    const double label = twin.label[answered.rows[i]];
    losses.push_back(model::is_number(twin.task) ? std::abs(label - answered.served[i])
                     : answered.served[i] == label         ? 0
                                                           : 1);
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

/// As the bound was made: scaled losses, with a clock the mean of days' means.
double risk_of(const model::Prepared& twin, const TwinAnswers& answered,
               const model::LossRule& rule) {
  const auto& rows = answered.rows;
  const std::size_t outputs = rows.empty() ? 1 : answered.outputs.size() / rows.size();
  std::map<std::int64_t, std::vector<double>> days;  // without a clock one day
  std::map<std::int64_t, model::ScoredPairs> pairs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t day = twin.time.empty() ? 0 : day_of(twin.time[rows[i]]);
    const auto answer = std::span(answered.outputs).subspan(i * outputs, outputs);
    model::Judgeable row{twin.label[rows[i]], answered.served[i], answer[0], {}};
    if (outputs > 1) row.probabilities = answer;
    const auto loss = rule.loss == model::Loss::kAuc ? pairs[day].add(row.label == 1, row.score)
                                                     : std::optional(rule.of(row));
    if (loss) days[day].push_back(*loss);
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

TwinAnswers answers_of(const model::Prepared& measured, const model::Prepared& twin,
                       const model::Pipeline::Parts& parts) {
  TwinAnswers out;
  out.rows = shared_rows(measured, twin);
  std::vector<double> features;
  features.reserve(out.rows.size() * twin.features.columns);
  for (const std::size_t row : out.rows) {
    const auto values = twin.features.row(row);
    features.insert(features.end(), values.begin(), values.end());
    if (!twin.time.empty()) out.times.push_back(twin.time[row]);
  }
  const std::size_t outputs = parts.forest.outputs();
  out.outputs.resize(out.rows.size() * outputs);
  model::CompiledForest(parts.forest).raw_batch(features, out.rows.size(), out.outputs);
  parts.forest.link(out.outputs);
  parts.answering.apply(out.outputs, outputs);
  out.numbers = std::ranges::all_of(out.outputs, [](double x) { return std::isfinite(x); });
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    const auto answer = std::span(out.outputs).subspan(i * outputs, outputs);
    const auto most = std::ranges::max_element(answer);
    const bool number = model::is_number(twin.task);
    out.served.push_back(number        ? answer[model::middle_of(twin.levels)]
                         : outputs > 1 ? static_cast<double>(most - answer.begin())
                         : answer[0] >= parts.answering.cut() ? 1
                                                              : 0);
    out.scores.push_back(number ? out.served.back() : *most);
  }
  return out;
}

Floor floor_of(const TwinAnswers& answered, const model::Prepared& twin,
               const model::Pipeline::Parts& parts, const Json& evidence) {
  Floor floor;
  floor.rows = answered.rows.size();
  const auto told = [&](double value) {
    return answered.numbers ? value : std::numeric_limits<double>::infinity();
  };
  // The metric's accuracy is that of one half.
  const auto end = parts.answering.threshold ? std::nullopt : worst_end(evidence);
  if (end) {
    const auto value = io::get_or<double>(evidence, "value", 0);
    floor.loss = model::plain_loss(twin.task);
    floor.value = told(weighted_mean(twin, answered.rows, plain_losses(twin, answered)));
    floor.measured = floor.loss == model::Loss::kError ? 1 - value : value;
    floor.most = *end;
    return floor;
  }
  const model::Reference& reference = parts.reference;
  const model::LossRule rule = reference.loss_rule();
  floor.loss = rule.loss;
  floor.value = told(risk_of(twin, answered, rule) * rule.scale);
  floor.measured = reference.test_risk * rule.scale;
  floor.most = reference.risk_bound * rule.scale;
  return floor;
}

}  // namespace rondo::deploy
