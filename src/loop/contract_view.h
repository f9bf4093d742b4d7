// What was agreed about the columns of a dataset version, beside what was seen in it.
#pragma once

#include "ledger/store.h"

namespace rondo::loop {

/// {"version","contract" (its number),"file" (digest of the contract.toml that was taken over, or
/// null),"columns":[{"name","type","nullable","values" (or null),"range" (or null; an end may be
/// null),"seen":{"rows","missing","distinct","values" (20 at most; null when there are more),"min",
/// "max" (null of texts)}}]}. `number` 0: the newest. Errors: as profile_view(). Cost: a profile.
Result<Json> contract_view(ledger::Store& store, std::int64_t number, const io::Path& temp);

}  // namespace rondo::loop
