// One number for many classes: scores are raised to a power and share 1 again. The fit is convex in
// that power, so a bracket and Newton's steps within it find it.
#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/calibration.h"
#include "stats/portable.h"

namespace rondo::stats {
namespace {

constexpr double kLeastScore = 1e-15;  // the log-loss clips there too
constexpr int kMostDoublings = 40, kMostPowers = 100;

double log_score(double p) noexcept {
  return portable_log(std::clamp(p, kLeastScore, 1 - kLeastScore));
}

/// From logarithms of scores to probabilities that are proportional to their powers.
void put_powers(std::span<double> row, double power) noexcept {
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  for (double& each : row) {
    each *= power;
    most = std::max(most, each);
  }
  for (double& each : row) {
    each = portable_exp(each - most);
    sum += each;
  }
  for (double& each : row) each /= sum;
}

/// Rows that count, with the logarithms of their scores.
struct Logs {
  std::size_t classes = 0;
  std::vector<double> log;
  std::vector<double> wanted;  // the mean of a row's logarithms by its targets
  std::vector<double> weight;
};
Logs logs_of(const ClassScored& rows) {
  Logs out;
  out.classes = rows.classes;
  std::vector<double> counts = {rows.weight.begin(), rows.weight.end()};
  if (counts.empty()) counts.assign(rows.label.size(), 1);
  const double n = effective_rows(counts), right = (n + 1) / (n + 2);
  const double other = (1 - right) / static_cast<double>(rows.classes - 1);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!(counts[i] > 0)) continue;
    double wanted = 0;
    for (std::size_t k = 0; k < rows.classes; ++k) {
      out.log.push_back(log_score(rows.score[i * rows.classes + k]));
      wanted += (k == rows.label[i] ? right : other) * out.log.back();
    }
    out.wanted.push_back(wanted);
    out.weight.push_back(counts[i]);
  }
  return out;
}

/// First and second derivative of the log-loss by the power.
struct Slope {
  double first = 0, second = 0;
};
Slope slope_at(const Logs& rows, double power) {
  Slope out;
  std::vector<double> p(rows.classes);
  for (std::size_t i = 0; i < rows.weight.size(); ++i) {
    const auto log = std::span(rows.log).subspan(i * rows.classes, rows.classes);
    std::ranges::copy(log, p.begin());
    put_powers(p, power);
    double mean = 0, square = 0;
    for (std::size_t k = 0; k < rows.classes; ++k) mean += p[k] * log[k];
    for (std::size_t k = 0; k < rows.classes; ++k) {
      square += p[k] * (log[k] - mean) * (log[k] - mean);
    }
    out.first += rows.weight[i] * (mean - rows.wanted[i]);
    out.second += rows.weight[i] * square;
  }
  return out;
}

/// The power >= 0 of least loss.
double best_power(const Logs& rows) {
  if (slope_at(rows, 0).first >= 0) return 0;
  double low = 0, high = 1;
  for (int i = 0; i < kMostDoublings && slope_at(rows, high).first < 0; ++i) {
    low = high;
    high *= 2;
  }
  double power = low > 0 ? low : high;
  for (int i = 0; i < kMostPowers && high - low > 1e-12 * high; ++i) {
    const Slope slope = slope_at(rows, power);
    (slope.first < 0 ? low : high) = power;
    const double next = power - slope.first / slope.second;
    const bool within = next > low && next < high;
    if (within && std::abs(next - power) <= 1e-12 * power) return next;
    power = within ? next : low + (high - low) / 2;
  }
  return power;
}

}  // namespace

void Calibration::apply(std::span<double> scores, std::size_t outputs) const noexcept {
  if (kind == Kind::kNone) return;
  if (kind != Kind::kTemperature) {
    for (double& score : scores) score = probability(score);
    return;
  }
  for (std::size_t from = 0; from + outputs <= scores.size(); from += outputs) {
    const auto row = scores.subspan(from, outputs);
    for (double& score : row) score = log_score(score);
    put_powers(row, a);
  }
}

Calibration fit_temperature(const ClassScored& rows) {
  if (rows.classes < 2) return {};
  const Logs logs = logs_of(rows);
  if (logs.weight.empty()) return {};
  Calibration out;
  out.kind = Calibration::Kind::kTemperature;
  out.a = best_power(logs);
  return out;
}

}  // namespace rondo::stats
