// Penalised least squares and logistic regression by Newton's method, over rows whose zeros are
// left out. Sums run in the order of the rows, so the bits are the same for any number of threads.
#pragma once

#include "base/stop.h"
#include "train/linear_form.h"

namespace rondo::train {

using Coefficients = std::vector<double>;

/// One question with one answer: a number, or whether it is a class (1) or not (0).
struct Question {
  const Design& design;
  std::vector<double> label, weight;
  bool logistic = false;
  double all_weight = 0;
  std::vector<double> offset{};  // what is added to each score beforehand; empty: nothing

  double score(std::size_t row, const Coefficients& b) const {
    return design.times(row, b) + (offset.empty() ? 0 : offset[row]);
  }
};

/// Least squares or the logistic loss, each row by its weight, plus alpha/2 |b|^2 a unit of weight;
/// the last coefficient, the constant, is free.
/// Source: Hoerl, Kennard 1970 (Ridge Regression, Technometrics 12), eq. 2.1; le Cessie, van
/// Houwelingen 1992 (Ridge Estimators in Logistic Regression, Applied Statistics 41), section 2.
double objective(const Question& q, const Coefficients& b, double alpha);

/// Goes on from `b` for at most as many steps. False: there is no finite solution, or somebody
/// asked to stop. Cost: rows x (columns that are not 0 in a row)^2 a step.
bool settle(const Question& q, double alpha, Coefficients& b, int steps, const Stop& stop);

double sigmoid_of(double x);

}  // namespace rondo::train
