// A replay that is over, opened again to be asked what its versions would have answered to rows
// that they did not answer then. Nothing of it is told to the replay.
#pragma once

#include "deploy/router.h"
#include "evaluate/metrics.h"
#include "loop/replay_world.h"

namespace rondo::loop {

class Lived {
 public:
  /// Errors: those of the store and of the source. Cost: reads the source unless it was read.
  static Result<Lived> open(const ReplayOptions& options);
  /// With a history that knows the whole recording: rows read it as of their own time.
  /// Errors: kNotFound, kCorrupt. Threads: any. Cost: of reading the history once.
  Result<deploy::Deployed> version(std::int64_t number) const;
  /// What it loses on the recorded rows of [from, until) that the replay reached: `rows` and `loss`
  /// of those whose truth is known. Threads: any. Cost: of a batch.
  ReplayDay loss(const deploy::Deployed& by, Time from, Time until) const;
  const State& state() const { return state_; }
  ledger::Ledger& ledger() const { return *session_->store->ledger; }

 private:
  std::shared_ptr<Session> session_;
  Config config_;
  std::shared_ptr<const Recording> recording_;
  State state_;
  std::vector<Kept> kept_;  // as while it was lived through: of a crontab nothing
  Time end_ = kEndOfTime;
};

}  // namespace rondo::loop
