// How one candidate is made: how its trees grow, which the search chooses, that they are a forest,
// that it is a line, or that rows near by answer. As Json it stands in candidates and facts, and a
// twin is fitted from it.
#pragma once

#include "io/json.h"
#include "train/train.h"

namespace rondo::train {

struct Growth {
  bool line = false;             // the linear learner; rate and the rest are of trees
  bool bent = false;             // of a line, once that is chosen: LineChoice
  double penalty = 0;            // and this; 0: the rows are to choose both
  double rate = 0.1;
  std::int64_t leaves = 31, min_leaf = 20;
  double columns = 1, rows = 1;  // shares that a tree sees
  double l1 = 0, l2 = 0;         // penalties on leaves
  bool near = false;             // neighbours; all of the above but line is nothing to them
  std::int64_t k = 0;            // how many of them answer; 0: the rows are to choose
  bool forest = false;           // trees that know nothing of each other, and answer by their mean
  bool operator==(const Growth&) const = default;

  Json json() const;
  /// Errors: kInvalidInput naming the member.
  static Result<Growth> from_json(const Json& json);
};

/// Trees of 128 leaves at most, each of 63.2 % of the rows, with the square root of the features to
/// choose from at each split. Source: Breiman 2001 (Random Forests), drawing without replacement.
Growth forest_growth();
inline constexpr std::size_t kForestTrees = 200;

/// Whether it has trees that split.
inline bool grows(const Growth& growth) { return !growth.line && !growth.near; }

/// "trees", "linear", "forest" or "neighbours".
std::string_view learner_of(const Growth& growth);

struct Learners {
  bool trees = true, line = true, forest = true, near = true;
  /// Whether anything grows.
  bool grow() const { return trees || forest; }
};
/// Lines and neighbours keep no order of their answers, so they stay out where [train] monotone
/// asks for one.
Learners learners_of(const Options& options);

/// What the settings say of trees; of a forest, where one is asked for and no trees.
Growth growth_of(const Options& options);

}  // namespace rondo::train
