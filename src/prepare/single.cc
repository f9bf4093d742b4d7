// Sums by fold and bin are enough for all of it: rows of one fold and bin get one answer. A bin
// without other rows answers with the mean of all.
#include "prepare/single.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "stats/delong.h"

namespace rondo::prepare {
namespace {

constexpr std::size_t kBins = 32;
constexpr std::size_t kRowsPerBin = 8;
constexpr std::size_t kMostCells = 4'000'000;
constexpr double kPrior = 0.01;        // rows that the mean of all counts for

/// Count and sum of one target by fold and bin.
struct Sums {
  explicit Sums(std::size_t n) : count(kFolds * n), sum(kFolds * n), bins(n) {}
  void add(std::size_t fold, std::uint32_t bin, double y) {
    const std::size_t cell = fold * bins + bin;
    count[cell] += 1;
    sum[cell] += y;
  }
  /// What each fold and bin answers: the mean outside of the fold.
  std::vector<double> answers() const {
    const double rows = std::accumulate(count.begin(), count.end(), 0.0);
    const double mean = std::accumulate(sum.begin(), sum.end(), 0.0) / rows;
    std::vector<double> out(count.size());
    for (std::size_t bin = 0; bin < bins; ++bin) {
      double n = 0, s = 0;
      for (std::size_t fold = 0; fold < kFolds; ++fold) {
        n += count[fold * bins + bin];
        s += sum[fold * bins + bin];
      }
      for (std::size_t fold = 0; fold < kFolds; ++fold) {
        const std::size_t cell = fold * bins + bin;
        out[cell] = (s - sum[cell] + kPrior * mean) / (n - count[cell] + kPrior);
      }
    }
    return out;
  }
  std::vector<double> count, sum;
  std::size_t bins;
};

/// Rows by fold; none: one after the other.
using Folds = std::vector<std::uint8_t>;

Sums sums_of(const Binned& column, std::span<const double> target, const Folds& folds) {
  Sums sums(column.bins);
  for (std::size_t i = 0; i < target.size(); ++i) {
    sums.add(folds.empty() ? i % kFolds : folds[i], column.bin[i], target[i]);
  }
  return sums;
}

/// Sum of squared errors of the answers, and around the mean.
struct Squares {
  double left = 0, all = 0;
};

/// Of a target whose squares sum to `squares` (and whose mean is near 0, so nothing cancels).
Squares squares_of(const Sums& sums, double squares) {
  Squares out{squares, squares};
  const std::vector<double> answers = sums.answers();
  for (std::size_t cell = 0; cell < answers.size(); ++cell) {
    out.left += answers[cell] * (sums.count[cell] * answers[cell] - 2 * sums.sum[cell]);
  }
  return out;
}

double r2_of(const Binned& column, std::span<const double> target, const Folds& folds) {
  const double mean = std::accumulate(target.begin(), target.end(), 0.0) /
                      static_cast<double>(target.size());
  std::vector<double> centred;
  double squares = 0;
  for (const double y : target) {
    centred.push_back(y - mean);
    squares += centred.back() * centred.back();
  }
  const Squares found = squares_of(sums_of(column, centred, folds), squares);
  return found.all > 0 ? 1 - found.left / found.all : 0;
}

double auc_of(const Binned& column, std::span<const double> target, const Folds& folds) {
  const Sums sums = sums_of(column, target, folds);
  const std::vector<double> answers = sums.answers();
  std::vector<std::size_t> order(answers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t cell) { return answers[cell]; });
  double below = 0, pairs = 0, positives = 0;
  for (std::size_t i = 0; i < order.size();) {
    double ones = 0, zeros = 0;
    const double score = answers[order[i]];
    for (; i < order.size() && answers[order[i]] == score; ++i) {
      ones += sums.sum[order[i]];
      zeros += sums.count[order[i]] - sums.sum[order[i]];
    }
    pairs += ones * (below + zeros / 2);
    below += zeros;
    positives += ones;
  }
  return below > 0 && positives > 0 ? pairs / (below * positives) : 0.5;
}

double indicators_r2(const Binned& column, const Answer& answer) {
  if (column.bins * kFolds * answer.classes > kMostCells) return 0;
  Squares total;
  std::vector<double> indicator(answer.label.size());
  for (std::size_t k = 0; k < answer.classes; ++k) {
    double hits = 0;
    for (const double label : answer.label) hits += label == static_cast<double>(k) ? 1 : 0;
    const double mean = hits / static_cast<double>(answer.label.size());
    for (std::size_t i = 0; i < indicator.size(); ++i) {
      indicator[i] = (answer.label[i] == static_cast<double>(k) ? 1 : 0) - mean;
    }
    const Squares one = squares_of(sums_of(column, indicator, answer.fold), hits * (1 - mean));
    total.left += one.left;
    total.all += one.all;
  }
  return total.all > 0 ? 1 - total.left / total.all : 0;
}

std::vector<double> mid_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = static_cast<double>(begin + end - 1) / 2;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

/// Rows whose bin has others, and the mean of those.
struct Others {
  std::vector<double> label, mean;
};

Others others_of(const Binned& column, std::span<const double> label) {
  std::vector<double> count(column.bins), sum(column.bins);
  for (std::size_t i = 0; i < label.size(); ++i) {
    count[column.bin[i]] += 1;
    sum[column.bin[i]] += label[i];
  }
  Others out;
  for (std::size_t i = 0; i < label.size(); ++i) {
    const std::size_t bin = column.bin[i];
    if (count[bin] < 2) continue;
    out.label.push_back(label[i]);
    out.mean.push_back((sum[bin] - label[i]) / (count[bin] - 1));
  }
  return out;
}

/// How much more often two rows of a bin have one class than two rows of any bins do.
double agreement(const Binned& column, const Answer& answer) {
  std::map<std::pair<std::uint32_t, double>, double> cells;
  std::map<double, double> classes;
  std::vector<double> count(column.bins);
  for (std::size_t i = 0; i < answer.label.size(); ++i) count[column.bin[i]] += 1;
  double rows = 0;
  for (std::size_t i = 0; i < answer.label.size(); ++i) {
    if (count[column.bin[i]] < 2) continue;
    cells[{column.bin[i], answer.label[i]}] += 1;
    classes[answer.label[i]] += 1;
    rows += 1;
  }
  double same = 0, by_chance = 0;
  for (const auto& [cell, n] : cells) same += n * (n - 1) / (count[cell.first] - 1);
  for (const auto& [label, n] : classes) by_chance += n / rows * n / rows;
  return by_chance < 1 && rows > 0 ? 1 - (1 - same / rows) / (1 - by_chance) : 0;
}

}  // namespace

std::vector<std::size_t> thinned(std::span<const std::size_t> rows, std::size_t most) {
  const std::size_t stride = std::max<std::size_t>((rows.size() + most - 1) / most, 1);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rows.size(); i += stride) out.push_back(rows[i]);
  return out;
}

Binned cut(std::span<const double> values, bool categorical) {
  Binned out;
  out.bin.resize(values.size());
  if (categorical) {
    double most = -1;
    for (const double v : values) most = std::isnan(v) ? most : std::max(most, v);
    const auto missing = static_cast<std::uint32_t>(most + 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
      out.bin[i] = std::isnan(values[i]) ? missing : static_cast<std::uint32_t>(values[i]);
    }
    out.bins = missing + std::size_t{1};
    return out;
  }
  std::vector<double> sorted;
  sorted.reserve(values.size());
  for (const double v : values) {
    if (!std::isnan(v)) sorted.push_back(v);
  }
  std::ranges::sort(sorted);
  std::vector<double> cuts;  // the first value of each bin but the first
  std::vector<double> distinct;
  for (const double v : sorted) {
    if (!distinct.empty() && distinct.back() == v) continue;
    if (distinct.size() > kBins) break;
    distinct.push_back(v);
  }
  if (distinct.size() <= kBins) {
    if (!distinct.empty()) cuts.assign(distinct.begin() + 1, distinct.end());
  } else {
    const std::size_t bins = std::clamp<std::size_t>(sorted.size() / kRowsPerBin, 2, kBins);
    for (std::size_t k = 1; k < bins; ++k) {
      const double at = sorted[k * sorted.size() / bins];
      if (at > sorted.front() && (cuts.empty() || cuts.back() < at)) cuts.push_back(at);
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto above = std::ranges::upper_bound(cuts, values[i]) - cuts.begin();
    out.bin[i] = static_cast<std::uint32_t>(std::isnan(values[i])
                                                ? static_cast<std::ptrdiff_t>(cuts.size()) + 1
                                                : above);
  }
  out.bins = cuts.size() + 2;
  return out;
}

Answer answer_of(model::Task task, std::size_t classes, std::vector<double> label) {
  Answer answer{task, classes, std::move(label), {}, {}};
  if (task == model::Task::kRegression) answer.rank = mid_ranks(answer.label);
  return answer;
}

double told_alone(const Binned& column, const Answer& answer) {
  switch (answer.task) {
    case model::Task::kRegression:
    case model::Task::kQuantile:
      return std::max(r2_of(column, answer.label, answer.fold),
                      r2_of(column, answer.rank, answer.fold));
    case model::Task::kBinary: return auc_of(column, answer.label, answer.fold);
    case model::Task::kMulticlass: return indicators_r2(column, answer);
  }
  return 0;
}

double told_by_others(const Binned& column, const Answer& answer) {
  if (answer.task == model::Task::kMulticlass) return agreement(column, answer);
  const Others others = others_of(column, answer.label);
  if (answer.task == model::Task::kBinary) {
    std::vector<std::uint8_t> positive;
    for (const double label : others.label) positive.push_back(label == 1 ? 1 : 0);
    const double auc = stats::placements(others.mean, positive).auc;
    return std::isnan(auc) ? 0 : auc;
  }
  const double mean = stats::moments(others.label).mean;
  double left = 0, all = 0;
  for (std::size_t i = 0; i < others.label.size(); ++i) {
    left += (others.label[i] - others.mean[i]) * (others.label[i] - others.mean[i]);
    all += (others.label[i] - mean) * (others.label[i] - mean);
  }
  return all > 0 ? 1 - left / all : 0;
}

}  // namespace rondo::prepare
