// An immutable value that readers take and writers replace, like RCU with reference counts: a
// reader keeps what it took for as long as it likes, and never sees a mixture. The writer builds
// the new value aside, then publishes. Cost: a reader pays one short critical section and one
// increment.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace rondo {

template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : value_(std::move(first)) {}
  std::shared_ptr<const T> take() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }
  /// Returns the value that was there before.
  std::shared_ptr<const T> publish(std::shared_ptr<const T> next) {
    const std::scoped_lock lock(mutex_);
    std::swap(value_, next);
    return next;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace rondo
