// See source_gate.h.
#include "loop/source_gate.h"

namespace rondo::loop {
namespace {

constexpr Span kRest = Span::seconds(2);          // of a file since it was written
constexpr std::int64_t kAgainUs = 1'000'000;      // between two looks at least
constexpr std::int64_t kScanUs = 30'000'000;      // without word of a change
constexpr std::int64_t kPatienceUs = 60'000'000;  // for a file to rest, for more pushed rows

/// One of the future (another machine's clock) is not waited for.
bool is_at_rest(Time touched, Time wall) {
  const Span age = wall - touched;
  return age.us < 0 || age >= kRest;
}

/// Since when something holds; 0 when it does not.
void follow(bool holds, std::int64_t now_us, std::int64_t& since_us) {
  if (!holds) since_us = 0;
  else if (since_us == 0) since_us = now_us;
}

bool waits(std::int64_t now_us, std::int64_t since_us) {
  return since_us != 0 && now_us - since_us < kPatienceUs;
}

}  // namespace

bool SourceGate::due(const Ask& ask) {
  told_ = told_ || ask.told;
  const bool other = ask.manifest != manifest_;
  if (other) moving_since_us_ = 0;
  const bool soon = told_ || !ask.hears || moving_since_us_ != 0 || few_since_us_ != 0;
  const std::int64_t since = ask.now_us - looked_us_;
  if (looked_us_ != 0 && !other && since < (soon ? kAgainUs : kScanUs)) return false;
  looked_us_ = ask.now_us;
  manifest_ = ask.manifest;
  told_ = false;
  return true;
}

SourceNews SourceGate::judge(std::int64_t now_us, Time wall, SourceNews news) {
  follow(news.touched && !is_at_rest(*news.touched, wall), now_us, moving_since_us_);
  if (waits(now_us, moving_since_us_)) news = SourceNews{};
  follow(news.may_wait, now_us, few_since_us_);
  if (waits(now_us, few_since_us_)) news = SourceNews{};
  return news;
}

}  // namespace rondo::loop
