// Reading a dataset version back: its Parquet segments, verified, in order, as one table.
#pragma once

#include "ledger/deletions.h"
#include "ledger/manifest.h"
#include "ledger/objects.h"
#include "table/table.h"

namespace rondo::ledger {

/// All rows of a dataset version, segments in order, with `_time` when there is a clock; sorted by
/// event time (stable). A served row that came from a source too is left out. `temp` is a folder
/// for DuckDB. Errors: kCorrupt, kNotFound.
Result<table::Table> read_dataset(const Manifest& manifest, const Objects& objects,
                                  const io::Path& temp);

/// Which rows of its segments are deleted. Errors: kCorrupt, kNotFound.
Result<Deletions> deletions_of(const Manifest& manifest, const Objects& objects);

/// The rows of some segments of a version under its contract, without deleted ones, not sorted.
Result<table::Table> read_segments(const Manifest& manifest, std::span<const Segment> segments,
                                   const Objects& objects, const io::Path& temp);
/// Segments of sources, and of served rows.
std::pair<std::vector<Segment>, std::vector<Segment>> by_origin(const Manifest& manifest);
/// Indexes of the served rows that no source row is the same as: equal in all columns of `same_by`.
std::vector<std::size_t> only_served(const table::Table& served,
                                     std::span<const std::string> same_by,
                                     const table::Table& sources);

}  // namespace rondo::ledger
