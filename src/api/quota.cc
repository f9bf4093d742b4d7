// Buckets, and the words for who has emptied one.
#include "api/quota.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rondo::api {
namespace {

constexpr std::size_t kMostRemembered = 1024;  // names; tokens come and go
constexpr std::int64_t kForgottenUs = 3'600'000'000;

Refusal over(const Principal& who, double rate, std::string_view what, Span wait) {
  const std::string whose =
      who.who == "anonymous" ? "who shows no token" : fmt::format("the token \"{}\"", who.who);
  const auto seconds =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(wait.in_seconds())));
  return Refusal(429, "quota",
                 fmt::format("{} has used up its {:g} {} a second", whose, rate, what),
                 fmt::format("try again in {} s; the quota is [deploy] quota_{}", seconds, what))
      .with("Retry-After", std::to_string(seconds));
}

}  // namespace

/// Clocks of several threads: an earlier time fills nothing.
void Bucket::fill(double rate, Span burst, std::int64_t now_us) {
  const double whole = most(rate, burst);
  if (!level_) {
    level_ = whole;
    at_us_ = now_us;
  }
  if (now_us <= at_us_) return;
  level_ = std::min(whole, *level_ + rate * Span{now_us - at_us_}.in_seconds());
  at_us_ = now_us;
}

Span Bucket::wait_for(double amount, double rate, Span burst, std::int64_t now_us) {
  fill(rate, burst, now_us);
  const double lacks = std::min(amount, most(rate, burst)) - *level_;
  constexpr double kRounding = 1e-9;
  if (lacks <= kRounding) return {};
  return Span{static_cast<std::int64_t>(std::ceil(std::min(lacks / rate, 1e9) * 1e6))};
}

void Bucket::take(double amount, double rate, Span burst, std::int64_t now_us) {
  fill(rate, burst, now_us);
  level_ = *level_ - amount;
}

Quotas::Buckets& Quotas::of(std::map<std::string, Buckets>& all, const Principal& who,
                            std::int64_t now_us) {
  if (all.size() >= kMostRemembered && !all.contains(who.who)) {
    std::erase_if(all, [&](const auto& each) {
      return now_us - each.second.seen_us > kForgottenUs;
    });
  }
  Buckets& buckets = all[who.who];
  buckets.seen_us = std::max(buckets.seen_us, now_us);
  return buckets;
}

std::expected<void, Refusal> Quotas::take_request(const Principal& who, std::int64_t now_us) {
  if (is_free(who)) return {};
  return all_.with([&](auto& all) -> std::expected<void, Refusal> {
    Buckets& own = of(all, who, now_us);
    if (quota_.rows > 0) {
      const Span wait = own.rows.wait_for(1, quota_.rows, quota_.burst, now_us);
      if (wait > Span{}) return std::unexpected(over(who, quota_.rows, "rows", wait));
    }
    if (quota_.requests <= 0) return {};
    const Span wait = own.requests.wait_for(1, quota_.requests, quota_.burst, now_us);
    if (wait > Span{}) return std::unexpected(over(who, quota_.requests, "requests", wait));
    own.requests.take(1, quota_.requests, quota_.burst, now_us);
    return {};
  });
}

void Quotas::take_rows(const Principal& who, std::size_t rows, std::int64_t now_us) {
  if (is_free(who) || quota_.rows <= 0) return;
  all_.with([&](auto& all) {
    of(all, who, now_us)
        .rows.take(static_cast<double>(rows), quota_.rows, quota_.burst, now_us);
  });
}

}  // namespace rondo::api
