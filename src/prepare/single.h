// How much one column alone says about the target, out of fold.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/prepared.h"

namespace rondo::prepare {

/// At most so many of the rows, evenly.
std::vector<std::size_t> thinned(std::span<const std::size_t> rows, std::size_t most);

inline constexpr std::size_t kFolds = 5;

/// A column cut into bins: its categories, its values when they are few, 32 parts of equal size
/// otherwise. Missing cells have a bin of their own.
struct Binned {
  std::vector<std::uint32_t> bin;      // of each row
  std::size_t bins = 0;
};
Binned cut(std::span<const double> values, bool categorical);

/// The target in the form that the measure needs, made once.
struct Answer {
  model::Task task = model::Task::kRegression;
  std::size_t classes = 0;
  std::vector<double> label;           // number, or index of the class
  std::vector<double> rank;            // regression: mid-ranks, for targets with a heavy tail
  std::vector<std::uint8_t> fold{};    // of each row; empty: row i is in fold i mod 5
};
Answer answer_of(model::Task task, std::size_t classes, std::vector<double> label);

/// Out of five folds, every bin answers with the mean of its other rows.
/// Shape: AUC for two classes; R2 for numbers, of values or of ranks, whichever is greater; R2 of
/// class indicators for more classes. Cost: O(n + bins), times classes when there are more.
double told_alone(const Binned& column, const Answer& answer);
/// What the other rows of its bin tell about a row, over the rows that have others; 0 without such.
/// Shape: AUC for two classes, R2 for numbers, else the agreement of two rows of a bin beyond that
/// of any two, (a - c) / (1 - c). Cost: O(n log n).
double told_by_others(const Binned& column, const Answer& answer);

}  // namespace rondo::prepare
