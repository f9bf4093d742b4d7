// The state as JSON and back: what the projection "state" holds. tests compare it with a fresh
// fold.
#include "loop/state.h"

#include <algorithm>
#include <cmath>

namespace rondo::loop {
namespace {

Json times(const std::vector<Time>& list) {
  Json out = Json::array();
  for (const Time t : list) out.push_back(t.us);
  return out;
}

std::vector<Time> times_from(const Json& json) {
  std::vector<Time> out;
  for (const Json& t : json) out.push_back({t.get<std::int64_t>()});
  return out;
}

Json stage_json(const std::optional<Stage>& stage) {
  return stage ? Json(static_cast<int>(*stage)) : Json(nullptr);
}

std::optional<Stage> stage_at(const Json& json, const char* key) {
  const int number = io::get_or<int>(json, key, -1);
  if (number < 0 || number >= static_cast<int>(kStages.size())) return std::nullopt;
  return kStages[static_cast<std::size_t>(number)];
}

Json version_json(const Version& v) {
  return {{"version", v.version},     {"step", v.step},         {"cycle", v.cycle},
          {"dataset", v.dataset},     {"pipeline", v.pipeline}, {"created", v.created.us},
          {"metrics", v.metrics},     {"labelled", v.labelled}, {"label_until", v.label_until.us},
          {"trees", v.trees},         {"features", v.features}, {"prepared", v.prepared},
          {"candidate", v.candidate}, {"served", v.served}};
}

Version version_from(const Json& json) {
  Version v;
  v.version = io::get_or<std::int64_t>(json, "version", 0);
  v.step = io::get_or<std::int64_t>(json, "step", 0);
  v.cycle = io::get_or<std::int64_t>(json, "cycle", 0);
  v.dataset = io::get_or<std::int64_t>(json, "dataset", 0);
  v.pipeline = io::get_or<std::string>(json, "pipeline", "");
  v.created = {io::get_or<std::int64_t>(json, "created", 0)};
  v.metrics = io::get_or<Json>(json, "metrics", Json::object());
  v.labelled = io::get_or<std::int64_t>(json, "labelled", 0);
  v.label_until = {io::get_or<std::int64_t>(json, "label_until", 0)};
  v.trees = io::get_or<std::int64_t>(json, "trees", 0);
  v.features = io::get_or<std::int64_t>(json, "features", 0);
  v.prepared = io::get_or<std::string>(json, "prepared", "");
  v.candidate = io::get_or<std::string>(json, "candidate", "");
  v.served = io::get_or<bool>(json, "served", false);
  return v;
}

Json kept_json(const std::vector<Kept>& list) {
  Json out = Json::array();
  for (const Kept& kept : list) {
    out.push_back({{"from", kept.from.us},
                   {"until", kept.until ? Json(kept.until->us) : Json(nullptr)},
                   {"column", kept.column},
                   {"why", kept.why}});
  }
  return out;
}

std::vector<Kept> kept_from(const Json& json) {
  std::vector<Kept> out;
  for (const Json& item : json) {
    Kept kept{{item.at("from").get<std::int64_t>()}, std::nullopt,
              item.at("column").get<std::string>(), item.at("why").get<std::string>()};
    if (!item.at("until").is_null()) kept.until = Time{item.at("until").get<std::int64_t>()};
    out.push_back(std::move(kept));
  }
  return out;
}

Json optional_rollout(const std::optional<Rollout>& rollout) {
  return rollout ? rollout->to_json() : Json(nullptr);
}

/// Every plain member under its name: written and read by one list, so that neither can drift.
template <class S, class F>
void each_plain(S& s, F&& f) {
  f("sequence", s.sequence);
  f("steps", s.steps);
  f("cycle", s.cycle);
  f("track", s.track);
  f("last_result", s.last_result);
  f("last_reason", s.last_reason);
  f("last_at", s.last_at.us);
  f("outputs", s.outputs);
  f("manifest", s.manifest);
  f("dataset", s.dataset);
  f("rows", s.rows);
  f("labelled", s.labelled);
  f("newest_row", s.newest_row.us);
  f("served_through", s.served_through);
  f("served_look_after", s.served_look_after.us);
  f("champion", s.champion);
  f("former", s.former);
  f("newest_version", s.newest_version);
  f("looks", s.looks);
  f("attempted_labelled", s.attempted_labelled);
  f("waiting_version_step", s.waiting_version_step);
  f("paused", s.paused);
  f("trigger", s.trigger);
  f("problem_step", s.problem_step);
  f("problem_stage", s.problem_stage);
  f("problem", s.problem);
  f("retry", s.retry);
  f("backfill", s.backfill);
  f("failed_inputs", s.failed_inputs);
  f("cycle_started", s.cycle_started.us);
  f("cycle_ended", s.cycle_ended.us);
  f("fruitless", s.fruitless);
  f("cycle_cpu", s.cycle_cpu);
  f("risk_signals", s.risk_signals);
  f("risk_sentence", s.risk_sentence);
  f("drift_signals", s.drift_signals);
  f("drift_sentence", s.drift_sentence);
  f("cycles_by_result", s.cycles_by_result);
  f("failures_by_stage", s.failures_by_stage);
  f("promotions", s.promotions);
  f("rollbacks", s.rollbacks);
  f("refusals", s.refusals);
  f("alarms", s.alarms);
}

}  // namespace

std::uint16_t Rollout::share() const {
  if (watched || !stands_in.empty()) return 10'000;
  if (place < 0) return 0;
  return static_cast<std::uint16_t>(std::lround(shares[static_cast<std::size_t>(place)] * 100));
}

Json Rollout::to_json() const {
  return {{"challenger", challenger}, {"champion", champion}, {"step", step},
          {"shares", shares},         {"place", place},       {"salt", salt},
          {"began", began.us},        {"since", since.us},    {"watched", watched},
          {"until", until.us},        {"held", held},         {"proves", proves},
          {"stands_in", stands_in}};
}

Rollout Rollout::from_json(const Json& json) {
  Rollout r;
  json.at("challenger").get_to(r.challenger);
  json.at("champion").get_to(r.champion);
  json.at("step").get_to(r.step);
  json.at("shares").get_to(r.shares);
  json.at("place").get_to(r.place);
  json.at("salt").get_to(r.salt);
  json.at("began").get_to(r.began.us);
  json.at("since").get_to(r.since.us);
  json.at("watched").get_to(r.watched);
  json.at("until").get_to(r.until.us);
  json.at("held").get_to(r.held);
  r.proves = io::get_or<bool>(json, "proves", false);
  r.stands_in = io::get_or<std::string>(json, "stands_in", "");
  return r;
}

bool same_routing(const State& a, const State& b) {
  if (a.champion != b.champion || a.rollout.has_value() != b.rollout.has_value()) return false;
  return !a.rollout || (a.rollout->challenger == b.rollout->challenger &&
                        a.rollout->share() == b.rollout->share());
}

bool any_covers(const std::vector<Kept>& kept, Time time) {
  return std::ranges::any_of(kept, [time](const Kept& stretch) { return stretch.covers(time); });
}

Json State::to_json() const {
  Json out = Json::object();
  each_plain(*this, [&out](const char* name, const auto& value) { out[name] = value; });
  out["cycles"] = times(cycles);
  out["kept"] = kept_json(kept);
  out["next"] = stage_json(next);
  out["last_stage"] = stage_json(last_stage);
  out["rollout"] = optional_rollout(rollout);
  out["revived"] = revived;
  out["open"] = nullptr;
  if (open) {
    out["open"] = {{"step", open->step},
                   {"cycle", open->cycle},
                   {"stage", static_cast<int>(open->stage)},
                   {"reason", open->reason},
                   {"started", open->started.us}};
  }
  out["versions"] = Json::array();
  for (const auto& item : versions) out["versions"].push_back(version_json(item.second));
  out["alerts"] = alerts.to_json();
  out["signals"] = Json::array();
  for (const auto& signal : open_signals) out["signals"].push_back(monitor::to_json(signal));
  return out;
}

Result<State> State::from_json(const Json& json) {
  State s;
  try {
    each_plain(s, [&json](const char* name, auto& value) { json.at(name).get_to(value); });
    s.cycles = times_from(json.at("cycles"));
    s.kept = kept_from(json.at("kept"));
    s.next = stage_at(json, "next");
    s.last_stage = stage_at(json, "last_stage");
    if (const Json& open = json.at("open"); !open.is_null()) {
      s.open = OpenStep{open.at("step").get<std::int64_t>(), open.at("cycle").get<std::int64_t>(),
                        stage_at(open, "stage").value_or(Stage::kCollection),
                        open.at("reason").get<std::string>(),
                        {open.at("started").get<std::int64_t>()}};
    }
    if (const Json& kept_rollout = json.at("rollout"); !kept_rollout.is_null()) {
      s.rollout = Rollout::from_json(kept_rollout);
    }
    s.revived = io::get_or<std::vector<std::int64_t>>(json, "revived", {});
    s.alerts = Alerts::from_json(json.at("alerts"));
    for (const Json& item : json.at("versions")) {
      const Version v = version_from(item);
      s.versions[v.version] = v;
    }
  } catch (const nlohmann::json::exception& e) {
    return fail(Code::kCorrupt, std::string("the kept state of the loop is damaged: ") + e.what(),
                "it is only a copy: `rondo fsck` rebuilds it from the facts");
  }
  for (const Json& item : json.at("signals")) {
    s.open_signals.push_back(TRY(monitor::signal_from(item)));
  }
  return s;
}

}  // namespace rondo::loop
