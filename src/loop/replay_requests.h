// Logged requests answered once more: by the version that answered, to show that its bits are still
// the same; by another one, to show how it would have answered, before it is promoted.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"

namespace rondo::loop {

struct RequestsWish {
  std::int64_t version = 0;
  Time from = kBeginningOfTime, to = kEndOfTime;  // when they were answered; `to` is outside
};

/// {"version","from"?,"to"?,"rows","passed_over","answered_by":[{"version","rows","bit_equal"}],
/// "difference":{"rows","mean","p50","p90","p99","max","class_changed"}?,
/// "loss":{"metric","rows","logged","replayed","note"?}?}. "bit_equal" counts the rows whose value,
/// class and probabilities came out with the logged bits. A difference is that of the values (the
/// probability of the positive class, the greatest difference of a probability), without the rows
/// that `version` answered itself; percentiles to 1 %. A row is passed over, with its reason, when
/// the version cannot read it. What the version's lags ask is answered as of the logged time, by
/// the record where the same version wrote it.
/// Errors: kNotFound (no such version), kCorrupt, kIo. Cost: reads the whole log and all labels.
Result<Json> replay_requests(ledger::Store& store, const Config& config, const RequestsWish& wish);

}  // namespace rondo::loop
