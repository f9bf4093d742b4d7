// Several tests at once: the chance that any of them is wrong, not each.
#pragma once

#include <span>
#include <vector>

namespace rondo::stats {

/// Adjusted p, in the given order: for the i-th smallest of m (from 0), the greatest (m - j) p_j of
/// the j up to i, at most 1. If what is at most e is rejected, then there is a false rejection with
/// probability e at most, however the tests depend on each other. NaN, no test, stays and does not
/// count. Source: Holm 1979.
std::vector<double> holm(std::span<const double> p);

}  // namespace rondo::stats
