// The only calls that read time. A RealClock looks at the wall once and then follows the monotonic
// clock, so that a wall clock that is set while the program runs moves nothing.
#include "base/clock.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/worker.h"

namespace rondo {
namespace {

std::int64_t read_clock_us(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
}

double seconds_of(const rusage& usage) {
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

}  // namespace

Time wall_clock_now() { return {read_clock_us(CLOCK_REALTIME)}; }
std::int64_t monotonic_us() { return read_clock_us(CLOCK_MONOTONIC); }
std::int64_t boottime_us() { return read_clock_us(CLOCK_BOOTTIME); }

std::string boot_id() {
  const int file = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (file < 0) return "unknown";
  char text[64];
  const auto count = ::read(file, text, sizeof text);
  ::close(file);
  std::string id(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id.empty() ? "unknown" : id;
}

double cpu_seconds() {
  rusage own{};
  rusage children{};
  ::getrusage(RUSAGE_SELF, &own);
  ::getrusage(RUSAGE_CHILDREN, &children);
  return seconds_of(own) + seconds_of(children);
}

double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

RealClock::RealClock(Time not_before)
    : start_(std::max(not_before, wall_clock_now())), start_monotonic_us_(monotonic_us()) {}

Time RealClock::now() const { return {start_.us + monotonic_us() - start_monotonic_us_}; }

Result<void> RealClock::wait_for_news(const Stop& stop, Span at_most) {
  sleep_for(at_most, stop);
  return {};
}

}  // namespace rondo
