// The conductor's lease: who may append, by an epoch that only rises. Written with the boot's id
// and CLOCK_BOOTTIME, so neither the wall clock nor a suspended machine matters; with the process,
// so that a holder that was killed can be replaced at once.
#pragma once

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace rondo::ledger {

/// This process, now. Two processes never share one `process` text: "pid:starttime:namespace".
struct Self {
  std::string process;
  std::string boot;
};
Result<Self> this_process(io::Fs& fs);

/// Inside a transaction of the caller. Errors: kConflict naming the holder and the time left.
Result<Lease> take_lease(Db& db, io::Fs& fs, const Self& self, const std::string& holder,
                         Span length);
Result<void> renew_lease(Db& db, const Self& self, const Lease& lease, Span length);
Result<void> release_lease(Db& db, const Lease& lease);
/// Who holds it now; none when it is free, expired, or its process is gone.
Result<std::optional<Lease>> lease_holder(Db& db, io::Fs& fs, const Self& self);
/// Errors: kConflict unless `lease` has the newest epoch and was not given back.
Result<void> check_lease(Db& db, const Lease& lease);
/// A step beyond every epoch given out; nobody holds it then.
Result<void> raise_epoch(Db& db);

}  // namespace rondo::ledger
