// Each column and each block of rows is a task with a place of its own for what comes out; places
// are read in order, so that threads change nothing.
#include "loop/profile_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/lanes.h"
#include "base/worker.h"
#include "ledger/dataset.h"
#include "loop/dataset_views.h"
#include "loop/row_diff.h"
#include "table/profile.h"

namespace rondo::loop {
namespace {

Json value_json(table::Type type, double value) {
  if (std::isnan(value)) return nullptr;
  if (type != table::Type::kTime) return value;
  return to_text(Time{static_cast<std::int64_t>(std::llround(value))});
}

Json ordered_json(const table::ColumnProfile& column) {
  const auto& o = *column.ordered;
  const auto value = [&](double x) { return value_json(column.type, x); };
  Json quantiles = Json::object();
  for (std::size_t i = 0; i < o.quantiles.size(); ++i) {
    quantiles[fmt::format("{}", table::kProfileQuantiles[i])] = value(o.quantiles[i]);
  }
  const bool time = column.type == table::Type::kTime;
  Json deviation = std::isnan(o.deviation) ? Json() : Json(o.deviation);
  if (time && !std::isnan(o.deviation)) deviation = fmt::format("{:.0f}s", o.deviation * 1e-6);
  return {{"min", value(o.min)}, {"max", value(o.max)}, {"mean", value(o.mean)},
          {"sd", deviation},     {"quantiles", quantiles},
          {"histogram", {{"low", value(o.low)}, {"high", value(o.high)}, {"counts", o.bins}}}};
}

Json column_json(const table::ColumnProfile& column) {
  Json top = Json::array();
  for (const auto& one : column.top) top.push_back({{"value", one.value}, {"count", one.count}});
  Json out = {{"name", column.name},       {"type", name_of(column.type)},
              {"count", column.count},     {"missing", column.missing},
              {"distinct", column.distinct}, {"top", std::move(top)}};
  if (column.ordered) out.update(ordered_json(column));
  return out;
}

Json correlations(const table::Table& rows, std::span<const std::size_t> columns,
                  std::size_t threads) {
  const std::size_t blocks = (rows.rows() + stats::kBlockRows - 1) / stats::kBlockRows;
  std::vector<std::vector<stats::Joint>> sums(blocks);
  side_by_side(blocks, threads, [&](std::size_t block) {
    sums[block] = table::joints_of_block(rows, columns, block);
  });
  Json pairs = Json::array();
  for (std::size_t i = 0, pair = 0; i < columns.size(); ++i) {
    for (std::size_t j = i + 1; j < columns.size(); ++j, ++pair) {
      stats::Joint all;
      for (const auto& block : sums) all.join(block[pair]);
      const double r = all.correlation();
      pairs.push_back({{"a", rows.schema().fields[columns[i]].name},
                       {"b", rows.schema().fields[columns[j]].name},
                       {"rows", static_cast<std::uint64_t>(all.n)},
                       {"r", std::isnan(r) ? Json() : Json(r)}});
    }
  }
  const auto strength = [](const Json& pair) {
    return pair.at("r").is_null() ? -1.0 : std::abs(pair.at("r").get<double>());
  };
  std::stable_sort(pairs.begin(), pairs.end(), [&](const Json& a, const Json& b) {
    return strength(a) > strength(b);
  });
  return pairs;
}

Json drift_of(const table::Table& before, const table::Table& after) {
  Json out = Json::array();
  for (const ColumnMove& move : moves(before, after)) {
    out.push_back({{"name", move.column}, {"distance", move.distance},
                   {"missing_before", move.missing_before},
                   {"missing_after", move.missing_after}});
  }
  return out;
}

}  // namespace

Json profile_of(const table::Table& rows, std::size_t threads) {
  std::vector<table::ColumnProfile> columns(rows.columns());
  side_by_side(rows.columns(), threads, [&](std::size_t column) {
    columns[column] = table::profile_column(rows, column);
  });
  const auto correlated = table::correlated_columns(rows.schema());
  Json list = Json::array(), left_out = Json::array();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    list.push_back(column_json(columns[i]));
    const bool number = !table::is_text(columns[i].type) && columns[i].type != table::Type::kTime;
    if (number && !std::ranges::binary_search(correlated, i)) left_out.push_back(columns[i].name);
  }
  return {{"rows", rows.rows()},
          {"columns", std::move(list)},
          {"correlations", correlations(rows, correlated, threads)},
          {"not_correlated", std::move(left_out)}};
}

Result<Json> profile_view(ledger::Store& store, std::int64_t number, const io::Path& temp,
                          const std::string& table) {
  const auto versions = TRY(dataset_versions(store, table));
  const DatasetVersion version = TRY(dataset_version(store, number, table));
  const table::Table rows = TRY(ledger::read_dataset(version.manifest, *store.objects, temp));
  Json out = profile_of(rows, cores());
  out["version"] = version.name();
  out["digest"] = version.digest;
  out["before"] = nullptr;
  out["drift"] = Json::array();
  for (const DatasetVersion& other : versions) {
    if (other.manifest.number + 1 != version.manifest.number) continue;
    out["before"] = other.name();
    out["drift"] = drift_of(TRY(ledger::read_dataset(other.manifest, *store.objects, temp)), rows);
  }
  return out;
}

}  // namespace rondo::loop
