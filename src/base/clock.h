// The only door to time. Everything that decides gets a Clock; the real one is monotonic while the
// program runs (jumps of the wall clock are ignored), the simulated one moves when its world says
// so.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/stop.h"
#include "base/time.h"

namespace rondo {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Project time. Threads: any.
  virtual Time now() const = 0;
  /// Returns when there may be news, when `at_most` has passed or when a stop was requested.
  /// A simulated clock lets its world live through the next tick in here.
  virtual Result<void> wait_for_news(const Stop& stop, Span at_most) = 0;
};

/// Wall clock read once, carried on by the monotonic clock. `not_before` is the last recorded time.
class RealClock : public Clock {
 public:
  explicit RealClock(Time not_before = kBeginningOfTime);
  Time now() const override;
  Result<void> wait_for_news(const Stop& stop, Span at_most) override;

 private:
  Time start_;
  std::int64_t start_monotonic_us_;
};

/// Never moves by itself.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  Result<void> wait_for_news(const Stop&, Span at_most) override {
    now_ = now_ + at_most;
    return {};
  }
  void set(Time time) { now_ = time; }

 private:
  Time now_;
};

/// What the wall clock says; only for the real clock, `doctor` and file stamps.
Time wall_clock_now();
/// Monotonic, for measured durations that stand in the journal only. Units: microseconds.
std::int64_t monotonic_us();
/// CLOCK_BOOTTIME in microseconds and the id of this boot: what leases are written with.
std::int64_t boottime_us();
std::string boot_id();
/// CPU time of this process (children included) in seconds.
double cpu_seconds();
/// CPU time of the calling thread in seconds.
double thread_cpu_seconds();

}  // namespace rondo
