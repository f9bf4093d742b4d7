// The contract as JSON, word for word what a manifest keeps. Reading one back refuses what it does
// not know, since a contract that was half understood would type rows wrongly.
#include "table/contract.h"

#include <fmt/format.h>

#include <array>

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
  return {{"version", version},
          {"schema", schema.to_json()},
          {"dialect", table::to_json(dialect)},
          {"column", name_of(column)},
          {"type", name_of(type)}};
}

Result<Contract> Contract::from_json(const Json& json) {
  Contract contract;
  contract.version = static_cast<std::uint32_t>(TRY(io::get<std::int64_t>(json, "version")));
  contract.schema = TRY(Schema::from_json(TRY(io::get<Json>(json, "schema"))));
  contract.dialect = TRY(dialect_from(TRY(io::get<Json>(json, "dialect"))));
  contract.column = TRY(on_change_from(TRY(io::get<std::string>(json, "column"))));
  contract.type = TRY(on_change_from(TRY(io::get<std::string>(json, "type"))));
  return contract;
}

}  // namespace rondo::table
