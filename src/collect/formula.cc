// Time formulas of the form `column + to_hours(column)`, computed without DuckDB; anything else
// is left to it.
#include "collect/formula.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/delong.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Type;

constexpr std::size_t kMostRows = 20'000;
constexpr std::size_t kMostTerms = 12;
constexpr std::size_t kBins = 32;
constexpr double kDependent = 1e-9;  // a column whose rest is smaller adds nothing

/// The bin of each row of the answers; bin 0 is for missing cells.
std::vector<std::size_t> bins_of(const Column& column, const Answers& answers) {
  std::vector<std::size_t> bins(answers.rows.size(), 0);
  if (is_text(column.type)) {
    for (std::size_t i = 0; i < bins.size(); ++i) {
      const std::size_t row = answers.rows[i];
      if (!column.is_null(row)) bins[i] = static_cast<std::size_t>(column.codes[row]) + 1;
    }
    return bins;
  }
  std::vector<double> sorted;
  for (const std::size_t row : answers.rows) {
    if (!column.is_null(row)) sorted.push_back(column.as_double(row));
  }
  if (sorted.empty()) return bins;
  std::ranges::sort(sorted);
  std::vector<double> edges;
  for (std::size_t k = 1; k < kBins; ++k) edges.push_back(sorted[k * sorted.size() / kBins]);
  const auto same = std::ranges::unique(edges);
  edges.erase(same.begin(), same.end());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const std::size_t row = answers.rows[i];
    if (column.is_null(row)) continue;
    const auto edge = std::ranges::upper_bound(edges, column.as_double(row));
    bins[i] = static_cast<std::size_t>(edge - edges.begin()) + 1;
  }
  return bins;
}

struct Sum {
  double sum = 0, count = 0;
  double mean(double otherwise) const { return count > 0 ? sum / count : otherwise; }
};

/// Answers out of fold: what the other half says about each row's bin.
std::vector<double> said_by_others(const std::vector<std::size_t>& bins, const Answers& answers) {
  std::vector<Sum> sums[2];
  Sum all;
  const std::size_t most = *std::ranges::max_element(bins) + 1;
  for (auto& half : sums) half.resize(most);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    Sum& bin = sums[i % 2][bins[i]];
    bin.sum += answers.value[i];
    bin.count += 1;
    all.sum += answers.value[i];
    all.count += 1;
  }
  std::vector<double> said(bins.size());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    said[i] = sums[1 - i % 2][bins[i]].mean(all.mean(0));
  }
  return said;
}

double explained(std::span<const double> said, std::span<const double> truth) {
  double mean = 0, rest = 0, whole = 0;
  for (const double value : truth) mean += value / static_cast<double>(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    rest += (truth[i] - said[i]) * (truth[i] - said[i]);
    whole += (truth[i] - mean) * (truth[i] - mean);
  }
  return whole > 0 ? 1 - rest / whole : 0;
}

/// Cross products of centred columns, the target last.
class Normal {
 public:
  Normal(std::span<const Column* const> columns, const Answers& answers)
      : size_(columns.size() + 1), cell_(size_ * size_, 0) {
    std::vector<double> mean(size_, 0);
    std::vector<std::vector<double>> complete;
    for (std::size_t i = 0; i < answers.rows.size(); ++i) {
      std::vector<double> row;
      for (const Column* column : columns) row.push_back(column->as_double(answers.rows[i]));
      row.push_back(answers.value[i]);
      if (std::ranges::any_of(row, [](double v) { return !std::isfinite(v); })) continue;
      for (std::size_t k = 0; k < size_; ++k) mean[k] += row[k];
      complete.push_back(std::move(row));
    }
    rows = complete.size();
    for (std::vector<double>& row : complete) {
      for (std::size_t k = 0; k < size_; ++k) row[k] -= mean[k] / static_cast<double>(rows);
      for (std::size_t a = 0; a < size_; ++a) {
        for (std::size_t b = 0; b < size_; ++b) at(a, b) += row[a] * row[b];
      }
    }
    for (std::size_t k = 0; k < size_; ++k) whole_.push_back(at(k, k));
  }

  std::size_t rows = 0;

  double r2() const {
    const std::size_t target = size_ - 1;
    return whole_[target] > 0 ? 1 - cell_[target * size_ + target] / whole_[target] : 0;
  }

  /// Takes in the column that explains most of the rest; false when none does.
  bool take_best(std::vector<std::size_t>& taken) {
    const std::size_t target = size_ - 1;
    std::size_t best = target;
    double most = 0;
    for (std::size_t k = 0; k < target; ++k) {
      if (std::ranges::find(taken, k) != taken.end()) continue;
      if (at(k, k) <= kDependent * whole_[k]) continue;
      const double gain = at(k, target) * at(k, target) / at(k, k);
      if (gain > most) best = k;
      most = std::max(most, gain);
    }
    if (best == target) return false;
    eliminate(best);
    taken.push_back(best);
    return true;
  }

 private:
  double& at(std::size_t a, std::size_t b) { return cell_[a * size_ + b]; }

  /// What the column explains is taken out of all others.
  void eliminate(std::size_t k) {
    const double pivot = at(k, k);
    for (std::size_t a = 0; a < size_; ++a) {
      if (a == k) continue;
      const double factor = at(a, k) / pivot;
      for (std::size_t b = 0; b < size_; ++b) {
        if (b != k) at(a, b) -= factor * at(k, b);
      }
    }
  }

  std::size_t size_;
  std::vector<double> cell_, whole_;
};

}  // namespace

Answers answers_of(const Column& target) {
  Answers answers;
  for (std::size_t row = 0; row < target.size(); ++row) {
    if (!target.is_null(row)) answers.rows.push_back(row);
  }
  // The stride is odd, so that both parities of a file that alternates are seen.
  const std::size_t stride = (answers.rows.size() / kMostRows) | 1;
  std::vector<std::size_t> thinned;
  for (std::size_t i = 0; i < answers.rows.size(); i += stride) thinned.push_back(answers.rows[i]);
  answers.rows = std::move(thinned);
  std::map<std::string, std::size_t> counts;
  for (const std::size_t row : answers.rows) {
    ++counts[target.cell_text(row)];
    if (counts.size() > 2 && !is_text(target.type)) break;
  }
  answers.two_classes = counts.size() == 2;
  answers.is_number = answers.two_classes || !is_text(target.type);
  if (!is_text(target.type)) {
    for (const std::size_t row : answers.rows) answers.value.push_back(target.as_double(row));
    return answers;
  }
  if (counts.empty()) return answers;
  const auto count = [](const auto& entry) { return entry.second; };
  const auto commonest = std::ranges::max_element(counts, {}, count);
  const std::string one = answers.two_classes ? counts.rbegin()->first : commonest->first;
  for (const std::size_t row : answers.rows) {
    answers.value.push_back(target.text(row) == one ? 1 : 0);
  }
  return answers;
}

double told_alone(const Column& column, const Answers& answers) {
  if (answers.rows.empty()) return 0;
  const std::vector<double> said = said_by_others(bins_of(column, answers), answers);
  if (!answers.two_classes) return explained(said, answers.value);
  const double greatest = *std::ranges::max_element(answers.value);
  std::vector<std::uint8_t> positive;
  for (const double value : answers.value) positive.push_back(value == greatest ? 1 : 0);
  return stats::placements(said, positive).auc;
}

std::vector<std::size_t> linear_formula(std::span<const Column* const> columns,
                                        const Answers& answers, double needed) {
  Normal normal(columns, answers);
  std::vector<std::size_t> taken;
  while (taken.size() < kMostTerms && normal.rows > 20 * (taken.size() + 2)) {
    if (!normal.take_best(taken)) break;
    if (normal.r2() < needed) continue;
    std::ranges::sort(taken);
    return taken;
  }
  return {};
}

}  // namespace rondo::collect
