// Rows that came before, cell for cell: a batch that was sent twice, a source that says the same
// over and over. A rule with no rate of false alarms, only where nothing repeats by nature.
#pragma once

#include "monitor/signals.h"

namespace rondo::monitor {

/// Threads: one. Everything that must survive a restart is in state().
class Repeats {
 public:
  explicit Repeats(const model::Reference& reference);
  /// The rows of one version in a window that closed. Cost: a sort of a number a row.
  void look(OpenSignals::Window window, std::span<const Judged* const> rows, OpenSignals& open,
            std::vector<Signal>& out);
  Json state() const;
  /// Null: nothing was seen. Errors: kCorrupt.
  Result<void> read(const Json& state);

  static constexpr std::size_t kColumns = 3;  // of numbers without a frequent value
  static constexpr std::size_t kRows = 50;    // of a window
  static constexpr double kMany = 0.5, kFew = 0.1;  // share of the rows
  static constexpr std::uint64_t kWindows = 3;      // in a row with few, before any tells

 private:
  bool watched_ = false;
  std::uint64_t clean_ = 0;
  double most_ = 0;  // share of repeats in windows that were clean
};

/// How many rows equal another of them in every cell, the first of its kind not counted. Rows
/// without any value are none.
std::size_t repeated(std::span<const Judged* const> rows);

}  // namespace rondo::monitor
