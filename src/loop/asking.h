// What the service of a project says and takes without a state of its own.
#pragma once

#include "loop/service.h"
#include "loop/state.h"

namespace rondo::loop {

/// A label that the model's answers cannot be compared with would judge nothing and stand in the
/// way of the true one. Errors: kInvalidInput naming the first.
Result<void> demand_fitting(std::span<const FeedbackItem> items,
                            const model::Pipeline::Parts& parts);
/// Makes those labels durable whose ids were answered; they came `now`.
Result<FeedbackResult> take_labels(
    ledger::Ledger& ledger, std::span<const FeedbackItem> items, Time now,
    const std::function<Result<bool>(const std::string&)>& is_answered);
/// Leaves a request to the loop, here or of another program, and waits for its answer. An empty key
/// becomes one of its own. Errors: kUnavailable when no loop is there.
Result<Json> ask_loop(ledger::Ledger& ledger, ledger::Request request, bool loop_here);
/// What is wrong with the prediction log, as a sentence; `last`: of the answers that were dropped.
std::string log_sentence(const std::optional<Error>& problem, std::uint64_t dropped,
                         Time last);
/// The numbers that follow from the facts, and the problem that they tell when nothing else is
/// wrong.
void add_state(const State& now, LoopNumbers& numbers);

}  // namespace rondo::loop
