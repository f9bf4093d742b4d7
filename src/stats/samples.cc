// Sorting by bytes, and walks over what is sorted.
#include "stats/samples.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <numeric>

#include "stats/intervals.h"

namespace rondo::stats {
namespace {

constexpr std::size_t kRadixFrom = 256;  // below, comparing is faster than counting
constexpr int kDigits = 3, kDigitBits = 11;
constexpr int kUncounted = 64 - kDigits * kDigitBits;  // the last bits, which hardly ever decide
constexpr std::size_t kDigitValues = 1 << kDigitBits;
constexpr std::uint64_t kSign = 1ULL << 63;
constexpr std::uint64_t kExactAtMost = 10'000;
constexpr double kOneSided = 2.2;  // n d^2

/// Unsigned numbers in the order of the doubles.
std::uint64_t key_of(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double value_of(std::uint64_t key) noexcept {
  return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

std::size_t digit_of(std::uint64_t key, int digit) noexcept {
  return key >> (kUncounted + digit * kDigitBits) & (kDigitValues - 1);
}

using DigitCounts = std::array<std::array<std::uint32_t, kDigitValues>, kDigits>;

/// Which digits differ, and where the keys of each value of such a digit go.
std::vector<int> digits_that_differ(const std::vector<double>& keys, DigitCounts& counts) {
  std::vector<int> out;
  const auto first = std::bit_cast<std::uint64_t>(keys[0]);
  for (int d = 0; d < kDigits; ++d) {
    auto& places = counts[static_cast<std::size_t>(d)];
    if (places[digit_of(first, d)] == keys.size()) continue;
    std::exclusive_scan(places.begin(), places.end(), places.begin(), 0U);
    out.push_back(d);
  }
  return out;
}

/// By the first kDigits digits of the keys, the least of them first. Keys lie in the doubles, bit
/// by bit, so that no third buffer is needed; the last digit's turn makes values of them again.
void radix_sort(std::vector<double>& keys, std::vector<double>& spare) {
  const auto counts = std::make_unique<DigitCounts>();
  for (double& value : keys) {
    const std::uint64_t key = key_of(value + 0.0);
    for (int d = 0; d < kDigits; ++d) {
      ++(*counts)[static_cast<std::size_t>(d)][digit_of(key, d)];
    }
    value = std::bit_cast<double>(key);
  }
  const std::vector<int> digits = digits_that_differ(keys, *counts);
  if (digits.empty()) {
    for (double& key : keys) key = value_of(std::bit_cast<std::uint64_t>(key));
    return;
  }
  spare.resize(keys.size());
  for (const int d : digits) {
    auto& places = (*counts)[static_cast<std::size_t>(d)];
    const auto deal = [&](const auto& form) {
      for (const double cell : keys) {
        const auto key = std::bit_cast<std::uint64_t>(cell);
        spare[places[digit_of(key, d)]++] = form(key);
      }
    };
    if (d == digits.back()) deal(value_of);
    else deal([](std::uint64_t key) { return std::bit_cast<double>(key); });
    keys.swap(spare);
  }
}

/// What differs in the last bits alone stands together by now.
void sort_neighbours(std::vector<double>& values) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!(values[i] < values[i - 1])) continue;
    const std::uint64_t group = key_of(values[i]) >> kUncounted;
    const auto of_group = [&](std::size_t at) { return key_of(values[at]) >> kUncounted == group; };
    std::size_t from = i - 1, to = i + 1;
    while (from > 0 && of_group(from - 1)) --from;
    while (to < values.size() && of_group(to)) ++to;
    std::sort(values.begin() + static_cast<std::ptrdiff_t>(from),
              values.begin() + static_cast<std::ptrdiff_t>(to));
    i = to - 1;
  }
}

/// P(max |i/n - j/m| >= steps/(n m)) over all ways from (0, 0) to (n, m): of each place the share
/// of the ways to it that have been that far out. Nothing is subtracted, so small tails keep their
/// digits.
double paths_outside(std::uint64_t n, std::uint64_t m, std::uint64_t steps) {
  std::vector<double> out(m + 1, 0);
  for (std::uint64_t i = 0; i <= n; ++i) {
    for (std::uint64_t j = 0; j <= m; ++j) {
      const std::uint64_t a = i * m, b = j * n;
      if ((a > b ? a - b : b - a) >= steps) {
        out[j] = 1;
      } else if (i + j == 0) {
        out[j] = 0;
      } else {
        const double all = static_cast<double>(i + j);
        const double left = j > 0 ? out[j - 1] * static_cast<double>(j) : 0;
        out[j] = (out[j] * static_cast<double>(i) + left) / all;
      }
    }
  }
  return out[m];
}

/// P(D+_n >= d).
double smirnov_tail(double n, double d) noexcept {
  double sum = 0;
  for (double j = 0; j <= std::floor(n * (1 - d)); ++j) {
    const double up = d + j / n, down = 1 - up;
    if (down <= 0) {
      if (j == n) sum += std::exp((j - 1) * std::log(up));
      continue;
    }
    sum += std::exp(log_gamma(n + 1) - log_gamma(j + 1) - log_gamma(n - j + 1) +
                    (j - 1) * std::log(up) + (n - j) * std::log(down));
  }
  return std::min(1.0, d * sum);
}

/// A square matrix times 10^exponent, so that powers neither overflow nor vanish.
struct Scaled {
  std::size_t side;
  std::vector<double> cells;
  double exponent = 0;
  double& at(std::size_t row, std::size_t column) { return cells[row * side + column]; }
  double at(std::size_t row, std::size_t column) const { return cells[row * side + column]; }
};

Scaled times(const Scaled& a, const Scaled& b) {
  Scaled out{a.side, std::vector<double>(a.side * a.side, 0), a.exponent + b.exponent};
  for (std::size_t i = 0; i < a.side; ++i) {
    for (std::size_t k = 0; k < a.side; ++k) {
      const double factor = a.at(i, k);
      if (factor == 0) continue;
      for (std::size_t j = 0; j < a.side; ++j) out.at(i, j) += factor * b.at(k, j);
    }
  }
  if (out.at(a.side / 2, a.side / 2) > 1e140) {
    for (double& cell : out.cells) cell *= 1e-140;
    out.exponent += 140;
  }
  return out;
}

/// The matrix H of the paper; n d = k - h with 0 <= h < 1.
Scaled walk_matrix(std::size_t k, double h) {
  const std::size_t side = 2 * k - 1;
  Scaled out{side, std::vector<double>(side * side, 0)};
  for (std::size_t i = 0; i < side; ++i) {
    for (std::size_t j = 0; j < std::min(side, i + 2); ++j) out.at(i, j) = 1;
  }
  for (std::size_t i = 0; i < side; ++i) {
    const double power = std::pow(h, static_cast<double>(i + 1));
    out.at(i, 0) -= power;
    out.at(side - 1, i) -= std::pow(h, static_cast<double>(side - i));
  }
  if (2 * h > 1) out.at(side - 1, 0) += std::pow(2 * h - 1, static_cast<double>(side));
  for (std::size_t i = 0; i < side; ++i) {
    for (std::size_t j = 0; j < std::min(side, i + 1); ++j) {
      for (std::size_t g = 1; g <= i + 1 - j; ++g) out.at(i, j) /= static_cast<double>(g);
    }
  }
  return out;
}

double kolmogorov_below(std::uint64_t n, double d) {
  const double nd = static_cast<double>(n) * d;
  const auto k = static_cast<std::size_t>(nd) + 1;
  Scaled base = walk_matrix(k, static_cast<double>(k) - nd);
  Scaled power{base.side, std::vector<double>(base.side * base.side, 0)};
  for (std::size_t i = 0; i < base.side; ++i) power.at(i, i) = 1;
  for (std::uint64_t left = n; left > 0; left >>= 1) {
    if ((left & 1) != 0) power = times(power, base);
    base = times(base, base);
  }
  double below = power.at(k - 1, k - 1), exponent = power.exponent;
  for (std::uint64_t i = 1; i <= n; ++i) {
    below *= static_cast<double>(i) / static_cast<double>(n);
    if (below < 1e-140) {
      below *= 1e140;
      exponent -= 140;
    }
  }
  return below * std::pow(10.0, exponent);
}

}  // namespace

void sort_values(std::vector<double>& values, std::vector<double>& spare) {
  if (values.size() < kRadixFrom || values.size() > UINT32_MAX) {
    for (double& value : values) value += 0.0;
    std::ranges::sort(values);
    return;
  }
  radix_sort(values, spare);
  sort_neighbours(values);
}

void sort_values(std::vector<double>& values) {
  std::vector<double> spare;
  sort_values(values, spare);
}

CdfGap cdf_gap(std::span<const double> reference, std::span<const double> current) noexcept {
  const std::size_t n = reference.size(), m = current.size();
  const auto up = static_cast<std::int64_t>(m), down = static_cast<std::int64_t>(n);
  CdfGap out;
  std::int64_t gap = 0, most = 0;
  std::size_t i = 0, j = 0;
  double x = std::min(reference[0], current[0]);
  // One of each side at most a step, without a branch that chance decides; between values that are
  // alike the gap is no gap yet, and the stretch is of no length.
  const auto close = [&](double next) {
    const std::int64_t size = std::abs(gap);
    most = std::max(most, next != x ? size : 0);
    out.area += static_cast<double>(size) * (next - x);
    x = next;
  };
  while (i < n && j < m) {
    close(std::min(reference[i], current[j]));
    const bool first = reference[i] <= x, second = current[j] <= x;
    i += first ? 1 : 0;
    j += second ? 1 : 0;
    gap += (first ? up : 0) - (second ? down : 0);
  }
  for (; i < n; ++i, gap += up) close(reference[i]);
  for (; j < m; ++j, gap -= down) close(current[j]);
  const auto whole = static_cast<double>(n) * static_cast<double>(m);
  out.steps = static_cast<std::uint64_t>(most);
  out.area /= whole;
  out.greatest = static_cast<double>(most) / whole;
  return out;
}

std::size_t distinct(std::span<const double> sorted) noexcept {
  std::size_t count = sorted.empty() ? 0 : 1;
  for (std::size_t i = 1; i < sorted.size(); ++i) count += sorted[i] != sorted[i - 1] ? 1 : 0;
  return count;
}

double quantile(std::span<const double> sorted, double p) noexcept {
  const double place = static_cast<double>(sorted.size() - 1) * p;
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

std::vector<double> count_between(std::span<const double> sorted, std::span<const double> edges) {
  std::vector<double> counts;
  auto from = std::ranges::lower_bound(sorted, edges.front());
  for (std::size_t b = 1; b < edges.size(); ++b) {
    const auto to = b + 1 < edges.size() ? std::lower_bound(from, sorted.end(), edges[b])
                                         : std::upper_bound(from, sorted.end(), edges[b]);
    counts.push_back(static_cast<double>(to - from));
    from = to;
  }
  return counts;
}

double two_sample_ks_p(std::uint64_t n, std::uint64_t m, const CdfGap& gap) {
  if (gap.steps == 0) return 1;
  if (std::max(n, m) <= kExactAtMost) return paths_outside(n, m, gap.steps);
  const double joint = static_cast<double>(n) * static_cast<double>(m) /
                       static_cast<double>(n + m);
  return kolmogorov_tail(static_cast<std::uint64_t>(std::nearbyint(joint)), gap.greatest);
}

double kolmogorov_tail(std::uint64_t n, double d) {
  const auto count = static_cast<double>(n);
  if (d >= 1) return 0;
  if (count * d <= 0.5) return 1;
  if (d >= 0.5 || count * d * d >= kOneSided) {
    return std::min(1.0, 2 * smirnov_tail(count, d));
  }
  return std::clamp(1 - kolmogorov_below(n, d), 0.0, 1.0);
}

}  // namespace rondo::stats
