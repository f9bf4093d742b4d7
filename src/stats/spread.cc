// Within a block: the mean first, then deviations from it, less what the mean's own error adds
// (the corrected two-pass algorithm). Between blocks: the pairwise update.
#include "stats/spread.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rondo::stats {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Joint joint_of_block(std::span<const double> x, std::span<const double> y) noexcept {
  Joint out;
  double sum_x = 0, sum_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    out.n += 1;
    sum_x += x[i];
    sum_y += y[i];
  }
  if (out.n == 0) return out;
  out.mean_x = sum_x / out.n;
  out.mean_y = sum_y / out.n;
  double left_x = 0, left_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    const double a = x[i] - out.mean_x, b = y[i] - out.mean_y;
    left_x += a;
    left_y += b;
    out.squares_x += a * a;
    out.squares_y += b * b;
    out.products += a * b;
  }
  out.squares_x -= left_x * left_x / out.n;
  out.squares_y -= left_y * left_y / out.n;
  out.products -= left_x * left_y / out.n;
  return out;
}

}  // namespace

void Spread::join(const Spread& other) noexcept {
  if (other.n == 0) return;
  if (n == 0) {
    *this = other;
    return;
  }
  const double all = n + other.n, d = other.mean - mean;
  squares += other.squares + d * d * (n * (other.n / all));
  mean += d * (other.n / all);
  n = all;
}

double Spread::variance() const noexcept { return n < 2 ? kUnknown : squares / (n - 1); }

Spread spread_of_block(std::span<const double> block) noexcept {
  Spread out;
  double sum = 0;
  for (const double x : block) {
    if (std::isnan(x)) continue;
    out.n += 1;
    sum += x;
  }
  if (out.n == 0) return out;
  out.mean = sum / out.n;
  double left = 0;
  for (const double x : block) {
    if (std::isnan(x)) continue;
    const double d = x - out.mean;
    left += d;
    out.squares += d * d;
  }
  out.squares -= left * left / out.n;
  return out;
}

Spread spread_of(std::span<const double> values) noexcept {
  Spread out;
  for (std::size_t from = 0; from < values.size(); from += kBlockRows) {
    out.join(spread_of_block(values.subspan(from, std::min(kBlockRows, values.size() - from))));
  }
  return out;
}

void Joint::join(const Joint& other) noexcept {
  if (other.n == 0) return;
  if (n == 0) {
    *this = other;
    return;
  }
  const double all = n + other.n, dx = other.mean_x - mean_x, dy = other.mean_y - mean_y;
  const double weight = n * (other.n / all);
  squares_x += other.squares_x + dx * dx * weight;
  squares_y += other.squares_y + dy * dy * weight;
  products += other.products + dx * dy * weight;
  mean_x += dx * (other.n / all);
  mean_y += dy * (other.n / all);
  n = all;
}

double Joint::correlation() const noexcept {
  if (n < 2 || !(squares_x > 0) || !(squares_y > 0)) return kUnknown;
  return std::clamp(products / (std::sqrt(squares_x) * std::sqrt(squares_y)), -1.0, 1.0);
}

Joint joint_of(std::span<const double> x, std::span<const double> y) noexcept {
  Joint out;
  for (std::size_t from = 0; from < x.size(); from += kBlockRows) {
    const std::size_t rows = std::min(kBlockRows, x.size() - from);
    out.join(joint_of_block(x.subspan(from, rows), y.subspan(from, rows)));
  }
  return out;
}

}  // namespace rondo::stats
