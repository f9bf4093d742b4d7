// Three kinds of clock, the plainest first: a column of times (with an hour column beside a date),
// the parts of a date in columns of their own, a number whose name and order say that it is one.
#include "collect/guess_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

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
bool is_ordered(const Column& column) {
  std::size_t falls = 0, rises = 0;
  std::optional<double> before;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const double value = column.as_double(row);
    if (before && value < *before) ++falls;
    if (before && value > *before) ++rises;
    before = value;
  }
  return rises > 0 && static_cast<double>(falls) <= kSorted * static_cast<double>(column.size());
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

/// A name as SQL writes it.
std::string written(const std::string& name) {
  const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                     std::ranges::all_of(name, [](char c) {
                       return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9');
                     });
  if (plain) return name;
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

class Guesser {
 public:
  Guesser(const Table& rows, const std::string& target, const std::vector<std::string>& late)
      : rows_(rows), target_(target), late_(late) {}

  ClockGuess run() const {
    for (const auto kind : {&Guesser::a_time, &Guesser::parts, &Guesser::a_number}) {
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
    std::string sum = fmt::format(" + to_hours({})", written(*hour));
    if (const std::string* minute = minutes()) {
      sum += fmt::format(" + to_minutes({})", written(*minute));
    }
    return sum;
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
    if (day.empty()) return {name, "when a row happened", {name}};
    return {written(name) + day,
            "a date, and the hour beside it",
            {name}};
  }

  ClockGuess parts() const {
    const std::string* year = part({"year", "yr"}, 1900, 2200);
    const std::string* month = part({"month", "mnth", "mon"}, 1, 12);
    const std::string* day = part({"day", "mday", "day_of_month"}, 1, 31);
    if (year == nullptr || month == nullptr || day == nullptr) return {};
    return {fmt::format("make_date({}, {}, {}){}", written(*year), written(*month), written(*day),
                        within_the_day()),
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
      return fmt::format("{} looks like a date, but day and month cannot be told apart: set "
                         "strptime({}, '%d/%m/%Y') or '%m/%d/%Y'",
                         name, written(name));
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
