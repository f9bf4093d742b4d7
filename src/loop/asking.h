// What the service of a project says and takes without a state of its own.
#pragma once

#include "loop/service.h"
#include "loop/state.h"

namespace rondo::loop {

/// A label that the model's answers cannot be compared with would judge nothing and stand in the
/// way of the true one. Errors: kInvalidInput naming the first.
Result<void> demand_fitting(std::span<const FeedbackItem> items,
                            const model::Pipeline::Parts& parts);
/// The numbers that follow from the facts, and the problem that they tell when nothing else is
/// wrong.
void add_state(const State& now, LoopNumbers& numbers);

}  // namespace rondo::loop
