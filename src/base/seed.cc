// The arithmetic of repeatable chance; see seed.h for the guarantee.
#include "base/seed.h"

#include <cmath>

namespace rondo {
namespace {
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
}  // namespace

Seed Seed::derive(std::string_view purpose) const noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : purpose) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return {mix(value + kGolden * (hash | 1))};
}

std::uint64_t Chance::next() noexcept { return mix(state_ += kGolden); }

double Chance::uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

std::uint64_t Chance::below(std::uint64_t n) noexcept {
  __extension__ using Wide = unsigned __int128;
  for (;;) {
    const Wide product = static_cast<Wide>(next()) * n;
    if (static_cast<std::uint64_t>(product) >= (0 - n) % n) {
      return static_cast<std::uint64_t>(product >> 64);
    }
  }
}

double Chance::normal() noexcept {
  const double u = 1.0 - uniform();
  const double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}

}  // namespace rondo
