// The defaults of other tools, to the letter: which test, which bins, which base of the logarithm.
#pragma once

#include "monitor/drift.h"

namespace rondo::monitor {

/// Evidently 0.7: by at most 1,000 rows of the reference K-S, chi-square or a z-test (a p-value of
/// at most .05 moved), beyond Wasserstein's distance by the reference's deviation or Jensen-Shannon
/// in nats (.1). Missing cells are left out. Not measured: times, texts, columns without a value.
Distance distance_of_evidently(const TwoSamples& samples, std::optional<double> threshold);
/// NannyML 0.13, the whole file as one chunk: Jensen-Shannon over Doane's bins of the reference or
/// its values, with what lies in none of them as one more (beyond .1 moved).
Distance distance_of_nannyml(const TwoSamples& samples, std::optional<double> threshold);
/// TensorFlow Data Validation 1.x: L-infinity of the shares of categories, Jensen-Shannon
/// divergence of histograms of ten bins each, laid over each other (beyond .01 moved, as TFDV has
/// no threshold of its own). Counts are exact where TFDV takes them from a sketch.
Distance distance_of_tfdv(const TwoSamples& samples, std::optional<double> threshold);

/// numpy's histogram_bin_edges(bins="doane"). Shape: sorted, not empty.
std::vector<double> doane_edges(std::span<const double> sorted);

}  // namespace rondo::monitor
