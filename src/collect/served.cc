// Cells of requests become cells of the contract or reject their row; nothing is coerced but what
// JSON writes alike (2 and 2.0, the class "1" of a column of whole numbers).
#include "collect/served.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "model/served_past.h"

namespace rondo::collect {
namespace {

using table::Type;

constexpr std::string_view kFile = "served predictions";
constexpr std::string_view kClock = table::kTimeColumn;

/// A label as the column of the target holds it: classes are told as their names.
Json as_cell(const Json& label, Type type) {
  if (type == Type::kBool && label.is_string()) {
    if (label == "true" || label == "1") return 1;
    if (label == "false" || label == "0") return 0;
  }
  if (label.is_boolean() && !table::is_text(type)) return label.get<bool>() ? 1 : 0;
  if (table::is_text(type)) return label.is_string() ? label : Json(io::canonical(label));
  if (!label.is_string()) return label;
  const std::string& text = label.get_ref<const std::string&>();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' ? Json(number) : label;
}

/// Whether a cell can stand in a column of that type.
bool fits(const Json& cell, Type type) {
  if (cell.is_null()) return true;
  if (table::is_text(type)) return cell.is_string();
  if (!cell.is_number()) return false;
  const double number = cell.get<double>();
  if (!std::isfinite(number)) return false;
  constexpr double kWhole = 9007199254740992;  // 2^53
  const bool whole = number == std::floor(number) && std::abs(number) <= kWhole;
  if (type == Type::kBool) return number == 0 || number == 1;
  return type == Type::kNumber || whole;
}

void add(table::ColumnBuilder& to, const Json& cell, Type type) {
  if (cell.is_null()) return to.null();
  if (table::is_text(type)) return to.text(cell.get_ref<const std::string&>());
  if (type == Type::kNumber) return to.number(cell.get<double>());
  to.integer(static_cast<std::int64_t>(cell.get<double>()));
}

/// A row under the contract: a cell a column, in its order.
struct Row {
  std::string id;
  std::int64_t time_us = 0;
  std::vector<Json> cells;
  std::map<std::string, std::int64_t> past;  // by column
};

/// When its label came, and what the history answered, under the names of their columns.
Result<std::map<std::string, std::int64_t>> past_of(const Json& row, const Json& lags) {
  std::map<std::string, std::int64_t> past;
  if (!row.contains("known_us")) return past;  // gathered by an earlier version of the program
  past[std::string(model::kServedLabel)] = TRY(io::get<std::int64_t>(row, "label_row"));
  past[std::string(model::kServedKnown)] = TRY(io::get<std::int64_t>(row, "known_us"));
  const auto bits = TRY(io::get<std::vector<std::int64_t>>(row, "lags"));
  for (std::size_t i = 0; i < std::min(bits.size(), lags.size()); ++i) {
    const std::string name = lags[i].get<std::string>();
    if (!name.empty()) past[name] = bits[i];
  }
  return past;
}

class Maker {
 public:
  Maker(const table::Contract& contract, const std::string& target,
        const std::vector<std::string>& key, bool clock)
      : contract_(contract), target_(target), key_(key), clock_(clock) {}

  Result<ServedRows> run(const Json& json) {
    for (const Json& group : io::get_or<Json>(json, "groups", Json::array())) {
      TRY(during(take_group(group), "reading served predictions"));
    }
    out_.same_by = same_by();
    std::ranges::stable_sort(rows_, {}, &Row::time_us);
    if (out_.same_by == key_) drop_repeated();
    out_.rows = build();
    out_.past = build_past();
    return std::move(out_);
  }

 private:
  Result<void> take_group(const Json& group) {
    const auto names = TRY(io::get<std::vector<std::string>>(group, "columns"));
    std::set<std::string> here;
    std::vector<std::optional<std::size_t>> places;
    for (const std::string& name : names) {
      places.push_back(contract_.schema.find(name));
      if (places.back()) here.insert(name);
    }
    const Json lags(TRY(lags_in(group)));
    for (const Json& row : TRY(io::get<Json>(group, "rows"))) TRY(take_row(row, places, lags));
    if (first_) {
      common_ = std::move(here);
    } else {
      std::erase_if(common_, [&](const std::string& name) { return !here.contains(name); });
    }
    first_ = false;
    return {};
  }

  static Result<std::vector<std::string>> lags_in(const Json& group) {
    if (!group.contains("lags")) return std::vector<std::string>();
    return io::get<std::vector<std::string>>(group, "lags");
  }

  Result<void> take_row(const Json& json, std::span<const std::optional<std::size_t>> places,
                        const Json& lags) {
    ++out_.read;
    const table::Schema& schema = contract_.schema;
    Row row;
    row.id = TRY(io::get<std::string>(json, "id"));
    row.time_us = TRY(io::get<std::int64_t>(json, "time_us"));
    row.past = TRY(past_of(json, lags));
    row.cells.resize(schema.fields.size());
    const Json cells = TRY(io::get<Json>(json, "cells"));
    if (!cells.is_array() || cells.size() != places.size()) {
      return fail(Code::kCorrupt, fmt::format("{} has another number of cells than its columns",
                                              row.id));
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i]) row.cells[*places[i]] = cells[i];
    }
    const auto target = schema.find(target_);
    if (!target) return fail(Code::kCorrupt, "the contract lacks the target " + target_);
    row.cells[*target] = as_cell(TRY(io::get<Json>(json, "label")), schema.fields[*target].type);
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (fits(row.cells[i], schema.fields[i].type)) continue;
      reject(row, schema.fields[i]);
      return {};
    }
    rows_.push_back(std::move(row));
    return {};
  }

  void reject(const Row& row, const table::Field& field) {
    const std::size_t place = *contract_.schema.find(field.name);
    Reject reject;
    reject.why = Why::kType;
    reject.record = out_.read;
    reject.raw = io::canonical(Json(row.cells));
    reject.column = field.name;
    reject.detail =
        fmt::format("{} is {} in prediction {}, which no {} can be", field.name,
                    io::canonical(row.cells[place]), row.id, table::name_of(field.type));
    reject.hint = "the contract changed after it was answered";
    out_.rejects.push_back(to_json(reject, {std::string(kFile), "", contract_.version}));
  }

  /// The key, where every version that answered reads it; else all that they read, time and label.
  std::vector<std::string> same_by() const {
    const bool has_key = !key_.empty() && std::ranges::all_of(key_, [&](const std::string& name) {
      return common_.contains(name);
    });
    if (has_key) return key_;
    std::vector<std::string> names(common_.begin(), common_.end());
    if (clock_) names.emplace_back(kClock);
    names.push_back(target_);
    return names;
  }

  /// A key names one row: the first that was asked about.
  void drop_repeated() {
    std::set<std::string> seen;
    std::erase_if(rows_, [&](const Row& row) {
      Json cells = Json::array();
      for (const std::string& name : key_) cells.push_back(row.cells[*contract_.schema.find(name)]);
      return !seen.insert(io::canonical(cells)).second;
    });
  }

  table::Table build() const {
    table::Schema schema;
    std::vector<std::shared_ptr<const table::Column>> columns;
    if (clock_) {
      table::ColumnBuilder time(Type::kTime);
      for (const Row& row : rows_) time.integer(row.time_us);
      schema.fields.push_back({std::string(kClock), Type::kTime});
      columns.push_back(time.finish());
    }
    for (std::size_t i = 0; i < contract_.schema.fields.size(); ++i) {
      const table::Field& field = contract_.schema.fields[i];
      table::ColumnBuilder column(field.type);
      for (const Row& row : rows_) add(column, row.cells[i], field.type);
      schema.fields.push_back(field);
      columns.push_back(column.finish());
    }
    return {std::move(schema), std::move(columns)};
  }

  table::Table build_past() const {
    std::set<std::string> names;
    for (const Row& row : rows_) {
      for (const auto& [name, value] : row.past) names.insert(name);
    }
    table::Table past;
    for (const std::string& name : names) {
      const Type type = name == model::kServedKnown ? Type::kTime : Type::kInteger;
      table::ColumnBuilder column(type);
      for (const Row& row : rows_) {
        const auto found = row.past.find(name);
        found == row.past.end() ? column.null() : column.integer(found->second);
      }
      past = past.with({name, type}, column.finish());
    }
    return past;
  }

  const table::Contract& contract_;
  const std::string& target_;
  const std::vector<std::string>& key_;
  bool clock_;
  bool first_ = true;
  std::set<std::string> common_;
  std::vector<Row> rows_;
  ServedRows out_;
};

}  // namespace

Result<ServedRows> served_rows(const Json& json, const table::Contract& contract,
                               const std::string& target, const std::vector<std::string>& key,
                               bool clock) {
  return Maker(contract, target, key, clock).run(json);
}

}  // namespace rondo::collect
