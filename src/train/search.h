// The search for what to train: candidates are compared on the same folds until the budget is
// spent. Time enters as one number alone, how many candidates finished: the same number gives the
// same answer, bit for bit, whatever the machine and the number of threads.
#pragma once

#include <functional>

#include "train/boosting.h"
#include "train/ensemble.h"
#include "train/folds.h"
#include "train/trials.h"

namespace rondo::train {

struct SearchLimits {
  std::size_t candidates = 0;              // 0: as many as there is time for
  std::optional<std::int64_t> until_us{};  // of monotonic_us(); the refits are to end by then
  Stop stop{};                             // the best so far goes on
  std::function<void(const Json&)> progress{};
  Trials trials{};                         // where finished candidates are kept
};

struct Searched {
  std::vector<Tried> tried;
  Ensemble chosen;
  std::size_t folds = 0, rows = 0;  // rows: out of fold
  std::size_t resumed = 0;          // of those tried, taken over from a search that was cut off
  std::vector<double> raw{};        // out-of-fold raw scores of `chosen`, fold after fold
};

/// Shape: folds as folds_of() made them, not empty. Nothing tried: time was up before one finished.
/// What it would choose next does not depend on which of them were taken over. Errors: kCancelled
/// when a stop was requested before one finished; those of LightGBM and of the disk.
Result<Searched> search(const model::Prepared& prepared, const std::vector<Inner>& folds,
                        const Options& options, std::size_t most_rounds, Seed seed,
                        const SearchLimits& limits);

}  // namespace rondo::train
