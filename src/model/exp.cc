// An exponential with the same bits on every CPU and every libm: only additions and multiplications
// of doubles, in a fixed order, and powers of two made from bits. At most 0.7 ulp from the true
// value where the result is normal; a test sweeps it against libm.
#include <bit>
#include <cmath>
#include <limits>

#include "model/forest.h"

namespace rondo::model {
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

}  // namespace rondo::model
