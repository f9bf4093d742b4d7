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

/// What a project's page is made of, as the views of loop/ give it. `profile` null: no data yet.
struct ProjectPage {
  Json status, history, models, decisions, signals, profile;
};
/// A project: status, tracker, process table, models, data, decisions and signals.
std::string project_report(const ProjectPage& page);
/// Of that page: the columns of a profile (loop/profile_view.h), with their distributions.
std::string data_section(const Json& profile);

/// Text for HTML.
std::string escaped(std::string_view text);

}  // namespace rondo::cli
