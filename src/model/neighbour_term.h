// What a forest adds to the sum of its trees by looking at rows that it keeps: the answer of those
// that are nearest. A model of neighbours is a forest of one such term behind trees of one leaf, so
// whatever serves, blends, stores or explains forests takes it as one. The rows are never changed
// once they are checked, so copies of a forest share them.
#pragma once

#include <memory>

namespace rondo::model {

class Neighbours;

inline constexpr std::size_t kMostNeighbourTerms = 8;

struct NeighbourTerm {
  std::shared_ptr<const Neighbours> rows;
  double weight = 1;
};

}  // namespace rondo::model
