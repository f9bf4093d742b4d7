// Work that falls into parts which do not need one another, side by side on a few threads.
#pragma once

#include <cstddef>
#include <functional>

namespace rondo {

/// Calls `work` with 0 to count - 1, each once, in up to `lanes` threads; the calling one is the
/// first of them. Who throws ends the whole: what was not begun is left out, and once all threads
/// have ended the exception of the least number is thrown again here. Threads: `work` is called in
/// several.
void side_by_side(std::size_t count, std::size_t lanes,
                  const std::function<void(std::size_t)>& work);

}  // namespace rondo
