// Chance that can be repeated. A Seed is a number; a Chance is a counter-based generator
// (SplitMix64 finalizer over seed and counter), so the n-th number of a stream never depends on
// how many threads asked. `derive` gives independent streams by name.
#pragma once

#include <cstdint>
#include <string_view>

namespace rondo {

struct Seed {
  std::uint64_t value = 1;
  /// An independent stream for a purpose. FNV-1a of the name mixed into the value.
  Seed derive(std::string_view purpose) const noexcept;
};

/// Source: Steele, Lea, Flood, OOPSLA 2014 (SplitMix). Shape: one instance a thread.
class Chance {
 public:
  explicit Chance(Seed seed) noexcept : state_(seed.value) {}
  std::uint64_t next() noexcept;
  /// Uniform in [0, 1), 53 bits.
  double uniform() noexcept;
  /// Uniform in 0..n-1; n > 0. Unbiased (Lemire, 2019).
  std::uint64_t below(std::uint64_t n) noexcept;
  /// Standard normal by inversion of two uniforms (Box, Muller).
  double normal() noexcept;

 private:
  std::uint64_t state_;
};

}  // namespace rondo
