// What is chosen on the rows that training held out, before any test row is looked at, and frozen
// with the model: the map of its probabilities, where its second class begins, the
// interval around its numbers.
// What is judged afterwards is what will be served.
#pragma once

#include "evaluate/evaluate.h"
#include "evaluate/metrics.h"
#include "model/answering.h"

namespace rondo::evaluate {

struct Chosen {
  model::Answering answering;
  /// {"map","reason","rows"?,"log_loss_before"?,"log_loss"?,"trials"?: [{"map","log_loss","gain",
  /// "standard_error"}]}; null for numbers.
  Json calibration;
  /// {"coverage","rows","rank","reach"?,"reason"?}, the reach being the rank-th smallest of the
  /// rows' |label - answer|; null unless an interval of numbers is wished.
  Json interval;
  /// {"threshold","rows","fp","fn","expected" (fp/(fp + fn)) or "capacity","reason"}; null unless a
  /// cost is set.
  Json threshold;
};

/// Rows that the model did not learn from: out of fold after a search, else the inner validation
/// part, which has chosen the number of rounds. With a clock rows of a day share a fold of the
/// cross-fitting, and a fold is a stretch of days.
/// Errors: kInvalidInput for a map that the task cannot have; kConflict for a candidate of other
/// rows. Cost: that of choose_calibration().
Result<Chosen> choose_answering(const Options& options, const model::Prepared& prepared,
                                const model::Candidate& candidate, Seed seed);

}  // namespace rondo::evaluate
