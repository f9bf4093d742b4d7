// One segment: accepted rows as a Parquet file, with the digest of its bytes and the digest of its
// rows, which is the same whatever format the rows came from.
#pragma once

#include "base/words.h"
#include "collect/reading.h"
#include "ledger/dataset.h"

namespace rondo::collect {

/// `origin` has the columns of ledger::kOrigin for each row, or none. Errors: kIo. The file is
/// written by the engine; its bytes depend on rows and origins alone.
Result<ledger::Segment> write_segment(io::Fs& fs, const table::Table& rows,
                                      const table::Table& origin, const io::Path& file,
                                      Tools& tools);
/// SHA-256 over the canonical bytes of all rows in order, each after its length in 4 bytes.
io::Digest content_digest(const table::Table& rows);
/// All rows of these segments, and their keys. Cost: some 30 bytes a row, 40 more with a key, and a
/// part of the rows.
Result<Known> known_of(const ledger::Segments& segments, const std::vector<std::string>& key);
/// Adds the keys of rows. Errors: kInvalidInput for a key that is no column.
Result<void> add_keys(const table::Table& rows, const std::vector<std::string>& key, Known& known);

/// "a, b and 3 more files".
std::string listed(const std::vector<std::string>& files);

}  // namespace rondo::collect
