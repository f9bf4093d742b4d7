// Expectations looked at. A missing value neither fits nor fails: only `present` speaks of it.
#include "prepare/expect.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "base/words.h"
#include "prepare/draft.h"
#include "stats/spread.h"
#include "table/engine.h"

namespace rondo::prepare {
namespace {

using table::Column;
using table::Type;

constexpr std::size_t kExamples = 20;
constexpr std::size_t kShown = 3;  // of them, in a sentence

enum class Fate : std::uint8_t { kMissing, kFits, kFails };
using Fates = std::vector<Fate>;

Fate fate_of(bool fits) { return fits ? Fate::kFits : Fate::kFails; }

bool inside(double value, const Expectation& e) {
  return !(e.least && value < *e.least) && !(e.most && value > *e.most);
}

/// The characters of a text in UTF-8.
double length_of(std::string_view text) {
  return static_cast<double>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// A predicate of each value; of a text it is asked once for each entry of the dictionary.
Fates judge_each(const Column& column, const std::function<bool(double)>& number,
                 const std::function<bool(std::string_view)>& text) {
  Fates out(column.size(), Fate::kMissing);
  Fates entries;
  for (const std::string& entry : column.dictionary) entries.push_back(fate_of(text(entry)));
  const bool texts = table::is_text(column.type);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    out[row] = texts ? entries[static_cast<std::size_t>(column.codes[row])]
                     : fate_of(number(column.as_double(row)));
  }
  return out;
}

/// Numbers, bools and times among the listed values.
std::vector<double> numbers_of(const std::vector<Json>& values) {
  std::vector<double> out;
  for (const Json& value : values) {
    if (value.is_number()) out.push_back(value.get<double>());
    else if (value.is_boolean()) out.push_back(value.get<bool>() ? 1 : 0);
    else if (const auto time = parse_time(value.is_string() ? value.get<std::string>() : "")) {
      out.push_back(static_cast<double>(time->us));
    }
  }
  return out;
}

Fates judge_set(const Column& column, const std::vector<Json>& values) {
  const std::vector<double> numbers = numbers_of(values);
  std::set<std::string, std::less<>> texts;
  for (const Json& value : values) {
    texts.insert(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return judge_each(
      column, [&](double value) { return std::ranges::find(numbers, value) != numbers.end(); },
      [&](std::string_view text) { return texts.contains(text); });
}

Fates judge_pattern(const Column& column, const std::string& pattern) {
  const RE2 compiled(pattern, RE2::Quiet);
  const auto fits = [&](std::string_view text) {
    return RE2::PartialMatch({text.data(), text.size()}, compiled);
  };
  if (table::is_text(column.type)) {
    return judge_each(column, [](double) { return false; }, fits);
  }
  Fates out(column.size(), Fate::kMissing);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!column.is_null(row)) out[row] = fate_of(fits(column.cell_text(row)));
  }
  return out;
}

/// A value that stands in two rows fails in both.
Fates judge_unique(const Column& column) {
  Fates out(column.size(), Fate::kMissing);
  std::vector<std::pair<double, std::size_t>> values;
  const bool texts = table::is_text(column.type);
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    values.emplace_back(texts ? static_cast<double>(column.codes[row]) : column.as_double(row),
                        row);
  }
  std::ranges::sort(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool before = i > 0 && values[i - 1].first == values[i].first;
    const bool after = i + 1 < values.size() && values[i + 1].first == values[i].first;
    out[values[i].second] = fate_of(!before && !after);
  }
  return out;
}

/// Each is at least, or at most, the one before it that is there.
Fates judge_order(const Column& column, bool up) {
  Fates out(column.size(), Fate::kMissing);
  std::optional<std::size_t> last;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const auto order = [&]() -> int {
      if (!last) return 0;
      if (table::is_text(column.type)) {
        const int said = column.text(row).compare(column.text(*last));
        return said < 0 ? -1 : said > 0 ? 1 : 0;
      }
      const double now = column.as_double(row), then = column.as_double(*last);
      return now < then ? -1 : now > then ? 1 : 0;
    }();
    out[row] = fate_of(up ? order >= 0 : order <= 0);
    last = row;
  }
  return out;
}

Fates judge_pairs(const Column& a, const Column& b) {
  Fates out(a.size(), Fate::kMissing);
  for (std::size_t row = 0; row < a.size(); ++row) {
    if (a.is_null(row) || b.is_null(row)) continue;
    out[row] = fate_of(table::is_text(a.type) ? a.cell_text(row) >= b.cell_text(row)
                                              : a.as_double(row) >= b.as_double(row));
  }
  return out;
}

Fates judge(const Expectation& e, const Column& column, const Column* other) {
  switch (e.rule) {
    case Rule::kIn: return judge_set(column, e.values);
    case Rule::kPattern: return judge_pattern(column, e.text);
    case Rule::kUnique: return judge_unique(column);
    case Rule::kIncreasing: return judge_order(column, true);
    case Rule::kDecreasing: return judge_order(column, false);
    case Rule::kAbove: return judge_pairs(column, *other);
    case Rule::kLength:
      return judge_each(column, [](double) { return false; },
                        [&](std::string_view text) { return inside(length_of(text), e); });
    case Rule::kPresent: {
      Fates out(column.size());
      for (std::size_t row = 0; row < column.size(); ++row) {
        out[row] = fate_of(!column.is_null(row));
      }
      return out;
    }
    default:
      return judge_each(column, [&](double value) { return inside(value, e); },
                        [](std::string_view) { return false; });
  }
}

std::string no_column(const std::string& name) {
  return fmt::format("there is no column \"{}\"", name);
}

/// What a rule names that the table lacks.
std::string lacks(const Expectation& e, const table::Table& rows) {
  if (!e.column.empty() && rows.find(e.column) == nullptr) return no_column(e.column);
  if (e.rule == Rule::kAbove && rows.find(e.text) == nullptr) return no_column(e.text);
  return e.where ? lacks(*e.where, rows) : std::string();
}

/// The cells of a row that an SQL text may name, for a reader: {"age": 12, ...}.
Json row_json(const table::Table& rows, std::size_t row) {
  Json out = Json::object();
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    out[rows.schema().fields[i].name] = rows.column(i).cell_json(row);
  }
  return out;
}

/// Of each row what the text says: true fits, false does not, nothing is missing.
Result<Fates> judge_sql(const std::string& text, const table::Table& rows, const io::Path& temp) {
  const auto engine = TRY(table::Engine::open(temp));
  const auto said = TRY(engine->evaluate(rows, text));
  if (said->type != Type::kBool) {
    return fail(Code::kInvalidInput,
                fmt::format("it gives a {}, not true or false", name_of(said->type)));
  }
  return judge_each(*said, [](double value) { return value != 0; },
                    [](std::string_view) { return false; });
}

void count_fates(const Expectation& e, const table::Table& rows, const Fates& fates, Met& met) {
  const Column* column = rows.find(e.column);  // null: of whole rows
  Fates asked;
  if (e.where) asked = judge(*e.where, *rows.find(e.where->column), rows.find(e.where->text));
  for (std::size_t row = 0; row < fates.size(); ++row) {
    if (e.where && asked[row] != Fate::kFits) continue;
    ++met.elements;
    if (fates[row] == Fate::kMissing) ++met.missing;
    if (fates[row] != Fate::kFails) continue;
    ++met.unexpected;
    met.places.push_back(row);
    if (met.examples.size() == kExamples) continue;
    met.examples.push_back(column != nullptr ? column->cell_json(row) : row_json(rows, row));
  }
  const auto there = static_cast<double>(met.elements - met.missing);
  const double fit = there == 0 ? 1 : 1 - static_cast<double>(met.unexpected) / there;
  // A share that was counted must not fail for the last bit of a quotient.
  met.success = fit >= e.mostly - 1e-12;
  if (met.success) return;
  std::string some;
  for (std::size_t i = 0; i < std::min(kShown, met.examples.size()); ++i) {
    if (met.examples[i].is_null() || column == nullptr) break;
    some += (some.empty() ? ": " : ", ") + plain(met.examples[i]);
  }
  if (met.unexpected > kShown && !some.empty()) some += ", ...";
  met.sentence = fmt::format("{}: {} of {} {} do not fit{}{}", text_of(e),
                             grouped(met.unexpected), grouped(met.elements - met.missing),
                             column == nullptr ? "rows" : "values",
                             e.mostly < 1 ? fmt::format(", and {:.4g} % must", 100 * e.mostly) : "",
                             some);
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

void judge_number(const Expectation& e, double observed, bool is_time, Met& met) {
  met.observed = is_time ? Json(to_text(Time{static_cast<std::int64_t>(observed)}))
                         : number_or_null(observed);
  met.success = std::isfinite(observed) && inside(observed, e);
  if (!met.success) met.sentence = fmt::format("{}, and is {}", text_of(e), plain(met.observed));
}

double distinct_of(const Column& column) {
  std::set<std::pair<double, std::string_view>> seen;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const bool text = table::is_text(column.type);
    seen.emplace(text ? 0 : column.as_double(row), text ? column.text(row) : std::string_view());
  }
  return static_cast<double>(seen.size());
}

void judge_column(const Expectation& e, const Column& column, Met& met) {
  met.elements = column.size();
  met.missing = column.size() - column.valid.count();
  if (e.rule == Rule::kType) {
    met.observed = name_of(column.type);
    const Type wanted = *table::type_from(e.text);
    met.success = column.type == wanted ||
                  (column.type == Type::kInteger && wanted == Type::kNumber);
    if (!met.success) {
      met.sentence = fmt::format("{}, and is {}", text_of(e), name_of(column.type));
    }
    return;
  }
  if (e.rule == Rule::kDistinct) return judge_number(e, distinct_of(column), false, met);
  if (e.rule == Rule::kDistance) return judge_number(e, distance_of(e, column), false, met);
  if (table::is_text(column.type)) return judge_number(e, std::nan(""), false, met);
  std::vector<double> values;
  long double sum = 0;  // of whole numbers exact, which the mean times their count is not
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    values.push_back(column.as_double(row));
    sum += values.back();
  }
  if (e.rule == Rule::kSum) return judge_number(e, static_cast<double>(sum), false, met);
  judge_number(e, values.empty() ? std::nan("") : stats::spread_of(values).mean,
               column.type == Type::kTime, met);
}

void judge_table(const Expectation& e, const table::Table& rows, Time now, Met& met) {
  met.elements = rows.rows();
  if (e.rule == Rule::kRows) {
    return judge_number(e, static_cast<double>(rows.rows()), false, met);
  }
  if (e.rule == Rule::kColumns) {
    met.observed = Json::array();
    for (const table::Field& field : rows.schema().fields) met.observed.push_back(field.name);
    std::vector<std::string> lost;
    for (const std::string& name : e.names) {
      if (rows.find(name) == nullptr) lost.push_back(name);
    }
    met.success = lost.empty();
    if (!met.success) met.sentence = fmt::format("the columns {} are lost", listed(lost));
    return;
  }
  const Column* time = rows.find(table::kTimeColumn);
  std::optional<Time> newest;
  for (std::size_t row = 0; time != nullptr && row < time->size(); ++row) {
    if (!time->is_null(row)) newest = std::max(newest.value_or(kBeginningOfTime),
                                               Time{time->integers[row]});
  }
  if (newest) met.observed = to_text(*newest);
  met.success = newest && *newest + e.age >= now;
  if (met.success) return;
  met.sentence = newest ? fmt::format("{}, and the newest is of {}", text_of(e), to_text(*newest))
                        : fmt::format("{}, and no row has a time", text_of(e));
}

}  // namespace

Met look_at(const Expectation& e, const table::Table& rows, Time now, const io::Path& temp) {
  Met met;
  if (const std::string what = lacks(e, rows); !what.empty()) {
    met.sentence = fmt::format("{}, and {}", text_of(e), what);
    return met;
  }
  if (e.rule == Rule::kSql) {
    const auto fates = judge_sql(e.text, rows, temp);
    if (fates) count_fates(e, rows, *fates, met);
    else met.sentence = fmt::format("{}: {}", text_of(e), fates.error().message);
    return met;
  }
  if (e.column.empty()) judge_table(e, rows, now, met);
  else if (e.rule == Rule::kType || e.rule == Rule::kSum || e.rule == Rule::kMean ||
           e.rule == Rule::kDistinct || e.rule == Rule::kDistance) {
    judge_column(e, *rows.find(e.column), met);
  } else {
    count_fates(e, rows, judge(e, *rows.find(e.column), rows.find(e.text)), met);
  }
  return met;
}

/// The first phase. Rows of the twin were looked at before.
Broken meet_expectations(const Job& job, Draft& draft) {
  std::vector<std::string> broken;
  for (const Expectation& e : job.expectations) {
    if (job.situation.twin) break;
    const Met met = look_at(e, job.rows, job.now, job.situation.temp);
    draft.expectations.push_back(to_json(e, met, Detail::kSummary));
    if (met.success) continue;
    if (e.stops) broken.push_back(met.sentence);
    else draft.unmet.push_back(met.sentence);
  }
  if (broken.empty()) return std::nullopt;
  std::string text = broken.size() == 1 ? "an expectation is not met: "
                                        : fmt::format("{} expectations are not met: ",
                                                      broken.size());
  for (std::size_t i = 0; i < broken.size(); ++i) text += (i == 0 ? "" : "; ") + broken[i];
  return text;
}

}  // namespace rondo::prepare
