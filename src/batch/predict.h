// Scores files of any size in constant memory, on all cores, in the order of their rows: threads
// take part after part, score side by side, and write in turn.
#pragma once

#include <functional>

#include "batch/input.h"
#include "batch/output.h"
#include "base/stop.h"

namespace rondo::batch {

struct Progress {
  std::uint64_t rows = 0;       // written, those of an earlier run too
  std::uint64_t rows_before = 0;  // of them: written by an earlier run
  std::uint64_t bytes = 0, bytes_total = 0;  // read of the files; 0: not known
  Span took;
};

/// Gives how many rows were written. `tell` is called some times a second, in the calling thread.
/// Errors: those of Input, score_any() and Output; kCancelled. What can be gone on with stays;
/// after kInvalidInput nothing does.
Result<Progress> predict(const Settings& settings, Input& input, Output& output, const Stop& stop,
                         const std::function<void(const Progress&)>& tell);

}  // namespace rondo::batch
