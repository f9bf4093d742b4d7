// Which files of the source are new or have grown. What was read before must still be there,
// byte for byte, or reading stops.
#include "collect/files.h"

#include <fmt/format.h>

#include <algorithm>

#include "collect/json_rows.h"
#include "io/compress.h"
#include "io/digest.h"
#include "io/stream.h"

namespace rondo::collect {
namespace {

constexpr std::uint64_t kEdge = 4096;
constexpr std::uint64_t kReadAgain = 64ULL << 20;  // up to here unchanged files are hashed in full
constexpr std::uint64_t kBlock = 4ULL << 20;

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

Result<Grid> split(std::string bytes, const std::string& file, Format format,
                   const FileMark& mark, const Options& options, const table::Dialect& dialect) {
  const std::size_t before = std::min<std::uint64_t>(mark.plain, bytes.size());
  CsvStart start = TRY(start_after(mark, std::string_view(bytes).substr(before), file));
  start.offset += before;
  if (format == Format::kCsv) {
    return split_csv(std::move(bytes), dialect, options.names, start, file);
  }
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (start.offset > 0 && first != std::string::npos && bytes[first] == '[') {
    return array_grew(file);
  }
  return split_json(std::move(bytes), start, file);
}

bool is_parquet(std::string_view head, const std::string& file, const std::string& format) {
  return format_of(head, file, format) == Format::kParquet;
}

Result<std::string> plain_head(io::Fs& fs, const io::Path& path) {
  const std::shared_ptr<io::Fs> borrowed(std::shared_ptr<io::Fs>(), &fs);
  return TRY(io::Stream::open(borrowed, path))->read(kBlock);
}

/// Whether a new file is read in parts: Parquet always, others when they are not small.
bool is_large(std::string_view head, std::uint64_t size, const std::string& format,
              const std::string& file, std::uint64_t part_bytes) {
  if (is_parquet(head, file, format)) return true;
  const bool packed = head.starts_with("\x1f\x8b") || head.starts_with("\x28\xb5\x2f\xfd");
  return size > (packed ? part_bytes / 4 : 2 * part_bytes);
}

struct Digests {
  std::string before, all;  // of the bytes that were read before, of all
};

Result<Digests> digests_of(io::Fs& fs, const io::Path& path, std::uint64_t before,
                           std::uint64_t size) {
  io::Hasher first, all;
  for (std::uint64_t at = 0; at < size;) {
    const std::string bytes = TRY(fs.read_at(path, at, std::min(kBlock, size - at)));
    if (bytes.empty()) break;
    all.add(bytes);
    if (at < before) first.add(std::string_view(bytes).substr(0, before - at));
    at += bytes.size();
  }
  return Digests{first.finish().hex(), all.finish().hex()};
}

}  // namespace

Result<std::string> edge_of(io::Fs& fs, const io::Path& path, std::uint64_t size) {
  std::string edges = TRY(fs.read_at(path, 0, kEdge));
  if (size > kEdge) edges += TRY(fs.read_at(path, std::max(size - kEdge, kEdge), kEdge));
  return io::sha256(edges).hex().substr(0, 32);
}

Result<News> find_news(io::Fs& fs, const io::Path& project, const std::vector<std::string>& names,
                       const std::string& format, std::uint64_t part_bytes, Cursor& cursor) {
  News news;
  std::uint64_t held = 0;
  for (const std::string& file : names) {
    const io::Path path = project / file;
    const auto stat = TRY(fs.stat(path));
    if (!stat) return fail(Code::kNotFound, fmt::format("{} was not found", file));
    const auto marked = cursor.files.find(file);
    const bool known = marked != cursor.files.end();
    const FileMark before = known ? marked->second : FileMark{};
    if (known && TRY(is_unchanged(fs, path, file, stat->size, before))) continue;
    NewBytes fresh{file, TRY(fs.read_at(path, 0, kBlock)), before};
    fresh.whole = stat->size + held <= 2 * part_bytes &&
                  !is_large(fresh.bytes, stat->size, format, file, part_bytes);
    if (fresh.whole) fresh.bytes = TRY(fs.read(path));
    if (fresh.whole) held += fresh.bytes.size();
    else if (!is_parquet(fresh.bytes, file, format)) fresh.bytes = TRY(plain_head(fs, path));
    const std::uint64_t size = fresh.whole ? fresh.bytes.size() : stat->size;
    const std::string_view prefix = std::string_view(fresh.bytes).substr(0, before.bytes);
    const Digests digests = fresh.whole
                                ? Digests{io::sha256(prefix).hex(), io::sha256(fresh.bytes).hex()}
                                : TRY(digests_of(fs, path, before.bytes, size));
    if (known && digests.before != before.digest) {
      return conflict(file, fmt::format("changed within its first {} bytes, which were collected "
                                        "before", before.bytes));
    }
    if (const std::string* other = known_under(cursor, size, digests.all)) {
      news.same.push_back(fmt::format("{} holds the same bytes as {}", file, *other));
      cursor.files[file] = FileMark(cursor.files[*other]);
      continue;
    }
    if (known && is_parquet(fresh.bytes, file, format)) {
      return conflict(file, "changed: Parquet files do not grow");
    }
    // Its place among known bytes is taken now, so that a twin in the same reading is seen.
    const std::string edge = fresh.whole ? edge_of(fresh.bytes) : TRY(edge_of(fs, path, size));
    cursor.files[file] = {size, digests.all, edge, 0, 0, 0, false};
    news.files.push_back(std::move(fresh));
  }
  return news;
}

std::unexpected<Error> array_grew(const std::string& file) {
  return conflict(file, "grew, but an array of JSON cannot go on after its end");
}

Result<CsvStart> start_after(const FileMark& mark, std::string_view rest,
                             const std::string& file) {
  CsvStart start{0, mark.lines, mark.records};
  if (!mark.open_end || rest.empty()) return start;
  if (!rest.starts_with('\n') && !rest.starts_with("\r\n")) {
    return conflict(file, fmt::format("changed at byte {}: its last line was collected and goes on",
                                      mark.plain));
  }
  start.offset = rest[0] == '\n' ? 1 : 2;
  ++start.lines;
  return start;
}

Result<Source> open_source(const NewBytes& news, const Options& options,
                           const table::Dialect& dialect, FileMark& mark) {
  Source source;
  source.file = news.file;
  source.digest = mark.digest;
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
