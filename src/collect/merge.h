// mode = "merge": a key names one row, the later one wins, by event time and then by arrival. What
// it overtakes stays in its segment and is deleted by number.
#pragma once

#include "collect/reading.h"
#include "ledger/dataset.h"

namespace rondo::collect {

struct Merged {
  ledger::Deletions dead;          // all of the segments, those of earlier merges too
  std::uint64_t gone = 0;          // rows of the version before that are dead now
  std::uint64_t labelled_gone = 0; // of them, those with a label
  std::uint64_t of_parts = 0;      // rows of earlier parts of this collection that are dead now
};

struct MergeInput {
  ledger::Segments before;  // under the contract of the reading
  std::size_t parts_from;   // of `before.which`: from here on parts of this collection
  const std::vector<std::string>& key;
  const std::string& target;
};

/// Leaves in the reading the rows that win; the others count as duplicates: the same row again, or
/// one whose key has a later row. Errors: kInvalidInput for a key that is no column; kCorrupt.
/// Cost: O(rows); memory for the keys of the reading and a part of the rows before.
Result<Merged> merge(const MergeInput& input, Reading& reading);

}  // namespace rondo::collect
