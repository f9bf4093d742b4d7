// See dataset.h. Segments of other ages have other columns: each is brought under the manifest's
// contract before they are joined.
#include "ledger/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

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

/// Leaves out what is deleted. `parts` hold the rows of the segments, in their order.
void leave_out(const Deletions& deletions, std::span<const Segment> segments,
               std::vector<table::Table>& parts) {
  if (deletions.empty()) return;
  std::size_t part = 0, row = 0;  // where the next segment begins
  std::vector<std::vector<std::size_t>> kept(parts.size());
  for (const Segment& segment : segments) {
    while (part < parts.size() && row == parts[part].rows()) {
      ++part;
      row = 0;
    }
    const auto found = deletions.find(segment.file);
    std::span<const std::uint32_t> dead;
    if (found != deletions.end()) dead = found->second;
    for (std::uint32_t at = 0; at < segment.rows; ++at, ++row) {
      if (!dead.empty() && dead.front() == at) dead = dead.subspan(1);
      else kept[part].push_back(row);
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (kept[i].size() < parts[i].rows()) parts[i] = parts[i].take(kept[i]);
  }
}

/// The segments' rows, a table each run of segments whose columns are alike.
Result<std::vector<table::Table>> read_parts(const Manifest& manifest,
                                             std::span<const Segment> segments,
                                             const Objects& objects, table::Engine& engine) {
  std::vector<io::Path> files;
  std::uint64_t promised = 0, found = 0;
  for (const Segment& segment : segments) {
    files.push_back(TRY(objects.verified_path(segment.file)));
    promised += segment.rows;
  }
  const bool wanted = manifest.contract.schema.find(kOriginFile).has_value();
  std::vector<table::Table> parts = TRY(engine.read_alike(files, wanted ? "" : kOrigin));
  for (table::Table& part : parts) {
    found += part.rows();
    const bool clock = part.find(table::kTimeColumn) != nullptr;
    part = TRY(table::conform(part, schema_of(manifest, clock)));
  }
  if (found == promised) {
    leave_out(TRY(deletions_of(manifest, objects)), segments, parts);
    return parts;
  }
  return fail(Code::kCorrupt,
              fmt::format("its segments have {} rows, its manifest says {}", found, promised),
              "run `rondo fsck`");
}

/// The cells of a row in these columns as bytes that are equal when the cells are.
std::string sameness(const table::Table& rows, std::span<const std::size_t> columns,
                     std::size_t row) {
  std::string bytes;
  for (const std::size_t index : columns) {
    const table::Column& column = rows.column(index);
    const bool zero = !table::is_text(column.type) && column.as_double(row) == 0;  // -0 is 0
    const std::string text = zero ? "0" : column.cell_text(row);
    bytes += column.is_null(row) ? 'n' : 'v';
    bytes += fmt::format("{}:", text.size());
    bytes += text;
  }
  return bytes;
}

Result<table::Table> read_all(const Manifest& manifest, const Objects& objects,
                              table::Engine& engine) {
  const auto [sources, served] = by_origin(manifest);
  std::vector<table::Table> parts = TRY(read_parts(manifest, sources, objects, engine));
  const table::Table own = TRY(table::Table::concatenate(parts));
  if (served.empty()) return own;
  parts = {own};
  for (const Segment& segment : served) {
    auto rows = TRY(read_parts(manifest, std::span(&segment, 1), objects, engine));
    parts.push_back(rows[0].take(only_served(rows[0], segment.same_by, own)));
  }
  table::Table all = TRY(table::Table::concatenate(parts));
  if (all.rows() == manifest.rows) return all;
  return fail(Code::kCorrupt,
              fmt::format("{} of its rows came from a source or from serving alone, its manifest "
                          "says {}", all.rows(), manifest.rows),
              "run `rondo fsck`");
}

}  // namespace

Manifest with_origin(Manifest manifest) {
  auto& fields = manifest.contract.schema.fields;
  fields.push_back({std::string(kOriginFile), table::Type::kCategory});
  fields.push_back({std::string(kOriginRecord), table::Type::kInteger});
  fields.push_back({std::string(kOriginLine), table::Type::kInteger});
  return manifest;
}

std::pair<std::vector<Segment>, std::vector<Segment>> by_origin(const Manifest& manifest) {
  std::pair<std::vector<Segment>, std::vector<Segment>> out;
  for (const Segment& segment : manifest.segments) {
    (segment.served() ? out.second : out.first).push_back(segment);
  }
  return out;
}

Result<Deletions> deletions_of(const Manifest& manifest, const Objects& objects) {
  if (!manifest.deleted) return Deletions();
  Deletions deletions = TRY(during(decode_deletions(TRY(objects.get(manifest.deleted->object))),
                                   fmt::format("reading dataset d{}", manifest.number)));
  if (rows_of(deletions) == manifest.deleted->rows) return deletions;
  return fail(Code::kCorrupt,
              fmt::format("{} of its rows are deleted, its manifest says {}", rows_of(deletions),
                          manifest.deleted->rows), "run `rondo fsck`");
}

std::vector<std::size_t> only_served(const table::Table& served,
                                     std::span<const std::string> same_by,
                                     const table::Table& sources) {
  std::vector<std::size_t> here, there, kept;
  for (const std::string& name : same_by) {
    const auto a = served.schema().find(name);
    const auto b = sources.schema().find(name);
    if (!a || !b) continue;
    here.push_back(*a);
    there.push_back(*b);
  }
  std::unordered_set<std::string> known;
  for (std::size_t row = 0; row < sources.rows(); ++row) {
    known.insert(sameness(sources, there, row));
  }
  for (std::size_t row = 0; row < served.rows(); ++row) {
    if (!known.contains(sameness(served, here, row))) kept.push_back(row);
  }
  return kept;
}

Result<table::Table> read_segments(const Manifest& manifest, std::span<const Segment> segments,
                                   const Objects& objects, const io::Path& temp) {
  const auto engine = TRY(table::Engine::open(temp));
  return table::Table::concatenate(
      TRY(during(read_parts(manifest, segments, objects, *engine),
                 fmt::format("reading segments of dataset d{}", manifest.number))));
}

Result<table::Table> read_dataset(const Manifest& manifest, const Objects& objects,
                                  const io::Path& temp) {
  if (manifest.segments.empty()) {
    return fail(Code::kNotFound, fmt::format("dataset d{} has no rows", manifest.number));
  }
  const auto engine = TRY(table::Engine::open(temp));
  return sorted_by_time(TRY(during(read_all(manifest, objects, *engine),
                                   fmt::format("reading dataset d{}", manifest.number))));
}

Result<std::map<std::string, table::Table>> read_tables(const Manifest& manifest,
                                                        const Objects& objects,
                                                        const io::Path& temp) {
  std::map<std::string, table::Table> tables;
  for (const auto& [name, digest] : manifest.tables) {
    const auto read = [&]() -> Result<table::Table> {
      const Manifest side = TRY(get_manifest(objects, digest));
      if (side.segments.empty()) return table::Table();
      return read_dataset(side, objects, temp);
    };
    tables.emplace(name, TRY(during(read(), fmt::format("reading table {} of dataset d{}", name,
                                                        manifest.number))));
  }
  return tables;
}

}  // namespace rondo::ledger
