// A learner that Data Preparation asks what a feature is worth: small boosted trees over columns
// that are cut into bins. It is not the model; it only has to tell a useful column from a useless
// one, in a small part of the time that training takes, with the same bits everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/prepared.h"

namespace rondo::prepare {

/// A column in at most 64 bins; bin 0 is for what is missing.
struct BinnedColumn {
  std::vector<std::uint8_t> bin;       // one a row
  bool categorical = false;            // bins are categories, without an order
};
/// Bins hold about as many of the `fit` rows each, or one value when those are few; of categories
/// all codes from 62 on share the last.
BinnedColumn binned(std::span<const double> values, bool categorical,
                    std::span<const std::uint32_t> fit);

/// Rows to learn from and rows to judge by, as places in the columns.
struct Question {
  model::Task task = model::Task::kRegression;  // labels: numbers, 0 and 1, or the class
  std::vector<double> label;
  std::vector<std::uint32_t> fit, check;
};

struct Answered {
  std::vector<double> loss;            // squared error or log-loss, one a row to judge by
  std::vector<double> gain;            // what splits by a column gained in all rounds, one a column
  std::vector<double> residual;        // of each row to learn from
  double mean_loss() const;
};
/// Up to 60 rounds of trees with up to 16 leaves, rate 0.2, lambda 1, as after the round with the
/// least loss: without that a column would look useful that only keeps trees from worse. Of more
/// than two classes up to five, the commonest, each against all others: losses and gains add up,
/// residuals are those of the class that was told worst.
/// Source: Friedman 2001; the gain of a split as in Chen, Guestrin 2016, equation 7; categories in
/// the order of their gradients (Fisher 1958), smoothed by 10 rows. Cost: 240 n p additions.
Answered boost(const Question& question, std::span<const BinnedColumn* const> columns);

/// Labels without their mean, of the rows to learn from; of classes whether it is the commonest.
std::vector<double> centered(const Question& question);

/// What one split after the other by this column alone would explain of the residuals: the variance
/// between its bins, less what chance explains of as many. Cost: n.
double explained(const BinnedColumn& column, std::span<const std::uint32_t> rows,
                 std::span<const double> residual);

}  // namespace rondo::prepare
