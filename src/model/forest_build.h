// The one way into a Forest. Trees come from a text of LightGBM or from a pipeline file, linear
// terms and neighbours from our own fit or from such a file; all hand over loose parts, and nothing
// is scored before it went through the checks in here: each node and leaf has exactly one parent
// that stands before it, every index is in range, every number finite.
#pragma once

#include <limits>

#include "model/forest.h"
#include "model/neighbours.h"

namespace rondo::model {

inline constexpr std::size_t kMostTrees = 100'000;
inline constexpr std::size_t kMostLeaves = 65'535;  // a tree
inline constexpr std::size_t kMostFeatures = 16'384;
inline constexpr std::size_t kMostClasses = 1'000;

/// Covers are written in four bytes: as a count, or as a float.
inline bool is_count(double x) {
  return x >= 0 && x < 4294967296.0 && static_cast<double>(static_cast<std::uint32_t>(x)) == x;
}
inline bool is_cover(double x) {
  return is_count(x) || (x >= 0 && x <= std::numeric_limits<float>::max() &&
                         static_cast<double>(static_cast<float>(x)) == x);
}

/// A cut is finite, or +infinity, which LightGBM writes where all but missing values go left.
inline bool is_cut(double x) { return x > -std::numeric_limits<double>::infinity(); }

class ForestBuilder {
 public:
  /// Shape: one split a node; left and right name a node, or a leaf as ~index.
  struct Tree {
    std::vector<std::uint32_t> feature;
    std::vector<std::uint8_t> rule;          // 0 none, 1 zero, 2 NaN, 3 categories
    std::vector<std::uint8_t> default_left;
    std::vector<double> cut;                 // not used with a set
    std::vector<std::uint32_t> set;          // what add_set() gave; 0 without one
    std::vector<std::int32_t> left, right;
    std::vector<double> leaves;
    std::vector<double> covers{};  // one a leaf: whole numbers below 2^32, or floats; or none
  };
  struct Head {
    std::size_t features = 0, outputs = 1;
    Link link = Link::kIdentity;
    double sigmoid = 1.0;
  };

  /// Errors: kInvalidInput.
  static Result<ForestBuilder> start(const Head& head);
  /// Shape: bit i of word w is category 32 w + i. Errors: kInvalidInput when there are too many.
  Result<std::uint32_t> add_set(std::span<const std::uint32_t> words);
  /// A forest has covers if all of its trees do. Errors: kInvalidInput naming node and field.
  Result<void> add(const Tree& tree);
  /// Errors: kInvalidInput naming the term.
  Result<void> add_term(LinearTerm term);
  /// Their head is the forest's. Errors: kInvalidInput.
  Result<void> add_neighbours(Neighbours::Parts parts, double weight);
  Result<void> add_neighbours(NeighbourTerm term);
  Result<Forest> finish();

 private:
  Result<void> check(const Tree& tree) const;
  Result<void> check_split(const Tree& tree, std::size_t node) const;
  void append(const Tree& tree);
  Forest forest_;
  bool lacks_covers_ = false;
  std::vector<Forest::Plane> plane_of_node_;  // until finish() knows all planes
};

/// A forest as the builder took it. Tree::set is a place in `sets`, 0 the empty one.
struct Loose {
  ForestBuilder::Head head;
  std::vector<ForestBuilder::Tree> trees;
  std::vector<std::vector<std::uint32_t>> sets;
  std::vector<LinearTerm> terms{};
  std::vector<NeighbourTerm> neighbours{};
};
Loose take_apart(const Forest& forest);

}  // namespace rondo::model
