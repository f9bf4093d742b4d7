// Whether settings of evaluation can be read, for whoever loads them before any model is there.
#pragma once

#include <optional>

#include "io/json.h"
#include "model/prepared.h"

namespace rondo::evaluate {

/// [evaluate] cost. Errors: kInvalidInput.
Result<void> check_cost(const Json& cost);
/// [monitor] loss beside [evaluate] metric and cost, of this task if it is known. Errors:
/// kInvalidInput.
Result<void> check_loss(std::string_view loss, std::string_view metric, const Json& cost,
                        std::optional<model::Task> task);
/// [evaluate] calibrate, of this task. Errors: kInvalidInput.
Result<void> check_calibrate(std::string_view calibrate, model::Task task);
/// [evaluate] slices. Errors: kInvalidInput.
Result<void> check_slices(const Json& slices);
/// [[evaluate.invariant]]. Errors: kInvalidInput naming the table by its number.
Result<void> check_invariants(const Json& list);

}  // namespace rondo::evaluate
