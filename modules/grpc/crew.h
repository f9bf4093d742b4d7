// How many threads stand at the queue. Two of them wake each other for each event, which costs more
// than a call is worth; so a second one comes only when the first has no more time to give.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace rondo::wire {

/// The rule, without threads: the first `at_work` of `all` work.
class CrewSize {
 public:
  explicit CrewSize(std::size_t all) : all_(all) {}
  std::size_t at_work() const { return at_work_; }
  /// A thread that works was busy for so much of the time that passed.
  void note(std::size_t thread, std::int64_t busy_us, std::int64_t passed_us) {
    if (busy_us * 10 > passed_us * 9 && at_work_ < all_) ++at_work_;
    // What the last one does, the others have room for.
    if (busy_us * 10 < passed_us * 3 && at_work_ > 1 && thread + 1 == at_work_) --at_work_;
  }

 private:
  std::size_t all_, at_work_ = 1;
};

/// Threads: any.
class Crew {
 public:
  explicit Crew(std::size_t all) : size_(all) {}
  /// Returns when the thread is to work, or all are to end.
  void wait(std::size_t thread) {
    std::unique_lock lock(guard_);
    news_.wait(lock, [&] { return ended_ || thread < size_.at_work(); });
  }
  /// Whether the thread goes on working.
  bool note(std::size_t thread, std::int64_t busy_us, std::int64_t passed_us) {
    const std::scoped_lock lock(guard_);
    const std::size_t before = size_.at_work();
    size_.note(thread, busy_us, passed_us);
    if (size_.at_work() > before) news_.notify_all();
    return thread < size_.at_work();
  }
  void end() {
    const std::scoped_lock lock(guard_);
    ended_ = true;
    news_.notify_all();
  }

 private:
  std::mutex guard_;
  std::condition_variable news_;
  CrewSize size_;
  bool ended_ = false;
};

}  // namespace rondo::wire
