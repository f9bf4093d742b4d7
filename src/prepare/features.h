// Shared by the phases that work on the matrix of features.
#pragma once

#include "prepare/draft.h"

namespace rondo::prepare {

/// Spreads the bits of a number (the finalizer of SplitMix64); for hashes that are compared and
/// never stored.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The features of all used rows through draft.transform, each as of its own time.
model::Matrix matrix_of(const Job& job, const Draft& draft);

}  // namespace rondo::prepare
