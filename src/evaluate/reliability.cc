// Two passes over the rows: sums by bin, then deviations from the bin's means; see reliability.h.
#include "evaluate/reliability.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rondo::evaluate {
namespace {

std::size_t bin_of(double probability) noexcept {
  const double place = probability * static_cast<double>(kReliabilityBins);
  return std::min(static_cast<std::size_t>(std::max(place, 0.0)), kReliabilityBins - 1);
}

using Bins = std::array<ReliabilityBin, kReliabilityBins>;

Bins binned(const stats::Scored& rows, double level) {
  Bins bins;
  for (std::size_t i = 0; i < rows.score.size(); ++i) {
    ReliabilityBin& bin = bins[bin_of(rows.score[i])];
    bin.mean_probability += rows.score[i];
    bin.positives.rows += 1;
    bin.positives.hits += rows.positive[i] ? 1 : 0;
  }
  for (std::size_t j = 0; j < bins.size(); ++j) {
    ReliabilityBin& bin = bins[j];
    bin.low = static_cast<double>(j) / static_cast<double>(kReliabilityBins);
    bin.high = static_cast<double>(j + 1) / static_cast<double>(kReliabilityBins);
    if (bin.positives.rows > 0) bin.mean_probability /= static_cast<double>(bin.positives.rows);
    bin.bounds = stats::wilson(bin.positives, level);
  }
  return bins;
}

/// Spiegelhalter's sum and its variance.
void put_z(const stats::Scored& rows, Reliability& out) {
  double sum = 0, variance = 0;
  for (std::size_t i = 0; i < rows.score.size(); ++i) {
    const double p = rows.score[i], y = rows.positive[i] ? 1 : 0;
    sum += (y - p) * (1 - 2 * p);
    variance += (1 - 2 * p) * (1 - 2 * p) * p * (1 - p);
  }
  if (!(variance > 0)) return;
  out.z = sum / std::sqrt(variance);
  out.p = 2 * stats::normal_cdf(-std::abs(*out.z));
}

}  // namespace

Reliability reliability_of(const stats::Scored& rows, double level) {
  Reliability out;
  out.rows = rows.score.size();
  if (out.rows == 0) return out;
  const double n = static_cast<double>(out.rows);
  const Bins bins = binned(rows, level);
  double positives = 0;
  for (const ReliabilityBin& bin : bins) positives += static_cast<double>(bin.positives.hits);
  const double share = positives / n;
  out.uncertainty = share * (1 - share);
  for (const ReliabilityBin& bin : bins) {
    if (bin.positives.rows == 0) continue;
    const double weight = static_cast<double>(bin.positives.rows) / n;
    const double gap = bin.positives.value() - bin.mean_probability;
    const double apart = bin.positives.value() - share;
    out.calibration_error += weight * std::abs(gap);
    out.reliability += weight * gap * gap;
    out.resolution += weight * apart * apart;
    out.bins.push_back(bin);
  }
  for (std::size_t i = 0; i < rows.score.size(); ++i) {
    const ReliabilityBin& bin = bins[bin_of(rows.score[i])];
    const double p = rows.score[i], y = rows.positive[i] ? 1 : 0;
    const double off = p - bin.mean_probability;
    out.brier += (y - p) * (y - p) / n;
    out.within += (off * off - 2 * off * (y - bin.positives.value())) / n;
  }
  put_z(rows, out);
  return out;
}

}  // namespace rondo::evaluate
