// Served predictions that got their label, gathered for a collection: the way from serving back to
// Data Collection.
#pragma once

#include "ledger/store.h"
#include "loop/state.h"

namespace rondo::loop {

struct Served {
  Json groups;               // as collect/served.h reads them
  std::uint64_t rows = 0;
  std::int64_t through = 0;  // every label up to this row of their table is in here, or never will
};

/// What got its first label after state.served_through, with its newest value. A label whose answer
/// is in no log is passed over. The log must be flushed before. Errors: kIo, kCorrupt. Cost: reads
/// the whole prediction log, once a collection.
Result<Served> gather_served(ledger::Store& store, const State& state);

/// Labels that came since; an upper bound of the rows that gather_served() would give.
Result<std::int64_t> served_waiting(ledger::Store& store, const State& state);

}  // namespace rondo::loop
