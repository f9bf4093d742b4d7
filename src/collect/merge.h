// mode = "merge": a key names one row, the later one wins, by event time and then by arrival. What
// it overtakes stays in its segment and is deleted by number.
#pragma once

#include "collect/reading.h"
#include "ledger/deletions.h"

namespace rondo::collect {

struct Merged {
  ledger::Deletions dead;          // all of the segments, those of earlier merges too
  std::vector<std::size_t> gone;   // rows of `before` that are dead now, ascending
  std::uint64_t labelled_gone = 0; // of them, those with a label
};

struct MergeInput {
  const table::Table& before;                 // the rows that count, of `segments`, in their order
  std::span<const ledger::Segment> segments;  // of sources
  const ledger::Deletions& dead;              // of them
  const std::vector<std::string>& key;
  const std::string& target;
};

/// Leaves in the reading the rows that win; the others count as duplicates: the same row again, or
/// one whose key has a later row. Errors: kInvalidInput for a key that is no column.
/// Cost: O(rows), memory for the keys of the reading.
Result<Merged> merge(const MergeInput& input, Reading& reading);
/// The rows that are not `gone` (ascending).
table::Table without(table::Table rows, std::span<const std::size_t> gone);

}  // namespace rondo::collect
