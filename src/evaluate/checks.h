// Whether settings of evaluation can be read, for whoever loads them before any model is there.
#pragma once

#include "io/json.h"

namespace rondo::evaluate {

/// [evaluate] cost. Errors: kInvalidInput.
Result<void> check_cost(const Json& cost);
/// [evaluate] slices. Errors: kInvalidInput.
Result<void> check_slices(const Json& slices);
/// [[evaluate.invariant]]. Errors: kInvalidInput naming the table by its number.
Result<void> check_invariants(const Json& list);

}  // namespace rondo::evaluate
