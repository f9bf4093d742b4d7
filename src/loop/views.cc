// Status, history, models, data: rows for people and programs, read from state and facts.
#include "loop/views.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/words.h"
#include "loop/dataset_views.h"
#include "loop/desk.h"
#include "loop/policy.h"
#include "loop/portable.h"

namespace rondo::loop {
namespace {

std::string stage_name(const std::optional<Stage>& stage) {
  return std::string(stage ? text_of(*stage).name : "rest");
}

Json tracker_of(const State& state) {
  Json tracker = Json::array({text_of(Stage::kCollection).name});
  for (const char c : state.track) {
    tracker.push_back(c == '-' ? "rest" : text_of(kStages[static_cast<std::size_t>(c - '0')]).name);
  }
  return tracker;
}

/// What a cycle that has a reason still waits for, if anything.
std::string held_up(const State& state, const Config& config) {
  const auto policy = Policy::make(config.loop.policy, config.loop, config.collect.min_rows);
  if (!policy || policy->crontab()) return {};
  Snapshot now;
  now.state = state;
  now.now = wall_clock_now();
  const Due due = policy->due(now);
  if (due.yes) return "a turn of the loop (`rondo run` or `rondo up`): " + due.reason;
  const auto held = policy->damped(now);
  if (!held || due.reason != held->reason) return {};
  return fmt::format("time to pass: {}; `rondo trigger` starts a cycle at once",
                     std::string_view(due.reason).substr(std::string_view("no: ").size()));
}

/// Null without a rollout; else who has which share, and the last decision about it.
Result<Json> rollout_of(ledger::Store& store, const State& state) {
  if (!state.rollout) return Json(nullptr);
  const Rollout& r = *state.rollout;
  if (r.watched && r.until < wall_clock_now()) return Json(nullptr);  // no `up` has ended it yet
  Json out = {{"phase", !r.stands_in.empty() ? "stands in"
                        : r.watched ? "watched"
                        : r.proves ? "proves"
                        : r.place < 0 ? "unseen"
                                      : "canary"},
              {"challenger", r.challenger},
              {"champion", r.champion},
              {"share_percent", r.share() / 100.0},
              {"shares", r.shares},
              {"began", to_text(r.began)},
              {"since", to_text(r.since)},
              {"until", r.watched ? Json(to_text(r.until)) : Json(nullptr)},
              {"reason", nullptr},
              {"numbers", Json::object()}};
  const auto decisions = TRY(store.ledger->facts_of("decision"));
  for (auto fact = decisions.rbegin(); fact != decisions.rend() && fact->at >= r.began; ++fact) {
    if (io::get_or<std::string>(fact->body, "about", "") != "rollout") continue;
    out["reason"] = io::get_or<std::string>(fact->body, "reason", "");
    out["numbers"] = io::get_or<Json>(fact->body, "numbers", Json::object());
    break;
  }
  return out;
}

/// With the policy "cost": how far a risen risk is from being worth a cycle; else empty.
std::string cost_awaited(const Config& config, const Json& watch) {
  if (config.loop.policy != "cost") return {};
  const Json excess = io::get_or<Json>(io::get_or<Json>(watch, "summary", Json::object()),
                                       "excess", nullptr);
  if (!excess.is_object()) return {};
  return fmt::format("the excess cost of the risen risk to reach {}; it is about {}",
                     rounded(config.loop.cost_of_cycle),
                     rounded(io::get_or<double>(excess, "cost", 0)));
}

std::string waiting_for(const State& state, const Config& config, const Json& watch) {
  if (state.paused) return "somebody to resume the loop (`rondo resume`)";
  if (state.waiting_version_step != 0) return "a person's yes (`rondo promote` or `rondo reject`)";
  if (state.open && state.open->stage != Stage::kMonitoring) {
    return fmt::format("step {} ({}) to end", state.open->step, text_of(state.open->stage).name);
  }
  if (state.rollout && state.rollout->holds_up()) {
    return fmt::format("requests to `rondo up`: v{} is being rolled out",
                       state.rollout->challenger);
  }
  if (state.steps == 0) return "the first `rondo run`";
  if (state.champion == 0) return "better or more data in the source";
  if (config.loop.policy == "never") return "a person (the policy is never)";
  const std::string held = held_up(state, config);
  if (!held.empty()) return held;
  const std::string cost = cost_awaited(config, watch);
  return cost.empty() ? "new data, late labels, or a signal" : cost;
}

Json problem_of(const State& state) {
  if (state.problem_step == 0) return nullptr;
  return {{"step", state.problem_step}, {"stage", state.problem_stage},
          {"reason", state.problem}};
}

/// What the watch knows of the champion; nothing after a switch, while it still is that of the
/// version before.
Json summary_of(const State& state, const Json& watch) {
  const bool own = io::get_or<std::int64_t>(watch, "version", 0) == state.champion;
  return own ? io::get_or<Json>(watch, "summary", Json::object()) : Json::object();
}

std::string performs(const State& state, const Json& watch) {
  if (state.champion == 0) return "no model serves yet";
  for (const monitor::Signal& signal : state.open_signals) {
    if (signal.open && pages(signal)) return signal.sentence;
  }
  const Json summary = summary_of(state, watch);
  const auto rows = io::get_or<std::int64_t>(summary, "judged_rows", 0);
  if (rows == 0) return fmt::format("v{} serves; no labels have been judged yet", state.champion);
  const auto unit = io::get_or<double>(summary, "unit", 1);
  return fmt::format("v{} performs well: {} {:.3g} in {} judged {}, proved bound {:.3g}",
                     state.champion, io::get_or<std::string>(summary, "loss", "loss"),
                     unit * io::get_or<double>(summary, "mean_loss", 0),
                     grouped(static_cast<std::uint64_t>(rows)),
                     io::get_or<std::string>(summary, "of", "rows"),
                     unit * io::get_or<double>(summary, "risk_bound", 0));
}

struct Measured {
  std::int64_t duration_us = 0;
  double cpu_s = 0;
};

Result<std::map<std::int64_t, Measured>> measured_of(ledger::Ledger& ledger) {
  std::map<std::int64_t, Measured> out;
  for (const ledger::JournalEntry& entry : TRY(ledger.journal_of("attempt_ended"))) {
    out[entry.step].duration_us += io::get_or<std::int64_t>(entry.body, "duration_us", 0);
    out[entry.step].cpu_s += io::get_or<double>(entry.body, "cpu_s", 0);
  }
  return out;
}

std::string stage_of_life(const State& state, std::int64_t version) {
  if (version == state.champion) return "champion";
  const bool tried = state.rollout && !state.rollout->watched;
  if (tried && version == state.rollout->challenger) return "challenger";
  return state.versions.at(version).step == 0 ? "imported" : "retired";
}

/// "120 rows from b.csv; new column extra (number)": what the step said of its rows, and what the
/// contract has that it had not.
std::string what_changed(const DatasetVersion& version, const table::Schema* before) {
  std::string out = version.reason.substr(0, version.reason.find("; "));
  for (const auto& [name, digest] : version.manifest.tables) {
    if (const auto told = told_of_table(version.reason, name); !told.empty()) out += "; " + told;
  }
  if (before == nullptr) return out;
  for (const table::Field& field : version.manifest.contract.schema.fields) {
    const auto was = before->find(field.name);
    if (!was) out += fmt::format("; new column {} ({})", field.name, name_of(field.type));
    else if (before->fields[*was].type != field.type) {
      out += fmt::format("; {} is {}, was {}", field.name, name_of(field.type),
                         name_of(before->fields[*was].type));
    }
  }
  return out;
}

}  // namespace

Result<Json> status_view(ledger::Store& store, const Config& config) {
  const State state = TRY(read_state(*store.ledger));
  const Json watch = TRY(store.ledger->projection("watch")).value_or(Json::object());
  const bool working = state.open && state.open->stage != Stage::kMonitoring &&
                       state.waiting_version_step == 0;
  const std::optional<Stage> stage =
      state.open ? std::optional(state.open->stage)
                 : (state.next ? state.next : state.last_stage.value_or(Stage::kCollection));
  Json champion = nullptr;
  if (state.champion != 0) {
    champion = {{"name", config.model_name()}, {"version", state.champion}};
  }
  Json alerts = Json::array();
  if (state.problem_step != 0) {
    alerts.push_back(fmt::format("step {} ({}): {}", state.problem_step, state.problem_stage,
                                 state.problem));
  }
  for (const Alert& alert : state.alerts.open) {
    alerts.push_back(alert_line(alert, wall_clock_now()));
  }
  return Json{{"project", config.project.name},
              {"stage", stage_name(stage)},
              {"tracker", tracker_of(state)},
              {"champion", champion},
              {"resting", !working && !(state.next && !state.open && !state.paused)},
              {"waiting_for", waiting_for(state, config, watch)},
              {"performs", performs(state, watch)},
              {"paused", state.paused},
              {"policy", config.loop.policy},
              {"approval", state.waiting_version_step != 0 ? Json(state.waiting_version_step)
                                                           : Json(nullptr)},
              {"alerts", alerts},
              {"problem", problem_of(state)},
              {"rollout", TRY(rollout_of(store, state))},
              {"watch", summary_of(state, watch)},
              {"rows", state.rows},
              {"labelled", state.labelled},
              {"cycles", cycles_of(state)},
              {"steps", state.steps}};
}

Result<std::string> champion_damage(ledger::Store& store) {
  const State state = TRY(read_state(*store.ledger));
  if (state.champion == 0) return "";
  const auto bytes = stored_pipeline(store, state, state.champion);
  if (bytes) return "";
  return fmt::format("v{} cannot be loaded: {}; `rondo up` answers by the newest version that can "
                     "be (put the file back from a backup, or promote another version)",
                     state.champion, bytes.error().message);
}

void add_damage(Json& status, const std::string& sentence) {
  if (sentence.empty()) return;
  status["performs"] = sentence;
  Json& alerts = status["alerts"];
  alerts.insert(alerts.begin(), sentence);
}

Result<Json> history_view(ledger::Store& store, std::int64_t last) {
  const auto measured = TRY(measured_of(*store.ledger));
  std::map<std::int64_t, Time> began;
  for (const ledger::Fact& fact : TRY(store.ledger->facts_of("step_started"))) {
    began.try_emplace(fact.step, fact.at);
  }
  const auto finished = TRY(store.ledger->facts_of("step_finished"));
  std::size_t from = 0;
  if (last > 0 && finished.size() > static_cast<std::size_t>(last)) {
    from = finished.size() - static_cast<std::size_t>(last);
  }
  Json rows = Json::array();
  for (std::size_t i = from; i < finished.size(); ++i) {
    const ledger::Fact& fact = finished[i];
    const Stage stage = TRY(stage_from(io::get_or<std::string>(fact.body, "stage", "")));
    const auto took = measured.find(fact.step);
    const auto start = began.find(fact.step);
    rows.push_back(
        {{"step", fact.step},
         {"cycle", io::get_or<std::int64_t>(fact.body, "cycle", 0)},
         {"stage", text_of(stage).name},
         {"action", text_of(stage).action},
         {"result", io::get_or<std::string>(fact.body, "result", "")},
         {"next", io::get_or<std::string>(fact.body, "next", "rest")},
         {"reason", io::get_or<std::string>(fact.body, "reason", "")},
         {"started", to_text(start == began.end() ? fact.at : start->second)},
         {"duration_ms", took == measured.end()
                             ? 0.0
                             : static_cast<double>(took->second.duration_us) / 1000.0}});
  }
  return rows;
}

Result<Json> models_view(ledger::Store& store, const Config& config) {
  const State state = TRY(read_state(*store.ledger));
  Json rows = Json::array();
  for (const auto& [number, version] : state.versions) {
    rows.push_back({{"name", config.model_name()},
                    {"version", number},
                    {"stage_of_life", stage_of_life(state, number)},
                    {"metrics", version.metrics},
                    {"dataset", fmt::format("d{}", version.dataset)},
                    {"created", to_text(version.created)},
                    {"step", version.step},
                    {"labelled", version.labelled},
                    {"trees", version.trees},
                    {"features", version.features},
                    {"pipeline", version.pipeline}});
  }
  if (state.waiting_version_step != 0) {
    rows.push_back({{"name", config.model_name()}, {"version", nullptr},
                    {"stage_of_life", "challenger"}, {"metrics", Json::object()},
                    {"dataset", fmt::format("d{}", state.dataset)},
                    {"created", to_text(state.last_at)}, {"step", state.waiting_version_step}});
  }
  return rows;
}

Result<Json> data_view(ledger::Store& store, const std::string& table) {
  Json rows = Json::array();
  const table::Schema* before = nullptr;
  const auto versions = TRY(dataset_versions(store, table));
  for (const DatasetVersion& version : versions) {
    const ledger::Manifest& m = version.manifest;
    Time first = kEndOfTime, last = kBeginningOfTime;  // served rows may be older than a source's
    for (const ledger::Segment& segment : m.segments) {
      first = std::min(first, segment.first);
      last = std::max(last, segment.last);
    }
    const bool clock = last > first;
    rows.push_back({{"version", version.name()},
                    {"rows", m.rows},
                    {"labelled", m.labelled},
                    {"added", m.counts.accepted},
                    {"rejected", m.counts.rejected},
                    {"duplicate", m.counts.duplicate},
                    {"from", clock ? Json(to_text(first)) : Json(nullptr)},
                    {"until", clock ? Json(to_text(last)) : Json(nullptr)},
                    {"changed", what_changed(version, before)},
                    {"committed", to_text(version.at)},
                    {"digest", version.digest},
                    {"step", version.step}});
    if (!m.tables.empty()) rows.back()["tables"] = TRY(tables_view(store, m));
    before = &m.contract.schema;
  }
  return rows;
}

Result<Json> rejects_view(ledger::Store& store, std::int64_t wanted, const std::string& table) {
  Json out = Json::array();
  const std::vector<DatasetVersion> versions = TRY(dataset_versions(store, table));
  const auto taken_in = [&](const std::string& object, std::uint32_t line) -> Json {
    for (const DatasetVersion& version : versions) {
      const auto resolved = version.manifest.resolved.find(object);
      if (resolved != version.manifest.resolved.end() &&
          std::ranges::binary_search(resolved->second, line)) {
        return version.name();
      }
    }
    return nullptr;
  };
  for (const DatasetVersion& version : versions) {
    const ledger::Manifest& m = version.manifest;
    if (wanted != 0 && static_cast<std::int64_t>(m.number) != wanted) continue;
    if (!m.rejects) continue;
    const std::string lines = TRY(store.objects->get(*m.rejects));
    std::uint32_t line = 0;
    for (std::size_t at = 0; at < lines.size(); ++line) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      Json reject = TRY(io::parse_json(std::string_view(lines).substr(at, end - at), "a reject"));
      reject["dataset"] = version.name();
      reject["resolved"] = taken_in(m.rejects->hex(), line);
      out.push_back(std::move(reject));
      at = end + 1;
    }
  }
  return out;
}

Result<Json> signals_view(ledger::Store& store) {
  Json rows = Json::array();
  auto facts = TRY(store.ledger->facts_of("signal"));
  for (auto fact = facts.rbegin(); fact != facts.rend(); ++fact) {
    Json row = fact->body;
    row["at"] = to_text(fact->at);
    row["sequence"] = fact->sequence;
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<Json> decisions_view(ledger::Store& store, std::size_t limit) {
  Json rows = Json::array();
  auto facts = TRY(store.ledger->facts_of("decision"));
  for (auto fact = facts.rbegin(); fact != facts.rend() && rows.size() < limit; ++fact) {
    Json row = fact->body;
    row["at"] = to_text(fact->at);
    row["sequence"] = fact->sequence;
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<Json> deployments_view(ledger::Store& store, const Config& config) {
  const State state = TRY(read_state(*store.ledger));
  Json chain = Json::array();
  for (const ledger::Fact& fact : TRY(store.ledger->facts_of("deployed"))) {
    Json row = fact.body;
    row["at"] = to_text(fact.at);
    row["step"] = fact.step;
    chain.push_back(std::move(row));
  }
  Json rollouts = Json::array();
  for (const ledger::Fact& fact : TRY(store.ledger->facts_of("rollout"))) {
    Json row = fact.body;
    row["at"] = to_text(fact.at);
    row["step"] = fact.step;
    rollouts.push_back(std::move(row));
  }
  return Json{{"name", config.model_name()},
              {"rollout", TRY(rollout_of(store, state))},
              {"rollouts", rollouts},
              {"champion", state.champion == 0 ? Json(nullptr) : Json(state.champion)},
              {"former", state.former == 0 ? Json(nullptr) : Json(state.former)},
              {"chain", chain}};
}

}  // namespace rondo::loop
