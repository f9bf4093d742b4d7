// Reading and writing of times and spans. Days and civil dates are converted by the arithmetic of
// the proleptic Gregorian calendar over eras of 400 years, with years that begin in March, so that
// the leap day is the last day of a year; every Time has a text and every text is read back
// exactly.
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace rondo {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

struct Date {
  std::int64_t year;
  int month, day;
};

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// Days since 1970-01-01 of a date.
constexpr std::int64_t days_of(Date date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t march_month = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr Date date_of(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = floor_div(days, 146'097);
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  const int month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

static_assert(days_of({1970, 1, 1}) == 0 && days_of({2000, 3, 1}) == 11'017);

constexpr int days_in(std::int64_t year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

/// Walks over a text; every step says whether it found what it asked for.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool starts_with(char c) const { return !rest_.empty() && rest_[0] == c; }
  /// Between `least` and `most` digits.
  std::optional<std::int64_t> digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    std::int64_t value = 0;
    while (count < most && count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      value = value * 10 + (rest_[count++] - '0');
    }
    if (count < least) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }
  /// Two digits in 0..most.
  std::optional<std::int64_t> two(std::int64_t most) {
    const auto value = digits(2, 2);
    return value && *value <= most ? value : std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::optional<std::int64_t> read_date(Reader& in) {
  const bool negative = in.starts_with('-');
  const bool expanded = in.one_of("+-");
  const auto year = in.digits(4, expanded ? 6 : 4);
  if (!year || !in.one_of("-")) return std::nullopt;
  const auto month = in.two(12);
  if (!month || *month == 0 || !in.one_of("-")) return std::nullopt;
  const auto day = in.two(31);
  const Date date{negative ? -*year : *year, static_cast<int>(*month),
                  static_cast<int>(day.value_or(0))};
  if (date.day == 0 || date.day > days_in(date.year, date.month)) return std::nullopt;
  return days_of(date) * kDay;
}

/// Microseconds of ".25"; digits beyond the sixth are cut off.
std::optional<std::int64_t> read_fraction(Reader& in) {
  std::int64_t value = 0;
  int count = 0;
  for (; auto digit = in.digits(1, 1); ++count) {
    if (count < 6) value = value * 10 + *digit;
  }
  if (count == 0) return std::nullopt;
  for (; count < 6; ++count) value *= 10;
  return value;
}

std::optional<std::int64_t> read_time_of_day(Reader& in) {
  const auto hour = in.two(23);
  if (!hour || !in.one_of(":")) return std::nullopt;
  const auto minute = in.two(59);
  if (!minute) return std::nullopt;
  std::int64_t us = (*hour * 60 + *minute) * 60 * kSecond;
  if (!in.one_of(":")) return us;
  const auto second = in.two(60);  // a leap second is the first instant of the next minute
  if (!second) return std::nullopt;
  us += *second * kSecond;
  if (!in.one_of(".")) return us;
  const auto fraction = read_fraction(in);
  return fraction ? std::optional(us + *fraction) : std::nullopt;
}

/// "Z", "+hh", "+hhmm", "+hh:mm" or nothing, as microseconds east of UTC.
std::optional<std::int64_t> read_offset(Reader& in) {
  if (in.done() || in.one_of("Zz")) return 0;
  const std::int64_t sign = in.starts_with('-') ? -1 : 1;
  if (!in.one_of("+-")) return std::nullopt;
  const auto hour = in.two(23);
  if (!hour) return std::nullopt;
  std::optional<std::int64_t> minute = 0;
  if (!in.done()) {
    in.one_of(":");
    minute = in.two(59);
  }
  return minute ? std::optional(sign * (*hour * 60 + *minute) * 60 * kSecond) : std::nullopt;
}

std::optional<Time> read_time(std::string_view text) {
  Reader in(text);
  const auto date = read_date(in);
  if (!date) return std::nullopt;
  if (in.done()) return Time{*date};
  if (!in.one_of("Tt ")) return std::nullopt;
  const auto time = read_time_of_day(in);
  if (!time) return std::nullopt;
  const auto offset = read_offset(in);
  if (!offset || !in.done()) return std::nullopt;
  return Time{*date + *time - *offset};
}

struct Unit {
  std::string_view name;
  std::int64_t us;
};
constexpr std::array kUnits = {Unit{"us", 1},
                               Unit{"ms", 1'000},
                               Unit{"s", kSecond},
                               Unit{"m", 60 * kSecond},
                               Unit{"h", 3'600 * kSecond},
                               Unit{"d", kDay},
                               Unit{"w", 7 * kDay}};

}  // namespace

std::string to_text(Time time) {
  const std::int64_t days = day_of(time);
  const Date date = date_of(days);
  const std::int64_t us = time.us - days * kDay;
  const std::int64_t second = us / kSecond;
  std::string out = date.year >= 0 && date.year <= 9'999 ? fmt::format("{:04}", date.year)
                                                         : fmt::format("{:+05}", date.year);
  out += fmt::format("-{:02}-{:02}T{:02}:{:02}:{:02}", date.month, date.day, second / 3'600,
                     second / 60 % 60, second % 60);
  if (us % kSecond != 0) {
    out += fmt::format(".{:06}", us % kSecond);
    while (out.back() == '0') out.pop_back();
  }
  return out + "Z";
}

Result<Time> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return fail(Code::kInvalidInput,
              fmt::format("\"{}\" is not a time", text.substr(0, 60)),
              "write a date, 2011-03-02, or a date with time, 2011-03-02T17:00:00Z");
}

Result<Span> parse_span(std::string_view text) {
  Reader in(text);
  const auto count = in.digits(1, 15);
  const std::size_t unit_at = text.find_first_not_of("0123456789");
  if (count && unit_at != std::string_view::npos) {
    for (const Unit& unit : kUnits) {
      if (text.substr(unit_at) != unit.name || *count > INT64_MAX / 4 / unit.us) continue;
      return Span{*count * unit.us};
    }
  }
  return fail(Code::kInvalidInput,
              fmt::format("\"{}\" is not a span of time", text.substr(0, 60)),
              "write a whole number and a unit: us, ms, s, m, h, d or w, such as \"90s\" or "
              "\"1d\"");
}

std::string to_text(Span span) {
  if (span.us == 0) return "0s";
  Unit best = kUnits[0];
  for (const Unit& unit : kUnits) {
    if (unit.name != "w" && span.us % unit.us == 0) best = unit;
  }
  return fmt::format("{}{}", span.us / best.us, best.name);
}

Civil civil(Time time) noexcept {
  const std::int64_t days = day_of(time);
  const Date date = date_of(days);
  const int second = static_cast<int>((time.us - days * kDay) / kSecond);
  const int weekday = static_cast<int>(days + 3 - floor_div(days + 3, 7) * 7);
  const int day_of_year = static_cast<int>(days - days_of({date.year, 1, 1})) + 1;
  return {static_cast<int>(date.year), date.month, date.day, second / 3'600,
          second / 60 % 60,            second % 60, weekday,  day_of_year};
}

}  // namespace rondo
