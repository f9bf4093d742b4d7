// Plans: the chain of steps that a turn would carry out, each with what it waits for, reuses, took
// before and may end in.
#include "loop/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "loop/situation.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kNewestSteps = 5;

std::string in_words(std::int64_t count) { return grouped(static_cast<std::uint64_t>(count)); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Json cost_json(const std::map<Stage, std::vector<StepCost>>& past, Stage stage) {
  const auto found = past.find(stage);
  if (found == past.end() || found->second.empty()) return nullptr;
  const std::span all(found->second);
  std::vector<double> wall, cpu;
  for (const StepCost& step : all.last(std::min(all.size(), kNewestSteps))) {
    wall.push_back(step.wall_s);
    cpu.push_back(step.cpu_s);
  }
  const auto [least, most] = std::ranges::minmax(wall);
  return {{"wall_s", median(wall)}, {"cpu_s", median(cpu)}, {"least_s", least}, {"most_s", most},
          {"steps", wall.size()}};
}

bool rolls_out(const Config& config) {
  return !config.deploy.canary.empty() || config.deploy.shadow_rows > 0;
}

/// Without the results that the settings make impossible.
Json endings_of(Stage stage, const Config& config, bool serves) {
  Json out = Json::array();
  for (const Transition& row : transitions()) {
    const bool proves = config.deploy.prove_labels > 0;
    const bool never = (row.outcome == "rolling out" && !rolls_out(config) && !proves) ||
                       (row.outcome == "undecided, to prove itself" && !proves) ||
                       (row.outcome == "rejected by a person" && config.deploy.approve != "ask");
    if (row.stage != stage || never) continue;
    const std::optional<Stage> after = serves ? row.with_model : row.without;
    out.push_back({{"result", row.outcome},
                   {"next", after ? text_of(*after).name : std::string_view("rest")}});
  }
  return out;
}

/// The plan while it is made: a step runs for sure until one of them may end the cycle.
struct Chain {
  const PlanInput& input;
  const Config& config;
  const Policy& policy;
  Json steps = Json::array();
  std::string runs = "yes";  // of the next step

  void add(Stage stage, const std::string& when, Json reuses = Json::array()) {
    steps.push_back({{"stage", text_of(stage).name},
                     {"action", text_of(stage).action},
                     {"runs", runs},
                     {"when", when},
                     {"reuses", std::move(reuses)},
                     {"cost", cost_json(input.past, stage)},
                     {"may_end_in", endings_of(stage, config, input.now.state.champion != 0)}});
  }
};

/// The state as a collection finds it that begins for this reason.
State begun(const Snapshot& now, const std::string& reason) {
  State state = now.state;
  const std::int64_t step = state.steps + 1;
  const Json body = {{"stage", text_of(Stage::kCollection).name}, {"cycle", state.cycle + 1},
                     {"reason", reason}};
  const auto folded = fold(state, {state.sequence + 1, now.now, "step_started", step, body, {}});
  static_cast<void>(folded);  // a stage of our own, so it is one that the fold knows
  return state;
}

void add_collection(Chain& chain) {
  const Snapshot& now = chain.input.now;
  const State& s = now.state;
  Json reuses = Json::array();
  if (s.dataset > 0) {
    reuses.push_back(now.source_changed
                         ? fmt::format("d{}: its {} rows are not read again", s.dataset,
                                       in_words(s.rows))
                         : fmt::format("d{}, whole: the source has nothing beyond it", s.dataset));
  }
  chain.add(Stage::kCollection, now.source_changed ? now.source_news : "", std::move(reuses));
}

void add_preparation(Chain& chain, const std::string& reason) {
  Snapshot then = chain.input.now;
  then.state = begun(then, reason);
  const std::int64_t needed = labelled_due(chain.config, chain.policy, then, reason);
  const std::int64_t sure = then.state.labelled + then.new_labelled.value_or(0);
  const bool unread = then.source_changed && !then.new_labelled;
  const bool held = needed == std::numeric_limits<std::int64_t>::max();
  std::string when;
  if (held) {
    const auto damped = chain.policy.damped(then);
    when = damped ? damped->reason.substr(std::string_view("no: ").size()) : "the loop is damped";
    chain.runs = "no";
  } else if (sure < needed) {
    const bool can = unread || sure + then.served_labelled >= needed;
    when = fmt::format("{} more labelled {}, {} in all; there are {}{}",
                       in_words(needed - sure), needed - sure == 1 ? "row" : "rows",
                       in_words(needed), in_words(sure),
                       can ? "" : " and the source has no more");
    chain.runs = can ? "perhaps" : "no";
  }
  chain.add(Stage::kPreparation, when);
}

void add_training(Chain& chain, bool at_once) {
  const PlanInput& in = chain.input;
  Json reuses = Json::array();
  if (in.trained && at_once) {
    reuses.push_back("the model of these rows: nothing of [train] changed since it was trained");
  } else if (in.trained) {
    reuses.push_back(fmt::format("the model of the cycle before, if the prepared rows come out "
                                 "the same ({})", std::string_view(in.prepared).substr(0, 12)));
  }
  if (in.candidates > 0) {
    reuses.push_back(fmt::format("{} finished {} of the search that was cut off",
                                 in_words(in.candidates),
                                 in.candidates == 1 ? "candidate" : "candidates"));
  }
  chain.add(Stage::kTraining, "", std::move(reuses));
}

std::string gate_text(const State& s, const Policy& policy) {
  if (policy.crontab()) return "no gate: a crontab deploys whatever comes out";
  if (s.champion == 0) return "the first model is judged against the baselines";
  return fmt::format("challenger {} is judged against v{} and the baselines", s.looks + 1,
                     s.champion);
}

std::string deployment_text(const Config& config, const Policy& policy) {
  if (policy.crontab()) return "";
  if (config.deploy.approve == "ask") return "a person says yes after it (approve = \"ask\")";
  return rolls_out(config) ? "the gate says good; it gets shares of the traffic first"
                           : "the gate says good";
}

/// From `first` to the end of a cycle. What an interrupted or half-way cycle made is there.
void add_cycle(Chain& chain, Stage first, const std::string& reason) {
  const State& s = chain.input.now.state;
  const bool goes_on = first != Stage::kCollection;
  const auto perhaps = [&] {
    if (chain.runs == "yes") chain.runs = "perhaps";
  };
  for (const Stage stage : kStages) {
    if (stage < first) continue;
    switch (stage) {
      case Stage::kCollection: add_collection(chain); break;
      case Stage::kPreparation:
        if (goes_on) chain.add(stage, "", {fmt::format("d{} of this cycle", s.dataset)});
        else add_preparation(chain, reason);
        break;
      case Stage::kTraining:
        if (stage != first) perhaps();
        add_training(chain, stage == first);
        break;
      case Stage::kEvaluation: chain.add(stage, gate_text(s, chain.policy)); break;
      case Stage::kDeployment:
        perhaps();
        chain.add(stage, deployment_text(chain.config, chain.policy));
        break;
      case Stage::kMonitoring:
        chain.runs = s.champion == 0 ? "perhaps" : "yes";
        chain.add(stage, s.champion == 0 ? "a model serves then" : "");
        break;
    }
    if (stage == first && goes_on) perhaps();
  }
}

Json total_of(const Json& steps) {
  double wall = 0, cpu = 0;
  Json unknown = Json::array();
  for (const Json& step : steps) {
    if (step.at("runs") == "no") continue;
    const Json& cost = step.at("cost");
    // It judges what there is and then waits for news: nothing to measure.
    if (step.at("stage") == text_of(Stage::kMonitoring).name) continue;
    if (cost.is_null()) {
      if (std::ranges::find(unknown, step.at("stage")) == unknown.end()) {
        unknown.push_back(step.at("stage"));
      }
      continue;
    }
    wall += cost.at("wall_s").get<double>();
    cpu += cost.at("cpu_s").get<double>();
  }
  return {{"wall_s", wall}, {"cpu_s", cpu}, {"unknown", std::move(unknown)}};
}

/// What keeps a turn from beginning anything, whatever else is true; empty: nothing does.
std::string stop_state(const PlanInput& input) {
  const State& s = input.now.state;
  if (!input.doubt.empty()) return "a clock that may be believed: " + input.doubt;
  if (s.waiting_version_step != 0) {
    return fmt::format("a person's yes to step {}: `rondo promote` or `rondo reject`",
                       s.waiting_version_step);
  }
  if (s.paused) return "somebody to resume the loop: `rondo resume`";
  if (s.rollout && s.rollout->holds_up()) {
    return fmt::format("requests to `rondo up`, which bring v{} on", s.rollout->challenger);
  }
  return {};
}

std::string now_text(const State& s) {
  const std::string serves = s.champion == 0 ? "no model serves"
                                             : fmt::format("v{} serves", s.champion);
  if (s.open && s.open->stage != Stage::kMonitoring && s.waiting_version_step == 0) {
    return fmt::format("step {} ({}) was begun and has not ended; {}", s.open->step,
                       text_of(s.open->stage).name, serves);
  }
  if (s.next && !s.open) return fmt::format("before {}; {}", text_of(*s.next).name, serves);
  return fmt::format("at rest; {}", serves);
}

}  // namespace

bool served_counts(const Config& config, const State& state) {
  return config.collect.served && config.train.weight.empty() && state.champion != 0;
}

Snapshot seen(const State& state, const SourceNews& news, Time now, bool replayed) {
  Snapshot out;
  out.state = state;
  out.now = now;
  // The same would fail in the same way.
  const bool failed = !news.what.empty() && news.what == state.failed_inputs;
  out.source_changed = news.changed && !failed;
  if (!failed) out.new_labelled = news.labelled;
  out.source_news = news.what;
  const bool fills = !state.backfill.empty();
  if ((state.retry || fills) && !replayed) {
    out.source_changed = true;
    out.new_labelled.reset();
    out.source_news = fills ? "a range is collected again" : "rejected rows are tried again";
  }
  return out;
}

std::int64_t labelled_due(const Config& config, const Policy& policy, const Snapshot& now,
                          const std::string& reason) {
  if (!reason.starts_with(kAsked)) return policy.labelled_needed(now);
  const State& s = now.state;
  const bool tests_later = splits_by_time(config) && s.champion != 0 && !policy.crontab();
  return tests_later ? s.versions.at(s.champion).labelled + 1 : 0;
}

Json plan_of(const PlanInput& input, const Config& config, const Policy& policy) {
  const Snapshot& now = input.now;
  const State& s = now.state;
  const bool first = s.champion == 0;
  const Due due = first ? Due{} : policy.due(now);
  const auto held = first ? std::nullopt : policy.damped(now);
  const auto action = input.doubt.empty() ? policy.next(now) : std::optional<Action>();
  Chain chain{input, config, policy};
  std::string reason = action ? action->reason : "";
  if (action && action->stage == Stage::kMonitoring) {
    chain.add(Stage::kMonitoring, "");
    chain.runs = due.yes ? "yes" : "perhaps";
    if (due.yes) reason = due.reason;
    if (due.yes) add_cycle(chain, Stage::kCollection, due.reason);
  } else if (action) {
    add_cycle(chain, action->stage, action->reason);
  }
  Json plan = {{"now", now_text(s)},
               {"begins", action ? Json(text_of(action->stage).name) : Json(nullptr)},
               {"resumes", action && action->resumes},
               {"reason", reason},
               {"decision", nullptr},
               {"held", held ? Json(held->reason) : Json(nullptr)},
               {"waits_for", nullptr},
               {"news", {{"source", now.source_changed ? Json(now.source_news) : Json(nullptr)},
                         {"unasked", input.unasked.empty() ? Json(nullptr) : Json(input.unasked)},
                         {"served_labels", now.served_labelled},
                         {"windows_to_judge", now.windows_due},
                         {"labelled", s.labelled}}},
               {"total", total_of(chain.steps)},
               {"gate", {{"against", first ? Json(nullptr) : Json(fmt::format("v{}", s.champion))},
                         {"look", policy.crontab() ? 0 : s.looks + 1},
                         {"confidence", config.evaluate.confidence}}},
               {"approve", config.deploy.approve},
               {"policy", policy.name()},
               {"steps", std::move(chain.steps)}};
  if (!first) {
    plan["decision"] = {{"answer", due.yes ? "yes" : "no"}, {"reason", due.reason},
                        {"numbers", due.numbers}};
  }
  const std::string stopped = stop_state(input);
  if (!stopped.empty()) plan["waits_for"] = stopped;
  else if (!action) plan["waits_for"] = first ? "more or better data in the source" : "news";
  return plan;
}

}  // namespace rondo::loop
