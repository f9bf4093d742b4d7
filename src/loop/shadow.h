// The other version of a rollout, after the reply: every record of a rollout waits here until both
// versions have scored its row, and then goes to the prediction log. Under load the scoring is shed
// first, then, as in the log itself, the record.
#pragma once

#include <deque>

#include "base/guarded.h"
#include "base/worker.h"
#include "deploy/router.h"
#include "ledger/prediction_log.h"

namespace rondo::loop {

class ShadowScorer {
 public:
  /// Both must outlive it.
  ShadowScorer(const deploy::Router& router, ledger::PredictionLog& log);
  /// Writes what waits.
  ~ShadowScorer();
  /// Whether records go by here: a rollout is under way, or some still wait. They stay in order, as
  /// what finds lost answers relies on that. Threads: any. Cost: one relaxed load.
  bool busy() const noexcept { return busy_.get() != 0; }
  void hold();      // from now on, until as many release()
  void release();
  /// Queues; false: there is no room, the records are dropped and counted. Threads: any.
  /// `done` is told what became of the records, as by the log. False: it is never called.
  bool write(std::span<const ledger::Prediction> rows, ledger::PredictionLog::Done done = {});
  /// Until everything queued was handed to the log.
  void drain();
  std::uint64_t scored() const noexcept { return scored_.get(); }  // rows
  std::uint64_t shed() const noexcept { return shed_.get(); }
  std::uint64_t dropped() const noexcept { return dropped_.get(); }

 private:
  struct Job {
    std::vector<ledger::Prediction> rows;
    bool scores = false;
    ledger::PredictionLog::Done done;
  };
  struct Queue {
    std::deque<Job> jobs;
    std::size_t rows = 0;        // waiting, and being scored
    bool closing = false;
  };
  void serve();
  void score(Job& job);

  const deploy::Router& router_;
  ledger::PredictionLog& log_;
  Counter busy_, scored_, shed_, dropped_;
  Guarded<Queue> queue_;
  std::uint64_t turn_ = 0;  // the worker's
  Worker worker_;           // last: it uses the others
};

}  // namespace rondo::loop
