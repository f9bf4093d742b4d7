// Contract and profile, column by column.
#include "loop/contract_view.h"

#include "loop/dataset_views.h"
#include "loop/profile_view.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kListed = 20;

Json seen_in(const Json& profile, const std::string& name) {
  for (const Json& column : profile.at("columns")) {
    if (column.at("name") != name) continue;
    Json values = nullptr;
    const Json top = io::get_or<Json>(column, "top", Json::array());
    if (column.at("distinct").get<std::size_t>() <= std::min(kListed, top.size())) {
      values = Json::array();
      for (const Json& each : top) values.push_back(each.at("value"));
    }
    return {{"rows", profile.at("rows")},
            {"missing", column.at("missing")},
            {"distinct", column.at("distinct")},
            {"values", values},
            {"min", io::get_or<Json>(column, "min", nullptr)},
            {"max", io::get_or<Json>(column, "max", nullptr)}};
  }
  return nullptr;
}

Json column_of(const table::Field& field, const table::Rule& rule, Json seen) {
  Json range = nullptr;
  if (rule.range) {
    range = Json::array();
    for (const double end : {rule.range->first, rule.range->second}) {
      range.push_back(std::isfinite(end) ? Json(end) : Json());
    }
  }
  return {{"name", field.name},
          {"type", name_of(field.type)},
          {"nullable", rule.nullable},
          {"values", rule.values ? Json(*rule.values) : Json()},
          {"range", range},
          {"seen", std::move(seen)}};
}

}  // namespace

Result<Json> contract_view(ledger::Store& store, std::int64_t number, const io::Path& temp) {
  const DatasetVersion version = TRY(dataset_version(store, number));
  const Json profile = TRY(profile_view(store, number, temp));
  const table::Contract& contract = version.manifest.contract;
  Json columns = Json::array();
  for (const table::Field& field : contract.schema.fields) {
    const auto rule = contract.rules.find(field.name);
    columns.push_back(column_of(field,
                                rule == contract.rules.end() ? table::Rule{} : rule->second,
                                seen_in(profile, field.name)));
  }
  return Json{{"version", version.name()},
              {"contract", contract.version},
              {"file", contract.file.empty() ? Json() : Json(contract.file)},
              {"columns", columns}};
}

}  // namespace rondo::loop
