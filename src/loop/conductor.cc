// The loop itself, and the one commit between two steps.
#include "loop/conductor.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "loop/basis.h"
#include "loop/plan.h"
#include "loop/served.h"
#include "loop/stand_in.h"

namespace rondo::loop {
namespace {

constexpr Span kLookAgain = Span::millis(100);

Json started_body(const Action& action, const State& state, const std::string& policy) {
  Json body = {{"stage", text_of(action.stage).name},
               {"action", text_of(action.stage).action},
               {"cycle", action.cycle},
               {"reason", action.reason},
               {"policy", policy}};
  if (action.stage == Stage::kTraining) {
    const double rows = static_cast<double>(state.labelled);
    // Predicted, so that a replay decides alike on any machine: 1 us a row and boosting round of a
    // hundredth of its 2,000 rounds, which is what bikes and adult measure within a factor of two.
    body["predicted_cpu_s"] = 0.05 + rows * 20e-6;
  }
  return body;
}

Json finished_body(const Outcome& outcome, std::optional<Stage> next) {
  return {{"stage", text_of(outcome.stage).name},
          {"cycle", outcome.cycle},
          {"result", outcome.result},
          {"next", next ? text_of(*next).name : std::string_view("rest")},
          {"reason", outcome.reason},
          {"outputs", outcome.outputs},
          {"evidence", outcome.evidence}};
}

void add_version(Entry& entry, const State& state, const Outcome& outcome, Time now,
                 std::int64_t version, const std::string& who, const std::string& why) {
  Json body = {{"version", version},
               {"cycle", outcome.cycle},
               {"dataset", state.dataset},
               {"pipeline", outcome.outputs.at("pipeline")},
               {"metrics", io::get_or<Json>(outcome.evidence, "metrics", Json::object())}};
  for (const char* number : {"labelled", "label_until_us", "trees", "features"}) {
    body[number] = io::get_or<std::int64_t>(outcome.evidence, number, 0);
  }
  if (state.outputs.contains("evidence")) {  // what the gate measured, which no test row trained
    for (const char* name : {"prepared", "candidate"}) body[name] = state.outputs.at(name);
  }
  entry.facts.push_back({now, "version", outcome.step, std::move(body)});
  if (state.rollout && (state.rollout->proves || !state.rollout->stands_in.empty())) {
    entry.facts.push_back({now, "rollout", state.rollout->step,
                           {{"act", "end"}, {"challenger", state.rollout->challenger},
                            {"champion", state.champion}, {"who", "policy"},
                            {"why", fmt::format("v{} takes its place", version)}}});
  }
  if (outcome.result == kRollingOut) {
    Json begin = outcome.evidence.at("rollout");
    begin["act"] = "begin";
    begin["challenger"] = version;
    begin["champion"] = state.champion;
    begin["who"] = who;
    begin["why"] = why;
    entry.facts.push_back({now, "rollout", outcome.step, std::move(begin)});
    return;
  }
  Json switches = {{"from", state.champion}, {"to", version}, {"who", who}, {"why", why}};
  const Span watched{io::get_or<std::int64_t>(outcome.evidence, "watched_us", 0)};
  if (watched > Span{}) switches["watched_until"] = to_text(now + watched);
  entry.facts.push_back({now, "deployed", outcome.step, std::move(switches)});
}

/// An older version answers while a column is broken, and until it is well again.
void stand_in_or_end(const std::optional<StandIn>& found, const State& state, Time at,
                     Entry& entry) {
  if (found && (!state.rollout || state.rollout->watched)) {
    entry.facts.push_back({at, "decision", state.steps,
                           {{"about", "rollout"}, {"answer", "roll back"}, {"cause", "broken"},
                            {"reason", fmt::format("v{} answers in place of v{}: {}",
                                                   found->version, state.champion, found->why)},
                            {"numbers", {{"challenger", found->version},
                                         {"champion", state.champion}}}}});
    entry.facts.push_back({at, "rollout", state.steps,
                           {{"act", "begin"}, {"challenger", found->version},
                            {"champion", state.champion}, {"stands_in", found->column},
                            {"who", "policy"}, {"why", found->why}}});
    return;
  }
  if (!state.rollout || state.rollout->stands_in.empty()) return;
  const std::string& column = state.rollout->stands_in;
  if (!is_well(state, column)) return;
  entry.facts.push_back({at, "rollout", state.steps,
                         {{"act", "end"}, {"challenger", state.rollout->challenger},
                          {"champion", state.champion}, {"who", "policy"},
                          {"why", fmt::format("\"{}\" is well again", column)}}});
}

}  // namespace

Result<Entry> finish(const State& state, const Outcome& outcome, Time now,
                     std::int64_t version_floor, const std::string& who, const std::string& why) {
  if (!state.open || state.open->step != outcome.step) {
    return fail(Code::kConflict, fmt::format("step {} is not the one that runs", outcome.step));
  }
  Entry entry;
  const bool deploys = outcome.stage == Stage::kDeployment &&
                       (outcome.result == "deployed" || outcome.result == kRollingOut);
  const bool serves = state.champion != 0 || deploys;
  const std::optional<Stage> after = next(outcome.stage, outcome.result, serves);
  Json body = finished_body(outcome, after);
  if (outcome.result == "failed") {
    body["failed_inputs"] = io::get_or<std::string>(outcome.evidence, "failed_inputs", "");
  }
  entry.facts.push_back({now, "step_finished", outcome.step, std::move(body)});
  if (deploys) {
    RONDO_FAILPOINT(kPromoteBegin);
    const std::int64_t version = std::max(state.newest_version, version_floor) + 1;
    add_version(entry, state, outcome, now, version, who, why);
  }
  entry.journal.push_back({0, now, "attempt_ended", outcome.step, outcome.measured});
  return entry;
}

Result<std::int64_t> version_floor(ledger::Ledger& ledger) {
  const Json kept = TRY(ledger.projection("version_floor")).value_or(Json(0));
  return kept.is_number_integer() ? kept.get<std::int64_t>() : 0;
}

Conductor::Conductor(Parts parts) : parts_(std::move(parts)) {}
Conductor::~Conductor() = default;

void Conductor::tell(const Json& event) const {
  if (parts_.observer) parts_.observer(event);
}

bool Conductor::collects_served(const State& state) const {
  return served_counts(*parts_.config, state) && !parts_.world->as_of();
}

Result<Snapshot> Conductor::snapshot(const State& state, const SourceNews& news) const {
  Snapshot now = seen(state, news, parts_.clock->now(), parts_.world->as_of().has_value());
  now.stay = parts_.world->stays();
  if (collects_served(state)) {
    now.served_labelled = TRY(served_waiting(*parts_.store, state, now.now));
  }
  if (watch_) {
    now.windows_due = watch_->matured(now.now).has_value() || watch_->silent(now.now);
    now.watch = watch_->summary();
  }
  return now;
}

Json Conductor::basis(const Snapshot& now, const Due& due) const {
  const bool waits = !due.yes && watch_;
  return basis_of(now, parts_.policy, waits ? watch_->turns_at(now.now) : std::nullopt);
}

Result<std::optional<Action>> Conductor::record(const std::optional<Outcome>& outcome) {
  std::optional<Action> action;
  const Time at = parts_.clock->now();
  const std::int64_t floor = TRY(version_floor(*parts_.store->ledger));
  const auto decide = [&](const State& state) -> Result<Entry> {
    Entry entry;
    State after = state;
    if (outcome) {
      entry = TRY(finish(state, *outcome, at, floor, "policy", outcome->reason));
      TRY(fold_new(after, entry.facts));
    }
    // What a collection took in is no news any more.
    if (outcome && outcome->stage == Stage::kCollection) news_ = TRY(parts_.world->peek(after));
    const Snapshot now = TRY(snapshot(after, news_));
    action = parts_.policy.next(now);
    if (action && !action->resumes) {
      entry.facts.push_back({at, "step_started", action->step,
                             started_body(*action, after, parts_.policy.name())});
      entry.journal.push_back({0, at, "attempt", action->step, {{"attempt", 1}}});
    }
    return entry;
  };
  RONDO_FAILPOINT(kStepFinish);
  const State before = parts_.desk->look();
  const State after = TRY(parts_.desk->append(decide));
  RONDO_FAILPOINT(kStepStart);
  anything_ = anything_ || after.sequence > before.sequence;
  if (!same_routing(after, before)) {
    RONDO_FAILPOINT(kPromoteAfterCommit);
    TRY(parts_.world->changed(after));
  }
  if (after.champion != before.champion) {
    tell({{"event", "deployed"}, {"version", after.champion}, {"at", to_text(at)},
          {"step", outcome ? outcome->step : 0}});
  }
  if (outcome) {
    const std::string next_name(after.next ? text_of(*after.next).name : "rest");
    tell({{"event", "step_finished"}, {"step", outcome->step}, {"cycle", outcome->cycle},
          {"stage", text_of(outcome->stage).name}, {"action", text_of(outcome->stage).action},
          {"result", outcome->result}, {"next", next_name}, {"reason", outcome->reason},
          {"at", to_text(at)}, {"measured", outcome->measured}});
  }
  return action;
}

Result<void> Conductor::attach_watch(const State& state) {
  if (state.champion == 0 || (watch_ && watch_->version() == state.champion)) return {};
  auto pipeline = parts_.world->loaded(state.champion);
  if (!pipeline) {
    const std::string& hex = state.versions.at(state.champion).pipeline;
    const std::string bytes = TRY(parts_.store->objects->get(TRY(io::Digest::from_hex(hex))));
    pipeline = TRY(model::Pipeline::load(bytes));
  }
  auto watch = TRY(Watch::open(*parts_.store, parts_.config->monitor, std::move(pipeline),
                               state.champion));
  if (watch_) watch->take_over(std::move(*watch_));
  watch_ = std::move(watch);
  return {};
}

/// At rest, with nothing new anywhere: `run` ends before it loads a model.
Result<bool> Conductor::nothing_to_do(const State& state, bool acted) const {
  const bool news = state.retry || !state.backfill.empty() || news_.changed;
  if (acted || watch_ || parts_.world->stays() || state.open || state.next || news) {
    return false;
  }
  const Time now = parts_.clock->now();
  if (state.champion != 0 && !TRY(Watch::quiet(*parts_.store, state.champion, now))) return false;
  return !parts_.policy.next(TRY(snapshot(state, news_)));
}

Result<void> Conductor::run(const Stop& stop) {
  std::optional<Outcome> outcome;
  for (;;) {
    TRY(parts_.world->requests());
    const State state = parts_.desk->look();
    news_ = TRY(parts_.world->peek(state));
    if (TRY(nothing_to_do(state, outcome.has_value()))) return {};
    TRY(attach_watch(state));
    if (watch_ && !outcome) TRY(watch_->read());
    const std::optional<Action> action = TRY(record(outcome));
    outcome.reset();
    if (stop.requested()) return {};
    if (!action) {
      if (!parts_.world->stays()) return {};
      tell({{"event", "looked"}, {"late_labels", watch_ ? watch_->late_labels() : 0}});
      TRY(parts_.clock->wait_for_news(stop, kLookAgain));
      if (stop.requested()) return {};
      continue;
    }
    outcome = TRY(perform(*action, stop));
    if (!outcome && stop.requested()) return {};
    if (outcome && outcome->waits) {
      outcome.reset();
      if (!parts_.world->stays()) return {};
    }
    if (outcome && outcome->error) last_error_ = outcome->error;
    if (outcome && outcome->stage == Stage::kEvaluation && outcome->result == "not better") {
      refused_ = true;
    }
  }
}

Result<std::optional<Outcome>> Conductor::perform(const Action& action, const Stop& stop) {
  tell({{"event", "step_started"}, {"step", action.step}, {"cycle", action.cycle},
        {"stage", text_of(action.stage).name}, {"action", text_of(action.stage).action},
        {"reason", action.reason}, {"resumes", action.resumes}});
  if (action.stage == Stage::kMonitoring) return monitor(action, stop);
  auto outcome = carry_out(action, stop);
  if (!outcome && outcome.error().code == Code::kCancelled && stop.requested()) {
    return std::nullopt;
  }
  if (!outcome) return std::unexpected(std::move(outcome).error());
  return std::optional(*std::move(outcome));
}

Result<void> Conductor::judge_windows(const Action& action) {
  while (const std::optional<Watch::Turn> turn = watch_->due(parts_.clock->now())) {
    const Watch::Judged judged = TRY(watch_->look(*turn));
    const Time at = parts_.clock->now();
    std::vector<ledger::JournalEntry> seen;
    if (!judged.windows.is_null()) seen.push_back({0, at, "shift_windows", 0, judged.windows});
    // Inputs that tell nothing are looked at again after a restart, and tell nothing then.
    if (!turn->labels && judged.signals.empty()) {
      if (!seen.empty()) TRY(parts_.desk->note(seen, {{"watch", watch_->projection()}}));
      continue;
    }
    RONDO_FAILPOINT(kWatchAdvance);
    Due due;
    const State before = parts_.desk->look();
    const auto stand_in = TRY(find_stand_in(*parts_.store, *parts_.config, before, judged.signals));
    const State after = TRY(parts_.desk->append([&](const State& state) -> Result<Entry> {
      Entry entry;
      for (const monitor::Signal& signal : judged.signals) {
        entry.facts.push_back({at, "signal", action.step, monitor::to_json(signal)});
      }
      State folded = state;
      TRY(fold_new(folded, entry.facts));
      if (!parts_.policy.crontab()) stand_in_or_end(stand_in, folded, at, entry);
      TRY(fold_new(folded, std::span(entry.facts).subspan(judged.signals.size())));
      const Snapshot now = TRY(snapshot(folded, news_));
      due = parts_.policy.due(now);
      Json decision = {{"about", "cycle"}, {"answer", due.yes ? "yes" : "no"},
                       {"reason", due.reason}, {"numbers", due.numbers},
                       {"window", to_text(judged.from)}, {"rows", judged.rows},
                       {"labelled", judged.labelled},
                       {"basis", basis(now, due)}};
      if (judged.share < 1) decision["share"] = judged.share;
      if (!turn->labels) decision["of"] = "inputs";
      entry.facts.push_back({at, "decision", action.step, std::move(decision)});
      entry.journal = seen;
      entry.projections.push_back({"watch", watch_->projection()});
      return entry;
    }));
    tell_signals(judged.signals, at);
    if (after.kept.size() != before.kept.size() || !judged.signals.empty()) {
      TRY(parts_.world->changed(after));
    }
    if (due.yes) {
      tell({{"event", "decision"}, {"answer", "yes"}, {"reason", due.reason}, {"at", to_text(at)}});
      return {};
    }
  }
  return {};
}

void Conductor::tell_signals(const std::vector<monitor::Signal>& signals, Time at) const {
  for (const monitor::Signal& signal : signals) {
    tell({{"event", "signal"}, {"sentence", signal.sentence}, {"kind", signal.kind},
          {"open", signal.open}, {"pages", pages(signal)}, {"at", to_text(at)}});
  }
}

Result<void> Conductor::notice_silence(const Action& action) {
  const Time at = parts_.clock->now();
  const std::vector<monitor::Signal> signals = watch_->silence(at);
  if (signals.empty()) return {};
  TRY(parts_.desk->append([&](const State&) -> Result<Entry> {
    Entry entry;
    for (const monitor::Signal& signal : signals) {
      entry.facts.push_back({at, "signal", action.step, monitor::to_json(signal)});
    }
    entry.projections.push_back({"watch", watch_->projection()});
    return entry;
  }));
  tell_signals(signals, at);
  return {};
}

Result<std::optional<Outcome>> Conductor::monitor(const Action& action, const Stop& stop) {
  Outcome outcome{action.step, action.cycle, action.stage, "performs well", "", {}, Json::object(),
                  Json::object(), false, std::nullopt};
  for (;;) {
    TRY(attach_watch(parts_.desk->look()));
    if (watch_) {
      TRY(parts_.world->flush());
      TRY(watch_->read());
      TRY(judge_windows(action));
      TRY(notice_silence(action));
    }
    const Snapshot now = TRY(snapshot(parts_.desk->look(), news_));
    const Due due = parts_.policy.due(now);
    if (due.yes || !parts_.world->stays()) {
      if (due.yes) outcome.result = "needed";
      outcome.reason = due.reason.starts_with("no: ") ? due.reason.substr(4) : due.reason;
      outcome.evidence = due.numbers;
      outcome.evidence["basis"] = basis(now, due);
      return std::optional(outcome);
    }
    tell({{"event", "looked"}, {"late_labels", watch_ ? watch_->late_labels() : 0}});
    TRY(parts_.clock->wait_for_news(stop, kLookAgain));
    if (stop.requested()) return std::nullopt;
    TRY(parts_.world->requests());
    news_ = TRY(parts_.world->peek(parts_.desk->look()));
  }
}

}  // namespace rondo::loop
