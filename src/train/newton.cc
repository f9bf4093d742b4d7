// Steps of Newton's method, each halved until it does not lose.
#include "train/newton.h"

#include <algorithm>
#include <cmath>

#include "stats/portable.h"
#include "stats/symmetric.h"

namespace rondo::train {
namespace {

constexpr int kMostHalvings = 20;
constexpr double kSettled = 1e-9;          // of the objective, that a step no longer gains

/// ln(1 + e^x) without overflow.
double log_one_plus_exp(double x) {
  return std::max(x, 0.0) + stats::portable_log(1 + stats::portable_exp(-std::fabs(x)));
}

/// Where Newton's method would go from `b`; empty when that is no finite place.
Coefficients newton_step(const Question& q, const Coefficients& b, double alpha) {
  const std::size_t size = b.size();
  std::vector<double> hessian(size * size);
  Coefficients step(size);
  for (std::size_t i = 0; i < q.design.rows(); ++i) {
    const double score = q.score(i, b);
    const double said = q.logistic ? sigmoid_of(score) : score;
    const double slope = q.weight[i] * (said - q.label[i]);
    const double bend = q.weight[i] * (q.logistic ? said * (1 - said) : 1);
    for (std::size_t j = q.design.from[i]; j < q.design.from[i + 1]; ++j) {
      const std::size_t row = q.design.column[j];
      step[row] += slope * q.design.value[j];
      for (std::size_t k = q.design.from[i]; k <= j; ++k) {
        hessian[row * size + q.design.column[k]] += bend * q.design.value[j] * q.design.value[k];
      }
    }
  }
  for (std::size_t j = 0; j + 1 < size; ++j) {
    step[j] += alpha * q.all_weight * b[j];
    hessian[j * size + j] += alpha * q.all_weight;
  }
  // A class of which all rows are certain leaves nothing to bend the constant.
  hessian[size * size - 1] += 1e-9 * q.all_weight;
  return stats::solve_symmetric(hessian, step) ? step : Coefficients{};
}

}  // namespace

double sigmoid_of(double x) { return 1 / (1 + stats::portable_exp(-x)); }

double objective(const Question& q, const Coefficients& b, double alpha) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < q.design.rows(); ++i) {
    const double score = q.score(i, b);
    const double off = score - q.label[i];
    sum += q.weight[i] * (q.logistic ? log_one_plus_exp(score) - q.label[i] * score
                                     : 0.5 * off * off);
  }
  for (std::size_t j = 0; j + 1 < b.size(); ++j) squares += b[j] * b[j];
  return sum + 0.5 * alpha * q.all_weight * squares;
}

bool settle(const Question& q, double alpha, Coefficients& b, int steps, const Stop& stop) {
  double now = objective(q, b, alpha);
  for (int taken = 0; taken < steps; ++taken) {
    if (stop.requested()) return false;
    const Coefficients step = newton_step(q, b, alpha);
    if (step.empty()) return false;
    double share = 1, next = 0;
    Coefficients there(b.size());
    for (int halvings = 0; halvings < kMostHalvings; ++halvings, share /= 2) {
      for (std::size_t j = 0; j < b.size(); ++j) there[j] = b[j] - share * step[j];
      next = objective(q, there, alpha);
      if (next <= now) break;
    }
    if (!(next <= now)) return std::isfinite(now);
    const double gain = now - next;
    b = there;
    now = next;
    if (!q.logistic || gain <= kSettled * (std::fabs(now) + 1e-300)) break;
  }
  return std::isfinite(now);
}

}  // namespace rondo::train
