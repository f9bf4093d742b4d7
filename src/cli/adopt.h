// backtest --adopt: the policy that did best, put to work.
#pragma once

#include "cli/command.h"
#include "loop/choice.h"

namespace rondo::cli {

/// Adds to the list of policies what --adopt compares: the project's own, and the named one.
/// Errors: kInvalidInput for a rehearsed fault, which is no history to choose on.
Result<void> prepare_adoption(const Args& args, loop::BacktestOptions& options);

/// Chooses, shows (or adds "adopt" to `json`), and writes rondo.toml if the gain is clear or the
/// policy was named. Gives the exit code: kNotGoodEnough when the gain can be chance.
Result<int> adopt(const Args& args, loop::BacktestResult& result);

}  // namespace rondo::cli
