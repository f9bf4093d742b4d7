// A closer bound of the risk, from the days that a model served. Its test may have had few days, so
// that what was proved is far above what it does; an error that doubled would go unnoticed for as
// long as it serves.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace rondo::monitor {

class LiveBound {
 public:
  /// A judged day's mean loss, in [0, 1]. The first 448 are kept.
  void add(double loss);
  /// Once there are 28, 56, 112, 224 or 448 days: a bound of the mean of what they stand for, if it
  /// is below .8 of `proved`. Too low at any of these looks with probability .01 at most:
  /// .005, .0025, ... Source: as the bound of a test's days (stats/betting.h).
  std::optional<double> look(double proved) const;
  /// From now on what is compared with.
  void take(double bound) { bound_ = bound; }
  std::optional<double> bound() const noexcept { return bound_; }
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);

 private:
  std::vector<double> days_;
  std::optional<double> bound_;
};

}  // namespace rondo::monitor
