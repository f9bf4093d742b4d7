// What a replay shows: the project's own metric where it is a mean over rows, since days are added
// up, drawn and drawn as a line; else the nearest loss that is. Less is always better.
#pragma once

#include "evaluate/metrics.h"
#include "ledger/prediction_log.h"
#include "model/pipeline.h"

namespace rondo::loop {

struct ShownLoss {
  evaluate::Metric metric = evaluate::Metric::kMae;  // kAccuracy: shown as 1 - it, "error"
  std::string name;
  std::string note;  // why it is not the project's metric; empty: it is
};
/// `configured` as in [evaluate] metric.
ShownLoss shown_loss(std::string_view configured, model::Task task);

/// The loss of one answer against what was true; nothing for a truth that cannot be compared. A
/// class that the version never saw is answered as wrongly as can be.
std::optional<double> loss_of(evaluate::Metric metric, const model::Pipeline::Parts& version,
                              const ledger::Prediction& prediction, const Json& truth);

/// The same for an answer that is another row's label, both as numbers; nothing where the metric
/// asks for probabilities.
std::optional<double> naive_loss(evaluate::Metric metric, double answer, double truth);

}  // namespace rondo::loop
