// A request to stop that any thread may make and every long computation looks at. Copies share one
// flag. It is a value, so that a pure function can take it without knowing who asks.
#pragma once

#include <atomic>
#include <memory>

namespace rondo {

/// Threads: any. Cost: one relaxed load.
class Stop {
 public:
  Stop() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  bool requested() const noexcept { return flag_->load(std::memory_order_relaxed); }
  void request() const noexcept { flag_->store(true, std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace rondo
