// Exponential and logarithm with the same bits on every CPU and every libm: what is served here
// must come out alike elsewhere, and libm takes other instructions on other CPUs.
#pragma once

namespace rondo::stats {

/// Within 2 ulp.
double portable_exp(double x) noexcept;
/// Natural logarithm, within 2 ulp. NaN below 0, -infinity at 0.
double portable_log(double x) noexcept;

}  // namespace rondo::stats
