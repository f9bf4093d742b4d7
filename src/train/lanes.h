// Fits that do not need one another, side by side. What comes out is the same for any number of
// lanes: each fit is a function of its own inputs.
#pragma once

#include <functional>

#include "base/result.h"

namespace rondo::train {

/// Calls `fit` with 0 to count - 1, each once, in up to `lanes` threads; the calling one is the
/// first of them. Errors: the one of the least number; what was not begun by then is left out.
/// Memory that runs out is kExhausted. Threads: `fit` is called in several.
Result<void> side_by_side(std::size_t count, std::size_t lanes,
                          const std::function<Result<void>(std::size_t)>& fit);

}  // namespace rondo::train
