// Watched parts as JSON, and which cells belong to them.
#include "model/slice_reference.h"

namespace rondo::model {
namespace {

Result<std::optional<double>> end_from(const Json& json, const char* key) {
  if (!json.contains(key)) return std::optional<double>{};
  return TRY(io::get<double>(json, key));
}

}  // namespace

bool SliceReference::holds(const Cell& cell) const {
  if (value) return cell.kind == Cell::Kind::kText && cell.text == *value;
  const bool number = cell.kind == Cell::Kind::kNumber && std::isfinite(cell.number);
  if (!above && !until) return !number && cell.kind != Cell::Kind::kText;
  return number && (!above || cell.number > *above) && (!until || cell.number <= *until);
}

Json SliceReference::to_json() const {
  Json out = {{"column", column}, {"where", where}, {"test_risk", test_risk},
              {"risk_bound", risk_bound}, {"rows", rows}, {"days", days},
              {"rows_per_day", rows_per_day}};
  if (value) out["value"] = *value;
  if (above) out["above"] = *above;
  if (until) out["until"] = *until;
  return out;
}

Result<SliceReference> SliceReference::from_json(const Json& json) {
  SliceReference slice;
  slice.column = TRY(io::get<std::string>(json, "column"));
  slice.where = TRY(io::get<std::string>(json, "where"));
  if (json.contains("value")) slice.value = TRY(io::get<std::string>(json, "value"));
  slice.above = TRY(end_from(json, "above"));
  slice.until = TRY(end_from(json, "until"));
  slice.test_risk = TRY(io::get<double>(json, "test_risk"));
  slice.risk_bound = TRY(io::get<double>(json, "risk_bound"));
  slice.rows = TRY(io::get<std::uint64_t>(json, "rows"));
  slice.days = TRY(io::get<std::uint64_t>(json, "days"));
  slice.rows_per_day = TRY(io::get<double>(json, "rows_per_day"));
  const auto share = [](double x) { return x >= 0 && x <= 1; };
  const bool range = !slice.above || !slice.until || *slice.above < *slice.until;
  if (!share(slice.test_risk) || !share(slice.risk_bound) || !(slice.rows_per_day >= 0) ||
      !range || (slice.value && (slice.above || slice.until))) {
    return fail(Code::kInvalidInput, "the watched part \"" + slice.where + "\" is none");
  }
  return slice;
}

}  // namespace rondo::model
