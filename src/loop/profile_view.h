// The profile of a dataset version, its columns and blocks shared among threads.
#pragma once

#include "ledger/store.h"
#include "table/table.h"

namespace rondo::loop {

/// {"rows","columns":[{"name","type","count","missing","distinct","top":[{"value","count"}], and of
/// what is no text "min","max","mean","sd","quantiles":{"0.01": ..},"histogram":{"low","high",
/// "counts"}}],"correlations":[{"a","b","rows","r"}],"not_correlated":[names]}. Times are texts,
/// their sd and the edges of their histogram too. Correlations: the strongest first, ties by name;
/// `r` null where one is constant. The same bits whatever `threads` is.
Json profile_of(const table::Table& rows, std::size_t threads);

/// The same of a dataset version (0: the newest), with its "version", "digest", the version
/// "before" it (null: none) and "drift" since then, as moves() measures it: [{"name","distance",
/// "missing_before","missing_after"}]. Errors: as dataset_version(), kCorrupt.
Result<Json> profile_view(ledger::Store& store, std::int64_t number, const io::Path& temp,
                          const std::string& table = {});

}  // namespace rondo::loop
