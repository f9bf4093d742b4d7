// What is said of the mean loss of one window, kept in the watcher's state.
#pragma once

#include "io/json.h"
#include "monitor/watcher.h"

namespace rondo::monitor {

struct WindowMean {
  double value = 0, variance = 0;
  std::uint64_t rows = 0;
  Time until;
  Json to_json() const { return {value, variance, rows, until.us}; }
  /// None for another shape.
  static std::optional<WindowMean> from_json(const Json& json);
};

}  // namespace rondo::monitor
