// Several forests as one: raw scores add up, so the trees and terms of all of them, scaled
// by each forest's weight, are a forest like any other. What serves, explains or exports a forest
// needs to know nothing of it.
#pragma once

#include "model/forest.h"

namespace rondo::model {

struct Weighted {
  const Forest* forest = nullptr;
  double weight = 1;
};

/// The forest whose raw scores are the sum of weight * raw over the members, up to rounding. One
/// member of weight 1 comes back in every bit.
/// Errors: kInvalidInput when there is none, when features, outputs or links differ, or when it
/// would have too many trees.
Result<Forest> blend(std::span<const Weighted> members);

/// One forest with an output for each member, its levels in order: of each, the raw scores in every
/// bit. Whoever has fewer trees gets trees of one leaf of 0.
/// Errors: kInvalidInput when there is none, when one has several outputs, terms or a link, when
/// features differ, or when it would have too many trees.
Result<Forest> side_by_side(std::span<const Forest> members);

/// The forest with `by` added to each raw score, up to rounding: the leaves of the first tree of
/// each output have it. Shape: one an output. Errors: kInvalidInput for another number of them.
Result<Forest> shifted(const Forest& forest, std::span<const double> by);

}  // namespace rondo::model
