// What a person may decide, turned into facts: one function for a command that holds the lease
// itself and for a running `up` that finds the request in the store. Recorded with who and why.
#pragma once

#include "loop/desk.h"

namespace rondo::loop {

/// Carries out one request and answers it. The Json is what the asker sees. Errors of the person
/// (unknown version, nothing waits) are answers too: {"error": {...}}.
/// While the clock is in doubt everything but `accept_clock` is recorded at the last fact's time.
Result<Json> handle(Desk& desk, Time now, const ledger::Request& request,
                    const std::optional<Error>& doubt);

/// All open ones, in order. Returns how many.
Result<std::size_t> handle_open(Desk& desk, Time now, const std::optional<Error>& doubt);

/// Waits until the holder of the lease answered. Errors: what it answered; kUnavailable after 30 s.
Result<Json> wait_for_answer(ledger::Ledger& ledger, std::int64_t id);

}  // namespace rondo::loop
