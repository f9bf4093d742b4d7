// Joins with other tables: what a project wishes for, whether it can be had, and the facts that the
// tables give. A row sees the newest fact of its key that was known at its time and is not older
// than the ttl; nothing of later.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "prepare/features.h"
#include "prepare/whose.h"

namespace rondo::prepare {
namespace {

using table::Type;

constexpr Span kOldest = Span::days(36'525);

std::unexpected<Error> wrong_join(std::size_t place, const std::string& what) {
  return fail(Code::kInvalidInput, fmt::format("[[prepare.join]] number {} {}", place + 1, what),
              "write table = \"weather\" (of [collect.table.weather]), on = [\"origin\"], ttl = "
              "\"3h\" and take = [\"temp\"]");
}

/// A list of different texts.
Result<std::vector<std::string>> names_in(const Json& json, const char* key, std::size_t place) {
  const Json list = json.value(key, Json());
  const bool texts = list.is_array() && std::ranges::all_of(list, &Json::is_string);
  if (!texts) return wrong_join(place, fmt::format("has no list of columns `{}`", key));
  const auto names = list.get<std::vector<std::string>>();
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    return wrong_join(place, fmt::format("names \"{}\" twice in `{}`", *twice, key));
  }
  return names;
}

Result<std::vector<LagWish>> join_from(const Json& json, std::size_t place) {
  if (!json.is_object()) return wrong_join(place, "is no table");
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    if (key == "table" || key == "on" || key == "ttl" || key == "take") continue;
    return wrong_join(place, fmt::format("has the unknown key \"{}\"", key));
  }
  LagWish join;
  join.other = io::get_or<std::string>(json, "table", "");
  if (join.other.empty()) return wrong_join(place, "names no table");
  join.on = TRY(names_in(json, "on", place));
  const std::string ttl = io::get_or<std::string>(json, "ttl", "");
  if (ttl.empty()) return wrong_join(place, "does not say how old a fact may be (`ttl`)");
  join.ttl = TRY(during(parse_span(ttl),
                        fmt::format("reading [[prepare.join]] number {}", place + 1)));
  if (join.ttl.us <= 0 || join.ttl > kOldest) {
    return wrong_join(place, "must have a ttl of more than nothing and at most a century");
  }
  std::vector<LagWish> wishes;
  for (const std::string& column : TRY(names_in(json, "take", place))) {
    join.column = column;
    join.feature = fmt::format("{}_{}", join.other, column);
    wishes.push_back(join);
  }
  if (wishes.empty()) return wrong_join(place, "takes no column");
  return wishes;
}

bool has(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

std::vector<std::string> columns_of(const table::Table& rows) {
  std::vector<std::string> names;
  for (const table::Field& field : rows.schema().fields) {
    if (field.name != table::kTimeColumn) names.push_back(field.name);
  }
  return names;
}

/// A column by which both are joined.
Broken check_on(const Job& job, const LagWish& join, const std::string& name) {
  const table::Table& side = job.tables.at(join.other);
  const table::Column *mine = job.rows.find(name), *theirs = side.find(name);
  if (mine == nullptr) {
    return fmt::format("table \"{}\" is joined on \"{}\", which is not in dataset d{}", join.other,
                       name, job.dataset);
  }
  if (theirs == nullptr) {
    return fmt::format("table \"{}\" is joined on \"{}\", which it does not have; it has {}",
                       join.other, name, listed(columns_of(side)));
  }
  if (name == job.situation.target || has(job.options.late, name)) {
    return fmt::format("table \"{}\" is joined on \"{}\", which is not known when a prediction is "
                       "asked for", join.other, name);
  }
  if (table::is_text(mine->type) == table::is_text(theirs->type)) return {};
  return fmt::format("table \"{0}\" is joined on \"{1}\", which is a {2} in the rows and a {3} in "
                     "the table, so nothing would match; give it one type in contract.toml or in "
                     "the files", join.other, name, table::name_of(mine->type),
                     table::name_of(theirs->type));
}

/// The column that a join of texts reads; null of other joins.
const table::Column* text_of(const Job& job, const LagWish& wish) {
  if (!wish.is_join()) return nullptr;
  const table::Column* column = job.tables.at(wish.other).find(wish.column);
  return table::is_text(column->type) ? column : nullptr;
}

/// Numbers of a column as they are joined: its own, or the codes of its texts.
class Joined {
 public:
  Joined(const table::Column& column, const model::Lag& lag) : column_(column) {
    if (!table::is_text(column.type)) return;
    std::unordered_map<std::string_view, double> codes;
    for (std::size_t i = 0; i < lag.categories.size(); ++i) {
      codes[lag.categories[i]] = static_cast<double>(i);
    }
    constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
    for (const std::string& text : column.dictionary) {
      const auto found = codes.find(text);
      by_code_.push_back(found != codes.end() ? found->second
                         : lag.rare_code >= 0 ? static_cast<double>(lag.rare_code)
                                              : kMissing);
    }
  }
  double operator()(std::size_t row) const {
    constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
    if (column_.is_null(row)) return kMissing;
    if (table::is_text(column_.type)) return by_code_[static_cast<std::size_t>(column_.codes[row])];
    const double value = column_.as_double(row);
    return std::isfinite(value) ? value : kMissing;
  }

 private:
  const table::Column& column_;
  std::vector<double> by_code_;
};

/// Which of the facts of its time each one is, in the order in which they came: what comes later
/// leaves it as it is.
std::vector<std::uint64_t> places_in_time(const table::Column& time) {
  std::vector<std::uint64_t> places(time.size());
  for (std::size_t row = 1; row < places.size(); ++row) {
    if (time.integers[row] == time.integers[row - 1]) places[row] = places[row - 1] + 1;
  }
  return places;
}

}  // namespace

Result<std::vector<LagWish>> joins_from(const Json& list) {
  std::vector<LagWish> joins;
  if (list.is_null()) return joins;
  if (!list.is_array()) {
    return fail(Code::kInvalidInput, "prepare.join is no list of tables",
                "write [[prepare.join]] with double brackets, once a table");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto wishes = TRY(join_from(list[i], i));
    const std::string& table = wishes.front().other;
    if (std::ranges::any_of(joins, [&](const LagWish& join) { return join.other == table; })) {
      return wrong_join(i, fmt::format("joins table \"{}\" a second time: take all that is wanted "
                                       "of it at once", table));
    }
    std::ranges::move(wishes, std::back_inserter(joins));
  }
  return joins;
}

Broken check_join(const Job& job, const LagWish& join) {
  if (!job.situation.has_clock) {
    return fmt::format("[[prepare.join]] with table \"{}\" needs a clock; set [collect] time",
                       join.other);
  }
  const auto found = job.tables.find(join.other);
  if (found == job.tables.end() || found->second.columns() == 0) {
    return fmt::format("table \"{}\" of [[prepare.join]] has no row in dataset d{} yet: give its "
                       "source some, or take the join out", join.other, job.dataset);
  }
  for (const std::string& name : join.on) {
    if (const Broken why = check_on(job, join, name)) return why;
  }
  const table::Column* column = found->second.find(join.column);
  if (column == nullptr) {
    return fmt::format("[[prepare.join]] takes \"{}\" of table \"{}\", which has no such column; "
                       "it has {}", join.column, join.other, listed(columns_of(found->second)));
  }
  if (column->type == Type::kText || column->type == Type::kTime) {
    return fmt::format("[[prepare.join]] takes \"{}\" of table \"{}\", which is a {}; numbers, "
                       "bools and categories can be joined", join.column, join.other,
                       table::name_of(column->type));
  }
  for (const std::string& name : {join.feature, join.other + "." + join.column}) {
    if (!job.rows.find(name)) continue;
    return fmt::format("[[prepare.join]] makes \"{}\" of table \"{}\", and the rows have a column "
                       "of that name: give the table another name", name, join.other);
  }
  return {};
}

std::vector<LagWish> coded(const Job& job, const Draft& draft) {
  std::vector<LagWish> wishes = job.lags, texts;
  for (LagWish& wish : wishes) {
    const table::Column* column = text_of(job, wish);
    if (column == nullptr) continue;
    LagWish all = wish;
    all.categories = column->dictionary;
    const model::Matrix seen = matrix_of(job, draft, fit_lags(job, draft, {all}), draft.train);
    std::map<std::string, std::size_t> counts;
    for (const double code : seen.values) {
      if (!std::isnan(code)) ++counts[column->dictionary[static_cast<std::size_t>(code)]];
    }
    fit_dictionary(counts, job.options.rare, wish.categories, wish.rare_code);
  }
  return wishes;
}

model::HistoryState history_for(const Job& job, const Draft& draft,
                                const model::HistorySpec& spec) {
  model::HistoryState history(spec);
  for (const auto& seen :
       observations(ledger::RowsAndServed{job.rows, job.served}, spec, job.situation.target,
                    draft.classes, job.situation)) {
    history.apply(seen);
  }
  for (const auto& seen : observations(job.tables, spec, job.situation)) history.apply(seen);
  return history;
}

std::vector<model::Observation> observations(const Tables& tables, const model::HistorySpec& spec,
                                             const Situation& situation) {
  std::vector<model::Observation> out;
  for (const model::Lag& lag : spec.lags) {
    const model::Side* side = spec.side(lag.series);
    if (side == nullptr) continue;
    const auto table = tables.find(side->table);
    if (table == tables.end()) continue;
    const table::Table& rows = table->second;
    const std::string column_name = spec.series[lag.series].substr(side->table.size() + 1);
    const table::Column *time = rows.find(table::kTimeColumn), *column = rows.find(column_name);
    if (time == nullptr || column == nullptr) continue;
    const auto delay = situation.tables.find(side->table);
    const Span after = delay != situation.tables.end() ? delay->second : Span{};
    const Joined value(*column, lag);
    const std::vector<std::uint64_t> places = places_in_time(*time);
    Whose whose(rows, side->on);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      if (time->is_null(row)) continue;
      const Time event{time->integers[row]};
      out.push_back({lag.series, whose(row), event, event + after, places[row], value(row)});
    }
  }
  return out;
}

}  // namespace rondo::prepare
