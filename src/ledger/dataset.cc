// See dataset.h. Segments of other ages have other columns: each is brought under the manifest's
// contract before they are joined.
#include "ledger/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "table/conform.h"
#include "table/engine.h"

namespace rondo::ledger {
namespace {

/// The contract's columns, after `_time` when there is a clock.
table::Schema schema_of(const Manifest& manifest, bool clock) {
  table::Schema schema;
  if (clock) schema.fields.push_back({std::string(table::kTimeColumn), table::Type::kTime});
  const auto& columns = manifest.contract.schema.fields;
  schema.fields.insert(schema.fields.end(), columns.begin(), columns.end());
  return schema;
}

table::Table sorted_by_time(table::Table table) {
  const table::Column* time = table.find(table::kTimeColumn);
  if (time == nullptr || std::ranges::is_sorted(time->integers)) return table;
  std::vector<std::size_t> order(table.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t row) { return time->integers[row]; });
  return table.take(order);
}

Result<table::Table> read_segments(const Manifest& manifest, const Objects& objects,
                                   table::Engine& engine) {
  std::vector<io::Path> files;
  std::uint64_t promised = 0, found = 0;
  for (const Segment& segment : manifest.segments) {
    files.push_back(TRY(objects.verified_path(segment.file)));
    promised += segment.rows;
  }
  std::vector<table::Table> parts = TRY(engine.read_alike(files));
  for (table::Table& part : parts) {
    found += part.rows();
    const bool clock = part.find(table::kTimeColumn) != nullptr;
    part = TRY(table::conform(part, schema_of(manifest, clock)));
  }
  if (found != promised) {
    return fail(Code::kCorrupt,
                fmt::format("its segments have {} rows, its manifest says {}", found, promised),
                "run `rondo fsck`");
  }
  return table::Table::concatenate(parts);
}

}  // namespace

Result<table::Table> read_dataset(const Manifest& manifest, const Objects& objects,
                                  const io::Path& temp) {
  if (manifest.segments.empty()) {
    return fail(Code::kNotFound, fmt::format("dataset d{} has no rows", manifest.number));
  }
  const auto engine = TRY(table::Engine::open(temp));
  return sorted_by_time(TRY(during(read_segments(manifest, objects, *engine),
                                   fmt::format("reading dataset d{}", manifest.number))));
}

}  // namespace rondo::ledger
