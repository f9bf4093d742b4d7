// The state of a project's loop: a fold over its facts and nothing else, so that a restart is a
// replay. It is also kept as the projection "state", written with every append, so that a start
// reads one row instead of all facts; fold() from the beginning gives the same value.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "loop/alerts.h"
#include "loop/lifecycle.h"
#include "monitor/watcher.h"

namespace rondo::loop {

/// A step that was started and has not finished.
struct OpenStep {
  std::int64_t step = 0, cycle = 0;
  Stage stage = Stage::kCollection;
  std::string reason;
  Time started;
};

struct Version {
  std::int64_t version = 0, step = 0, cycle = 0, dataset = 0;
  std::string pipeline;       // digest, hex
  std::string prepared, candidate;  // of the model that was measured; empty: none was
  Time created;
  Json metrics = Json::object();
  std::int64_t labelled = 0;  // rows it was trained on
  Time label_until;           // newest label it was trained on
  std::int64_t trees = 0, features = 0;
  bool served = false;        // was the champion once
};

/// Stretch of event time whose rows train nothing and are missing as lags.
struct Kept {
  Time from;
  std::optional<Time> until;  // none: still open
  std::string column, why;
  bool covers(Time time) const { return time >= from && (!until || time < *until); }
};
bool any_covers(const std::vector<Kept>& kept, Time time);

/// A version on its way to all traffic, or watched after it: docs/ARCHITECTURE.md, "Rollout".
struct Rollout {
  std::int64_t challenger = 0, champion = 0;  // the newer version and the one it is compared with
  std::int64_t step = 0;                      // the deployment that registered it
  std::vector<double> shares;                 // percent, ascending, below 100
  std::int64_t place = -1;                    // the share that it has; -1: scored unseen
  bool proves = false;                        // labels have yet to show that it is better
  std::string stands_in;                      // the broken column for which it answers all; empty:
                                              // it does not stand in (loop/stand_in.h)
  std::string salt;                           // of the split
  Time began, since;                          // the rollout; this share
  bool watched = false;                       // it serves all, and its labels can still stop it
  Time until;                                 // end of that
  std::string held;                           // why it was held last; empty: not yet

  /// No cycle begins before that has an end.
  bool holds_up() const { return !watched && !proves && stands_in.empty(); }
  /// In hundredths of a percent; 0 unseen, 10,000 when watched or standing in.
  std::uint16_t share() const;
  Json to_json() const;
  static Rollout from_json(const Json& json);  // throws what nlohmann throws
};

struct State {
  std::int64_t sequence = 0;           // last fact folded
  std::int64_t steps = 0, cycle = 0;
  std::string track;                   // a character a finished step: '0'..'5' next stage, '-' rest
  std::optional<OpenStep> open;
  std::optional<Stage> next;           // after the last finished step; none: rest
  std::optional<Stage> last_stage;
  std::string last_result, last_reason;
  Time last_at;                        // decision time of the newest fact

  std::map<std::string, std::string> outputs;  // of the running cycle: name -> digest, hex
  std::string manifest;                // newest dataset version
  std::int64_t dataset = 0, rows = 0, labelled = 0;
  Time newest_row = kBeginningOfTime;
  std::int64_t served_through = 0;     // labels up to this row of their table were collected
  Time served_look_after = kBeginningOfTime;  // later ones do not count as known before

  std::int64_t champion = 0, former = 0, newest_version = 0;
  std::map<std::int64_t, Version> versions;
  std::int64_t looks = 0;              // challengers judged against it since its last risk alarm
  std::int64_t attempted_labelled = 0; // labelled rows at the newest training
  std::int64_t waiting_version_step = 0;  // a good challenger that waits for a person (approve=ask)

  bool paused = false;
  std::string trigger;                 // a person asked for a cycle: why; empty: nobody
  std::int64_t problem_step = 0;       // failed or broke a contract; its stage did no better since
  std::string problem_stage, problem;  // the reason
  bool retry = false;                  // a person wants rejected rows to be tried again
  Json backfill = Json::object();      // {"from","to"}: a person wants it collected again
  std::string failed_inputs;           // digest of the inputs at which a step failed for good
  Time cycle_started = kBeginningOfTime, cycle_ended = kBeginningOfTime;
  std::int64_t fruitless = 0;          // cycles in vain since a promotion or a risk alarm
  std::vector<Time> cycles;            // starts of the last 31 days
  std::vector<double> cycle_cpu;       // predicted CPU-seconds, beside `cycles`
  std::int64_t risk_signals = 0;       // risk alarms since the last promotion
  std::string risk_sentence;
  std::int64_t drift_signals = 0;      // inputs that began to drift since then
  std::string drift_sentence;

  std::vector<monitor::Signal> open_signals;
  Alerts alerts;                       // the same, by cause, with what people said of them
  std::vector<Kept> kept;
  std::map<std::string, std::int64_t> cycles_by_result, failures_by_stage;
  std::optional<Rollout> rollout;
  std::vector<std::int64_t> revived;   // older versions that had their trial since the risk rose
  std::int64_t rollbacks = 0;
  std::int64_t promotions = 0, refusals = 0, alarms = 0;

  Json to_json() const;
  static Result<State> from_json(const Json& json);
};

/// Whether a signal is an alarm: the error has risen, or rows are kept out. Others are notices.
bool pages(const monitor::Signal& signal);

/// Turns that came past Data Collection: those that ended, and the one under way. A collection that
/// found too little is no cycle.
std::int64_t cycles_of(const State& state);

/// Whether both are served by the same versions in the same shares.
bool same_routing(const State& a, const State& b);

/// One fact folded in. Pure.
Result<void> fold(State& state, const ledger::Fact& fact);

}  // namespace rondo::loop
