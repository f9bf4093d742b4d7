// `rondo init`: looks at the data once and proposes a rondo.toml that runs as it is: dialect,
// types, task, clock, columns to ignore, each with its reason as a comment. Two files can be read
// in the same way, to be compared; nothing of them is kept.
#pragma once

#include <map>

#include "collect/collect.h"

namespace rondo::collect {

struct Proposal {
  std::string toml;                  // the commented file
  std::vector<std::string> remarks;  // what a person should know, one sentence each
};

struct Look {
  std::vector<std::string> files;    // as given, relative to the project
  std::string target;
  std::string name;                  // of the project
  std::vector<std::string> names;    // columns, for files without a header
  std::string time;                  // given by the user; empty: guess
  std::string cursor;                // of a database, given by the user
  Json sql = Json::object();         // of a file "sql:NAME": its [collect.sql.NAME]
  FetchedRows fetched = {};          // and its rows, which a worker fetched
};

/// Errors: kNotFound (file, target: with the nearest column), kInvalidInput.
Result<Proposal> propose(io::Fs& fs, const io::Path& project, const Look& look,
                         const io::Path& temp);

/// Cells that are not of their column's type, by column: they count as missing.
using Unread = std::map<std::string, std::uint64_t>;
/// Two files that nobody described, to be compared.
struct Pair {
  table::Table reference, current;      // the columns of `current`: those of both, then new ones
  std::vector<std::string> gone, come;  // columns of one of them
  Unread unread_reference, unread_current;
  std::vector<std::string> remarks;     // records that could not be split
};
struct PairFiles {
  std::string reference, current;
};
/// Types the reference as propose() would, and reads the current file with these types; both at
/// once, whole, in memory: CSV, JSON or Parquet, also packed. `temp`: a folder for DuckDB.
/// Errors: kNotFound, kIo; kInvalidInput naming file and line, or when they share no column.
Result<Pair> read_pair(io::Fs& fs, const PairFiles& files, const io::Path& temp);

}  // namespace rondo::collect
