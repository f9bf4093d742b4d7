// Whether serving computes what a batch computes: of the rows that are handed over for the log one
// in a thousand is scored again by batch, behind the reply. An answer that differs in a bit is an
// alert until the restart: training, replay and serving do not mean the same any more.
#pragma once

#include "base/guarded.h"
#include "base/worker.h"
#include "deploy/router.h"
#include "ledger/prediction_log.h"

namespace rondo::loop {

class SkewWatch {
 public:
  static constexpr std::size_t kOneIn = 1000;

  /// Keeps the first row of the calling thread, and each 1,000th after it. Threads: any. Cost: an
  /// addition, but for what is kept.
  void offer(std::span<const ledger::Prediction> rows);
  /// Scores what was kept again. Rows of a version that is not loaded any more are passed over.
  /// Threads: one.
  void check(const deploy::Routing& routing);

  std::uint64_t checked() const { return checked_.get(); }
  std::uint64_t mismatches() const { return mismatches_.get(); }
  /// A sentence once an answer differed; else empty.
  std::string alert() const {
    return alert_.with([](const std::string& text) { return text; });
  }

 private:
  void compare(const deploy::Deployed& by, const std::vector<ledger::Prediction>& rows);

  Guarded<std::vector<ledger::Prediction>> kept_;
  Counter checked_, mismatches_;
  Guarded<std::string> alert_;
};

}  // namespace rondo::loop
