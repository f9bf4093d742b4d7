// Self-contained HTML: style and pictures inside, no script, no outside link, the same bytes for
// the same input. What one would rather look at than read.
#pragma once

#include <string>

#include "io/json.h"
#include "loop/run.h"

namespace rondo::cli {

/// Error over time for each policy, with alarms, refusals and deployments marked; the policy table.
std::string backtest_report(const loop::BacktestResult& result);

/// What is a false cycle.
inline constexpr const char* kFalseCycles =
    "a false cycle promoted nothing, or its model saved less than a cycle costs while it served";
/// Says that labels came so long after their rows, whatever rondo.toml says.
std::string delay_sentence(Span delay);
/// Over which rows the values of a backtest are, in a sentence.
std::string rows_sentence(const loop::BacktestResult& result);

/// What a project's page is made of, as the views of loop/ give it. `profile` null: no data yet;
/// `shifts` by the hour for a year, else by the day.
struct ProjectPage {
  Json status, history, models, decisions, signals, profile, shifts;
};
/// A project: status, tracker, process table, models, data, decisions and signals.
std::string project_report(const ProjectPage& page);
/// Of that page: the columns of a profile (loop/profile_view.h), with their distributions.
std::string data_section(const Json& profile);

/// Of that page: how far each column was from its training, window by window (loop/shift_view.h).
std::string shifts_section(const Json& shifts);

/// A version: how it was made and judged, where it fails, why it answers. `card` as card_view()
/// gives it; `reasons` as explain_view(), or null when it has none.
std::string model_report(const Json& card, const Json& reasons);

/// The beginning of a page, up to its body, with the style of all of them.
std::string page_head(std::string_view title);
/// A column for each (key, title), numbers to the right; what a row lacks is "-".
std::string html_table(const std::vector<std::pair<const char*, const char*>>& columns,
                       const Json& rows);
/// Text for HTML.
std::string escaped(std::string_view text);

}  // namespace rondo::cli
