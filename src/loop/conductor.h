// The conductor turns the loop: what is true, what follows from it, write both down in one commit,
// do it. It knows no stage by heart; every step passes one gate (perform) that names, caches,
// retries, times and takes over outputs. Killed anywhere, the next start goes on with the same
// step.
#pragma once

#include <memory>

#include "base/clock.h"
#include "ledger/store.h"
#include "loop/desk.h"
#include "loop/launcher.h"
#include "loop/run.h"
#include "loop/watch.h"
#include "loop/world.h"

namespace rondo::loop {

struct JobName;
struct Served;
class SharedJobs;

/// How a step went: what goes into the ledger, and the objects that it made.
struct Outcome {
  std::int64_t step = 0, cycle = 0;
  Stage stage = Stage::kCollection;
  std::string result, reason;
  std::map<std::string, std::string> outputs;  // name -> digest, hex
  Json evidence = Json::object();
  Json measured = Json::object();              // journal: durations, CPU
  bool waits = false;                          // for a person (approve = "ask"): nothing finished
  std::optional<Error> error;                  // of a failed step
};

class Conductor {
 public:
  struct Parts {
    ledger::Store* store = nullptr;
    Desk* desk = nullptr;
    const Config* config = nullptr;
    io::Path project;
    Policy policy;
    Clock* clock = nullptr;
    World* world = nullptr;
    Launcher* launcher = nullptr;
    Observer observer;
    SharedJobs* shared = nullptr;  // with other replays of the same history; null: with nobody
  };
  explicit Conductor(Parts parts);
  ~Conductor();

  /// Turns the loop until it rests (`run`) or a stop is requested. Errors: only of the ledger and
  /// the world; a failed step is an outcome.
  Result<void> run(const Stop& stop);
  /// The last failed step's error and whether a challenger was refused in this run.
  const std::optional<Error>& last_error() const { return last_error_; }
  bool refused() const { return refused_; }
  bool anything() const { return anything_; }

 private:
  /// Whether served predictions become rows here: not in a replay, which predicts its own source.
  bool collects_served(const State& state) const;
  Result<Snapshot> snapshot(const State& state, const SourceNews& news) const;
  Result<std::optional<Action>> record(const std::optional<Outcome>& outcome);
  Result<std::optional<Outcome>> perform(const Action& action, const Stop& stop);
  Result<std::optional<Outcome>> monitor(const Action& action, const Stop& stop);
  void tell_signals(const std::vector<monitor::Signal>& signals, Time at) const;
  Result<void> notice_silence(const Action& action);
  /// What is due, each with its decision, up to the first "yes".
  Result<void> judge_windows(const Action& action);
  Json basis(const Snapshot& now, const Due& due) const;
  Result<Outcome> carry_out(const Action& action, const Stop& stop);
  Result<Outcome> once(const Action& action, std::int64_t attempt, const Stop& stop);
  Result<std::optional<Served>> served_for(const State& state, std::int64_t needed) const;
  Result<Outcome> collect_step(const Action& action, std::int64_t attempt, const Stop& stop);
  Result<Outcome> prepare_step(const Action& action, std::int64_t attempt, const Stop& stop);
  Result<Outcome> train_step(const Action& action, std::int64_t attempt, const Stop& stop);
  Result<Outcome> evaluate_step(const Action& action, std::int64_t attempt, const Stop& stop);
  struct Twin {
    std::string prepared, candidate;  // digests, hex
  };
  Result<Twin> fit_twin(const Action& action, std::int64_t attempt, const State& state,
                        const Json& situated, const Stop& stop);
  Result<Outcome> deploy_step(const Action& action, std::int64_t attempt, const Stop& stop);
  Result<ledger::StageOutput> launch(const Action& action, std::int64_t attempt,
                                     const std::string& kind, Json options,
                                     const std::map<std::string, std::string>& inputs,
                                     const Stop& stop, std::map<std::string, std::string>* outputs);
  Result<ledger::StageOutput> launch_here(const Job& job, const io::Path& folder, Json& made);
  Result<ledger::StageOutput> launch_or_share(const Job& job, const JobName& named,
                                              const io::Path& folder, Json& made);
  /// Adds the output "jobs": what this attempt launched, with options and inputs.
  Result<void> keep_jobs(std::map<std::string, std::string>& outputs);
  prepare::Situation situation(const State& state, bool twin) const;
  Result<void> attach_watch(const State& state);
  Result<bool> nothing_to_do(const State& state, bool acted) const;
  void tell(const Json& event) const;

  Parts parts_;
  std::unique_ptr<Watch> watch_;
  double worker_cpu_s_ = 0;  // of the workers of this step
  Json jobs_ = Json::array();  // of this attempt
  std::optional<Error> last_error_;
  SourceNews news_;
  bool refused_ = false, anything_ = false;
};

/// The result of a deployment whose version gets shares of the traffic first.
inline constexpr std::string_view kRollingOut = "rolling out";
/// Of an evaluation: too few rows to tell, and live labels are to tell.
inline constexpr std::string_view kToProve = "undecided, to prove itself";

/// The facts that a finished step appends, for the state it is appended to. Used by the conductor
/// and by requests (a person's yes to a waiting deployment). Errors: kConflict.
Result<Entry> finish(const State& state, const Outcome& outcome, Time now,
                     std::int64_t version_floor, const std::string& who, const std::string& why);

/// Versions up to this one were given out before a restore and are never used again; 0: none.
Result<std::int64_t> version_floor(ledger::Ledger& ledger);

}  // namespace rondo::loop
