// Our own loop over LightGBM's rounds, so that stopping, progress, budget and early stopping are
// ours: whoever asks to stop waits for one round at most.
#pragma once

#include <functional>
#include <optional>

#include "base/stop.h"
#include "train/booster.h"

namespace rondo::train {

/// How far a fit may go.
struct Limits {
  std::size_t rounds = 1;
  std::size_t patience = 0;                // rounds without a gain; only with rows to stop on
  std::optional<std::int64_t> until_us{};  // of monotonic_us()
  Stop stop{};
  std::function<void(std::size_t round, double best)> progress{};  // best: NaN without such rows
  bool keep_answers = false;               // of the best round
};

enum class Ending { kRounds, kPatience, kNoSplit, kStopped, kBudget };

struct Course {
  Ending ending = Ending::kRounds;
  std::size_t rounds = 0;  // that the booster has
  std::size_t best = 0;    // the round with the least loss on the rows to stop on, or `rounds`
  double loss = 0;         // there; NaN without such rows
  std::vector<double> answers{};  // there, for the rows to stop on, when they were asked for
};

/// Grows until an ending. `stop`: the rows to stop on, or none.
Result<Course> grow(Booster& booster, const Judged& stop, const Limits& limits);

/// How many rounds without a gain end a fit: the slower it learns the more, with many rows fewer. A
/// forest, which more trees do not harm, is never ended.
std::size_t patience_for(const Growth& growth, std::size_t rows);

}  // namespace rondo::train
