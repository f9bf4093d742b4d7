// `rondo init`: looks at the data once and proposes a rondo.toml that runs as it is: dialect,
// types, task, clock, columns to ignore, each with its reason as a comment.
#pragma once

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

}  // namespace rondo::collect
