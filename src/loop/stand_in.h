// What answers while a column of the champion is broken: an older version that does without it, if
// on the last labelled rows before the fault it errs less than the champion does with that column
// missing. The champion stays what it is: requests are read, logged and watched as its own, so the
// end of the fault is seen, and then it answers again. Nothing is trained meanwhile.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ledger/store.h"
#include "loop/config.h"
#include "loop/state.h"

namespace rondo::loop {

/// What a version reads, and how it does without the column.
struct Reader {
  std::int64_t version = 0;
  std::vector<std::string> columns;  // inputs, and what its lags are of
  double loss = 0;                   // its mean on the last rows, of the champion with the column
                                     // missing
};

struct StandIn {
  std::int64_t version = 0;
  std::string column, why;
};

/// Whether it reads nothing but columns of the champion, as requests may have no more, and not the
/// broken one.
bool does_without(const Reader& one, const Reader& champion, const std::string& column);
/// The one of the least loss below the champion's; the first at ties. Shape: each does without the
/// column. `rows` and `metric` are for the sentence. Pure.
std::optional<StandIn> stand_in(const Reader& champion, std::span<const Reader> archived,
                                const std::string& column, std::size_t rows,
                                std::string_view metric);

/// Of a fault that these signals tell, among the last three versions that served before. None
/// where fewer than 100 labelled answers of the champion are known of the 60 days before it.
/// Errors: those of pipelines, log and labels. Cost: when a column broke it loads four pipelines
/// and reads the log, else nothing.
Result<std::optional<StandIn>> find_stand_in(ledger::Store& store, const Config& config,
                                             const State& state,
                                             std::span<const monitor::Signal> signals);

/// Whether the column for which a version stands in is well again.
bool is_well(const State& state, const std::string& column);

}  // namespace rondo::loop
