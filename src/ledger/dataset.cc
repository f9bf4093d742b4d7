// See dataset.h. Segments of other ages have other columns: each is brought under the manifest's
// contract before they are joined.
#include "ledger/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "ledger/served_rows.h"
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

bool is_hidden(const table::Field& field) { return field.name.starts_with(kOrigin); }

table::Table sorted_by_time(table::Table table) {
  const table::Column* time = table.find(table::kTimeColumn);
  if (time == nullptr || std::ranges::is_sorted(time->integers)) return table;
  std::vector<std::size_t> order(table.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t row) { return time->integers[row]; });
  return table.take(order);
}

/// Which of `count` rows from `first` on, of one segment, are not deleted.
std::vector<std::uint32_t> living(const Deletions& deletions, const Segment& segment,
                                  std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint32_t> places;
  const auto found = deletions.find(segment.file);
  std::span<const std::uint32_t> dead;
  if (found != deletions.end()) dead = found->second;
  auto next = std::ranges::lower_bound(dead, first);
  for (std::uint64_t at = first; at < first + count; ++at) {
    if (next != dead.end() && *next == at) ++next;
    else places.push_back(static_cast<std::uint32_t>(at));
  }
  return places;
}

/// Calls each(segment, part, first row in it) for segments whose rows lie in `parts`, in order.
void walk(std::span<const Segment> segments, std::span<const table::Table> parts,
          const auto& each) {
  std::size_t part = 0, row = 0;  // where the next segment begins
  for (const Segment& segment : segments) {
    while (part < parts.size() && row == parts[part].rows()) {
      ++part;
      row = 0;
    }
    each(segment, part, row);
    row += segment.rows;
  }
}

/// Leaves out what is deleted. `parts` hold the rows of the segments, in their order.
void leave_out(const Deletions& deletions, std::span<const Segment> segments,
               std::vector<table::Table>& parts) {
  if (deletions.empty()) return;
  std::vector<std::vector<std::size_t>> kept(parts.size());
  walk(segments, parts, [&](const Segment& segment, std::size_t part, std::size_t row) {
    for (const std::uint32_t at : living(deletions, segment, 0, segment.rows)) {
      kept[part].push_back(row + at);
    }
  });
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (kept[i].size() < parts[i].rows()) parts[i] = parts[i].take(kept[i]);
  }
}

Result<table::Table> under_contract(const Manifest& manifest, const table::Table& rows) {
  return table::conform(rows, schema_of(manifest, rows.find(table::kTimeColumn) != nullptr));
}

/// What no column that is wanted begins with. Of served rows the hidden columns are others.
std::string_view unwanted(const Segments& in) {
  const table::Schema& schema = in.manifest.contract.schema;
  const bool served = !in.which.empty() && in.which.front().served() &&
                      std::ranges::any_of(schema.fields, is_hidden);
  return served || schema.find(kOriginFile) ? std::string_view() : kOrigin;
}

std::unexpected<Error> other_rows(std::uint64_t found, std::uint64_t promised) {
  return fail(Code::kCorrupt,
              fmt::format("its segments have {} rows, its manifest says {}", found, promised),
              "run `rondo fsck`");
}

/// The segments' rows, deleted ones too, a table each run of segments whose columns are alike.
Result<std::vector<table::Table>> read_files(const Segments& in, table::Engine& engine) {
  std::vector<io::Path> files;
  std::uint64_t promised = 0, found = 0;
  for (const Segment& segment : in.which) {
    files.push_back(TRY(in.files(segment.file)));
    promised += segment.rows;
  }
  std::vector<table::Table> parts = TRY(engine.read_alike(files, unwanted(in)));
  for (table::Table& part : parts) {
    found += part.rows();
    part = TRY(under_contract(in.manifest, part));
  }
  if (found != promised) return other_rows(found, promised);
  return parts;
}

Result<std::vector<table::Table>> read_parts(const Segments& in, table::Engine& engine) {
  std::vector<table::Table> parts = TRY(read_files(in, engine));
  leave_out(in.deleted, in.which, parts);
  return parts;
}

constexpr std::uint64_t kAtOnce = 1 << 17;  // rows of small segments, or of a large one

/// Tells the rows of segments one part after the other.
class PartReader {
 public:
  using Each = std::function<Result<void>(const SegmentRows&)>;
  PartReader(const Segments& in, const Each& each) : in_(in), each_(each) {}

  Result<void> run(table::Engine& engine) {
    for (std::size_t from = 0; from < in_.which.size();) {
      if (in_.which[from].rows > kAtOnce) {
        TRY(large(from++, engine));
        continue;
      }
      std::size_t to = from;
      for (std::uint64_t rows = 0; to < in_.which.size() && rows < kAtOnce; ++to) {
        if (in_.which[to].rows > kAtOnce) break;
        rows += in_.which[to].rows;
      }
      TRY(small(from, to, engine));
      from = to;
    }
    return {};
  }

 private:
  Result<void> large(std::size_t index, table::Engine& engine) {
    const Segment& segment = in_.which[index];
    const io::Path file = TRY(in_.files(segment.file));
    const auto stream = TRY(engine.stream_parquet(file, 0, unwanted(in_)));
    std::uint64_t first = 0;
    for (;;) {
      const table::Table rows = TRY(stream->next(kAtOnce));
      if (rows.rows() == 0) break;
      TRY(tell(index, first, TRY(under_contract(in_.manifest, rows)), 0, rows.rows()));
      first += rows.rows();
    }
    if (first != segment.rows) return other_rows(first, segment.rows);
    return {};
  }

  Result<void> small(std::size_t from, std::size_t to, table::Engine& engine) {
    Segments some = in_;
    some.which = in_.which.subspan(from, to - from);
    const auto parts = TRY(read_files(some, engine));
    Result<void> told;
    walk(some.which, parts, [&](const Segment& segment, std::size_t part, std::size_t row) {
      if (told && segment.rows > 0) told = tell(from, 0, parts[part], row, segment.rows);
      ++from;
    });
    return told;
  }

  /// `count` rows of a segment from its row `first` on, which stand at `row` of the table.
  Result<void> tell(std::size_t index, std::uint64_t first, const table::Table& rows,
                    std::size_t row, std::uint64_t count) {
    SegmentRows part{index, living(in_.deleted, in_.which[index], first, count), {}};
    std::vector<std::size_t> kept;
    for (const std::uint32_t place : part.places) kept.push_back(row + place - first);
    part.rows = kept.size() == rows.rows() ? rows : rows.take(kept);
    return each_(part);
  }

  const Segments& in_;
  const Each& each_;
};

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
  const Deletions dead = TRY(deletions_of(manifest, objects));
  Segments in{manifest, sources, dead, files_in(objects), {}};
  std::vector<table::Table> parts = TRY(read_parts(in, engine));
  const table::Table own = TRY(table::Table::concatenate(parts));
  if (served.empty()) return own;
  parts = {own};
  for (const Segment& segment : served) {
    in.which = std::span(&segment, 1);
    auto rows = TRY(read_parts(in, engine));
    parts.push_back(rows[0].take(only_served(rows[0], segment.same_by, own)));
  }
  table::Table all = TRY(table::Table::concatenate(parts));
  if (all.rows() == manifest.rows) return all;
  return fail(Code::kCorrupt,
              fmt::format("{} of its rows came from a source or from serving alone, its manifest "
                          "says {}", all.rows(), manifest.rows),
              "run `rondo fsck`");
}

/// Names and types of what served segments hold beside their rows.
Result<std::vector<table::Field>> served_fields(const std::vector<Segment>& served,
                                                const Objects& objects, table::Engine& engine) {
  std::vector<io::Path> files;
  for (const Segment& segment : served) {
    files.push_back(TRY(objects.verified_path(segment.file)));
  }
  std::vector<table::Field> fields;
  for (const table::Table& part : TRY(engine.read_alike(files, {}))) {
    for (const table::Field& field : part.schema().fields) {
      if (!is_hidden(field)) continue;
      if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
    }
  }
  return fields;
}

/// Takes the columns that are hidden out of a table, or all others.
table::Table only(const table::Table& all, bool hidden) {
  table::Schema schema;
  std::vector<std::shared_ptr<const table::Column>> columns;
  for (std::size_t i = 0; i < all.columns(); ++i) {
    if (is_hidden(all.schema().fields[i]) != hidden) continue;
    schema.fields.push_back(all.schema().fields[i]);
    columns.push_back(all.shared(i));
  }
  return {std::move(schema), std::move(columns)};
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

SegmentFiles files_in(const Objects& objects) {
  return [&objects](const io::Digest& file) { return objects.verified_path(file); };
}

Result<table::Table> read_segments(const Segments& segments) {
  const auto engine = TRY(table::Engine::open(segments.temp));
  return table::Table::concatenate(
      TRY(during(read_parts(segments, *engine),
                 fmt::format("reading segments of dataset d{}", segments.manifest.number))));
}

Result<void> each_part(const Segments& segments,
                       const std::function<Result<void>(const SegmentRows&)>& each) {
  const auto engine = TRY(table::Engine::open(segments.temp));
  return during(PartReader(segments, each).run(*engine),
                fmt::format("reading segments of dataset d{}", segments.manifest.number));
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

Result<RowsAndServed> read_with_served(const Manifest& manifest, const Objects& objects,
                                       const io::Path& temp) {
  const auto served = by_origin(manifest).second;
  if (served.empty()) return RowsAndServed{TRY(read_dataset(manifest, objects, temp)), {}};
  const auto engine = TRY(table::Engine::open(temp));
  Manifest wide = manifest;
  for (table::Field& field : TRY(during(served_fields(served, objects, *engine),
                                        fmt::format("reading dataset d{}", manifest.number)))) {
    wide.contract.schema.fields.push_back(std::move(field));
  }
  const table::Table all = TRY(read_dataset(wide, objects, temp));
  return RowsAndServed{only(all, false), only(all, true)};
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
