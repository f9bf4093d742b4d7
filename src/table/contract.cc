// The contract as JSON, word for word what a manifest keeps. Reading one back refuses what it does
// not know, since a contract that was half understood would type rows wrongly.
#include "table/contract.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

namespace rondo::table {
namespace {

constexpr std::array<std::string_view, 4> kActions = {"evolve", "freeze", "discard_row",
                                                      "discard_value"};

std::string_view name_of(OnChange action) { return kActions[static_cast<std::size_t>(action)]; }

Json to_json(const Dialect& dialect) {
  return {{"delimiter", std::string(1, dialect.delimiter)},
          {"quote", std::string(1, dialect.quote)},
          {"header", dialect.header},
          {"trim", dialect.trim},
          {"null", dialect.null}};
}

Result<Dialect> dialect_from(const Json& json) {
  const auto delimiter = TRY(io::get<std::string>(json, "delimiter"));
  const auto quote = TRY(io::get<std::string>(json, "quote"));
  if (delimiter.size() != 1 || quote.size() != 1) {
    return fail(Code::kCorrupt, "delimiter and quote must be one character each");
  }
  Dialect dialect{delimiter[0], quote[0], TRY(io::get<bool>(json, "header")),
                  TRY(io::get<bool>(json, "trim")), {}};
  for (const Json& item : TRY(io::get<Json>(json, "null"))) {
    if (!item.is_string()) return fail(Code::kCorrupt, "\"null\" must be a list of texts");
    dialect.null.push_back(item.get<std::string>());
  }
  return dialect;
}

Json to_json(const Rule& rule) {
  Json json = {{"nullable", rule.nullable}};
  if (rule.values) json["values"] = *rule.values;
  if (!rule.range) return json;
  for (const double end : {rule.range->first, rule.range->second}) {
    json["range"].push_back(std::isfinite(end) ? Json(end) : Json());  // null: without an end
  }
  return json;
}

Result<Rule> rule_from(const Json& json) {
  Rule rule;
  rule.nullable = TRY(io::get<bool>(json, "nullable"));
  if (json.contains("values")) {
    rule.values = TRY(io::get<std::vector<std::string>>(json, "values"));
  }
  if (json.contains("range")) {
    const Json ends = json.at("range");
    if (!ends.is_array() || ends.size() != 2) {
      return fail(Code::kCorrupt, "a range has two ends");
    }
    constexpr double kEndless = std::numeric_limits<double>::infinity();
    rule.range = {ends[0].is_number() ? ends[0].get<double>() : -kEndless,
                  ends[1].is_number() ? ends[1].get<double>() : kEndless};
  }
  return rule;
}

}  // namespace

Result<OnChange> on_change_from(std::string_view name) {
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    if (kActions[i] == name) return static_cast<OnChange>(i);
  }
  return fail(Code::kInvalidInput,
              fmt::format("\"{}\" is no answer to a change of the data", name),
              fmt::format("write one of {}", fmt::join(kActions, ", ")));
}

Json Contract::to_json() const {
  Json json = {{"version", version},
               {"schema", schema.to_json()},
               {"dialect", table::to_json(dialect)},
               {"column", name_of(column)},
               {"type", name_of(type)}};
  for (const auto& [name, rule] : rules) json["rules"][name] = table::to_json(rule);
  if (!file.empty()) json["file"] = file;
  return json;
}

Result<Contract> Contract::from_json(const Json& json) {
  Contract contract;
  contract.version = static_cast<std::uint32_t>(TRY(io::get<std::int64_t>(json, "version")));
  contract.schema = TRY(Schema::from_json(TRY(io::get<Json>(json, "schema"))));
  contract.dialect = TRY(dialect_from(TRY(io::get<Json>(json, "dialect"))));
  contract.column = TRY(on_change_from(TRY(io::get<std::string>(json, "column"))));
  contract.type = TRY(on_change_from(TRY(io::get<std::string>(json, "type"))));
  const Json rules = io::get_or<Json>(json, "rules", Json::object());
  for (const auto& [name, rule] : rules.items()) contract.rules[name] = TRY(rule_from(rule));
  contract.file = io::get_or<std::string>(json, "file", "");
  return contract;
}

}  // namespace rondo::table
