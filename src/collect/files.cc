// Which files of the source are new or have grown. What was read before must still be there,
// byte for byte, or reading stops.
#include "collect/files.h"

#include <fmt/format.h>

#include <algorithm>

#include "collect/csv.h"
#include "collect/json_rows.h"
#include "io/compress.h"
#include "io/digest.h"

namespace rondo::collect {
namespace {

constexpr std::uint64_t kEdge = 4096;
constexpr std::uint64_t kReadAgain = 64ULL << 20;  // up to here unchanged files are hashed in full

std::string edge_of(std::string_view bytes) {
  std::string edges(bytes.substr(0, kEdge));
  if (bytes.size() > kEdge) edges += bytes.substr(std::max(bytes.size() - kEdge, kEdge));
  return io::sha256(edges).hex().substr(0, 32);
}

std::unexpected<Error> conflict(const std::string& file, const std::string& what) {
  return fail(Code::kConflict, fmt::format("{} {}", file, what),
              "put back the file as it was and give new rows at its end or in a new file");
}

/// The name of a mark with these bytes.
const std::string* known_under(const Cursor& cursor, std::uint64_t bytes,
                               const std::string& digest) {
  for (const auto& [name, mark] : cursor.files) {
    if (mark.bytes == bytes && mark.digest == digest) return &name;
  }
  return nullptr;
}

/// Whether a file with a mark is as it was; kConflict when it changed other than by growing.
Result<bool> is_unchanged(io::Fs& fs, const io::Path& path, const std::string& file,
                          std::uint64_t size, const FileMark& mark) {
  if (size < mark.bytes) {
    return conflict(file, fmt::format("shrank: {} bytes were collected, {} are left", mark.bytes,
                                      size));
  }
  if (size > mark.bytes) return false;
  const std::string edge = TRY(collect::edge_of(fs, path, size));
  bool same = edge == mark.edge;
  if (same && size <= kReadAgain) same = io::sha256(TRY(fs.read(path))).hex() == mark.digest;
  if (same) return true;
  return conflict(file, fmt::format("changed within its first {} bytes, which were collected "
                                    "before", mark.bytes));
}

/// Nothing between the records read before and the new ones but the end of a line.
Result<CsvStart> start_after(const FileMark& mark, const std::string& bytes,
                             const std::string& file) {
  CsvStart start{mark.plain, mark.lines, mark.records};
  if (!mark.open_end || mark.plain >= bytes.size()) return start;
  const std::string_view rest = std::string_view(bytes).substr(mark.plain);
  if (!rest.starts_with('\n') && !rest.starts_with("\r\n")) {
    return conflict(file, fmt::format("changed at byte {}: its last line was collected and goes on",
                                      mark.plain));
  }
  start.offset += rest[0] == '\n' ? 1 : 2;
  ++start.lines;
  return start;
}

Result<Grid> split(std::string bytes, const std::string& file, Format format,
                   const FileMark& mark, const Options& options, const table::Dialect& dialect) {
  const CsvStart start = TRY(start_after(mark, bytes, file));
  if (format == Format::kCsv) {
    return split_csv(std::move(bytes), dialect, options.names, start, file);
  }
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (start.offset > 0 && first != std::string::npos && bytes[first] == '[') {
    return conflict(file, "grew, but an array of JSON cannot go on after its end");
  }
  return split_json(std::move(bytes), start, file);
}

}  // namespace

Result<std::string> edge_of(io::Fs& fs, const io::Path& path, std::uint64_t size) {
  std::string edges = TRY(fs.read_at(path, 0, kEdge));
  if (size > kEdge) edges += TRY(fs.read_at(path, std::max(size - kEdge, kEdge), kEdge));
  return io::sha256(edges).hex().substr(0, 32);
}

Result<News> find_news(io::Fs& fs, const io::Path& project, const std::vector<std::string>& names,
                       Cursor& cursor) {
  News news;
  for (const std::string& file : names) {
    const io::Path path = project / file;
    const auto stat = TRY(fs.stat(path));
    if (!stat) return fail(Code::kNotFound, fmt::format("{} was not found", file));
    const auto marked = cursor.files.find(file);
    const bool known = marked != cursor.files.end();
    const FileMark before = known ? marked->second : FileMark{};
    if (known && TRY(is_unchanged(fs, path, file, stat->size, before))) continue;
    NewBytes fresh{file, TRY(fs.read(path)), before};
    const std::string_view prefix = std::string_view(fresh.bytes).substr(0, before.bytes);
    if (known && io::sha256(prefix).hex() != before.digest) {
      return conflict(file, fmt::format("changed within its first {} bytes, which were collected "
                                        "before", before.bytes));
    }
    const std::string digest = io::sha256(fresh.bytes).hex();
    if (const std::string* other = known_under(cursor, fresh.bytes.size(), digest)) {
      news.same.push_back(fmt::format("{} holds the same bytes as {}", file, *other));
      cursor.files[file] = FileMark(cursor.files[*other]);
      continue;
    }
    // Its place among known bytes is taken now, so that a twin in the same reading is seen.
    cursor.files[file] = {fresh.bytes.size(), digest, edge_of(fresh.bytes), 0, 0, 0, false};
    news.files.push_back(std::move(fresh));
  }
  return news;
}

Result<Source> open_source(const NewBytes& news, const io::Path& project, const Options& options,
                           const table::Dialect& dialect, Tools& tools, FileMark& mark) {
  Source source;
  source.file = news.file;
  source.digest = mark.digest;
  const Format format = format_of(news.bytes, news.file, options.format);
  if (format == Format::kParquet) {
    if (news.mark.bytes > 0) return conflict(news.file, "changed: Parquet files do not grow");
    const io::Path path = project / news.file;
    source.typed = TRY(TRY(tools.engine())->read_parquet(std::span(&path, 1)));
    for (const table::Field& field : source.typed->schema().fields) {
      source.grid.names.push_back(field.name);
    }
    TRY(check_names(source.grid.names, news.file));
    if (source.rows() == 0) source.grid.empty = "has no rows";
    mark.records = source.rows();
    return source;
  }
  std::string plain = TRY(during(io::decompress(news.bytes, kLargestSource),
                                 "decompressing " + news.file));
  const Format inside = format_of(plain, news.file, options.format);
  source.csv = inside == Format::kCsv;
  source.grid = TRY(split(std::move(plain), news.file, inside, news.mark, options, dialect));
  mark.plain = source.grid.end;
  mark.lines = source.grid.lines;
  mark.records = source.grid.read;
  mark.open_end = source.grid.open_end;
  return source;
}

Result<table::Dialect> first_dialect(std::span<const NewBytes> files, const Options& options) {
  table::Dialect dialect;
  dialect.header = options.names.empty();
  dialect.trim = options.trim;
  dialect.null = options.null;
  for (const NewBytes& file : files) {
    if (file.pushed || file.answer) continue;
    if (format_of(file.bytes, file.file, options.format) != Format::kCsv) continue;
    const std::string plain = TRY(during(io::decompress(file.bytes, kLargestSource),
                                         "decompressing " + file.file));
    dialect.delimiter = guess_delimiter(plain);
    break;
  }
  return dialect;
}

}  // namespace rondo::collect
