// Detector A: whether the rows of a window still come from a law within a box about the reference.
// The box pays for what the reference itself does not know, so the promise (false notices a year)
// holds for a reference of any size. Formulas: docs/STATISTICS.md, "Shifted inputs".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "stats/intervals.h"

namespace rondo::stats {

/// Bounds of each bin's share. Shape: both K; low <= high, and the lows add up to 1 at most, the
/// highs to 1 at least.
struct Box {
  std::vector<double> low, high;
};

/// Clopper-Pearson bounds of each bin at error / 2K a side, moved out by `tolerance` times the
/// bin's share. Shape: counts has K >= 2, of which some is above 0.
/// Source: Clopper, Pearson 1934.
Box box_of(std::span<const std::uint64_t> counts, double tolerance, double error = 0.01);

struct WindowShares {
  std::vector<double> shares;  // one a bin
  double rows = 0;
};

/// Moves the bounds out to where the mean shares of the reference's windows went, and on by 8/W
/// deviations of theirs, W windows, as few have not been everywhere. Only of bins that vary more
/// than counting rows explains, and without what counting adds: it is no part of a mean.
/// Shape: each window has K shares and rows > 0; with fewer than two nothing changes.
void widen(Box& box, std::span<const WindowShares> windows);

/// The law in the box that is nearest to q in the sense of ln E below: clip(q/nu, low, high) with
/// sum 1. Shape: q has K, sum 1, each above 0.
/// Source: reverse information projection; Gruenwald, de Heide, Koolen 2024, theorem 1.
std::vector<double> projection(std::span<const double> q, const Box& box);

/// Evidence that a column left its box, by windows: the mean of two e-CUSUMs, whose bets forget
/// the past at once or by a fifth a window. Where bins have an order two more bet that the column
/// moved as a whole, which is one number to learn from what was seen, not one a bin. They bet while
/// that number is one that no law in the box has: bins that a season moves by less than its windows
/// show are out of the box by little, which a bet so sharp would sum up.
/// Source: Shin, Ramdas, Rinaldo 2022 (arXiv 2203.03532), with g_t false alarms granted a step.
class BoxEvidence {
 public:
  /// `prior`: the reference's counts, which bets start from. `scores`: where each bin stands in
  /// the order of values, in deviations; none: there is no order.
  BoxEvidence(Box box, std::span<const std::uint64_t> prior, std::vector<double> scores = {});
  /// A window's counts, K of them; `granted`: false alarms a year times years since the last
  /// window.
  void add(std::span<const std::uint64_t> counts, double granted);
  /// Alarm at >= 1 for one column alone, at >= D where the greatest of D columns is looked at; then
  /// restart(). At most `granted` false alarms are expected, whatever the traffic.
  double value() const noexcept;
  void restart() noexcept;
  /// Whether the last windows, each a fifth less than the next, are farther from the box than
  /// chance takes them: a rule, for when a shift is over.
  bool outside() const;
  /// The share of a window's rows that are where no window of the reference had them, beyond what
  /// counting so few rows explains (two standard errors a bin). In [0, 1]. Shape: counts of K bins,
  /// not all 0.
  double beyond(std::span<const std::uint64_t> counts) const;
  /// The bin that has the most too many rows in them.
  struct Bin {
    std::size_t index = 0;
    double share = 0, low = 0, high = 0;  // of those windows; the box
  };
  Bin farthest() const;
  Json state() const;
  /// A state of before columns moved as a whole has none of that. Errors: kCorrupt.
  Result<void> read(const Json& state);

 private:
  struct Bet {
    double keeps = 0;               // rho: what is left of the past after a window
    std::vector<double> seen;       // a_b
    double log_value = -1e300;      // ln M
    double log_moved = -1e300;      // that of a column that moved as a whole
  };
  std::vector<double> bet_on(const Bet& bet) const;
  std::vector<double> tilted(double wanted) const;
  double log_evidence(std::span<const double> q, std::span<const std::uint64_t> counts) const;
  std::vector<double> apart() const;
  Box box_;
  std::vector<double> prior_;       // p_b
  std::vector<Bet> bets_;
  std::vector<double> scores_;      // z_b
  Bounds reach_;                    // of the mean of z over the laws in the box
};

/// Which of many values are alarms together: the k greatest with the k-th >= count / k, k as large
/// as can be; ascending indexes. Expected share of false ones a year is that of one column.
/// Source: Dandapanthula, Ramdas 2025 (arXiv 2501.04130), e-detector Benjamini-Hochberg.
std::vector<std::size_t> alarms_among(std::span<const double> values);

}  // namespace rondo::stats
