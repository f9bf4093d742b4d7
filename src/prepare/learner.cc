// Trees grow level by level. Sums are taken in the order of the rows by one thread, so the same
// question has the same answer, bit for bit.
#include "prepare/learner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "stats/portable.h"
#include "stats/samples.h"

namespace rondo::prepare {
namespace {

constexpr std::size_t kBins = 64;
constexpr std::size_t kRounds = 60;
constexpr std::size_t kLevels = 4;
constexpr std::size_t kNodes = std::size_t{1} << kLevels;
constexpr double kRate = 0.2;
constexpr double kLambda = 1;
constexpr double kFewest = 10;               // rows on a side
constexpr double kSmooth = 10;               // of categories that are put in order
constexpr std::size_t kPatience = 10;        // rounds without a gain

struct Sums {
  double gradient = 0, weight = 0, rows = 0;
  void operator+=(const Sums& other) {
    gradient += other.gradient;
    weight += other.weight;
    rows += other.rows;
  }
  Sums operator-(const Sums& other) const {
    return {gradient - other.gradient, weight - other.weight, rows - other.rows};
  }
  double score() const { return gradient * gradient / (weight + kLambda); }
};

struct Split {
  double gain = 1e-9;                        // none is worth less
  std::size_t column = 0;
  std::uint64_t left = 0;                    // a bit a bin
  bool found = false;
};

using Histogram = std::array<Sums, kBins>;

/// Bins in the order in which they are cut: missing first, then as they are or by gradient.
std::array<std::uint8_t, kBins> order_of(const Histogram& sums, bool categorical) {
  std::array<std::uint8_t, kBins> order;
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  if (!categorical) return order;
  std::ranges::stable_sort(order, {}, [&](std::uint8_t bin) {
    return sums[bin].gradient / (sums[bin].weight + kSmooth);
  });
  return order;
}

void consider(const Histogram& sums, std::size_t column, bool categorical, const Sums& node,
              Split& best) {
  Sums left;
  std::uint64_t bins = 0;
  for (const std::uint8_t bin : order_of(sums, categorical)) {
    if (sums[bin].rows == 0) continue;
    left += sums[bin];
    bins |= std::uint64_t{1} << bin;
    const Sums right = node - left;
    if (left.rows < kFewest) continue;
    if (right.rows < kFewest) break;
    const double gain = left.score() + right.score() - node.score();
    if (gain > best.gain) best = {gain, column, bins, true};
  }
}

/// The rows of a question while it is answered: what is said of each, and where it stands.
class Forest {
 public:
  Forest(const Question& question, std::span<const BinnedColumn* const> columns)
      : question_(question), columns_(columns), said_(question.label.size()),
        node_(question.label.size()), gradient_(question.label.size()),
        weight_(question.label.size(), 1) {
    answered_.gain.resize(columns.size());
  }
  Answered grow() {
    begin();
    derive();
    keep();
    double least = answered_.mean_loss();
    std::size_t best = 0;
    for (std::size_t round = 1; round <= kRounds && round <= best + kPatience; ++round) {
      grow_tree();
      derive();
      const double mean = mean_loss();
      if (!(mean < least)) continue;
      least = mean;
      best = round;
      keep();
    }
    return std::move(answered_);
  }

 private:
  bool binary() const { return question_.task == model::Task::kBinary; }
  double probability(std::uint32_t row) const { return 1 / (1 + stats::portable_exp(-said_[row])); }

  void begin() {
    double sum = 0;
    for (const std::uint32_t row : question_.fit) sum += question_.label[row];
    const double mean = sum / static_cast<double>(question_.fit.size());
    const double p = std::clamp(mean, 1e-6, 1 - 1e-6);
    std::ranges::fill(said_, binary() ? std::log(p / (1 - p)) : mean);
  }
  void derive() {
    for (const std::uint32_t row : question_.fit) {
      if (!binary()) {
        gradient_[row] = said_[row] - question_.label[row];
        continue;
      }
      const double p = probability(row);
      gradient_[row] = p - question_.label[row];
      weight_[row] = std::max(p * (1 - p), 1e-6);
    }
  }
  /// The answer of this round.
  void keep() {
    answered_.loss.clear();
    answered_.residual.clear();
    for (const std::uint32_t row : question_.check) answered_.loss.push_back(loss(row));
    for (const std::uint32_t row : question_.fit) answered_.residual.push_back(-gradient_[row]);
  }
  double mean_loss() const {
    double sum = 0;
    for (const std::uint32_t row : question_.check) sum += loss(row);
    return sum / static_cast<double>(question_.check.size());
  }
  double loss(std::uint32_t row) const {
    if (!binary()) {
      const double apart = said_[row] - question_.label[row];
      return apart * apart;
    }
    const double p = std::clamp(probability(row), 1e-15, 1 - 1e-15);
    return -std::log(question_.label[row] > 0.5 ? p : 1 - p);
  }

  void grow_tree() {
    std::ranges::fill(node_, std::uint8_t{0});
    std::size_t nodes = 1;
    for (std::size_t level = 0; level < kLevels; ++level, nodes *= 2) {
      if (!split_level(nodes)) break;
    }
    answer();
  }
  std::vector<Sums> totals() const {
    std::vector<Sums> sums(kNodes);
    for (const std::uint32_t row : question_.fit) {
      sums[node_[row]] += {gradient_[row], weight_[row], 1};
    }
    return sums;
  }
  /// Each node of the level in two; the left half keeps its number, the right one is `nodes` more.
  bool split_level(std::size_t nodes) {
    const std::vector<Sums> total = totals();
    std::vector<Split> best(nodes);
    std::vector<Histogram> sums(nodes);
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      std::ranges::fill(sums, Histogram{});
      const std::vector<std::uint8_t>& bin = columns_[column]->bin;
      for (const std::uint32_t row : question_.fit) {
        sums[node_[row]][bin[row]] += {gradient_[row], weight_[row], 1};
      }
      for (std::size_t node = 0; node < nodes; ++node) {
        consider(sums[node], column, columns_[column]->categorical, total[node], best[node]);
      }
    }
    bool any = false;
    for (const Split& split : best) {
      if (split.found) answered_.gain[split.column] += split.gain;
      any = any || split.found;
    }
    for (const auto* rows : {&question_.fit, &question_.check}) {
      for (const std::uint32_t row : *rows) {
        const Split& split = best[node_[row]];
        if (!split.found) continue;
        const std::uint8_t bin = columns_[split.column]->bin[row];
        const bool left = ((split.left >> bin) & 1) != 0;
        if (!left) node_[row] = static_cast<std::uint8_t>(node_[row] + nodes);
      }
    }
    return any;
  }
  void answer() {
    std::array<double, kNodes> leaf{};
    const std::vector<Sums> total = totals();
    for (std::size_t i = 0; i < kNodes; ++i) {
      leaf[i] = -kRate * total[i].gradient / (total[i].weight + kLambda);
    }
    for (const auto* rows : {&question_.fit, &question_.check}) {
      for (const std::uint32_t row : *rows) said_[row] += leaf[node_[row]];
    }
  }

  const Question& question_;
  std::span<const BinnedColumn* const> columns_;
  std::vector<double> said_;
  std::vector<std::uint8_t> node_;
  std::vector<double> gradient_, weight_;
  Answered answered_;
};

/// The greatest value of each bin but the last, ascending.
std::vector<double> edges_of(std::span<const double> values, std::span<const std::uint32_t> fit) {
  std::vector<double> there;
  for (const std::uint32_t row : fit) {
    if (std::isfinite(values[row])) there.push_back(values[row]);
  }
  stats::sort_values(there);
  std::vector<double> edges;
  for (std::size_t i = 1; i + 1 < kBins && !there.empty(); ++i) {
    const double edge = there[i * (there.size() - 1) / (kBins - 1)];
    if (edge < there.back() && (edges.empty() || edges.back() < edge)) edges.push_back(edge);
  }
  return edges;
}

}  // namespace

BinnedColumn binned(std::span<const double> values, bool categorical,
                    std::span<const std::uint32_t> fit) {
  BinnedColumn column;
  column.categorical = categorical;
  column.bin.resize(values.size());
  const std::vector<double> edges = categorical ? std::vector<double>() : edges_of(values, fit);
  for (std::size_t row = 0; row < values.size(); ++row) {
    const double value = values[row];
    if (!std::isfinite(value)) continue;
    const auto place = categorical ? static_cast<std::ptrdiff_t>(std::min(value, 62.0))
                                   : std::ranges::lower_bound(edges, value) - edges.begin();
    column.bin[row] = static_cast<std::uint8_t>(place + 1);
  }
  return column;
}

double Answered::mean_loss() const {
  double sum = 0;
  for (const double each : loss) sum += each;
  return sum / static_cast<double>(loss.size());
}

namespace {

/// The commonest of the rows to learn from, at most `most`; ties to the lower.
std::vector<std::size_t> commonest(const Question& question, std::size_t most) {
  std::vector<std::size_t> rows;
  for (const std::uint32_t row : question.fit) {
    const auto own = static_cast<std::size_t>(question.label[row]);
    if (own >= rows.size()) rows.resize(own + 1);
    ++rows[own];
  }
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t c) { return rows[c]; });
  order.resize(std::min(order.size(), most));
  return order;
}

Question against_others(const Question& question, std::size_t own) {
  Question binary{model::Task::kBinary, question.label, question.fit, question.check};
  for (double& label : binary.label) label = label == static_cast<double>(own) ? 1 : 0;
  return binary;
}

}  // namespace

Answered boost(const Question& question, std::span<const BinnedColumn* const> columns) {
  if (question.task != model::Task::kMulticlass) return Forest(question, columns).grow();
  constexpr std::size_t kMostClasses = 5;
  Answered all;
  double worst = -1;
  for (const std::size_t own : commonest(question, kMostClasses)) {
    const Question binary = against_others(question, own);
    Answered one = Forest(binary, columns).grow();
    all.loss.resize(one.loss.size());
    all.gain.resize(one.gain.size());
    for (std::size_t i = 0; i < one.loss.size(); ++i) all.loss[i] += one.loss[i];
    for (std::size_t i = 0; i < one.gain.size(); ++i) all.gain[i] += one.gain[i];
    if (one.mean_loss() <= worst) continue;
    worst = one.mean_loss();
    all.residual = std::move(one.residual);
  }
  return all;
}

std::vector<double> centered(const Question& question) {
  if (question.task == model::Task::kMulticlass) {
    return centered(against_others(question, commonest(question, 1).at(0)));
  }
  std::vector<double> apart;
  for (const std::uint32_t i : question.fit) apart.push_back(question.label[i]);
  const double mean = std::accumulate(apart.begin(), apart.end(), 0.0) /
                      static_cast<double>(apart.size());
  for (double& each : apart) each -= mean;
  return apart;
}

double explained(const BinnedColumn& column, std::span<const std::uint32_t> rows,
                 std::span<const double> residual) {
  Histogram sums{};
  double all = 0, squares = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sums[column.bin[rows[i]]] += {residual[i], 1, 1};
    all += residual[i];
    squares += residual[i] * residual[i];
  }
  const auto n = static_cast<double>(rows.size());
  double between = 0, bins = 0;
  for (const Sums& bin : sums) {
    if (bin.rows == 0) continue;
    between += bin.gradient * bin.gradient / bin.rows;
    bins += 1;
  }
  return between - all * all / n - (bins - 1) * squares / n;
}

}  // namespace rondo::prepare
