// Rows that were rejected once, tried again under the contract of today. What is taken is marked as
// resolved in the manifest, by the place where it was written down; nothing is deleted.
#pragma once

#include "collect/source.h"
#include "ledger/manifest.h"

namespace rondo::collect {

struct Retry {
  struct Place {
    std::string object;      // the digest of the rejects' object, hex
    std::uint32_t line = 0;  // in it, from 0
  };
  std::vector<Source> sources;
  std::vector<Place> places;    // of each row of all sources, in order
  std::uint64_t unreadable = 0;  // what could not be split into fields must be mended in its file
};

/// All that was rejected up to this version and is not resolved. Errors: kCorrupt. Cost: reads the
/// rejects of every version.
Result<Retry> rejected_before(const ledger::Manifest& newest, const ledger::Objects& objects,
                              const table::Dialect& dialect);
/// Adds the places whose row was taken.
void resolve(const Retry& retry, const std::vector<bool>& taken, ledger::Manifest& manifest);
/// Adds those that a backfill took: their file and record are among the origins of the rows.
/// Shape: `origin` has the columns of ledger::kOrigin. Errors: as rejected_before().
Result<void> resolve_filled(const ledger::Manifest& before, const ledger::Objects& objects,
                            const table::Table& origin, ledger::Manifest& manifest);

}  // namespace rondo::collect
