// The tables of rondo.db, and the way from an older format to the present one: forward only, one
// transaction a step. Fields: docs/FORMATS.md, "Store".
#pragma once

#include "ledger/sqlite.h"

namespace rondo::ledger {

/// Makes the tables of a new store, or migrates an older one. Errors: kConflict when a newer
/// program wrote it (both versions are named); kNotFound when it is empty and `create` is false.
Result<void> prepare_schema(Db& db, const io::Path& file, bool create);
/// The same without writing: for readers.
Result<void> check_schema(Db& db, const io::Path& file);

}  // namespace rondo::ledger
