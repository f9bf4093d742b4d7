// Newton's method over rows whose zeros are left out. Sums run in the order of the rows.
#include "train/linear.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "stats/portable.h"
#include "train/linear_form.h"

namespace rondo::train {
namespace {

constexpr std::array kPenalties = {1e-1, 1e-2, 1e-3, 1e-4};  // strong first: each starts the next
constexpr std::size_t kMostRows = 20'000, kFewestRows = 50;
constexpr double kMostProducts = 1e8;      // a step, of all classes
constexpr int kMostSteps = 25, kMostHalvings = 20;
constexpr double kSettled = 1e-9;          // of the objective, that a step no longer gains

using Coefficients = std::vector<double>;

double sigmoid(double x) { return 1 / (1 + stats::portable_exp(-x)); }

/// ln(1 + e^x) without overflow.
double log_one_plus_exp(double x) {
  return std::max(x, 0.0) + stats::portable_log(1 + stats::portable_exp(-std::fabs(x)));
}

/// One question with one answer: a number, or whether it is a class (1) or not (0).
struct Question {
  const Design& design;
  std::vector<double> label, weight;
  bool logistic = false;
  double all_weight = 0;
};

double objective(const Question& q, const Coefficients& b, double alpha) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < q.design.rows(); ++i) {
    const double score = q.design.times(i, b);
    const double off = score - q.label[i];
    sum += q.weight[i] * (q.logistic ? log_one_plus_exp(score) - q.label[i] * score
                                     : 0.5 * off * off);
  }
  for (std::size_t j = 0; j + 1 < b.size(); ++j) squares += b[j] * b[j];
  return sum + 0.5 * alpha * q.all_weight * squares;
}

/// Where Newton's method would go from `b`; empty when that is no finite place.
Coefficients newton_step(const Question& q, const Coefficients& b, double alpha) {
  const std::size_t size = b.size();
  std::vector<double> hessian(size * size);
  Coefficients step(size);
  for (std::size_t i = 0; i < q.design.rows(); ++i) {
    const double score = q.design.times(i, b);
    const double said = q.logistic ? sigmoid(score) : score;
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
  return solve_symmetric(hessian, step) ? step : Coefficients{};
}

/// From `b` on; false when there is no finite solution.
bool settle(const Question& q, double alpha, Coefficients& b, const Stop& stop) {
  double now = objective(q, b, alpha);
  for (int steps = 0; steps < kMostSteps; ++steps) {
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

/// The linear model of some rows: a vector of coefficients an answer.
class Fit {
 public:
  Fit(const model::Prepared& prepared, const RowList& rows)
      : prepared_(prepared), form_(prepared, rows), design_(form_.design(rows)) {
    const bool many = prepared.task == model::Task::kMulticlass;
    const std::size_t questions = many ? prepared.classes.size() : 1;
    std::vector<double> weight = weights_of(prepared, rows);
    if (weight.empty()) weight.assign(rows.size(), 1);
    double all = 0;
    for (const double one : weight) all += one;
    for (std::size_t k = 0; k < questions; ++k) {
      Question q{design_, {}, weight, prepared.task != model::Task::kRegression, all};
      for (const std::uint32_t row : rows) {
        const double label = prepared.label[row];
        q.label.push_back(many ? (label == static_cast<double>(k) ? 1 : 0) : label);
      }
      questions_.push_back(std::move(q));
      found_.emplace_back(design_.columns);
    }
  }
  std::size_t columns() const { return form_.columns(); }
  bool settle_at(double alpha, const Stop& stop) {
    for (std::size_t k = 0; k < questions_.size(); ++k) {
      if (!settle(questions_[k], alpha, found_[k], stop)) return false;
    }
    return true;
  }
  std::vector<double> answers(const RowList& rows) const {
    const Design design = form_.design(rows);
    std::vector<double> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      double sum = 0;
      const std::size_t first = out.size();
      for (const Coefficients& b : found_) {
        const double score = design.times(i, b);
        out.push_back(prepared_.task == model::Task::kRegression ? score : sigmoid(score));
        sum += out.back();
      }
      if (found_.size() == 1) continue;
      // Far from every class none is likelier than another.
      for (std::size_t k = first; k < out.size(); ++k) {
        out[k] = sum > 0 ? out[k] / sum : 1 / static_cast<double>(found_.size());
      }
    }
    return out;
  }

 private:
  const model::Prepared& prepared_;
  LinearForm form_;
  Design design_;
  std::vector<Question> questions_;
  std::vector<Coefficients> found_;
};

/// Every so many-th row, in their order.
RowList thinned(const RowList& rows, std::size_t most) {
  RowList some;
  const std::size_t count = std::min(rows.size(), most);
  for (std::size_t i = 0; i < count; ++i) some.push_back(rows[i * rows.size() / count]);
  return some;
}

/// As many rows as a step may cost; a row has a column a feature at most, and the constant one.
std::size_t most_rows(const model::Prepared& prepared) {
  const bool many = prepared.task == model::Task::kMulticlass;
  const std::size_t columns = std::min(prepared.features.columns, LinearForm::kMostColumns);
  const auto width = static_cast<double>(columns + 1);
  const double answers = many ? static_cast<double>(prepared.classes.size()) : 1;
  const double rows = kMostProducts / (answers * width * width / 2);
  return static_cast<std::size_t>(std::clamp(rows, 0.0, static_cast<double>(kMostRows)));
}

double best_penalty(const model::Prepared& prepared, const RowList& rows, Seed seed,
                    const Stop& stop) {
  const Inner inner = inner_split(prepared, rows, seed);
  if (inner.stop.empty()) return kPenalties[1];
  std::vector<double> labels;
  for (const std::uint32_t row : inner.stop) labels.push_back(prepared.label[row]);
  const std::vector<double> weights = weights_of(prepared, inner.stop);
  Fit fit(prepared, inner.fit);
  double best = kPenalties[0], least = std::numeric_limits<double>::infinity();
  for (const double alpha : kPenalties) {
    if (!fit.settle_at(alpha, stop)) break;
    const double loss = mean_loss(prepared.task, labels, fit.answers(inner.stop), weights);
    if (!(loss < least)) continue;
    least = loss;
    best = alpha;
  }
  return best;
}

}  // namespace

bool solve_symmetric(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t size = b.size();
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = j; i < size; ++i) {
      double sum = a[i * size + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * size + k] * a[j * size + k];
      if (i > j) a[i * size + j] = sum / a[j * size + j];
      else if (!(sum > 0) || !std::isfinite(sum)) return false;
      else a[j * size + j] = std::sqrt(sum);
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * size + k] * b[k];
    b[i] /= a[i * size + i];
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) b[i] -= a[k * size + i] * b[k];
    b[i] /= a[i * size + i];
  }
  return std::ranges::all_of(b, [](double x) { return std::isfinite(x); });
}

Json Linear::json() const { return {{"rows", rows}, {"columns", columns}, {"penalty", penalty}}; }

std::optional<Linear> fit_linear(const model::Prepared& prepared, const RowList& train, Seed seed,
                                 const Stop& stop) {
  const RowList test = rows_of(prepared, table::Side::kTest);
  const RowList rows = thinned(train, most_rows(prepared));
  if (test.empty() || rows.size() < kFewestRows || !has_weight(prepared, rows)) return std::nullopt;
  Linear linear;
  linear.rows = rows.size();
  linear.penalty = best_penalty(prepared, rows, seed, stop);
  Fit fit(prepared, rows);
  linear.columns = fit.columns();
  if (linear.columns == 0) return std::nullopt;
  for (const double alpha : kPenalties) {  // the way that the inner part was gone
    if (!fit.settle_at(alpha, stop)) return std::nullopt;
    if (alpha == linear.penalty) break;
  }
  linear.answers = fit.answers(test);
  for (const double answer : linear.answers) {
    if (!std::isfinite(answer)) return std::nullopt;
  }
  return linear;
}

}  // namespace rondo::train
