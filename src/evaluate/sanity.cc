// Three looks at a model; see sanity.h.
#include "evaluate/sanity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/compiled_forest.h"

namespace rondo::evaluate {
namespace {

constexpr double kTrainWalks = 2e6, kFewestTrain = 500, kMostTrain = 20'000;

Json on_training_rows(const Probed& probed, Metric metric) {
  const model::Prepared& prepared = probed.prepared;
  const std::vector<std::size_t> train = prepared.rows_on(table::Side::kTrain);
  const double trees = static_cast<double>(std::max<std::size_t>(probed.forest.trees(), 1));
  const auto most = static_cast<std::size_t>(
      std::clamp(kTrainWalks / trees, kFewestTrain, kMostTrain));
  const std::size_t count = std::min(most, train.size());
  Truth truth{prepared.task, prepared.classes.size(), {}, {}};
  truth.threshold = probed.truth.threshold;
  truth.levels = prepared.levels;
  std::vector<double> features;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = train[i * train.size() / count];
    truth.label.push_back(prepared.label[row]);
    if (!prepared.weight.empty()) truth.weight.push_back(prepared.weight[row]);
    const auto values = prepared.features.row(row);
    features.insert(features.end(), values.begin(), values.end());
  }
  Answers answers(count * probed.forest.outputs());
  model::CompiledForest(probed.forest).raw_batch(features, count, answers);
  probed.forest.link(answers);
  probed.answering.apply(answers, probed.forest.outputs());
  const double value = value_of(metric, truth, answers);
  return {{"rows", count}, {"value", std::isfinite(value) ? Json(value) : Json(nullptr)}};
}

Json carried(const Json& robustness) {
  if (robustness.is_null()) return nullptr;
  double all = 0, most = 0;
  std::string column;
  for (const Json& one : robustness.at("columns")) {
    if (!one.at("missing").is_number()) continue;
    const double grows = std::max(0.0, one.at("missing").get<double>());
    all += grows;
    if (grows <= most) continue;
    most = grows;
    column = one.at("column").get<std::string>();
  }
  if (robustness.at("columns").size() < 2 || !(most > kCarries * all)) return nullptr;
  return {{"column", column}, {"share", most / all}};
}

/// Whether every row is answered as the first one is.
bool all_alike(const Answers& scores, std::size_t outputs) {
  if (scores.empty()) return false;
  for (std::size_t i = outputs; i < scores.size(); ++i) {
    if (scores[i] != scores[i - outputs]) return false;
  }
  return true;
}

}  // namespace

Json sanity_json(const Probed& probed, Metric metric, double test_value, const Answers& scores,
                 const Json& robustness) {
  Json out = {{"train", on_training_rows(probed, metric)},
              {"test", std::isfinite(test_value) ? Json(test_value) : Json(nullptr)}};
  if (Json one = carried(robustness); !one.is_null()) out["carried"] = std::move(one);
  if (all_alike(scores, outputs_of(probed.truth))) out["constant"] = scores.front();
  return out;
}

std::vector<std::string> not_sane(const Json& sanity, std::uint64_t rows) {
  if (!sanity.contains("constant")) return {};
  return {fmt::format("it answers all {} test rows alike ({:.4g}), so it tells no row from "
                      "another; look at what Data Preparation left of the columns",
                      rows, sanity.at("constant").get<double>())};
}

}  // namespace rondo::evaluate
