// Which files the source is, and what is new in them since the cursor. A file is known by its
// bytes: the same bytes under another name are reported and not read, a grown file gives its new
// records, a changed or shrunk one is a conflict.
#pragma once

#include <span>

#include "collect/collect.h"
#include "collect/csv.h"
#include "collect/cursor.h"
#include "collect/source.h"

namespace rondo::collect {

/// Paths and globs (*, ?; a folder means all files in it) as file names relative to the project, in
/// byte order a pattern. Hidden and unfinished files (.tmp, .part) are passed over.
/// Errors: kNotFound naming the pattern; kInvalidInput for sources of a later version.
Result<std::vector<std::string>> find_files(io::Fs& fs, const io::Path& project,
                                            const std::vector<std::string>& patterns);

/// Digest of the first and last 4 KiB; of everything for small files. Cost: two short reads.
Result<std::string> edge_of(io::Fs& fs, const io::Path& path, std::uint64_t size);

inline constexpr std::string_view kInput = "-";  // in [collect] source
/// Where standard input is kept, relative to the project.
io::Path spool_folder();

struct Answer;

/// A file with something new in it.
struct NewBytes {
  std::string file;
  std::string bytes;  // all of them, as they lie there; of one that is not whole the first ones
  FileMark mark;      // of what was read before; zeros for a new file
  bool pushed = false;  // rows of collect/push.h, no file
  std::shared_ptr<const Answer> answer = nullptr;  // rows of collect/database_rows.h, no file
  bool whole = true;    // false: it is large and is read again, in parts (collect/feed.h)
};
struct News {
  std::vector<NewBytes> files;
  std::vector<std::string> same;  // "data/b.csv holds the same bytes as data/a.csv"
};
/// Files whose bytes differ from the cursor's marks. Files with known bytes get a mark in the
/// cursor.
/// Errors: kConflict for a changed or shrunk file, with its offset.
Result<News> find_news(io::Fs& fs, const io::Path& project, const std::vector<std::string>& names,
                       const std::string& format, std::uint64_t part_bytes, Cursor& cursor);

/// Splits the new records of a whole file and moves its mark on.
/// Errors: kInvalidInput naming file and line; kConflict when what was read last has changed.
Result<Source> open_source(const NewBytes& news, const Options& options,
                           const table::Dialect& dialect, FileMark& mark);
/// Where the new records of a file begin, as an offset into `rest`, which follows those that were
/// read before: nothing lies between but the end of a line. Errors: kConflict.
Result<CsvStart> start_after(const FileMark& mark, std::string_view rest, const std::string& file);
std::unexpected<Error> array_grew(const std::string& file);

/// The dialect of a first collection: delimiter guessed from the first file, the rest from options.
Result<table::Dialect> first_dialect(std::span<const NewBytes> files, const Options& options);

}  // namespace rondo::collect
