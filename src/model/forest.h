// Boosted trees in our own form. Raw scores equal LightGBM's in every bit: f64 leaves added in tree
// order, one sum a class. Parsed from LightGBM's text by a validating parser, or read from a
// pipeline file. Every missing rule (none, zero, NaN), default direction and categorical split is
// kept. Behind the trees there may be linear terms, then neighbours, added in their order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/linear_term.h"
#include "model/neighbour_term.h"

namespace rondo::model {

/// kAscending: an output a level of quantiles; a row's are put in order.
enum class Link : std::uint8_t { kIdentity, kSigmoid, kSoftmax, kExp, kAscending };

class Forest {
 public:
  /// Errors: kInvalidInput naming tree and field; structure is checked before it is used.
  static Result<Forest> from_lightgbm(std::string_view text);
  /// Binary section 3 of the pipeline file. Errors: kCorrupt naming the place.
  static Result<Forest> decode(std::string_view bytes);
  std::string encode() const;

  std::size_t features() const { return features_; }
  std::size_t outputs() const { return outputs_; }  // 1, or one a class, or one a level
  std::size_t trees() const { return roots_.size(); }
  /// "30 trees", "a linear model of 12 terms", "15 neighbours among 900 rows", or several of them.
  std::string text() const;
  std::size_t leaves() const { return leaf_values_.size(); }
  Link link() const { return link_; }
  const std::vector<LinearTerm>& terms() const { return terms_; }
  const std::vector<NeighbourTerm>& neighbours() const { return neighbours_; }
  /// Only the first n iterations (n * outputs trees), at least one, and all terms and neighbours.
  Forest head(std::size_t iterations) const;

  /// Raw scores of one row. Shape: features() in, outputs() out. Threads: any. No allocation.
  void raw(std::span<const double> features, std::span<double> out) const noexcept;
  /// Row-major rows; the same bits as raw() of each.
  void raw_batch(std::span<const double> features, std::size_t rows,
                 std::span<double> out) const noexcept;
  /// Link function in place: our own exp, the same bits on every CPU. Shape: rows x outputs().
  void link(std::span<double> scores) const noexcept;
  /// Adds terms and neighbours to sums of trees. Shape: as raw(). Threads: any. No allocation.
  void add_terms(std::span<const double> features, std::span<double> sums) const noexcept {
    add_linear(features, sums);
    if (!neighbours_.empty()) add_neighbours(features, sums);
  }
  /// Shape: as raw_batch().
  void add_terms_batch(std::span<const double> features, std::size_t rows,
                       std::span<double> sums) const noexcept;
  /// Sum of split gains is not kept; how often each feature splits is.
  std::vector<std::uint64_t> split_counts() const;
  /// One more than the greatest category that a set, term or neighbours' column of this feature
  /// names; 0: there is none.
  std::vector<std::uint64_t> category_counts() const;
  /// The finite numbers that each feature is compared with, the ends of terms and of
  /// neighbours' columns too, ascending, each once; sets have none.
  std::vector<std::vector<double>> cuts() const;
  /// Whether it knows how many training rows, or how much of their weight, reached each leaf.
  bool has_covers() const { return !covers_.empty(); }

 private:
  friend class ForestBuilder;
  friend class ForestCoder;
  friend class LayoutMaker;
  friend class ForestExplainer;
  /// What a node does with a missing value. NaN is always right of a set of categories.
  enum class Rule : std::uint8_t { kNone, kZero, kNaN, kCategory };
  /// A feature seen through a missing rule: what nodes compare with (forest.cc).
  struct Plane {
    std::uint32_t feature = 0;
    Rule rule = Rule::kNone;
    bool default_left = false;  // kZero, kNaN only
    auto operator<=>(const Plane&) const = default;
  };
  struct Node {
    double cut;             // left if value <= cut; -infinity for a set
    std::int32_t child[2];  // left, right; >= 0: node, < 0: leaf ~value
    std::uint32_t plane;
    std::uint32_t set;      // place in sets_ of the categories that go left; 0: compares numbers
  };
  /// A row as its planes: what numbers are compared with, and codes for sets.
  struct Seen {
    const double* value;
    const std::uint32_t* code;
  };
  static constexpr std::size_t kLanes = 8;  // walks at a time
  template <class T>
  using Lanes = std::array<T, kLanes>;

  void add_linear(std::span<const double> features, std::span<double> sums) const noexcept {
    for (const LinearTerm& term : terms_) sums[term.output] += term.value(features[term.feature]);
  }
  /// Shape: any number of rows.
  void add_neighbours(std::span<const double> features, std::span<double> sums) const noexcept;
  static double value_of(const Plane& plane, double x) noexcept;
  static std::uint32_t code_of(const Plane& plane, double x) noexcept;
  bool is_member(std::uint32_t set, std::uint32_t code) const noexcept;
  std::int32_t walk(std::int32_t root, std::span<const double> features) const noexcept;
  void see(std::span<const double> features, double* values, std::uint32_t* codes) const noexcept;
  template <bool kSets>
  void descend(const Lanes<Seen>& rows, Lanes<std::int32_t>& at) const noexcept;
  void add_tree(std::size_t tree, std::span<const Seen> rows, double* out) const noexcept;
  bool has_sets() const { return sets_.size() > 2; }
  std::size_t node_from(std::size_t tree) const { return leaf_from_[tree] - tree; }

  std::size_t features_ = 0, outputs_ = 1;
  Link link_ = Link::kIdentity;
  double sigmoid_ = 1.0;
  std::vector<Plane> planes_;             // ascending
  std::vector<Node> nodes_;               // tree after tree, each in pre-order
  std::vector<double> leaf_values_;       // tree after tree, from left to right
  std::vector<std::uint32_t> leaf_from_;  // first leaf of each tree, and the end
  std::vector<std::int32_t> roots_;       // >= 0 node, < 0 single leaf
  std::vector<double> covers_;            // one a leaf, or none: training rows or their weight
  // Sets of categories: number of words, words (bit i of word w: 32 w + i), a word of 0. The first
  // two words are the empty set, which nodes without one name.
  std::vector<std::uint32_t> sets_;
  std::vector<LinearTerm> terms_;
  std::vector<NeighbourTerm> neighbours_;
};

}  // namespace rondo::model
