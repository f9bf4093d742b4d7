// Reading a dataset version back: its Parquet segments, verified, in order, as one table.
#pragma once

#include "ledger/manifest.h"
#include "ledger/objects.h"
#include "table/table.h"

namespace rondo::ledger {

/// All rows of a dataset version, segments in order, with `_time` when there is a clock; sorted by
/// event time (stable). `temp` is a folder for DuckDB. Errors: kCorrupt, kNotFound.
Result<table::Table> read_dataset(const Manifest& manifest, const Objects& objects,
                                  const io::Path& temp);

}  // namespace rondo::ledger
