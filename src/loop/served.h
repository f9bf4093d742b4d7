// Served predictions that got their label, gathered for a collection: the way from serving back to
// Data Collection. A label is taken when it counts as known, label_delay after the prediction's
// time, as every row's is; in order of arrival, so that one number says what was taken.
#pragma once

#include "ledger/store.h"
#include "loop/state.h"

namespace rondo::loop {

struct Served {
  Json groups;               // as collect/served.h reads them
  std::uint64_t rows = 0;
  std::int64_t through = 0;  // every label up to this row of their table is in here, or never will
  Time look_after;           // as many labels as are wanted count as known from then on
};

struct ServedWish {
  Time now;
  Span label_delay;          // 0 without a clock
  std::int64_t wanted = 0;   // rows from which a training is due
};

/// What got its first label after state.served_through, with its newest value. A label whose answer
/// is in no log is passed over. The log must be flushed before. Errors: kIo, kCorrupt. Cost: reads
/// the whole prediction log, once a collection.
Result<Served> gather_served(ledger::Store& store, const State& state, const ServedWish& wish);

/// Labels that came since, when it is time to look at them: an upper bound of what gather_served()
/// would give.
Result<std::int64_t> served_waiting(ledger::Store& store, const State& state, Time now);

}  // namespace rondo::loop
