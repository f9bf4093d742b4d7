// What several replays of one history share: the recording, read once, and every job that more than
// one of them asks for with the same inputs, carried out once. Facts, charges and files of a replay
// are those that it would have had alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/guarded.h"
#include "base/stop.h"
#include "base/worker.h"
#include "ledger/stage_io.h"

namespace rondo::loop {

struct Recording;

/// A finished job, and where its files are.
struct SharedJob {
  ledger::StageOutput output;
  Json made;                                  // output name -> digest, hex
  std::shared_ptr<const ledger::Objects> in;  // of whoever carried it out
  double cpu_s = 0;                           // what it cost: charged to each that uses it
};

class SharedJobs {
 public:
  /// The right to carry a job out while the others wait. Without finish() the next one gets it.
  class Turn {
   public:
    Turn(SharedJobs& jobs, std::string key) : jobs_(&jobs), key_(std::move(key)) {}
    Turn(Turn&& other) noexcept : jobs_(std::exchange(other.jobs_, nullptr)),
                                  key_(std::move(other.key_)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Turn& operator=(Turn&&) = delete;
    ~Turn();
    void finish(SharedJob job);

   private:
    SharedJobs* jobs_;
    std::string key_;
  };
  /// The finished job, or the turn to carry it out. Waits while another has the turn.
  /// Errors: kCancelled. Threads: any; one turn a thread, else two could wait for each other.
  /// `keyed` as in JobName: what decides what the job makes.
  Result<std::variant<SharedJob, Turn>> ask(const Json& keyed, const Stop& stop);

  /// A replay that goes on, as long as the value lives.
  class Going {
   public:
    explicit Going(SharedJobs& jobs) : jobs_(jobs) { jobs_.going_.add(); }
    Going(const Going&) = delete;
    Going& operator=(const Going&) = delete;
    ~Going() { jobs_.going_.sub(); }

   private:
    SharedJobs& jobs_;
  };
  /// Of the machine for each replay; the last one that goes on has it for itself.
  std::size_t cores_each() const;
  bool alone() const { return going_.get() == 1; }

 private:
  struct Place {
    bool taken = false;
    std::optional<SharedJob> made;
  };
  Guarded<std::map<std::string, Place>> places_;
  Counter going_;
};

class Shared {
 public:
  /// The recording that the first caller reads; the others wait for it. Errors: those of `read`.
  Result<std::shared_ptr<const Recording>> recording(
      const std::function<Result<Recording>()>& read);
  SharedJobs& jobs() { return jobs_; }

 private:
  Guarded<std::shared_ptr<const Recording>> recording_;
  SharedJobs jobs_;
};

}  // namespace rondo::loop
