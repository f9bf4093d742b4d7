// Which rows of the segments of a dataset version do not count any more: a later row of their key
// came. Segments are never changed; a version names one object of this kind. Layout:
// docs/FORMATS.md, "Deleted rows".
#pragma once

#include <map>
#include <vector>

#include "io/digest.h"
#include "table/table.h"

namespace rondo::ledger {

/// By the file of a segment: its rows that are deleted, ascending.
using Deletions = std::map<io::Digest, std::vector<std::uint32_t>>;

std::string encode(const Deletions& deletions);
/// Errors: kCorrupt.
Result<Deletions> decode_deletions(std::string_view bytes);
std::uint64_t rows_of(const Deletions& deletions);

}  // namespace rondo::ledger
