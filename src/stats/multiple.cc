// Holm's steps down; see multiple.h.
#include "stats/multiple.h"

#include <algorithm>
#include <cmath>

namespace rondo::stats {

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.begin(), p.end());
  double greatest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double left = static_cast<double>(order.size() - i);
    greatest = std::max(greatest, std::min(1.0, left * p[order[i]]));
    adjusted[order[i]] = greatest;
  }
  return adjusted;
}

}  // namespace rondo::stats
