// Holm's steps down; see multiple.h.
#include "stats/multiple.h"

#include <algorithm>
#include <numeric>

namespace rondo::stats {

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double greatest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double left = static_cast<double>(order.size() - i);
    greatest = std::max(greatest, std::min(1.0, left * p[order[i]]));
    adjusted[order[i]] = greatest;
  }
  return adjusted;
}

}  // namespace rondo::stats
