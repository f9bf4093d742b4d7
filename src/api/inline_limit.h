// How large a body may be to be scored on the I/O thread itself: as large as takes a millisecond,
// by what the last ones took a byte. Larger ones go to the pool, so that no small one stands behind
// them. Pure but for its caller's clock.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rondo::api {

class InlineLimit {
 public:
  static constexpr double kMostUs = 1000;
  static constexpr std::size_t kLeast = 512, kMost = 16 << 10;  // bytes

  /// A body of so many bytes took so long.
  void note(std::size_t bytes, std::int64_t took_us) {
    const double now = static_cast<double>(took_us) / static_cast<double>(std::max(bytes, kLeast));
    us_per_byte_ += (now - us_per_byte_) / 16;
  }
  std::size_t bytes() const {
    const double fits = kMostUs / std::max(us_per_byte_, 1e-6);
    return static_cast<std::size_t>(
        std::clamp(fits, static_cast<double>(kLeast), static_cast<double>(kMost)));
  }

 private:
  double us_per_byte_ = 0;
};

}  // namespace rondo::api
