// A rollout under way: reads what both versions did to each request from the prediction log, and
// mature labels from the store, into the guards. Its place and fold are one projection ("rollout"),
// written with the decisions that follow, so a kill anywhere changes nothing.
#pragma once

#include <deque>
#include <functional>

#include "ledger/prediction_log.h"
#include "ledger/store.h"
#include "loop/policy.h"
#include "model/pipeline.h"

namespace rondo::loop {

/// Tolerances of the guards; what a proof must show is left at 0.
monitor::GuardOptions guard_options(const DeployOptions& options);

/// {"shares","unseen","salt"}: how a good version takes over; null: at once. One that has yet to
/// prove itself has no share, and "proves". The salt follows from the pipeline, so that a replay of
/// the facts splits alike.
Json rollout_plan(const DeployOptions& options, const std::string& pipeline, bool proves);

/// How strange an answer is to what its own model was trained on: of a number 1 beyond the labels
/// of its reference, else 0; of a class 1 minus its share among them.
double strangeness(const model::Reference& reference, double value, const std::string& answer);

/// The facts of a move: the decision on its basis, and the next share, the promotion, the way back
/// or the end. `window`: how long a promoted version is watched. Pure.
std::vector<ledger::NewFact> rollout_facts(const State& state, const Move& move, Json basis,
                                           Time at, Span window);

class RolloutWatch {
 public:
  /// A pipeline that is in memory, or null.
  using Lookup = std::function<std::shared_ptr<const model::Pipeline>(std::int64_t version)>;
  /// Of state.rollout. Errors: kCorrupt, kNotFound, kIo of the pipelines.
  static Result<std::unique_ptr<RolloutWatch>> open(ledger::Store& store, const Config& config,
                                                    const State& state, const Lookup& loaded);
  bool is_of(const Rollout& rollout) const;
  /// Reads what is new in log and labels.
  Result<void> read(Time now);
  RolloutEvidence evidence(const Rollout& rollout) const;
  Json projection() const;

 private:
  RolloutWatch(ledger::Store& store, const Config& config, const Rollout& rollout);
  struct Answered {
    double value = 0;
    std::string text;
  };
  struct Pending {           // a row whose label is not mature
    Time mature;
    Answered newer, older;
    std::uint16_t share = 0;
    std::optional<Json> label;
  };
  struct Counts {
    std::uint64_t rows = 0, labels = 0;
  };
  struct Began {             // where reading must start again to see all that is pending
    io::LogPosition log;
    std::int64_t label_row = 0;
    std::uint64_t passed = 0;  // predictions before it
    Time first, last;          // when the rows from here on mature
  };
  Result<void> load(const State& state, const Lookup& loaded);
  monitor::GuardOptions options() const;
  Result<void> restore(const Json& kept);
  void take(ledger::Prediction&& row, const Began& at);
  void end_request();
  void keep(const ledger::Prediction& row, bool newer_answered, const Began& at);
  Result<void> read_labels(Time now);
  void mature(Time now);
  double loss_of(const Answered& answer, const Json& label) const;

  ledger::Store& store_;
  const Config& config_;
  std::int64_t challenger_, champion_;
  Time began_;
  std::shared_ptr<const model::Pipeline> newer_, older_;
  monitor::RolloutGuards guards_;
  io::LogPosition log_;
  std::int64_t label_row_ = 0;
  std::uint64_t passed_ = 0, again_ = 0;     // predictions read; to be passed again after a restart
  Time matured_ = kBeginningOfTime;
  std::uint64_t unseen_ = 0;
  std::map<std::uint16_t, Counts> by_share_;
  std::string request_;                      // the id of the one that is gathered
  monitor::PairedRequest paired_;
  std::map<std::string, Pending, std::less<>> pending_;
  std::multimap<Time, std::string> due_;     // ids of pending_ by the time they mature
  std::deque<Began> began_places_;
  std::map<std::string, ledger::Label, std::less<>> homeless_;  // came before their answer was read
};

}  // namespace rondo::loop
