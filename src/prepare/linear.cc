// Forward selection by sweeping the matrix of sums of products: each sweep adds the column that
// explains most of what is left. Columns are centred and scaled first: one tolerance serves all.
#include "prepare/linear.h"

#include <algorithm>
#include <cmath>

namespace rondo::prepare {
namespace {

constexpr double kTolerance = 1e-9;   // a column that the chosen ones explain to this share is none
constexpr double kWeight = 0.005;     // a coefficient below it adds less than 1e-4 of variance

struct Scaling {
  double mean = 0, scale = 0;          // scale 0: constant
};

/// Of every second value.
Scaling scaling_of(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < values.size(); i += 2, ++count) sum += values[i];
  const double mean = sum / static_cast<double>(count);
  for (std::size_t i = 0; i < values.size(); i += 2) {
    squares += (values[i] - mean) * (values[i] - mean);
  }
  const double spread = std::sqrt(squares);
  return {mean, spread > 1e-12 * std::abs(mean) * std::sqrt(static_cast<double>(count)) ? spread
                                                                                         : 0};
}

/// Sums of products of the scaled columns over the fitted half; the target is the last one.
class Products {
 public:
  Products(const Sample& sample, const std::vector<Scaling>& scaling)
      : size_(scaling.size()), cells_(size_ * size_) {
    std::vector<double> row(size_);
    for (std::size_t i = 0; i < sample.target.size(); i += 2) {
      for (std::size_t j = 0; j < size_; ++j) {
        const double value = j + 1 == size_ ? sample.target[i] : sample.columns[j][i];
        row[j] = scaling[j].scale > 0 ? (value - scaling[j].mean) / scaling[j].scale : 0;
      }
      for (std::size_t a = 0; a < size_; ++a) {
        for (std::size_t b = a; b < size_; ++b) cells_[a * size_ + b] += row[a] * row[b];
      }
    }
    for (std::size_t a = 0; a < size_; ++a) {
      for (std::size_t b = 0; b < a; ++b) at(a, b) = at(b, a);
    }
  }
  std::size_t target() const { return size_ - 1; }
  double& at(std::size_t a, std::size_t b) { return cells_[a * size_ + b]; }
  /// What is left of the target, as a share.
  double rest() { return at(target(), target()); }
  /// The column that explains most of the rest; target() when none does.
  std::size_t best(const std::vector<bool>& chosen) {
    std::size_t best = target();
    double most = 1e-14;
    for (std::size_t j = 0; j < target(); ++j) {
      if (chosen[j] || at(j, j) < kTolerance) continue;
      const double gain = at(j, target()) * at(j, target()) / at(j, j);
      if (gain > most) {
        most = gain;
        best = j;
      }
    }
    return best;
  }
  void sweep(std::size_t k) {
    const double pivot = at(k, k);
    for (std::size_t j = 0; j < size_; ++j) at(k, j) /= pivot;
    for (std::size_t i = 0; i < size_; ++i) {
      if (i == k) continue;
      const double factor = at(i, k);
      if (factor == 0) continue;
      for (std::size_t j = 0; j < size_; ++j) at(i, j) -= factor * at(k, j);
      at(i, k) = -factor / pivot;
    }
    at(k, k) = 1 / pivot;
  }

 private:
  std::size_t size_;
  std::vector<double> cells_;
};

/// R2 of the formula on the half that was not fitted.
double r2_on_the_rest(const Sample& sample, const std::vector<Scaling>& scaling,
                      const std::vector<double>& coefficients) {
  const Scaling& y = scaling.back();
  double mean = 0, count = 0, left = 0, all = 0;
  for (std::size_t i = 1; i < sample.target.size(); i += 2, ++count) mean += sample.target[i];
  mean /= count;
  for (std::size_t i = 1; i < sample.target.size(); i += 2) {
    double said = 0;
    for (std::size_t j = 0; j < coefficients.size(); ++j) {
      if (coefficients[j] == 0) continue;
      said += coefficients[j] * (sample.columns[j][i] - scaling[j].mean) / scaling[j].scale;
    }
    said = said * y.scale + y.mean;
    left += (sample.target[i] - said) * (sample.target[i] - said);
    all += (sample.target[i] - mean) * (sample.target[i] - mean);
  }
  return all > 0 ? 1 - left / all : 0;
}

}  // namespace

LinearCopy find_linear_copy(const Sample& sample, double needed) {
  const std::size_t count = sample.columns.size();
  if (count == 0 || sample.target.size() < 2 * (count + 1) + 10) return {};
  std::vector<Scaling> scaling;
  for (const auto& column : sample.columns) scaling.push_back(scaling_of(column));
  scaling.push_back(scaling_of(sample.target));
  if (scaling.back().scale == 0) return {};
  Products products(sample, scaling);
  std::vector<bool> chosen(count);
  while (products.rest() > (1 - needed) / 4) {
    const std::size_t next = products.best(chosen);
    if (next == products.target()) break;
    chosen[next] = true;
    products.sweep(next);
  }
  if (products.rest() > 1 - needed) return {};
  LinearCopy copy;
  std::vector<double> coefficients(count);
  for (std::size_t j = 0; j < count; ++j) {
    if (!chosen[j]) continue;
    coefficients[j] = products.at(j, products.target());
    if (std::abs(coefficients[j]) >= kWeight) copy.columns.push_back(j);
  }
  copy.r2 = r2_on_the_rest(sample, scaling, coefficients);
  return copy.r2 >= needed ? copy : LinearCopy{};
}

}  // namespace rondo::prepare
