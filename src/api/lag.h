// Whether an I/O thread is behind with its work, by how long something that it is asked to do at
// once has to wait. The least wait of a stretch counts, as a queue that drains now and then is
// none (Nichols, Jacobson: Controlling Queue Delay, 2012). Pure but for its caller's clock.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rondo::api {

class LagWatch {
 public:
  static constexpr std::int64_t kStretchUs = 100'000, kMostUs = 10'000;
  static constexpr int kFewest = 4;  // measurements that a stretch needs

  /// Something given to the thread at `posted_us` was done at `done_us`.
  void note(std::int64_t posted_us, std::int64_t done_us) {
    least_us_ = count_ == 0 ? done_us - posted_us : std::min(least_us_, done_us - posted_us);
    if (count_++ == 0) since_us_ = posted_us;
    if (done_us - since_us_ < kStretchUs) return;
    behind_ = count_ >= kFewest && least_us_ > kMostUs;
    judged_us_ = done_us;
    count_ = 0;
  }
  /// A judgement holds for two stretches: a thread without requests is behind with nothing.
  bool is_behind(std::int64_t now_us) const {
    return behind_ && now_us - judged_us_ < 2 * kStretchUs;
  }

 private:
  std::int64_t since_us_ = 0, least_us_ = 0, judged_us_ = 0;
  int count_ = 0;
  bool behind_ = false;
};

}  // namespace rondo::api
