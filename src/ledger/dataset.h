// Reading a dataset version back: its Parquet segments, verified, in order, as one table.
#pragma once

#include <functional>

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

/// The other tables of a version, as read_dataset reads them. A table whose file is there but has
/// given no row yet is empty. Errors: as read_dataset, naming the table.
Result<std::map<std::string, table::Table>> read_tables(const Manifest& manifest,
                                                        const Objects& objects,
                                                        const io::Path& temp);

/// Columns of a segment beside those of its rows: where each row stood when it was collected. They
/// are no part of its content, and are read by who asks for them.
inline constexpr std::string_view kOrigin = "_rondo_";
inline constexpr std::string_view kOriginFile = "_rondo_file", kOriginRecord = "_rondo_record",
                                  kOriginLine = "_rondo_line";
/// The version with origins as columns of its rows; missing where they were not written down.
Manifest with_origin(Manifest manifest);

/// Which rows of its segments are deleted. Errors: kCorrupt, kNotFound.
Result<Deletions> deletions_of(const Manifest& manifest, const Objects& objects);

/// Where the file of a segment lies, verified. Errors: kNotFound, kCorrupt.
using SegmentFiles = std::function<Result<io::Path>(const io::Digest& file)>;
/// Some segments, and how they are to be read.
struct Segments {
  const Manifest& manifest;  // its contract and number
  std::span<const Segment> which;
  const Deletions& deleted;  // of them
  SegmentFiles files;
  io::Path temp;             // a folder for DuckDB
};
SegmentFiles files_in(const Objects& objects);

/// Their rows under the contract, without deleted ones, not sorted. Errors: kCorrupt, kNotFound.
Result<table::Table> read_segments(const Segments& segments);
/// Rows of one segment that are not deleted, and where each stands in it (ascending).
struct SegmentRows {
  std::size_t segment = 0;  // among those asked for
  std::vector<std::uint32_t> places;
  table::Table rows;        // under the manifest's contract
};
/// The same rows as read_segments(), in their order, some at a time: a segment is told in one piece
/// or more. Cost: memory for a part of a large segment, or for some small ones.
/// Errors: those of read_segments() and of `each`.
Result<void> each_part(const Segments& segments,
                       const std::function<Result<void>(const SegmentRows&)>& each);
/// Segments of sources, and of served rows.
std::pair<std::vector<Segment>, std::vector<Segment>> by_origin(const Manifest& manifest);
/// Indexes of the served rows that no source row is the same as: equal in all columns of `same_by`.
std::vector<std::size_t> only_served(const table::Table& served,
                                     std::span<const std::string> same_by,
                                     const table::Table& sources);

}  // namespace rondo::ledger
