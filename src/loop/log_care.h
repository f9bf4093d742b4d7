// Looks after the log of answers: drops what was kept long enough, and says what is wrong with it.
#pragma once

#include "base/clock.h"
#include "ledger/log_retention.h"
#include "ledger/prediction_log.h"
#include "loop/lost.h"

namespace rondo::loop {

class LogCare {
 public:
  LogCare(const ledger::PredictionLog& log, LostAnswers& lost, ledger::LogRetention retention)
      : log_(log), lost_(lost), retention_(std::move(retention)) {}
  /// A complaint of each part, empty when it is well. Threads: one at a time. Cost: of retention
  /// once a second.
  struct Told {
    std::string kept, log;
  };
  Told look(Time now);

 private:
  const ledger::PredictionLog& log_;
  LostAnswers& lost_;
  ledger::LogRetention retention_;
  std::int64_t retained_us_ = 0;
  std::uint64_t told_dropped_ = 0;
  Time last_dropped_{};
  std::string kept_;
};

}  // namespace rondo::loop
