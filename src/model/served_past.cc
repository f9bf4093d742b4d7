// See served_past.h.
#include "model/served_past.h"

#include <bit>

#include "io/digest.h"

namespace rondo::model {

std::string served_column_of(const HistorySpec& spec, const Lag& lag, const std::string& target,
                             const std::vector<std::string>& classes) {
  if (!lag.categories.empty()) return {};
  const std::string& series = spec.series[lag.series];
  const Side* side = spec.side(lag.series);
  Json means = {{"series", series},        {"by", lag.by.us},
                {"rows", lag.rows},        {"over", lag.over.us},
                {"ttl", lag.ttl.us},       {"of", side == nullptr ? spec.entity : side->on}};
  if (lag.over.us > 0) means["take"] = kTakeNames[static_cast<std::size_t>(lag.take)];
  if (series == target) means["classes"] = classes;  // a class counts as its place among them
  return std::string(kServedColumn) + "lag_" + io::sha256(io::canonical(means)).hex().substr(0, 16);
}

std::int64_t served_bits(double value) { return std::bit_cast<std::int64_t>(value); }

ServedPast::ServedPast(const table::Table& served, const HistorySpec& spec,
                       const std::string& target, const std::vector<std::string>& classes) {
  if (served.columns() == 0) return;
  for (std::size_t i = 0; i < spec.lags.size(); ++i) {
    const std::string name = served_column_of(spec, spec.lags[i], target, classes);
    const table::Column* column = name.empty() ? nullptr : served.find(name);
    if (column == nullptr || column->type != table::Type::kInteger) continue;
    columns_.emplace_back(i, column);
  }
}

bool ServedPast::put(std::size_t row, std::span<double> lags) const {
  bool any = false;
  for (const auto& [lag, column] : columns_) {
    if (column->is_null(row)) continue;
    lags[lag] = std::bit_cast<double>(column->integers[row]);
    any = true;
  }
  return any;
}

}  // namespace rondo::model
