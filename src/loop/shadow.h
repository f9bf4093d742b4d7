// The other version of a rollout, after the reply: every record of a rollout waits here until both
// versions have scored its row, and then goes to the prediction log. Scoring takes a small part of
// the processors at most; beyond that it is shed, and much later, as in the log itself, the record.
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
    std::vector<ledger::Prediction> rows;  // to be scored; else:
    ledger::EncodedRows unscored;
    ledger::PredictionLog::Done done;
    std::size_t count() const { return rows.empty() ? unscored.rows : rows.size(); }
  };
  struct Queue {
    std::deque<Job> jobs;
    std::size_t rows = 0;        // waiting, and being scored
    bool closing = false;
  };
  bool takes(std::span<const ledger::Prediction> rows);
  void serve();
  void handle(Job& job);
  void score(Job& job);
  void settle();

  const deploy::Router& router_;
  ledger::PredictionLog& log_;
  Counter busy_, scored_, shed_, dropped_;
  Counter to_score_;        // rows that wait to be scored
  Counter spent_;           // not 0: scoring has taken its part of the processors for now
  Guarded<Queue> queue_;
  std::uint64_t turn_ = 0;  // the worker's, like the next three
  double saved_s_;          // CPU time that scoring may still take
  double settled_s_ = 0;    // CPU time of scoring since
  std::int64_t settled_us_; // when that was added up last
  Worker worker_;           // last: it uses the others
};

}  // namespace rondo::loop
