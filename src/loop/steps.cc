// What each step does: which jobs it launches with which inputs, and how their outputs are named.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/failpoint.h"
#include "base/words.h"
#include "base/worker.h"
#include "loop/conductor.h"
#include "loop/jobs.h"
#include "loop/mix.h"
#include "loop/plan.h"
#include "loop/rollout.h"
#include "loop/served.h"
#include "loop/situation.h"

namespace rondo::loop {
namespace {

using ledger::StageOutput;
using Names = std::map<std::string, std::string>;

Outcome outcome_of(const Action& action, const StageOutput& output, Names outputs) {
  return {action.step, action.cycle,    action.stage,    output.result, output.reason,
          std::move(outputs), output.evidence, output.measured, false, std::nullopt};
}

Result<collect::TimeRange> range_of(const Json& asked) {
  return collect::TimeRange{TRY(parse_time(TRY(io::get<std::string>(asked, "from")))),
                            TRY(parse_time(TRY(io::get<std::string>(asked, "to"))))};
}

bool worth_another_try(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kIo ||
         error.code == Code::kExhausted;
}

}  // namespace

prepare::Situation Conductor::situation(const State& state, bool twin) const {
  const Config& config = *parts_.config;
  // A crontab measures nothing and keeps nothing out: it trains on every labelled row at once.
  const bool crontab = parts_.policy.crontab();
  prepare::Situation s = situation_of(config, crontab ? std::vector<Kept>() : state.kept);
  choose_test(config, state.champion == 0, s);
  s.twin = twin || crontab;
  s.temp = (parts_.store->folder / "attempts").string();
  if (crontab) return s;
  if (state.champion != 0) s.test_after = state.versions.at(state.champion).label_until;
  s.changed = changed_at(state);
  if (!watch_) return s;
  for (const auto& [from, until] : watch_->pending()) {
    s.quarantine.push_back({from, until, s.target, "not judged yet"});
  }
  return s;
}

Result<Outcome> Conductor::carry_out(const Action& action, const Stop& stop) {
  const std::int64_t attempts = parts_.config->loop.attempts;
  Result<Outcome> outcome = fail(Code::kUnavailable, "no attempt was made");
  const std::int64_t began = monotonic_us();
  const double cpu = thread_cpu_seconds();
  worker_cpu_s_ = 0;
  for (std::int64_t attempt = 1; attempt <= attempts; ++attempt) {
    outcome = once(action, attempt, stop);
    if (outcome || stop.requested() || !worth_another_try(outcome.error())) break;
    TRY(parts_.desk->note({{0, parts_.clock->now(), "attempt_failed", action.step,
                            {{"attempt", attempt}, {"why", outcome.error().text()}}}}, {}));
    if (attempt < attempts) {
      sleep_for(Span::millis(100 << std::min<std::int64_t>(attempt, 6)), stop);
    }
  }
  if (!outcome) {
    const Error error = outcome.error();
    if (error.code == Code::kCancelled && stop.requested()) return outcome;
    Outcome failed{action.step, action.cycle, action.stage, "failed", error.text(), {},
                   {{"code", name_of(error.code)}, {"failed_inputs", news_.what}},
                   Json::object(), false, error};
    outcome = failed;
  }
  outcome->measured["duration_us"] = monotonic_us() - began;
  outcome->measured["cpu_s"] = thread_cpu_seconds() - cpu + worker_cpu_s_;
  return outcome;
}

Result<Outcome> Conductor::once(const Action& action, std::int64_t attempt, const Stop& stop) {
  jobs_ = Json::array();
  switch (action.stage) {
    case Stage::kCollection: return collect_step(action, attempt, stop);
    case Stage::kPreparation: return prepare_step(action, attempt, stop);
    case Stage::kTraining: return train_step(action, attempt, stop);
    case Stage::kEvaluation: return evaluate_step(action, attempt, stop);
    case Stage::kDeployment: return deploy_step(action, attempt, stop);
    case Stage::kMonitoring: break;
  }
  return fail(Code::kInvalidInput, "monitoring is not carried out by a job");
}

Result<std::optional<Served>> Conductor::served_for(const State& state,
                                                    std::int64_t needed) const {
  if (!collects_served(state)) return std::nullopt;
  TRY(parts_.world->flush());
  ServedWish wish{parts_.clock->now(), {}, needed - state.labelled};
  if (!parts_.config->collect.time.empty()) wish.label_delay = parts_.config->monitor.label_delay;
  return std::optional(TRY(gather_served(*parts_.store, state, wish)));
}

Result<Outcome> Conductor::collect_step(const Action& action, std::int64_t attempt,
                                        const Stop& stop) {
  const State state = parts_.desk->look();
  const Config& config = *parts_.config;
  const bool asked = action.reason.starts_with(kAsked);
  const std::int64_t needed =
      labelled_due(config, parts_.policy, TRY(snapshot(state, news_)), action.reason);
  collect::Situation now;
  now.project_folder = std::filesystem::absolute(parts_.project).string();
  now.target = config.project.target;
  now.label_delay = config.monitor.label_delay;
  now.labelled_needed = needed;
  now.as_of = parts_.world->as_of();
  now.fault = parts_.world->fault();
  now.retry = state.retry && !now.as_of;
  if (!state.backfill.empty() && !now.as_of) now.backfill = TRY(range_of(state.backfill));
  now.temp = parts_.store->attempts().string();
  Names inputs;
  if (!state.manifest.empty()) inputs["manifest"] = state.manifest;
  const std::optional<Served> served = TRY(served_for(state, needed));
  if (served && served->rows > 0) {
    const std::string bytes = io::canonical(served->groups);
    inputs["served"] = TRY(parts_.store->objects->put(bytes)).hex();
  }
  Names outputs;
  const StageOutput output =
      TRY(launch(action, attempt, "collect",
                 {{"collect", io::write_options(config.collect)}, {"now", collect::to_json(now)}},
                 inputs, stop, &outputs));
  Outcome outcome = outcome_of(action, output, std::move(outputs));
  if (outcome.result == "unchanged" && state.labelled >= needed) {
    outcome.result = "new rows";
    const auto labelled = static_cast<std::uint64_t>(state.labelled);
    const std::string since = fmt::format("none since d{}, whose {} labelled rows are enough now",
                                          state.dataset, grouped(labelled));
    // A version of rejects or of facts alone tells of them.
    const bool moved_on = outcome.outputs.contains("manifest");
    outcome.reason = moved_on ? outcome.reason + "; " + since : since;
    const Json moved = moved_on ? outcome.evidence : Json::object();
    outcome.outputs.try_emplace("manifest", state.manifest);
    outcome.evidence = {{"dataset", state.dataset}, {"rows", state.rows},
                        {"labelled", state.labelled}, {"newest", to_text(state.newest_row)}};
    outcome.evidence.update(moved);
  } else if (outcome.result == "unchanged" && asked) {
    outcome.reason = fmt::format("nothing new, and no labelled row is newer than v{}'s training: "
                                 "there is nothing to test a new model on", state.champion);
  }
  if (served) {
    outcome.evidence["served_through"] = served->through;
    outcome.evidence["served_look_after"] = to_text(served->look_after);
  }
  return outcome;
}

Result<Outcome> Conductor::prepare_step(const Action& action, std::int64_t attempt,
                                        const Stop& stop) {
  const State state = parts_.desk->look();
  Names outputs;
  const StageOutput output = TRY(launch(
      action, attempt, "prepare",
      {{"prepare", io::write_options(parts_.config->prepare)},
       {"now", prepare::to_json(situation(state, false))}},
      {{"manifest", state.outputs.at("manifest")}}, stop, &outputs));
  TRY(keep_jobs(outputs));
  Outcome outcome = outcome_of(action, output, std::move(outputs));
  if (outcome.result == "contract broken") {
    outcome.error = Error{Code::kInvalidInput, output.reason, "", {}, {}};
  }
  return outcome;
}

Result<Outcome> Conductor::train_step(const Action& action, std::int64_t attempt,
                                      const Stop& stop) {
  const State state = parts_.desk->look();
  Json options = training_options(*parts_.config);
  TRY(tell_training(*parts_.store, *parts_.config, state, options.at("now")));
  Names outputs;
  const StageOutput output =
      TRY(launch(action, attempt, "train", std::move(options),
                 {{"prepared", state.outputs.at("prepared")}}, stop, &outputs));
  TRY(keep_jobs(outputs));
  return outcome_of(action, output, std::move(outputs));
}

Result<Outcome> Conductor::evaluate_step(const Action& action, std::int64_t attempt,
                                         const Stop& stop) {
  const State state = parts_.desk->look();
  if (parts_.policy.crontab()) {
    return Outcome{action.step, action.cycle, action.stage, "good",
                   "no gate: a crontab deploys whatever comes out", {}, Json::object(),
                   Json::object(), false, std::nullopt};
  }
  Names inputs = {{"prepared", state.outputs.at("prepared")},
                  {"candidate", state.outputs.at("candidate")}};
  Json champion = nullptr;
  std::string apart;
  if (state.champion != 0) {
    const Version& version = state.versions.at(state.champion);
    champion = {{"version", version.version}, {"name", parts_.config->model_name()}};
    Names scored;
    Names rows = {{"manifest", state.outputs.at("manifest")},
                  {"prepared", state.outputs.at("prepared")},
                  {"champion", version.pipeline}};
    if (!splits_by_time(*parts_.config) && !version.candidate.empty()) {
      rows["measured_prepared"] = version.prepared;
      rows["measured_candidate"] = version.candidate;
    }
    const StageOutput answered =
        TRY(launch(action, attempt, "score",
                   {{"now", prepare::to_json(situation(state, false))}}, rows, stop, &scored));
    if (scored.contains("champion_scores")) {
      inputs["champion_scores"] = scored.at("champion_scores");
    } else {
      apart = fmt::format("; v{} is not compared: {}", state.champion, answered.reason);
      champion = nullptr;
    }
  }
  const Span row_max = TRY(parse_span(parts_.config->train.row_max));
  const std::uint64_t size_max = TRY(parse_size(parts_.config->train.size_max));
  Json now = {{"look", state.looks + 1}, {"champion", champion},
              {"cost", {{"row_us", row_max.us}, {"bytes", size_max}}}};
  const auto& watched = parts_.config->monitor.slices;
  if (!watched.empty()) now["watched"] = watched;
  const std::string& loss = parts_.config->monitor.loss;
  if (loss != "auto") now["loss"] = loss;
  Names outputs;
  const StageOutput output =
      TRY(launch(action, attempt, "evaluate",
                 {{"evaluate", io::write_options(parts_.config->evaluate)}, {"now", now}}, inputs,
                 stop, &outputs));
  TRY(keep_jobs(outputs));
  Outcome outcome = outcome_of(action, output, std::move(outputs));
  outcome.reason += apart;
  const DeployOptions& deploy = parts_.config->deploy;
  if (outcome.result == "undecided" && !champion.is_null() && deploy.prove_labels > 0 &&
      parts_.world->rolls_out()) {
    outcome.result = kToProve;
    outcome.reason += fmt::format("; {} labelled requests may show it",
                                  grouped(static_cast<std::uint64_t>(deploy.prove_labels)));
  }
  return outcome;
}

/// The same recipe and rounds, fitted through the newest label: the matrix and the candidate.
Result<Conductor::Twin> Conductor::fit_twin(const Action& action, std::int64_t attempt,
                                            const State& state, const Json& situated,
                                            const Stop& stop) {
  Twin twin;
  Names outputs, inputs = {{"manifest", state.outputs.at("manifest")}};
  // What was looked for and found belongs to the recipe: it is not looked for again.
  if (parts_.config->prepare.features == "auto") inputs["measured"] = state.outputs.at("prepared");
  const StageOutput prepared =
      TRY(launch(action, attempt, "prepare",
                 {{"prepare", io::write_options(parts_.config->prepare)}, {"now", situated}},
                 inputs, stop, &outputs));
  if (!outputs.contains("prepared")) {
    return fail(Code::kInvalidInput, "the rows of the model to deploy cannot be prepared: " +
                                         prepared.reason);
  }
  twin.prepared = outputs.at("prepared");
  const std::string candidate_bytes = TRY(parts_.store->objects->get(
      TRY(io::Digest::from_hex(state.outputs.at("candidate")))));
  const auto candidate = TRY(model::Candidate::decode(candidate_bytes));
  Json now = {{"rounds", candidate.rounds}};
  for (const char* own : {"members", "script", "mix", "since_us", "without"}) {
    if (candidate.options.contains(own)) now[own] = candidate.options.at(own);
  }
  outputs.clear();
  const StageOutput fitted =
      TRY(launch(action, attempt, "train",
                 {{"train", io::write_options(parts_.config->train)},
                  {"now", now}},
                 {{"prepared", twin.prepared}}, stop, &outputs));
  if (!outputs.contains("candidate")) {
    return fail(Code::kInvalidInput, "the model to deploy cannot be trained: " + fitted.reason);
  }
  twin.candidate = outputs.at("candidate");
  return twin;
}

Result<Outcome> Conductor::deploy_step(const Action& action, std::int64_t attempt,
                                       const Stop& stop) {
  const State state = parts_.desk->look();
  const std::string manifest = state.outputs.at("manifest");
  const Json situated = prepare::to_json(situation(state, true));
  Twin twin{state.outputs.at("prepared"), state.outputs.at("candidate")};
  if (!parts_.policy.crontab()) {
    twin = TRY(fit_twin(action, attempt, state, situated, stop));
  }
  Names inputs = {{"manifest", manifest},
                  {"twin_prepared", twin.prepared},
                  {"twin_candidate", twin.candidate},
                  {"prepared", state.outputs.at("prepared")}};
  if (state.outputs.contains("evidence")) inputs["evidence"] = state.outputs.at("evidence");
  Names outputs;
  const StageOutput output =
      TRY(launch(action, attempt, "assemble",
                 {{"now", {{"target", parts_.config->project.target},
                           {"time", !parts_.config->collect.time.empty()},
                           {"model", parts_.config->model_name()},
                           {"situation", situated}}}},
                 inputs, stop, &outputs));
  TRY(keep_jobs(outputs));
  Outcome outcome = outcome_of(action, output, std::move(outputs));
  outcome.evidence["labelled"] = state.labelled;
  if (outcome.result == "deployed" && state.champion != 0 && parts_.world->rolls_out() &&
      !parts_.policy.crontab()) {
    const bool proves = state.last_result == kToProve;
    const Json plan = rollout_plan(parts_.config->deploy, outcome.outputs.at("pipeline"), proves);
    if (!plan.is_null()) {
      outcome.evidence["rollout"] = plan;
      if (parts_.config->deploy.approve != "ask") outcome.result = kRollingOut;
    } else {  // at once, and its labels can still take it back
      outcome.evidence["watched_us"] = parts_.config->deploy.rollback_window.us;
    }
  }
  if (outcome.result != "deployed" || parts_.config->deploy.approve != "ask" ||
      parts_.policy.crontab()) {
    return outcome;
  }
  outcome.waits = true;
  const Time at = parts_.clock->now();
  TRY(parts_.desk->append([&](const State&) -> Result<Entry> {
    Entry entry;
    entry.facts.push_back({at, "approval_asked", action.step,
                           {{"cycle", action.cycle}, {"reason", outcome.reason},
                            {"outputs", outcome.outputs}, {"evidence", outcome.evidence}}});
    return entry;
  }));
  return outcome;
}

}  // namespace rondo::loop
