// How much one column alone, or a linear formula of a few, says about the target. Rough on purpose:
// it is asked once, by `init`, and answers only "plainly" or "not plainly".
#pragma once

#include <span>
#include <vector>

#include "table/table.h"

namespace rondo::collect {

/// The target of at most 20,000 rows, spread evenly over those that have one.
struct Answers {
  std::vector<std::size_t> rows;
  std::vector<double> value;  // the number; of classes: 1 for the commonest (of two: the last)
  bool is_number = false;     // or two classes, which a formula may give as well
  bool two_classes = false;
};
Answers answers_of(const table::Column& target);

/// R2, or AUC for two classes, of the mean of a row's bin (its category, or one of 32 parts of
/// equal size), learned on the rows of the other parity. 0 when nothing can be said.
double told_alone(const table::Column& column, const Answers& answers);

/// The columns of a linear formula whose R2 is at least `needed`, found greedily; empty when there
/// is none of at most 12 columns. Cost: O(n p^2 + p^3), by elimination in the normal equations.
std::vector<std::size_t> linear_formula(std::span<const table::Column* const> columns,
                                        const Answers& answers, double needed);

}  // namespace rondo::collect
