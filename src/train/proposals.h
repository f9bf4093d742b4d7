// What the search tries next: a pure function of what was tried and found. The order is: what the
// settings say, a line, a first spread of other trees, the best of them at a fifth of its rate, a
// forest, neighbours, then a local search around the best.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/growth.h"

namespace rondo::train {

/// One configuration and what came of it.
struct Tried {
  std::string origin;               // "settings", "linear", "spread", "slow", "forest", ...
  Growth growth{};
  double loss = 0;                  // mean over all rows of all folds
  std::size_t rounds = 0;           // median of the folds' best rounds; 1 of a line, of neighbours
  std::size_t terms = 0;            // of a line, of the last fold
  std::size_t stored_rows = 0, stored_columns = 0;  // of neighbours, of the last fold
  bool behind = false;              // ended after its first fold; loss is that fold's
  std::int64_t refit_us = 0;        // what it would take on every row: for the clock alone
  std::int64_t spent_us = 0;        // what it took, for the clock alone
  std::vector<double> raw{};        // out-of-fold raw scores; empty if behind or not kept
  std::vector<double> losses{};     // of each row; empty where raw is
};

struct Proposal {
  std::string origin;
  Growth growth{};
};

/// Nothing when the local search has found no gain for long enough. `rows`: training rows.
/// Source: FLOW2, Wu, Wang, Huang 2021 (Frugal Optimization for Cost-related Hyperparameters,
/// AAAI), algorithm 1, in the logarithms of the options.
std::optional<Proposal> next_proposal(const Growth& settings, Learners learners,
                                      const std::vector<Tried>& tried, std::size_t rows,
                                      Seed seed);

/// Index of the least loss among those that went through all folds; the first at ties.
std::size_t best_of(const std::vector<Tried>& tried);

}  // namespace rondo::train
