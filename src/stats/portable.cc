// Only sums, products and quotients of doubles, in a fixed order, and powers of two made from bits.
// The exponential is at most 0.7 ulp from the true value where the result is normal; a
// test sweeps both against libm.
#include "stats/portable.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace rondo::stats {
namespace {

// ln 2 in two parts: the first has 32 significant bits, so that its product with any exponent is
// exact; the second is the rest, rounded.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 0x1.71547652b82fep+0;
constexpr double kToInteger = 0x1.8p52;  // added and taken away, it rounds to a whole number

// 1/2!, 1/3!, ... 1/13!: Taylor's series. On |r| <= ln 2 / 2 its rest is below 2^-58.
constexpr double kInverseFactorials[] = {
    1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,        1.0 / 5040,
    1.0 / 40320,  1.0 / 362880,  1.0 / 3628800,  1.0 / 39916800,  1.0 / 479001600,
    1.0 / 6227020800,
};

constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;
// Of artanh's series 2/3, 2/5, ... 2/21: |s| <= 0.1716, so its rest is below 2^-55 of the sum.
constexpr std::size_t kOddTerms = 10;

/// 2^n for -1022 <= n <= 1023.
double power_of_two(std::int64_t n) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
}

}  // namespace

double portable_exp(double x) noexcept {
  if (std::isnan(x)) return x;
  if (x > 710) return std::numeric_limits<double>::infinity();
  if (x < -746) return 0;
  const double k = (x * kInverseLn2 + kToInteger) - kToInteger;
  const double high = x - k * kLn2High;  // exact
  const double low = k * kLn2Low;
  const double r = high - low;
  const double lost = (high - r) - low;
  double sum = 0;
  for (std::size_t i = std::size(kInverseFactorials); i-- > 0;) {
    sum = sum * r + kInverseFactorials[i];
  }
  // 1 + r + r^2 sum, with what the first addition and the rounding of r lost: the result is rounded
  // nearly once.
  const double one_r = 1 + r;
  const double rest = r - (one_r - 1);
  const double value = one_r + (rest + (r * r * sum + lost));
  // In two steps, since 2^1024 is no double and 2^-1074 no normal one.
  const auto n = static_cast<std::int64_t>(k);
  const std::int64_t half = n / 2;
  return value * power_of_two(half) * power_of_two(n - half);
}

double portable_log(double x) noexcept {
  if (std::isnan(x) || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  std::int64_t n = 0;
  if (x < std::numeric_limits<double>::min()) {  // not normal: scaled until it is
    x *= 0x1p54;
    n = -54;
  }
  // x = 2^n m with sqrt(1/2) < m <= sqrt(2) or so.
  const auto bits = std::bit_cast<std::uint64_t>(x);
  n += static_cast<std::int64_t>(bits >> 52) - 1023;
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1;
  double m = std::bit_cast<double>((bits & kMantissa) | (std::uint64_t{1023} << 52));
  if (m > kSqrt2) {
    m /= 2;
    ++n;
  }
  const double f = m - 1;  // exact
  const double s = f / (2 + f), square = s * s;
  double sum = 0;
  for (std::size_t i = kOddTerms; i > 0; --i) {
    sum = sum * square + 2.0 / static_cast<double>(2 * i + 1);
  }
  // ln m = 2s + s^3 sum, and 2s = f - s f: f is exact and carries the digits.
  const double rest = s * (f - square * sum);
  const double k = static_cast<double>(n);
  return k * kLn2High - ((rest - k * kLn2Low) - f);
}

}  // namespace rondo::stats
