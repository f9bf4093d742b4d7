// How far a long piece of work is, for those who wait for it: what it is busy with, and how much of
// that is done.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/guarded.h"

namespace rondo {

/// Threads: one works, any look.
class Progress {
 public:
  struct Seen {
    std::string_view what;  // "facts"; empty: it has not begun
    std::uint64_t done = 0, of = 0;
  };
  /// Of what there are so many. Shape: `what` is a literal.
  void begin(std::string_view what, std::uint64_t of) {
    seen_.with([&](Seen& seen) { seen = {what, 0, of}; });
  }
  /// So many in all. More than were expected are all of them.
  void reach(std::uint64_t done) {
    seen_.with([&](Seen& seen) { seen.done = std::min(done, seen.of); });
  }
  Seen look() const {
    return seen_.with([](const Seen& seen) { return seen; });
  }

 private:
  Guarded<Seen> seen_;
};

}  // namespace rondo
