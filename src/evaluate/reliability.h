// Whether probabilities of two classes mean what they say: the curve, its summary, and one test.
#pragma once

#include <optional>
#include <vector>

#include "stats/calibration.h"
#include "stats/intervals.h"

namespace rondo::evaluate {

constexpr std::size_t kReliabilityBins = 15;

struct ReliabilityBin {
  double low = 0, high = 0;           // of the probabilities; the last bin holds 1 too
  double mean_probability = 0;
  stats::Share positives;
  stats::Bounds bounds;               // of the share, Wilson
};

struct Reliability {
  std::uint64_t rows = 0;
  std::vector<ReliabilityBin> bins;   // that have rows, ascending
  double calibration_error = 0;       // ECE: mean |share - probability| of the bins, by rows
  /// brier = reliability - resolution + uncertainty + within: how far the shares are from what was
  /// said (less is better), how far they are apart (more is better), what the shares of the classes
  /// make of it, and what the bins hide.
  double brier = 0, reliability = 0, resolution = 0, uncertainty = 0, within = 0;
  /// Standard normal while the probabilities are right; above 0 when they are too sure, below it
  /// when they are not sure enough. None if all are 0, 1/2 or 1.
  std::optional<double> z;
  double p = 1;                       // two-sided
};

/// Shape: probabilities in [0, 1].
/// Source: Murphy 1973 with the term within bins of Stephenson, Coelho, Jolliffe 2008; Naeini,
/// Cooper, Hauskrecht 2015 (ECE); Spiegelhalter 1986. Cost: O(rows).
Reliability reliability_of(const stats::Scored& rows, double level);

}  // namespace rondo::evaluate
