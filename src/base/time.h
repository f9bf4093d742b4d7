// Points in time and spans, as integers of microseconds in UTC. Text is RFC 3339 with Z. Event
// time, known time, label time and decision time are four columns of this one type; names tell them
// apart.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rondo {

/// Units: microseconds.
struct Span {
  std::int64_t us = 0;
  auto operator<=>(const Span&) const = default;
  static constexpr Span seconds(std::int64_t n) { return {n * 1'000'000}; }
  static constexpr Span millis(std::int64_t n) { return {n * 1'000}; }
  static constexpr Span hours(std::int64_t n) { return {n * 3'600'000'000}; }
  static constexpr Span days(std::int64_t n) { return {n * 86'400'000'000}; }
  constexpr double in_seconds() const { return static_cast<double>(us) * 1e-6; }
  constexpr double in_days() const { return static_cast<double>(us) / 86'400e6; }
};

/// Units: microseconds since 1970-01-01T00:00:00Z.
struct Time {
  std::int64_t us = 0;
  auto operator<=>(const Time&) const = default;
  friend constexpr Time operator+(Time t, Span d) { return {t.us + d.us}; }
  friend constexpr Time operator-(Time t, Span d) { return {t.us - d.us}; }
  friend constexpr Span operator-(Time a, Time b) { return {a.us - b.us}; }
};

inline constexpr Time kBeginningOfTime{INT64_MIN / 4};
inline constexpr Time kEndOfTime{INT64_MAX / 4};

/// "2011-03-02T00:00:00Z"; fractions of a second only where there are any.
std::string to_text(Time time);
/// "2011-03-02", a date, or a date with time, 'T' or a blank between, optional fraction, optional
/// Z or +hh:mm. Errors: kInvalidInput with the text.
Result<Time> parse_time(std::string_view text);
/// "90s", "15m", "24h", "1d", "2w", "250ms", also "0s". Errors: kInvalidInput naming the units.
Result<Span> parse_span(std::string_view text);
/// The shortest form that parse_span reads back: "1d", "36h", "90s".
std::string to_text(Span span);

/// Calendar parts in UTC of a time.
struct Civil {
  int year, month, day, hour, minute, second, weekday /* Monday = 0 */, day_of_year /* from 1 */;
};
Civil civil(Time time) noexcept;
/// Days since 1970-01-01, rounded down; one "day" of the evidence is one value of this.
constexpr std::int64_t day_of(Time time) noexcept {
  constexpr std::int64_t kDay = 86'400'000'000;
  return time.us >= 0 ? time.us / kDay : -((-time.us + kDay - 1) / kDay);
}

}  // namespace rondo
