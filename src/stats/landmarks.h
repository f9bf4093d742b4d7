// What sorted numbers would show at a few places, and which of them repeat, found without sorting
// them all: they are dealt to groups that follow one another, and each group fits into the cache.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rondo::stats {

struct Landmarks {
  struct Place {
    double value = 0;
    std::uint64_t up_to = 0;  // how many numbers it is not exceeded by
  };
  struct Repeated {
    double value = 0;
    std::uint64_t count = 0;
  };
  std::uint64_t numbers = 0;            // that are finite: no other counts
  double least = 0, greatest = 0;
  std::vector<Place> at;                // i/parts for i in 1 .. parts - 1; empty without numbers
  std::vector<Repeated> common;         // values that are there `common_from` times, rising
  std::uint64_t greatest_rare = 0;      // how often the commonest other value is there
};

/// Memory that is kept from one call to the next.
struct LandmarkRoom {
  std::vector<double> finite, dealt, sorted, spare;
  std::vector<std::uint32_t> cells, places;
  std::vector<std::uint64_t> keys;
  std::vector<std::uint16_t> counts;
};

/// The landmark i/parts is the least number that at least i/parts of them do not exceed. -0 is 0.
/// Shape: parts >= 2, common_from >= 1. Cost: three passes and a table of a megabyte; a sort of
/// what crowds so much that no group holds it, unless it is one value.
Landmarks landmarks(std::span<const double> values, std::size_t parts, std::uint64_t common_from,
                    LandmarkRoom& room);

}  // namespace rondo::stats
