// The numbers that tables are full of, read at the front of a text: at most 19 digits whose value
// is exact in a double, times or over a power of ten that is exact too. One correctly rounded
// operation gives what every right reader gives (Clinger 1990); all else is left to from_chars.
#pragma once

#include <array>
#include <cstdint>

namespace rondo::collect {

/// The end of the number at `at`, or null: it is not of that kind, or not spelled plainly (leading
/// zeros, no digit on a side of the point). Shape: the text ends with a byte that is no part of a
/// number, like NUL. Cost: some 1 ns a digit. Source: Clinger, "How to read floating point numbers
/// accurately", PLDI 1990, section 3.
inline const char* read_plain_number(const char* at, double& value) noexcept {
  static constexpr std::array<double, 23> kTens = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  const auto digit = [](char c) { return static_cast<unsigned>(c - '0'); };
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  const char* const first = at;
  std::uint64_t digits = 0;
  while (digit(*at) < 10) digits = digits * 10 + digit(*at++);
  std::ptrdiff_t count = at - first;
  if (count == 0 || (count > 1 && *first == '0')) return nullptr;
  std::ptrdiff_t power = 0;
  if (*at == '.') {
    const char* const point = ++at;
    while (digit(*at) < 10) digits = digits * 10 + digit(*at++);
    power = point - at;
    count -= power;
    if (power == 0) return nullptr;
  }
  if (*at == 'e' || *at == 'E') {
    const bool down = *++at == '-';
    if (down || *at == '+') ++at;
    const char* const begin = at;
    std::ptrdiff_t exponent = 0;
    while (digit(*at) < 10 && at - begin < 4) exponent = exponent * 10 + digit(*at++);
    if (at == begin || digit(*at) < 10) return nullptr;
    power += down ? -exponent : exponent;
  }
  // 19 digits do not overflow 64 bits; a leading "0." is one of them and harmless.
  if (count > 19 || digits > kExact || power < -22 || power > 22) return nullptr;
  const auto exact = static_cast<double>(digits);
  const double size = power < 0 ? exact / kTens[static_cast<std::size_t>(-power)]
                                : exact * kTens[static_cast<std::size_t>(power)];
  value = negative ? -size : size;
  return at;
}

}  // namespace rondo::collect
