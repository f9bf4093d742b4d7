// The fold itself: one small function a kind of fact. A kind that it does not know is an error,
// since an older program must not guess what a newer one meant.
#include <fmt/format.h>

#include <algorithm>

#include "loop/state.h"

namespace rondo::loop {
namespace {

using ledger::Fact;

constexpr Span kMonth = Span::days(31);

Result<void> started(State& s, const Fact& fact) {
  OpenStep step;
  step.step = fact.step;
  step.cycle = io::get_or<std::int64_t>(fact.body, "cycle", 0);
  step.stage = TRY(stage_from(io::get_or<std::string>(fact.body, "stage", "")));
  step.reason = io::get_or<std::string>(fact.body, "reason", "");
  step.started = fact.at;
  if (step.stage == Stage::kCollection && step.cycle > s.cycle) {
    s.cycle = step.cycle;
    s.outputs.clear();
    s.trigger.clear();
    s.cycle_started = fact.at;
  }
  // From Preparation on: the same rows would end in the same way again, and what a drift asked for
  // is done. A collection that goes no further leaves it open, and a risk stays until a promotion
  // mends it or it is over: right after a change there may be too few rows to learn from.
  if (step.stage == Stage::kPreparation) {
    s.attempted_labelled = s.labelled;
    s.drift_signals = 0;
  }
  if (step.stage == Stage::kTraining) {
    std::erase_if(s.cycles, [&](Time t) { return fact.at - t > kMonth; });
    s.cycles.push_back(fact.at);
    s.cycle_cpu.push_back(io::get_or<double>(fact.body, "predicted_cpu_s", 0));
    while (s.cycle_cpu.size() > s.cycles.size()) s.cycle_cpu.erase(s.cycle_cpu.begin());
  }
  s.open = step;
  return {};
}

void take_dataset(State& s, const Json& evidence) {
  s.manifest = s.outputs["manifest"];
  s.dataset = io::get_or<std::int64_t>(evidence, "dataset", s.dataset);
  s.rows = io::get_or<std::int64_t>(evidence, "rows", s.rows);
  s.labelled = io::get_or<std::int64_t>(evidence, "labelled", s.labelled);
  const auto newest = parse_time(io::get_or<std::string>(evidence, "newest", ""));
  if (newest) s.newest_row = *newest;
}

void count_result(State& s, Stage stage, const std::string& result) {
  if (result == "failed") ++s.failures_by_stage[std::string(text_of(stage).key)];
  if (stage == Stage::kEvaluation && result != "failed") ++s.looks;
  if (stage == Stage::kEvaluation && result != "good" && result != "failed") ++s.refusals;
}

void note_problem(State& s, Stage stage, std::int64_t step) {
  const std::string name(text_of(stage).name);
  if (s.last_result == "failed" || s.last_result == "contract broken") {
    s.problem_step = step;
    s.problem_stage = name;
    s.problem = s.last_reason;
  } else if (s.problem_stage == name) {
    s.problem_step = 0;
    s.problem_stage.clear();
    s.problem.clear();
  }
}

/// A cycle ended: with a deployment, or at the step that led elsewhere.
/// A rollout shows later whether it was worth something.
void end_cycle(State& s, const std::string& result, Time at) {
  s.cycle_ended = at;
  if (result != "rolling out") s.fruitless = result == "deployed" ? 0 : s.fruitless + 1;
  ++s.cycles_by_result[result];
}

Result<void> finished(State& s, const Fact& fact) {
  const Stage stage = TRY(stage_from(io::get_or<std::string>(fact.body, "stage", "")));
  const std::string next = io::get_or<std::string>(fact.body, "next", "rest");
  s.last_stage = stage;
  s.last_result = io::get_or<std::string>(fact.body, "result", "");
  s.last_reason = io::get_or<std::string>(fact.body, "reason", "");
  s.next = next == "rest" ? std::nullopt : std::optional(TRY(stage_from(next)));
  s.steps = std::max(s.steps, fact.step);
  s.track += s.next ? static_cast<char>('0' + static_cast<int>(*s.next)) : '-';
  s.open.reset();
  const Json outputs = io::get_or<Json>(fact.body, "outputs", Json::object());
  for (const auto& item : outputs.items()) s.outputs[item.key()] = item.value();
  if (outputs.contains("manifest")) {
    take_dataset(s, io::get_or<Json>(fact.body, "evidence", Json::object()));
  }
  if (stage == Stage::kCollection) {
    if (s.last_result != "failed") s.failed_inputs.clear();  // they were taken in
    if (!s.backfill.empty()) s.backfill = Json::object();
    else s.retry = false;
    const Json evidence = io::get_or<Json>(fact.body, "evidence", Json::object());
    s.served_through = io::get_or<std::int64_t>(evidence, "served_through", s.served_through);
    const auto after = parse_time(io::get_or<std::string>(evidence, "served_look_after", ""));
    if (after) s.served_look_after = *after;
  }
  count_result(s, stage, s.last_result);
  note_problem(s, stage, fact.step);
  s.failed_inputs = io::get_or<std::string>(fact.body, "failed_inputs", s.failed_inputs);
  const bool leaves = stage != Stage::kMonitoring && stage != Stage::kCollection &&
                      (!s.next || *s.next == Stage::kMonitoring || *s.next == Stage::kCollection);
  if (leaves) end_cycle(s, s.last_result, fact.at);
  if (stage == Stage::kDeployment) s.waiting_version_step = 0;
  return {};
}

void registered(State& s, const Fact& fact) {
  Version v;
  v.version = io::get_or<std::int64_t>(fact.body, "version", 0);
  v.step = fact.step;
  v.cycle = io::get_or<std::int64_t>(fact.body, "cycle", 0);
  v.dataset = io::get_or<std::int64_t>(fact.body, "dataset", 0);
  v.pipeline = io::get_or<std::string>(fact.body, "pipeline", "");
  v.created = fact.at;
  v.metrics = io::get_or<Json>(fact.body, "metrics", Json::object());
  v.labelled = io::get_or<std::int64_t>(fact.body, "labelled", 0);
  v.label_until = {io::get_or<std::int64_t>(fact.body, "label_until_us", 0)};
  v.trees = io::get_or<std::int64_t>(fact.body, "trees", 0);
  v.features = io::get_or<std::int64_t>(fact.body, "features", 0);
  v.prepared = io::get_or<std::string>(fact.body, "prepared", "");
  v.candidate = io::get_or<std::string>(fact.body, "candidate", "");
  s.newest_version = std::max(s.newest_version, v.version);
  s.versions[v.version] = v;
}

Result<void> deployed(State& s, const Fact& fact) {
  const auto from = io::get_or<std::int64_t>(fact.body, "from", 0);
  const auto to = io::get_or<std::int64_t>(fact.body, "to", 0);
  if (from != s.champion || !s.versions.contains(to)) {
    return fail(Code::kCorrupt,
                fmt::format("fact {} deploys v{} in place of v{}, but v{} served", fact.sequence,
                            to, from, s.champion),
                "restore the last backup; `rondo fsck` tells more");
  }
  const auto until = parse_time(io::get_or<std::string>(fact.body, "watched_until", ""));
  const bool had_shares = s.rollout && s.rollout->challenger == to;
  const bool back = s.rollout && s.rollout->watched && s.rollout->champion == to;
  if (back) ++s.fruitless;  // the cycle that brought what it takes back was in vain
  if (until && !had_shares) {  // it took over at once
    s.rollout = Rollout{};
    s.rollout->challenger = to;
    s.rollout->champion = from;
    s.rollout->step = fact.step;
    s.rollout->began = fact.at;
  }
  if (until) {
    s.rollout->watched = true;
    s.rollout->proves = false;
    s.rollout->since = fact.at;
    s.rollout->until = *until;
    s.rollout->held.clear();
    s.fruitless = 0;
  } else {
    s.rollout.reset();
  }
  if (to == s.former) ++s.rollbacks;
  s.former = s.champion;
  s.champion = to;
  s.looks = 0;
  s.risk_signals = s.drift_signals = 0;
  s.revived.clear();
  s.versions.at(to).served = true;
  ++s.promotions;
  return {};
}

/// A rollout begins, gets its next share, or ends without a switch.
Result<void> rolled(State& s, const Fact& fact) {
  const std::string act = io::get_or<std::string>(fact.body, "act", "");
  if (act == "begin") {
    Rollout r;
    r.challenger = io::get_or<std::int64_t>(fact.body, "challenger", 0);
    r.champion = s.champion;
    r.step = fact.step;
    r.shares = io::get_or<std::vector<double>>(fact.body, "shares", {});
    r.place = io::get_or<bool>(fact.body, "unseen", false) ? -1 : 0;
    r.proves = io::get_or<bool>(fact.body, "proves", false);
    r.salt = io::get_or<std::string>(fact.body, "salt", "");
    r.stands_in = io::get_or<std::string>(fact.body, "stands_in", "");
    r.began = r.since = fact.at;
    const bool no_share = r.place == 0 && r.shares.empty() && r.stands_in.empty();
    if (!s.versions.contains(r.challenger) || no_share) {
      return fail(Code::kCorrupt, fmt::format("fact {} rolls out v{}, which cannot be",
                                              fact.sequence, r.challenger),
                  "restore the last backup; `rondo fsck` tells more");
    }
    if (r.proves) s.revived.push_back(r.challenger);
    if (!r.stands_in.empty()) ++s.rollbacks;
    s.rollout = r;
    return {};
  }
  if (!s.rollout) {
    return fail(Code::kCorrupt,
                fmt::format("fact {} goes on with a rollout that is none", fact.sequence),
                "restore the last backup; `rondo fsck` tells more");
  }
  if (act == "advance" &&
      s.rollout->place + 1 < static_cast<std::int64_t>(s.rollout->shares.size())) {
    ++s.rollout->place;
    s.rollout->since = fact.at;
    s.rollout->held.clear();
    return {};
  }
  if (!s.rollout->stands_in.empty()) {
    s.rollout.reset();
    return {};
  }
  const bool revived = s.rollout->challenger < s.rollout->champion;  // no cycle brought it
  if (!s.rollout->watched && !revived) ++s.fruitless;
  if (!s.rollout->watched && !s.rollout->proves) ++s.rollbacks;
  s.rollout.reset();
  return {};
}

void decided(State& s, const Fact& fact) {
  if (io::get_or<std::string>(fact.body, "about", "") != "rollout" || !s.rollout) return;
  if (io::get_or<std::string>(fact.body, "answer", "") != "hold") return;
  s.rollout->held = io::get_or<std::string>(fact.body, "cause", "");
}

void close_signal(State& s, const monitor::Signal& signal) {
  std::erase_if(s.open_signals, [&](const monitor::Signal& open) {
    return open.kind == signal.kind && open.subject == signal.subject;
  });
  // What is over is no reason for a cycle.
  const auto still = [&](std::string_view kind) {
    return std::ranges::any_of(s.open_signals, [&](const auto& open) { return open.kind == kind; });
  };
  if (signal.kind == "risk" && !still("risk")) {
    s.risk_signals = 0;
    s.revived.clear();
  }
  if (signal.kind == "drift" && !still("drift")) s.drift_signals = 0;
  if (!signal.quarantines) return;  // a notice about the same column ended, not what keeps rows
  for (Kept& kept : s.kept) {
    if (!kept.until && kept.column == signal.subject) kept.until = signal.seen;
  }
}

Result<void> signalled(State& s, const Fact& fact) {
  const monitor::Signal signal = TRY(monitor::signal_from(fact.body));
  if (!signal.open) {
    close_signal(s, signal);
    return {};
  }
  if (pages(signal)) ++s.alarms;
  const auto same = [&](const monitor::Signal& open) {
    return open.kind == signal.kind && open.subject == signal.subject;
  };
  const bool news = std::ranges::none_of(s.open_signals, same);
  // Cycles that came to nothing before it say nothing about what it calls for, and the looks of the
  // gate were on rows of the law before: they would leave it an error that a few days never meet.
  if (news && signal.kind == "risk") s.fruitless = s.looks = 0;
  if (signal.kind == "risk") {
    ++s.risk_signals;
    s.risk_sentence = signal.sentence;
  }
  if (signal.kind == "drift") {
    ++s.drift_signals;
    s.drift_sentence = signal.sentence;
  }
  std::erase_if(s.open_signals, same);
  s.open_signals.push_back(signal);
  const bool already = std::any_of(s.kept.begin(), s.kept.end(), [&](const Kept& kept) {
    return !kept.until && kept.column == signal.subject;
  });
  if (signal.quarantines && !already) {
    s.kept.push_back({signal.since, std::nullopt, signal.subject, signal.sentence});
  }
  return {};
}

void person(State& s, const Fact& fact) {
  const std::string act = io::get_or<std::string>(fact.body, "act", "");
  if (act == "pause") s.paused = true;
  if (act == "resume") s.paused = false;
  if (act == "trigger") {
    s.trigger = io::get_or<std::string>(fact.body, "why", "");
    if (s.trigger.empty()) s.trigger = "a person asked";
    s.failed_inputs.clear();
  }
  if (act == "backfill") {
    s.backfill = io::get_or<Json>(fact.body, "arguments", Json::object());
    s.failed_inputs.clear();
  }
  if (act == "accept_rows") {
    const auto column = io::get_or<std::string>(fact.body, "column", "");
    const Json arguments = io::get_or<Json>(fact.body, "arguments", Json::object());
    if (io::get_or<std::int64_t>(arguments, "rejects", 0) > 0) s.retry = true;
    std::erase_if(s.kept, [&](const Kept& kept) {
      return column.empty() || kept.column == column;
    });
  }
}

}  // namespace

bool pages(const monitor::Signal& signal) { return signal.kind == "risk" || signal.quarantines; }

std::int64_t cycles_of(const State& state) {
  const std::optional<Stage> at = state.open ? std::optional(state.open->stage) : state.next;
  std::int64_t cycles = at && *at != Stage::kCollection && *at != Stage::kMonitoring ? 1 : 0;
  for (const auto& item : state.cycles_by_result) cycles += item.second;
  return cycles;
}

Result<void> fold(State& state, const Fact& fact) {
  if (fact.kind == "step_started") {
    TRY(started(state, fact));
  } else if (fact.kind == "step_finished") {
    TRY(finished(state, fact));
  } else if (fact.kind == "version") {
    registered(state, fact);
  } else if (fact.kind == "deployed") {
    TRY(deployed(state, fact));
  } else if (fact.kind == "signal") {
    TRY(signalled(state, fact));
  } else if (fact.kind == "person") {
    person(state, fact);
  } else if (fact.kind == "approval_asked") {
    state.waiting_version_step = fact.step;
  } else if (fact.kind == "rollout") {
    TRY(rolled(state, fact));
  } else if (fact.kind == "decision") {
    decided(state, fact);
  } else if (fact.kind != "project") {
    return fail(Code::kConflict,
                fmt::format("fact {} is of the kind \"{}\", which this version does not know",
                            fact.sequence, fact.kind),
                "use the newer rondo that wrote it");
  }
  TRY(fold(state.alerts, fact));
  state.sequence = fact.sequence;
  state.last_at = std::max(state.last_at, fact.at);
  return {};
}

}  // namespace rondo::loop
