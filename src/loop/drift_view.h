// The drift between two files that nobody described: read, typed alike, measured column by column
// on all processors.
#pragma once

#include "collect/init.h"
#include "monitor/drift.h"

namespace rondo::loop {

/// {"reference":{"file","rows"},"current":{"file","rows"},"like","level","moved","measured",
/// "dataset_moved" (null: the convention judges no whole),"gone":[names],"come":[names],"remarks":
/// [sentences],"columns":[..]}; the columns that moved first, each the farther the earlier:
/// {"name","type","measure","distance","p","p_holm","threshold","moved","why","reference":{"rows",
/// "missing","unread" and of numbers "mean","sd","min","max","quantiles"},"current":{the same},
/// "measures":{..},"histogram":{"low","high","reference":[counts],"current":[counts]}}; of
/// categories in place of the histogram "values","top":[{"value","reference","current"}],"new" and
/// "lost":{"count","rows","values":[..]} and "widest", the value whose share changed most. Of a
/// text the numbers are its lengths in bytes. The same bits whatever `threads` is.
Json drift_of(const collect::Pair& pair, const monitor::DriftWish& wish, std::size_t threads);

/// The same of two files, named beside their rows. Errors: as collect::read_pair().
Result<Json> drift_view(io::Fs& fs, const collect::PairFiles& files, const monitor::DriftWish& wish,
                        const io::Path& temp);

}  // namespace rondo::loop
