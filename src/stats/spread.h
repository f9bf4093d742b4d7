// Count, mean, spread and covariance of long columns, in blocks whose sums are joined in order: the
// error stays small where a running sum would lose digits, and the same numbers give the same bits
// however many threads share the blocks.
#pragma once

#include <cstddef>
#include <span>

namespace rondo::stats {

inline constexpr std::size_t kBlockRows = 65'536;

/// Of numbers x: n, mean, and squares = sum (x - mean)^2.
struct Spread {
  double n = 0, mean = 0, squares = 0;
  /// Source: Chan, Golub, LeVeque 1979, equations 2.1: with d = mean_B - mean_A,
  /// squares = squares_A + squares_B + d^2 n_A n_B / n.
  void join(const Spread& other) noexcept;
  double variance() const noexcept;  // divisor n - 1; NaN below two
};
/// Two passes over one block. NaN is left out.
Spread spread_of_block(std::span<const double> block) noexcept;
/// Blocks of kBlockRows, joined in order.
Spread spread_of(std::span<const double> values) noexcept;

/// Of pairs (x, y): the spreads of both, and products = sum (x - mean_x)(y - mean_y).
struct Joint {
  double n = 0, mean_x = 0, mean_y = 0, squares_x = 0, squares_y = 0, products = 0;
  void join(const Joint& other) noexcept;
  double correlation() const noexcept;  // Pearson's; NaN when either is constant
};
/// Rows where either is NaN are left out. Shape: x and y are of one length.
Joint joint_of(std::span<const double> x, std::span<const double> y) noexcept;

}  // namespace rondo::stats
