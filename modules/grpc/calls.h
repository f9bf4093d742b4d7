// What stands on the server's one completion queue: an event for each thing that is waited for.
// A call is taken, handed to the program and answered in the thread that took it, or in one of the
// program's where the answer takes long or waits for the log.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "api/rpc.h"
#include "inference.grpc.pb.h"

#ifdef __SANITIZE_THREAD__
extern "C" void __tsan_acquire(void* place);
extern "C" void __tsan_release(void* place);
#endif

namespace rondo::wire {

using Clock = std::chrono::system_clock;

/// What the queue gives back. `good` as gRPC says it; `thread` took it.
class Event {
 public:
  virtual ~Event() = default;
  virtual void proceed(bool good, std::size_t thread) = 0;

#ifdef __SANITIZE_THREAD__
  /// What was done before gRPC got the event is seen by the thread that gets it back. gRPC sees to
  /// that; the thread sanitizer, which does not look into gRPC, is told.
  void hand_over() { __tsan_release(this); }
  void take_back() { __tsan_acquire(this); }
#else
  void hand_over() {}
  void take_back() {}
#endif
};

/// How many of something there are. Threads: any.
class Tally {
 public:
  void add() {
    const std::scoped_lock lock(guard_);
    ++count_;
  }
  void done() {
    const std::scoped_lock lock(guard_);
    if (--count_ == 0) none_.notify_all();
  }
  void wait_for_none() {
    std::unique_lock lock(guard_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex guard_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

/// Inferences that were answered and wait for their next use (infers.cc).
class Rested;

/// What all calls share; outlives them.
struct Shared {
  inference::GRPCInferenceService::AsyncService service;
  grpc::ServerCompletionQueue* queue = nullptr;
  api::RpcHost* host = nullptr;
  Tally pending;  // calls that the program has not answered
  Tally calls;    // that are waited for or under way: each may put something on the queue still
  std::shared_ptr<Rested> rested;

  /// Waits for something, unless the queue is about to end.
  template <class Put>
  void unless_ending(const Put& put) {
    const std::shared_lock lock(guard_);
    if (!ending_) put();
  }
  /// From its return on nothing is waited for any more. Calls under way go on to their ends.
  void end() {
    const std::unique_lock lock(guard_);
    ending_ = true;
  }

 private:
  std::shared_mutex guard_;
  bool ending_ = false;
};

/// One of `Shared::calls`, while it lives.
class Counted {
 public:
  explicit Counted(Shared& shared) : shared_(shared) { shared_.calls.add(); }
  ~Counted() { shared_.calls.done(); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Shared& shared_;
};

/// Calls of each kind that are waited for at once.
inline constexpr int kWaiting = 16;
/// Waits for inferences (infers.cc), and for calls of every other kind of the service (asks.cc).
void wait_for_infers(Shared& shared);
void wait_for_asks(Shared& shared);

grpc::Status status_of(const api::RpcOutcome& outcome);
/// Tells clients that try again by themselves when to do so.
void say_when(grpc::ServerContext& context, const api::RpcOutcome& outcome);
/// Views live as long as the context.
api::RpcCaller caller_of(const grpc::ServerContext& context);
/// What is left of the deadline in microseconds, 0 when it has passed; below 0: there is none.
std::int64_t left_us(const grpc::ServerContext& context);
grpc::Status too_late();

}  // namespace rondo::wire
