// What a plan follows from, read from the store: what earlier steps took, what is there already.
#include <algorithm>

#include "collect/collect.h"
#include "ledger/manifest.h"
#include "loop/desk.h"
#include "loop/jobs.h"
#include "loop/mix.h"
#include "loop/plan.h"
#include "loop/served.h"
#include "loop/session.h"
#include "loop/watch.h"

namespace rondo::loop {
namespace {

/// Of every step that did its work here and now: what failed, or was there already, says nothing.
Result<std::map<Stage, std::vector<StepCost>>> costs_before(ledger::Ledger& ledger) {
  std::map<std::int64_t, StepCost> took;
  std::map<std::int64_t, bool> cached;
  for (const ledger::JournalEntry& entry : TRY(ledger.journal_of("attempt_ended"))) {
    took[entry.step].wall_s += io::get_or<double>(entry.body, "duration_us", 0) * 1e-6;
    took[entry.step].cpu_s += io::get_or<double>(entry.body, "cpu_s", 0);
    cached[entry.step] |= io::get_or<bool>(entry.body, "cached", false);
  }
  std::map<Stage, std::vector<StepCost>> past;
  for (const ledger::Fact& fact : TRY(ledger.facts_of("step_finished"))) {
    const auto found = took.find(fact.step);
    const bool failed = io::get_or<std::string>(fact.body, "result", "") == "failed";
    if (found == took.end() || failed || cached[fact.step]) continue;
    // A person's yes to a waiting model finishes its step without carrying it out.
    if (found->second.wall_s <= 0) continue;
    const Stage stage = TRY(stage_from(io::get_or<std::string>(fact.body, "stage", "")));
    past[stage].push_back(found->second);
  }
  return past;
}

/// What the conductor's watch would see, which is written down by nobody here.
Result<void> look_at_answers(ledger::Store& store, const Config& config, Snapshot& now) {
  const std::int64_t champion = now.state.champion;
  if (TRY(Watch::quiet(store, champion, now.now))) {
    const Json watch = TRY(store.ledger->projection("watch")).value_or(Json::object());
    now.watch = io::get_or<Json>(watch, "summary", Json::object());
    return {};
  }
  const std::string& hex = now.state.versions.at(champion).pipeline;
  const std::string bytes = TRY(store.objects->get(TRY(io::Digest::from_hex(hex))));
  const auto watch = TRY(Watch::open(store, config.monitor, TRY(model::Pipeline::load(bytes)),
                                     champion));
  TRY(watch->read());
  now.windows_due = watch->matured(now.now).has_value() || watch->silent(now.now);
  now.watch = watch->summary();
  return {};
}

/// What the training of the newest prepared rows would find.
Result<void> look_for_model(ledger::Store& store, const Config& config, PlanInput& input) {
  const State& s = input.now.state;
  const auto prepared = s.outputs.find("prepared");
  if (prepared == s.outputs.end()) return {};
  input.prepared = prepared->second;
  Job job = TRY(training_job(*store.fs, config, store.folder.parent_path(), input.prepared));
  TRY(tell_training(store, config, s, job.input.options.at("now")));
  const JobName name = job_name(job);
  input.trained = TRY(store.ledger->projection(name.key)).has_value();
  if (!s.open || s.open->stage != Stage::kTraining) return {};
  const io::Path kept = name.kept(attempt_folder(store, s.open->step, "train"));
  if (!TRY(store.fs->stat(kept))) return {};
  for (const std::string& file : TRY(store.fs->list(kept))) {
    const bool number = std::ranges::all_of(file, [](char c) { return c >= '0' && c <= '9'; });
    input.candidates += number ? 1 : 0;
  }
  return {};
}

}  // namespace

Result<Json> plan_view(ledger::Store& store, const Config& config, const SourceNews& news,
                       Time now, const std::string& unasked) {
  const Policy policy = TRY(Policy::make(config.loop.policy, config.loop,
                                         config.collect.min_rows));
  const State state = TRY(read_state(*store.ledger));
  PlanInput input;
  input.unasked = unasked;
  input.now = seen(state, news, std::max(now, state.last_at), false);
  if (served_counts(config, state)) {
    input.now.served_labelled = TRY(served_waiting(store, state, input.now.now));
  }
  if (state.champion != 0) TRY(look_at_answers(store, config, input.now));
  if (const auto doubt = clock_doubt(state, now)) {
    input.doubt = doubt->message + "; " + doubt->hint;
  }
  input.past = TRY(costs_before(*store.ledger));
  TRY(look_for_model(store, config, input));
  return plan_of(input, config, policy);
}

Result<Json> plan_view(ledger::Store& store, const Config& config, Time now) {
  const State state = TRY(read_state(*store.ledger));
  std::optional<ledger::Manifest> newest;
  if (!state.manifest.empty()) {
    newest = TRY(ledger::get_manifest(*store.objects, TRY(io::Digest::from_hex(state.manifest))));
  }
  const auto looked = collect::peek_all(*store.fs, config.collect, store.folder.parent_path(),
                                        newest ? &*newest : nullptr, *store.objects);
  if (!looked) {
    return plan_view(store, config, SourceNews{}, now,
                     "the source cannot be looked at: " + looked.error().message);
  }
  const collect::Peek& peek = *looked;
  return plan_view(store, config, {peek.changed, std::nullopt, peek.what, peek.touched, false},
                   now,
                   collect::asks_databases(config.collect)
                       ? "its databases were not asked; the loop asks them in its turn"
                       : "");
}

}  // namespace rondo::loop
