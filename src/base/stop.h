// A request to stop that any thread may make and every long computation looks at. Copies share one
// flag. It is a value, so that a pure function can take it without knowing who asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/time.h"

namespace rondo {

/// Threads: any, and signal handlers. Cost: one relaxed load.
class Stop {
 public:
  Stop() : flag_(std::make_shared<std::atomic<std::uint32_t>>(0)) {}
  bool requested() const noexcept { return flag_->load(std::memory_order_relaxed) != 0; }
  void request() const noexcept;
  /// Sleeps until it is requested, or so long.
  void wait(Span at_most) const noexcept;

 private:
  std::shared_ptr<std::atomic<std::uint32_t>> flag_;
};

}  // namespace rondo
