// How one candidate is made: how its trees grow, which the search chooses, or that it is a line. As
// Json it stands in candidates and facts, and a twin is fitted from it.
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
  bool operator==(const Growth&) const = default;

  Json json() const;
  /// Errors: kInvalidInput naming the member.
  static Result<Growth> from_json(const Json& json);
};

/// "trees" or "linear".
std::string_view learner_of(const Growth& growth);

struct Learners {
  bool trees = true, line = true;
};
/// A line keeps no order of its answers, so it stays out where [train] monotone asks for one.
Learners learners_of(const Options& options);

/// What the settings say of trees.
Growth growth_of(const Options& options);

}  // namespace rondo::train
