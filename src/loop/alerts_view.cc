// Alerts as people and programs read them, beside what the budget of false alarms promised.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "loop/desk.h"
#include "loop/policy.h"
#include "loop/views.h"

namespace rondo::loop {
namespace {

/// Every alert that ended, in the order of ending. Cost: the facts of six kinds.
Result<std::vector<Alert>> closed_alerts(ledger::Ledger& ledger) {
  std::vector<ledger::Fact> facts;
  for (const std::string_view kind : kAlertFacts) {
    for (ledger::Fact& fact : TRY(ledger.facts_of(kind))) facts.push_back(std::move(fact));
  }
  std::ranges::sort(facts, {}, &ledger::Fact::sequence);
  Alerts alerts;
  std::vector<Alert> closed;
  for (const ledger::Fact& fact : facts) TRY(fold(alerts, fact, &closed));
  return closed;
}

/// What was watched by then is what may have alarmed: the windows that were looked at, not the days
/// on which nobody did.
Json budget_of(const Alerts& alerts, const Config& config, const Json& watch) {
  const double rate = config.monitor.false_alarms_per_year;
  Json opened = Json::object();
  for (std::size_t i = 0; i < kSeverities.size(); ++i) {
    opened[std::string(kSeverities[i])] = alerts.opened[i];
  }
  const Time judged{io::get_or<std::int64_t>(watch, "through_us", 0)};
  const Time until = std::max(judged, Time{io::get_or<std::int64_t>(watch, "looked_us", 0)});
  const double years =
      alerts.watched ? std::max(0.0, (until - *alerts.watched).in_days() / monitor::kDaysPerYear)
                     : 0;
  return {{"since", alerts.watched ? Json(to_text(*alerts.watched)) : Json(nullptr)},
          {"years", years},
          {"false_alarms_per_year", rate},
          {"expected", rate * years},
          {"false_notices_per_year", config.monitor.false_notices_per_year},
          {"expected_notices", config.monitor.false_notices_per_year * years},
          {"opened", opened}};
}

/// What the policy makes of the risk now, as it decides: asked, not told again.
std::string answer_to_harm(const State& state, const Config& config, const Json& watch) {
  if (state.paused) return "nothing: the loop is paused (`rondo resume`)";
  const auto policy = Policy::make(config.loop.policy, config.loop, config.collect.min_rows);
  if (!policy) return "nothing: " + policy.error().message;
  Snapshot now;
  now.state = state;
  now.now = wall_clock_now();
  now.watch = io::get_or<Json>(watch, "summary", Json::object());
  const Due due = policy->due(now);
  if (due.yes) return "Data Collection, at the next turn of the loop";
  const std::string why = due.reason.substr(std::string_view("no: ").size());
  return fmt::format("no cycle yet: {}", why.substr(0, why.find(';')));
}

/// When the month has room for a cycle again.
std::string room_again(const Alert& alert, const State& state, const Config& config) {
  constexpr const char* kOr = "or at once with `rondo trigger`";
  std::vector<Time> starts = state.cycles;
  std::ranges::sort(starts);
  const auto budget = static_cast<std::size_t>(config.loop.cycles_per_month);
  const bool by_number =
      alert.signals.front().threshold == static_cast<double>(config.loop.cycles_per_month);
  if (!by_number || starts.size() < budget) {
    return fmt::format("a cycle once its budget has room again, {}", kOr);
  }
  const Time room = starts[starts.size() - budget] + Span::days(30);
  return fmt::format("a cycle from {} on, {}", to_text(room), kOr);
}

}  // namespace

std::string next_of(const Alert& alert, const State& state, const Config& config,
                    const Json& watch) {
  const bool budget = !alert.signals.empty() && alert.signals.front().kind == kBudget;
  if (budget) return room_again(alert, state, config);
  const bool asks = alert.severity == Severity::kRisk ||
                    (alert.severity == Severity::kDrift && config.loop.policy == "drift");
  if (asks) return answer_to_harm(state, config, watch);
  if (alert_json(alert, alert.opened).at("keeps_rows_out").get<bool>()) {
    return "its rows train nothing; three clean windows end it, a training does not";
  }
  return "nothing by itself: it explains, the risk decides; three clean windows end it";
}

std::string alert_line(const Alert& alert, Time now) {
  const std::string_view state = alert.state_at(now);
  std::string mark = alert.name();
  if (state == "snoozed") mark += fmt::format(", snoozed until {}", to_text(*alert.snoozed->until));
  else if (state != "open") mark += fmt::format(", {}", state);
  return fmt::format("{} ({})", alert.sentence(), mark);
}

Result<Json> alerts_view(ledger::Store& store, const Config& config, bool all) {
  const State state = TRY(read_state(*store.ledger));
  const Json watch = TRY(store.ledger->projection("watch")).value_or(Json::object());
  const Time now = std::max(wall_clock_now(), state.last_at);
  Json rows = Json::array();
  if (all) {
    for (const Alert& alert : TRY(closed_alerts(*store.ledger))) {
      rows.push_back(alert_json(alert, now));
    }
  }
  for (const Alert& alert : refreshed(state.alerts.open, watch)) {
    Json row = alert_json(alert, now);
    row["next"] = next_of(alert, state, config, watch);
    rows.push_back(std::move(row));
  }
  return Json{{"alerts", rows}, {"budget", budget_of(state.alerts, config, watch)}};
}

}  // namespace rondo::loop
