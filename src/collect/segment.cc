// Segments and digests of rows; the same rows give the same bytes.
#include "collect/segment.h"

#include <fmt/format.h>

#include "base/failpoint.h"

namespace rondo::collect {

io::Digest content_digest(const table::Table& rows) {
  io::Hasher hasher;
  std::string bytes, row_bytes;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    row_bytes.clear();
    append_canonical(rows, row, row_bytes);
    const auto length = static_cast<std::uint32_t>(row_bytes.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += row_bytes;
    if (bytes.size() < (64 << 10)) continue;
    hasher.add(bytes);
    bytes.clear();
  }
  hasher.add(bytes);
  return hasher.finish();
}

Result<ledger::Segment> write_segment(io::Fs& fs, const table::Table& rows,
                                      const table::Table& origin, const io::Path& file,
                                      Tools& tools) {
  RONDO_FAILPOINT(kSegmentWrite);
  table::Table written = rows;
  for (std::size_t i = 0; i < origin.columns(); ++i) {
    written = written.with(origin.schema().fields[i], origin.shared(i));
  }
  TRY(TRY(tools.engine())->write_parquet(written, file));
  ledger::Segment segment;
  segment.file = io::sha256(TRY(fs.read(file)));
  segment.content = content_digest(rows);
  segment.rows = rows.rows();
  const table::Column* time = rows.find(table::kTimeColumn);
  if (time != nullptr && rows.rows() > 0) {
    segment.first = Time{time->integers.front()};
    segment.last = Time{time->integers.back()};
  }
  return segment;
}

Result<Known> known_of(const ledger::Segments& segments, const std::vector<std::string>& key) {
  Known known;
  const auto each = [&](const ledger::SegmentRows& part) -> Result<void> {
    for (std::size_t row = 0; row < part.rows.rows(); ++row) {
      known.rows.try_emplace(row_id(part.rows, row), {});
    }
    if (key.empty()) return {};
    return add_keys(part.rows, key, known);
  };
  TRY(ledger::each_part(segments, each));
  return known;
}

Result<void> add_keys(const table::Table& rows, const std::vector<std::string>& key, Known& known) {
  const auto columns =
      TRY(table::key_places(rows.schema(), key, "of the rows collected before"));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    known.keys.try_emplace(key_id(rows, columns, row), row_id(rows, row));
  }
  return {};
}

std::string listed(const std::vector<std::string>& files) {
  if (files.empty()) return "the source";
  if (files.size() <= 2) return fmt::format("{}", fmt::join(files, " and "));
  return fmt::format("{}, {} and {} more files", files[0], files[1], files.size() - 2);
}

}  // namespace rondo::collect
