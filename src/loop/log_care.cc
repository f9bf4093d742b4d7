// A drop is told for an hour: longer, and nobody would see the next one.
#include "loop/log_care.h"

#include "loop/asking.h"

namespace rondo::loop {
namespace {

constexpr Span kDropTold = Span::hours(1);
constexpr std::int64_t kRetainEveryUs = 1'000'000;

}  // namespace

LogCare::Told LogCare::look(Time now) {
  if (monotonic_us() - retained_us_ >= kRetainEveryUs) {
    retained_us_ = monotonic_us();
    const auto dropped = retention_.run(now);
    if (dropped) lost_.dropped(dropped->ends);
    kept_ = dropped ? "" : "old answers cannot be dropped: " + dropped.error().line();
  }
  const std::uint64_t dropped = log_.dropped();
  if (dropped != told_dropped_) last_dropped_ = now;
  told_dropped_ = dropped;
  const auto problem = log_.problem();
  const bool lately = problem || now - last_dropped_ < kDropTold;
  return {kept_, log_sentence(problem, lately ? dropped : 0, last_dropped_)};
}

}  // namespace rondo::loop
