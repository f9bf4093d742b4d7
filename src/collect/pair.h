// Two files that nobody described, to be compared: the first says what the columns are, as `init`
// would type them, the second is read with these types. Nothing is kept; what cannot be read of
// either is counted and told.
#pragma once

#include <map>

#include "collect/source.h"

namespace rondo::collect {

/// One file, whole, in memory: CSV, JSON or Parquet, also packed.
struct WholeFile {
  std::vector<Source> sources;
  table::Dialect dialect;
};
/// Errors: kNotFound, kIo, kInvalidInput naming file and line. Threads: any, each with a `temp` of
/// its own for DuckDB.
Result<WholeFile> read_whole(io::Fs& fs, const std::string& file, const io::Path& temp);

/// Cells that are not of their column's type, by column: they count as missing.
using Unread = std::map<std::string, std::uint64_t>;

struct Pair {
  table::Table reference, current;      // the columns of `current`: those of both, then new ones
  std::vector<std::string> gone, come;  // columns of one of them
  Unread unread_reference, unread_current;
  std::vector<std::string> remarks;     // records that could not be split
};
/// Errors: kInvalidInput when they share no column.
Result<Pair> type_alike(WholeFile reference, WholeFile current);

}  // namespace rondo::collect
