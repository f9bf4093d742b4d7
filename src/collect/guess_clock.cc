// Four kinds of clock, the plainest first: a column of times (with the hour or the time of day
// beside a date), dates that need a format, the parts of a date in columns of their own, a number
// whose name and order say that it is one.
#include "collect/guess_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "collect/bind.h"
#include "collect/csv.h"
#include "collect/sniff.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Table;
using table::Type;

constexpr std::int64_t kDay = 86'400'000'000;
constexpr double kSorted = 0.001;       // steps backwards that an ordered column may have
constexpr double kComplete = 0.999;     // share of rows that have a value
constexpr double kWritten = 0.95;       // share of texts that look like a date

using Names = std::initializer_list<std::string_view>;
constexpr std::array<std::string_view, 14> kTimeNames = {
    "time",       "date",      "timestamp",  "datetime", "ts",         "dteday",    "event_time",
    "event_date", "date_time", "created_at", "when",     "time_stamp", "time_hour", "hour_ts"};

template <class Range>
bool is_one_of(const std::string& name, const Range& names) {
  return std::ranges::find(names, folded(name)) != names.end();
}

bool is_number(const Column& column) {
  return column.type == Type::kNumber || column.type == Type::kInteger;
}

bool is_complete(const Column& column) {
  return column.size() > 0 && static_cast<double>(column.valid.count()) >=
                                  kComplete * static_cast<double>(column.size());
}

/// Whether values hardly ever fall from one row to the next, and rise.
template <class Value>
bool is_ordered(const Column& column, const Value& value_of) {
  std::size_t falls = 0, rises = 0;
  std::optional<double> before;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const double value = value_of(row);
    if (before && value < *before) ++falls;
    if (before && value > *before) ++rises;
    before = value;
  }
  return rises > 0 && static_cast<double>(falls) <= kSorted * static_cast<double>(column.size());
}

bool is_ordered(const Column& column) {
  return is_ordered(column, [&](std::size_t row) { return column.as_double(row); });
}

bool lies_within(const Column& column, double least, double greatest) {
  if (column.type != Type::kInteger) return false;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const double value = column.as_double(row);
    if (value < least || value > greatest) return false;
  }
  return true;
}

bool is_of_dates(const Column& column) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row) && column.integers[row] % kDay != 0) return false;
  }
  return true;
}

bool is_text(const Column& column) {
  return column.type == Type::kCategory || column.type == Type::kText;
}

/// The numbers of "18.00.00" or "10/03/2004", and what stands between them; none for other texts.
struct Numbers {
  std::vector<int> numbers;
  char separator = 0;
};
std::optional<Numbers> numbers_in(std::string_view text) {
  Numbers parts;
  for (;;) {
    int number = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || number < 0 || parts.numbers.size() == 3) return std::nullopt;
    parts.numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return parts;
    if (parts.separator != 0 && text[0] != parts.separator) return std::nullopt;
    parts.separator = text[0];
    text.remove_prefix(1);
  }
}

struct DayTime {
  std::string column;
  std::string format;  // "%H.%M.%S"
};
/// When every text is a time of day, written in one way.
std::optional<DayTime> day_time_of(const std::vector<std::string>& texts) {
  std::optional<Numbers> first;
  for (const std::string& text : texts) {
    const auto parts = numbers_in(text);
    if (!parts || (parts->separator != ':' && parts->separator != '.')) return std::nullopt;
    if (!first) first = parts;
    const bool same = parts->separator == first->separator &&
                      parts->numbers.size() == first->numbers.size();
    const auto above = [&](std::size_t i, int most) {
      return i < parts->numbers.size() && parts->numbers[i] > most;
    };
    if (!same || above(0, 23) || above(1, 59) || above(2, 59)) return std::nullopt;
  }
  if (!first) return std::nullopt;
  const char by = first->separator;
  return DayTime{"", first->numbers.size() == 3 ? fmt::format("%H{0}%M{0}%S", by)
                                                : fmt::format("%H{}%M", by)};
}

/// "%d/%m/%Y" when every text is such a date and one has a day above 12; else empty.
std::string format_of_dates(const std::vector<std::string>& texts) {
  int first = 0, second = 0;
  char by = 0;
  for (const std::string& text : texts) {
    const auto parts = numbers_in(text);
    if (!is_slashed_date(text) || !parts || parts->numbers.size() != 3) return {};
    if (parts->numbers[2] < 1000 || (by != 0 && by != parts->separator)) return {};
    by = parts->separator;
    first = std::max(first, parts->numbers[0]);
    second = std::max(second, parts->numbers[1]);
  }
  if (first > 12 && first <= 31 && second <= 12) return fmt::format("%d{0}%m{0}%Y", by);
  if (second > 12 && second <= 31 && first <= 12) return fmt::format("%m{0}%d{0}%Y", by);
  return {};
}

/// Whether dates of that format stand in order.
bool dates_in_order(const Column& column, const std::string& format) {
  std::vector<double> when;  // of each text; months are as long as it takes
  for (const std::string& text : column.dictionary) {
    const auto n = numbers_in(text).value_or(Numbers{{0, 0, 0}}).numbers;
    const bool day_first = format.starts_with("%d");
    when.push_back(n[2] * 400.0 + n[day_first ? 1 : 0] * 32.0 + n[day_first ? 0 : 1]);
  }
  return is_ordered(column, [&](std::size_t row) {
    return when[static_cast<std::size_t>(column.codes[row])];
  });
}

class Guesser {
 public:
  Guesser(const Table& rows, const std::string& target, const std::vector<std::string>& late)
      : rows_(rows), target_(target), late_(late) {}

  ClockGuess run() const {
    for (const auto kind :
         {&Guesser::a_time, &Guesser::slashed, &Guesser::parts, &Guesser::a_number}) {
      ClockGuess guess = (this->*kind)();
      if (!guess.expression.empty()) return guess;
    }
    return {"", unread(), {}};
  }

 private:
  bool may_be_used(const std::string& name) const {
    return name != target_ && std::ranges::find(late_, name) == late_.end();
  }

  /// A complete column of whole numbers with one of these names and such values.
  const std::string* part(Names names, double least, double greatest) const {
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const std::string& name = rows_.schema().fields[i].name;
      const Column& column = rows_.column(i);
      if (may_be_used(name) && is_one_of(name, names) && is_complete(column) &&
          lies_within(column, least, greatest)) {
        return &name;
      }
    }
    return nullptr;
  }
  const std::string* hours() const { return part({"hr", "hour", "hours", "hour_of_day"}, 0, 24); }
  const std::string* minutes() const { return part({"min", "minute", "minutes"}, 0, 60); }

  /// " + to_hours(hr)", as far as there are such columns.
  std::string within_the_day() const {
    const std::string* hour = hours();
    if (hour == nullptr) return {};
    std::string sum = fmt::format(" + to_hours({})", sql_name(*hour));
    if (const std::string* minute = minutes()) {
      sum += fmt::format(" + to_minutes({})", sql_name(*minute));
    }
    return sum;
  }

  /// A column of texts such as "18:00" or "18.00.00" that is named as one.
  std::optional<DayTime> time_of_day() const {
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const std::string& name = rows_.schema().fields[i].name;
      const Column& column = rows_.column(i);
      const bool named = is_one_of(name, std::array<std::string_view, 4>{"time", "hour", "clock",
                                                                         "time_of_day"});
      if (!named || !may_be_used(name) || !is_text(column) || !is_complete(column)) continue;
      if (auto day_time = day_time_of(column.dictionary)) {
        day_time->column = name;
        return day_time;
      }
    }
    return std::nullopt;
  }

  /// Dates such as "10/03/2004" of which at least one tells day and month apart.
  ClockGuess slashed() const {
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const std::string& name = rows_.schema().fields[i].name;
      const Column& column = rows_.column(i);
      if (!may_be_used(name) || !is_text(column) || !is_complete(column)) continue;
      const std::string format = format_of_dates(column.dictionary);
      if (format.empty()) continue;
      if (!is_one_of(name, kTimeNames) && !dates_in_order(column, format)) continue;
      const auto time = time_of_day();
      if (!time) {
        return {fmt::format("strptime({}, '{}')", sql_name(name), format),
                "dates, as their days above 12 tell", {name}};
      }
      return {fmt::format("strptime({} || ' ' || {}, '{} {}')", sql_name(name),
                          sql_name(time->column), format, time->format),
              "a date, and the time of day beside it", {name, time->column}};
    }
    return {};
  }

  ClockGuess a_time() const {
    std::optional<std::size_t> best;
    int most = 0;
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const table::Field& field = rows_.schema().fields[i];
      if (field.type != Type::kTime || !may_be_used(field.name)) continue;
      if (!is_complete(rows_.column(i))) continue;
      const int points = (is_ordered(rows_.column(i)) ? 2 : 0) +
                         (is_one_of(field.name, kTimeNames) ? 1 : 0);
      if (points > most) best = i;
      most = std::max(most, points);
    }
    if (!best) return {};
    const std::string& name = rows_.schema().fields[*best].name;
    const std::string day = is_of_dates(rows_.column(*best)) ? within_the_day() : "";
    const auto time = is_of_dates(rows_.column(*best)) ? time_of_day() : std::nullopt;
    if (day.empty() && time) {
      const std::string text = time->format.contains('.')
                                   ? fmt::format("replace({}, '.', ':')", sql_name(time->column))
                                   : sql_name(time->column);
      return {fmt::format("{} + CAST({} AS INTERVAL)", sql_name(name), text),
              "a date, and the time of day beside it", {name, time->column}};
    }
    if (day.empty()) return {name, "when a row happened", {name}};
    return {sql_name(name) + day,
            "a date, and the hour beside it",
            {name}};
  }

  ClockGuess parts() const {
    const std::string* year = part({"year", "yr"}, 1900, 2200);
    const std::string* month = part({"month", "mnth", "mon"}, 1, 12);
    const std::string* day = part({"day", "mday", "day_of_month"}, 1, 31);
    if (year == nullptr || month == nullptr || day == nullptr) return {};
    return {fmt::format("make_date({}, {}, {}){}", sql_name(*year), sql_name(*month),
                        sql_name(*day), within_the_day()),
            "the parts of the date", {}};
  }

  ClockGuess a_number() const {
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const std::string& name = rows_.schema().fields[i].name;
      const Column& column = rows_.column(i);
      if (!is_number(column) || !may_be_used(name) || !is_one_of(name, kTimeNames)) continue;
      if (!is_complete(column) || !is_ordered(column)) continue;
      return {name, "a number that grows from row to row: it only orders", {name}};
    }
    return {};
  }

  /// Why there is no clock: perhaps dates that cannot be read without help.
  std::string unread() const {
    for (std::size_t i = 0; i < rows_.columns(); ++i) {
      const Column& column = rows_.column(i);
      if (column.type != Type::kCategory && column.type != Type::kText) continue;
      const auto dates = std::ranges::count_if(column.dictionary, is_slashed_date);
      const auto texts = static_cast<double>(column.dictionary.size());
      if (dates < 1 || static_cast<double>(dates) < kWritten * texts) continue;
      const std::string& name = rows_.schema().fields[i].name;
      const std::string& text = *std::ranges::find_if(column.dictionary, is_slashed_date);
      return fmt::format("{} looks like a date, but day and month cannot be told apart: set "
                         "strptime({}, '{}') or '{}'",
                         name, sql_name(name), slashed_format(text),
                         slashed_format(text, false));
    }
    return "no column says when a row happened";
  }

  const Table& rows_;
  const std::string& target_;
  const std::vector<std::string>& late_;
};

}  // namespace

ClockGuess guess_clock(const Table& rows, const std::string& target,
                       const std::vector<std::string>& known_late) {
  return Guesser(rows, target, known_late).run();
}

}  // namespace rondo::collect
