// A = L L', then L y = b and L' x = y.
#include "stats/symmetric.h"

#include <algorithm>
#include <cmath>

namespace rondo::stats {

bool solve_symmetric(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t size = b.size();
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = j; i < size; ++i) {
      double sum = a[i * size + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * size + k] * a[j * size + k];
      if (i > j) a[i * size + j] = sum / a[j * size + j];
      else if (!(sum > 0) || !std::isfinite(sum)) return false;
      else a[j * size + j] = std::sqrt(sum);
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * size + k] * b[k];
    b[i] /= a[i * size + i];
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) b[i] -= a[k * size + i] * b[k];
    b[i] /= a[i * size + i];
  }
  return std::ranges::all_of(b, [](double x) { return std::isfinite(x); });
}

}  // namespace rondo::stats
