// Rehearsal of a broken source: cells of one column are replaced for a while, as if the source had
// failed. {"column", "value", "from", "to"}; times as text.
#pragma once

#include "io/json.h"
#include "table/table.h"

namespace rondo::collect {

/// Shape: times has a value a row. Errors: kInvalidInput for an unknown column or a wrong value.
Result<table::Table> with_fault(const table::Table& rows, std::span<const Time> times,
                                const Json& fault);

}  // namespace rondo::collect
