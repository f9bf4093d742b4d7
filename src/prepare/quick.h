// A quick model, for the guard alone: how well rows can be told when others were learnt. It only
// compares two splits of the same rows, so it needs no tuning, only to see what leaks.
#pragma once

#include <span>
#include <vector>

#include "base/seed.h"
#include "model/prepared.h"

namespace rondo::prepare {

/// Rows of `features` by place, to learn from and to be asked.
struct Trial {
  const model::Matrix& features;
  std::span<const double> label;       // one a row of `features`
  model::Task task = model::Task::kRegression;
  std::span<const std::size_t> train, test;
};

/// Accuracy of classes, R2 of numbers (at most 1, below 0 when the mean would do better).
struct Figure {
  double value = 0, error = 0;         // its standard error, of independent rows
  std::size_t train = 0, test = 0;     // rows
};

/// Twenty extremely randomized trees, grown until their leaves agree or have five rows, on at most
/// 65,536 of the training rows (evenly thinned), asked about at most 16,384 test rows.
/// Shape: train and test have a row at least. Threads: pure, the same bits anywhere.
/// Cost: O(trees * depth * rows * min(columns, 12)): about 1.5 s for 65,536 rows of 20 columns,
/// however many rows there are beyond (bench/run leaks).
/// Source: Geurts, Ernst, Wehenkel 2006; classes one against the others, drawn at each node.
Figure try_quickly(const Trial& trial, Seed seed);

}  // namespace rondo::prepare
