// What a glance should see before any figure is believed: how much better the model is on rows that
// it learnt from, whether one column carries it, whether it answers anything at all. Told; only a
// model whose answers are all alike is kept out.
#pragma once

#include "evaluate/probe.h"

namespace rondo::evaluate {

/// More than this share of what all columns carry together is one column's.
inline constexpr double kCarries = 0.9;

/// {"train": {"rows","value"}, "test", "carried": {"column","share"}?, "constant"?}: the metric on
/// training rows, evenly thinned to at most 20,000 and to about 2e6 walks down a tree, beside that
/// of the test rows; the column without which the mean loss grows by more than `kCarries` of what
/// it grows by without each column in turn, of two columns or more; the answer, of the first class,
/// that every test row gets. `scores` are the forest's on the test rows; `robustness` is that of
/// probe.h.
/// Cost: at most 2e6 walks down a tree, or 500 rows.
Json sanity_json(const Probed& probed, Metric metric, double test_value, const Answers& scores,
                 const Json& robustness);

/// Why it is kept out, if it is.
std::vector<std::string> not_sane(const Json& sanity, std::uint64_t rows);

}  // namespace rondo::evaluate
