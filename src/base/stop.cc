// Waiting for a stop by the kernel's own means: a condition variable may not be told from a signal
// handler.
#include "base/stop.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

#include "base/clock.h"

namespace rondo {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4 &&
              std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace

void Stop::request() const noexcept {
  flag_->store(1, std::memory_order_relaxed);
  ::syscall(SYS_futex, flag_.get(), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void Stop::wait(Span at_most) const noexcept {
  const std::int64_t end_us = monotonic_us() + at_most.us;
  while (!requested()) {
    const std::int64_t left_us = end_us - monotonic_us();
    if (left_us <= 0) return;
    const timespec left{left_us / 1'000'000, left_us % 1'000'000 * 1000};
    ::syscall(SYS_futex, flag_.get(), FUTEX_WAIT_PRIVATE, 0, &left, nullptr, 0);
  }
}

}  // namespace rondo
