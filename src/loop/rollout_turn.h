// Carries out what the policy says of a rollout, beside the loop and whatever that is doing: reads
// the evidence, decides, writes the decision down, and lets the table of versions follow.
#pragma once

#include "base/clock.h"
#include "loop/rollout.h"
#include "loop/run.h"
#include "loop/service_world.h"

namespace rondo::loop {

class RolloutTurn {
 public:
  struct Parts {
    Desk* desk = nullptr;
    ledger::Store* store = nullptr;
    const Config* config = nullptr;
    ServiceWorld* world = nullptr;
    const Clock* clock = nullptr;
    Observer observer;  // rollouts that went on or ended
  };
  struct Evidence {
    std::int64_t version = 0;  // 0: no rollout
    std::map<std::string, double> by_guard;
  };
  explicit RolloutTurn(Parts parts) : parts_(std::move(parts)) {}
  /// One look. Threads: one at a time. Errors: of the log and the store; the next look tries again.
  Result<void> judge();
  /// As of the last look. Threads: any.
  Evidence evidence() const {
    return shown_.with([](const Evidence& evidence) { return evidence; });
  }

 private:
  Result<RolloutEvidence> look(const State& state, Time at);
  Result<void> revive(const State& state, std::int64_t version, Time at);
  Result<State> make(const Rollout& rollout, const RolloutEvidence& evidence, const Move& move,
                     Time at);

  Parts parts_;
  std::unique_ptr<RolloutWatch> watch_;
  std::int64_t noted_us_ = 0;
  Guarded<Evidence> shown_;
};

}  // namespace rondo::loop
