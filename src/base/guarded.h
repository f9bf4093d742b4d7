// A lock and its data together: the data cannot be named without holding the lock. Resembles
// folly::Synchronized; smaller. Deadlock: calling with() of a second Guarded inside the first,
// in two orders. Do not.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/time.h"

namespace rondo {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  /// Calls f(T&) under the lock and returns what it returns.
  template <class F>
  auto with(F&& f) {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <class F>
  auto with(F&& f) const {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  /// with(), then wakes everybody who waits in wait().
  template <class F>
  auto change(F&& f) {
    std::unique_lock lock(mutex_);
    struct Notify {
      std::condition_variable& news;
      ~Notify() { news.notify_all(); }
    } notify{news_};
    return std::forward<F>(f)(value_);
  }
  /// Waits until ready(T&) is true or the time is over, then calls f(T&) under the lock.
  template <class Ready, class F>
  auto wait(Span at_most, Ready&& ready, F&& f) {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, std::chrono::microseconds(at_most.us), [&] { return ready(value_); });
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  T value_;
};

}  // namespace rondo
