// Self-contained HTML: style and pictures inside, no script, no outside link, the same bytes for
// the same input. What one would rather look at than read.
#pragma once

#include <string>

#include "io/json.h"
#include "loop/run.h"

namespace rondo::cli {

/// Error over time for each policy, with alarms, refusals and deployments marked; the policy table.
std::string backtest_report(const loop::BacktestResult& result);

/// Over which rows the values of a backtest are, in a sentence.
std::string rows_sentence(const loop::BacktestResult& result);

/// A project: status, tracker, process table, models, decisions and signals.
std::string project_report(const Json& status, const Json& history, const Json& models,
                           const Json& decisions, const Json& signals);

/// Text for HTML.
std::string escaped(std::string_view text);

}  // namespace rondo::cli
