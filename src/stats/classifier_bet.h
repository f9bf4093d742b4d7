// Whether rows still come from the law of a sample, all columns looked at together: what no single
// column shows (a correlation that broke) a classifier of old against new rows does, and the
// evidence is what it wins by betting on rows that it has not seen. Formulas, sources and
// conditions: docs/STATISTICS.md, "Columns together".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "io/json.h"

namespace rondo::stats {

/// Rows of the reference, as bins. What a bin counts as is about normal; 0 where nothing is known.
struct BinnedSample {
  std::vector<std::vector<double>> scores;  // of each column's bins
  std::vector<std::uint8_t> bins;           // row by row, one of each column
  std::vector<std::int64_t> windows;        // each row's; empty: rows are independent
  std::size_t columns() const { return scores.size(); }
  std::size_t rows() const { return scores.empty() ? 0 : bins.size() / scores.size(); }
};

/// Of a column of which each bin has so many values, in rising order: the normal quantile of the
/// middle of its ranks.
std::vector<double> normal_scores(std::span<const std::uint64_t> counts);

/// An e-CUSUM whose bets are g(x) - C: g in [-1, 1] is refitted every 500 rows to separate the
/// newest rows from a quarter of the sample by products of pairs of columns, C bounds its mean over
/// the law of the other three.
/// Threads: one at a time. Cost: a row: a product a pair of columns; a refit: as many as the sample
/// has rows.
class ClassifierEvidence {
 public:
  /// Shape: 2 to 16 columns, 200 rows at least; see usable().
  explicit ClassifierEvidence(BinnedSample sample);
  static bool usable(const BinnedSample& sample);
  /// A row of what is going to be one observation. Shape: a bin a column.
  void add(std::span<const std::uint8_t> bins);
  /// The rows since the last call were one observation, granted so many false alarms: a row by
  /// itself where rows are independent, else a window of the sample's kind.
  void close(double granted);
  /// Leaves them out.
  void skip();
  /// Alarm at >= 1; then restart().
  double value() const noexcept;
  void restart() noexcept;
  /// Whether the bets have won nothing yet since they last lost most: what follows is the change.
  bool at_floor() const noexcept;
  /// Whether the newest observations still are beyond C: a rule, for when a change is over.
  bool outside() const noexcept { return bets_.front().excess > 0 && separates_; }
  /// Two columns that go together otherwise, the strongest; both 0: none do.
  struct Pair {
    std::size_t first = 0, second = 0;
    double before = 0, now = 0;         // means of the product of both scores
  };
  Pair strongest() const;
  std::uint64_t refits() const noexcept { return refits_; }
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);

 private:
  struct Bet {
    double evidence = 0;
    double excess = 0, squares = 0, observed = 0;  // of g - C, decayed; their weight
    double log_sum = 0, log_least = 0;             // of what it won; its minimum
    void place(double beyond, double granted, double most, double keep);
  };
  std::size_t features() const { return mean_.size(); }
  void expand(std::span<const std::uint8_t> bins, std::vector<double>& out) const;
  std::span<const std::uint8_t> row(std::size_t i) const;
  void prepare();
  double answer(std::span<const std::uint8_t> bins) const;
  void take_terms();
  void refit();
  void bound();

  BinnedSample sample_;
  std::vector<double> mean_, covariance_;  // of the training part, with the ridge
  bool prepared_ = false, separates_ = false;  // the latter: some w is not 0
  // The newest rows, each worth less the older it is: sums and their weight.
  std::vector<double> seen_;
  double weight_ = 0;
  std::uint64_t fresh_ = 0, refits_ = 0;   // rows since the last refit
  std::vector<double> stake_;              // w
  struct Term {
    std::size_t first = 0, second = 0;
    double stake = 0;
  };
  std::vector<Term> terms_;                // those of w that are not 0
  double offset_ = 0, bound_ = 1;          // C
  double sum_ = 0;                         // of g since the last observation ended
  std::uint64_t rows_ = 0;
  std::array<Bet, 2> bets_;                // with a short and a long memory
  std::vector<double> phi_;                // scratch
};

}  // namespace rondo::stats
