// See history_sides.h.
#include "model/history_sides.h"

#include <algorithm>
#include <cstring>

namespace rondo::model {
namespace {

Result<Side> side_from(const Json& json) {
  Side side;
  if (json.is_object()) side.table = io::get_or<std::string>(json, "table", "");
  if (side.table.empty()) return fail(Code::kInvalidInput, "a table of the history has no name");
  side.on = io::get_or<std::vector<std::string>>(json, "on", {});
  return side;
}

}  // namespace

void write_codes(const Lag& lag, Json& out) {
  if (lag.categories.empty()) return;
  out["categories"] = lag.categories;
  if (lag.rare_code >= 0) out["rare_code"] = lag.rare_code;
}

Result<void> read_codes(const Json& json, Lag& lag) {
  if (!json.contains("categories")) return {};
  lag.categories = io::get_or<std::vector<std::string>>(json, "categories", {});
  lag.rare_code = io::get_or<std::int32_t>(json, "rare_code", -1);
  std::vector<std::string> sorted = lag.categories;
  std::ranges::sort(sorted);
  const bool twice = std::ranges::adjacent_find(sorted) != sorted.end();
  const auto count = static_cast<std::int64_t>(sorted.size());
  if (!sorted.empty() && !twice && lag.rare_code >= -1 && lag.rare_code <= count) return {};
  return fail(Code::kInvalidInput, "join \"" + lag.feature + "\" has codes that cannot be");
}

void write_sides(const HistorySpec& spec, Json& out) {
  if (spec.sides.empty()) return;
  for (const Side& side : spec.sides) {
    out["sides"].push_back({{"table", side.table}, {"on", side.on}});
  }
  out["side_of"] = spec.side_of;
}

Result<void> read_sides(const Json& json, HistorySpec& spec) {
  if (json.contains("sides")) {
    for (const Json& side : TRY(io::get<Json>(json, "sides"))) {
      spec.sides.push_back(TRY(side_from(side)));
    }
    spec.side_of = io::get_or<std::vector<std::int32_t>>(json, "side_of", {});
  }
  const auto count = static_cast<std::int32_t>(spec.sides.size());
  const bool fits = spec.side_of.empty() || spec.side_of.size() == spec.series.size();
  if (!fits || std::ranges::any_of(spec.side_of, [count](std::int32_t side) {
        return side < -1 || side >= count;
      })) {
    return fail(Code::kInvalidInput, "\"side_of\" does not name a table for each series");
  }
  for (const Lag& lag : spec.lags) {
    if ((lag.ttl.us > 0) == (spec.side(lag.series) != nullptr)) continue;
    return fail(Code::kInvalidInput, "\"" + lag.feature +
                                         "\" must be a join if, and only if, its series is one of "
                                         "another table");
  }
  return {};
}

std::string_view key_at(std::string_view keys, std::size_t place) noexcept {
  for (;; --place) {
    std::uint32_t size = 0;
    if (keys.size() < sizeof size) return {};
    std::memcpy(&size, keys.data(), sizeof size);
    keys.remove_prefix(sizeof size);
    if (place == 0) return keys.substr(0, size);
    keys.remove_prefix(std::min<std::size_t>(size, keys.size()));
  }
}

std::size_t key_place(const HistorySpec& spec, const Lag& lag) noexcept {
  if (spec.side(lag.series) == nullptr) return 0;
  return static_cast<std::size_t>(spec.side_of[lag.series]) + 1;
}

const Side* HistorySpec::side(std::size_t series_index) const {
  if (series_index >= side_of.size() || side_of[series_index] < 0) return nullptr;
  return &sides[static_cast<std::size_t>(side_of[series_index])];
}

std::string keys_in_one(std::span<const std::string> keys) {
  std::string out;
  for (const std::string& key : keys) {
    const auto size = static_cast<std::uint32_t>(key.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out += key;
  }
  return out;
}

}  // namespace rondo::model
