// Databases among the sources, asked by a worker and by nobody else: what is foreign, and what a
// user wrote as SQL, stays out of the process that answers predictions.
#pragma once

#include <optional>

#include "collect/collect.h"

namespace rondo::loop {

struct Session;
struct State;

/// What was heard last, so that `up` does not ask all the time.
struct Heard {
  std::string manifest;  // the dataset version that it was compared with
  std::int64_t at_us = 0;
  bool changed = false;
  std::string what;
  std::optional<Error> error;
};

/// Adds to a look at the files whether the databases have rows beyond the cursor. What a collection
/// just took in is no news; after that they are asked every [collect.sql.NAME] every.
/// Errors: those of the databases. Cost: a worker, and the rows beyond the cursor.
Result<void> peek_databases(Session& session, const State& state, const Json& cursor,
                            collect::Peek& peek);

/// All rows of the databases as Parquet files in `folder`; nothing without a database.
Result<collect::FetchedRows> fetch_databases(const std::shared_ptr<io::Fs>& fs,
                                             const collect::Options& options,
                                             const io::Path& project, const io::Path& folder);
/// The same again, of a folder that they are in.
Result<collect::FetchedRows> fetched_databases(const collect::Options& options,
                                               const io::Path& folder);

}  // namespace rondo::loop
