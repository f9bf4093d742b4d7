// Trees of random cuts need no sorting and no bins, so a node costs one pass over its rows for each
// column that it tries. Missing cells go with the low ones.
#include "prepare/quick.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "prepare/single.h"
#include "stats/intervals.h"

namespace rondo::prepare {
namespace {

constexpr std::size_t kTrees = 20;
constexpr std::size_t kMostTrain = 65'536;
constexpr std::size_t kMostTest = 16'384;
constexpr std::size_t kTries = 12;     // cuts that a node chooses from
constexpr std::size_t kLeaf = 5;       // rows that are split no more
constexpr double kMissing = std::numeric_limits<double>::lowest();

struct Node {
  std::size_t column = 0;
  double cut = 0;                      // at most: to the left
  std::size_t left = 0, right = 0;     // 0: a leaf
  double said = 0;                     // of a leaf: mean, or the commonest class
};

/// A column and a cut, and how much of the sum of squares it explains.
struct Cut {
  std::size_t column = 0;
  double at = 0, gain = -1;
};

double present(double value) { return std::isnan(value) ? kMissing : value; }

/// What the trees learn from, by column, so that a node's pass stays in the cache.
struct Lesson {
  model::Task task;
  std::vector<std::vector<double>> columns;
  std::vector<double> label;

  Lesson(const Trial& trial, const std::vector<std::size_t>& rows)
      : task(trial.task), columns(trial.features.columns) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      columns[j].reserve(rows.size());
      for (const std::size_t row : rows) columns[j].push_back(present(trial.features.row(row)[j]));
    }
    for (const std::size_t row : rows) label.push_back(trial.label[row]);
  }
};

class Tree {
 public:
  Tree(const Lesson& lesson, Seed seed)
      : lesson_(lesson), chance_(seed), rows_(lesson.label.size()) {
    std::iota(rows_.begin(), rows_.end(), std::uint32_t{0});
    tries_ = std::min(lesson.columns.size(), kTries);
    grow();
  }
  double say(std::span<const double> row) const {
    const Node* node = nodes_.data();
    while (node->left != 0) {
      node = &nodes_[present(row[node->column]) <= node->cut ? node->left : node->right];
    }
    return node->said;
  }

 private:
  using Rows = std::span<const std::uint32_t>;
  struct Part {
    std::size_t node = 0, begin = 0, end = 0;
  };

  void grow() {
    nodes_.emplace_back();
    std::vector<Part> waiting = {{0, 0, rows_.size()}};
    while (!waiting.empty()) {
      const Part part = waiting.back();
      waiting.pop_back();
      const std::span<std::uint32_t> here(rows_.data() + part.begin, part.end - part.begin);
      const Cut cut = here.size() > kLeaf && !agree(here) ? best_cut(here) : Cut{};
      if (cut.gain < 0) {
        nodes_[part.node].said = answer(here);
        continue;
      }
      const auto right = std::ranges::partition(
          here, [&](std::uint32_t row) { return lesson_.columns[cut.column][row] <= cut.at; });
      const std::size_t middle = part.end - right.size();
      nodes_[part.node] = {cut.column, cut.at, nodes_.size(), nodes_.size() + 1, 0};
      waiting.push_back({nodes_.size(), part.begin, middle});
      waiting.push_back({nodes_.size() + 1, middle, part.end});
      nodes_.resize(nodes_.size() + 2);
    }
  }
  bool agree(Rows here) const {
    return std::ranges::all_of(
        here, [&](std::uint32_t row) { return lesson_.label[row] == lesson_.label[here[0]]; });
  }
  /// The best of some random cuts; columns that are constant here are tried in vain.
  Cut best_cut(Rows here) {
    const double wanted = lesson_.label[here[chance_.below(here.size())]];
    Cut best;
    std::size_t tried = 0;
    for (std::size_t look = 0; look < lesson_.columns.size() * 2 && tried < tries_; ++look) {
      const std::size_t column = chance_.below(lesson_.columns.size());
      const auto at = random_cut(here, column);
      if (!at) continue;
      ++tried;
      const double gain = gain_of(here, {column, *at, 0}, wanted);
      if (gain > best.gain) best = {column, *at, gain};
    }
    return best;
  }
  std::optional<double> random_cut(Rows here, std::size_t column) {
    const std::vector<double>& cells = lesson_.columns[column];
    double low = std::numeric_limits<double>::infinity(), high = -low;
    bool missing = false;
    for (const std::uint32_t row : here) {
      const double value = cells[row];
      if (value == kMissing) {
        missing = true;
        continue;
      }
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (low > high || (low == high && !missing)) return std::nullopt;
    if (missing && (low == high || chance_.below(tries_ + 1) == 0)) return kMissing;
    const double at = low + (high - low) * chance_.uniform();
    return at < high ? at : low;
  }
  /// By how much the sides' means explain the label, or whether it is the wanted class.
  double gain_of(Rows here, const Cut& cut, double wanted) const {
    const std::vector<double>& cells = lesson_.columns[cut.column];
    const bool numbers = lesson_.task == model::Task::kRegression;
    double count[2] = {0, 0}, sum[2] = {0, 0};
    for (const std::uint32_t row : here) {
      const std::size_t side = cells[row] <= cut.at ? 0 : 1;
      const double label = lesson_.label[row];
      count[side] += 1;
      sum[side] += numbers ? label - wanted : (label == wanted ? 1 : 0);
    }
    if (count[0] == 0 || count[1] == 0) return -1;
    const double apart = sum[0] / count[0] - sum[1] / count[1];
    return apart * apart * count[0] * count[1] / (count[0] + count[1]);
  }
  double answer(Rows here) const {
    if (lesson_.task == model::Task::kRegression) {
      double sum = 0;
      for (const std::uint32_t row : here) sum += lesson_.label[row];
      return sum / static_cast<double>(here.size());
    }
    std::vector<double> labels;
    for (const std::uint32_t row : here) labels.push_back(lesson_.label[row]);
    return commonest(std::move(labels));
  }

 public:
  /// Ties go to the lowest.
  static double commonest(std::vector<double> labels) {
    std::ranges::sort(labels);
    double best = labels[0];
    std::size_t most = 0;
    for (std::size_t i = 0, run = 0; i < labels.size(); ++i) {
      run = i > 0 && labels[i] == labels[i - 1] ? run + 1 : 1;
      if (run <= most) continue;
      most = run;
      best = labels[i];
    }
    return best;
  }

 private:
  const Lesson& lesson_;
  Chance chance_;
  std::size_t tries_;
  std::vector<std::uint32_t> rows_;
  std::vector<Node> nodes_;
};

double said_by(const std::vector<Tree>& trees, std::span<const double> row, model::Task task) {
  std::vector<double> said;
  for (const Tree& tree : trees) said.push_back(tree.say(row));
  if (task != model::Task::kRegression) return Tree::commonest(std::move(said));
  double sum = 0;
  for (const double each : said) sum += each;
  return sum / static_cast<double>(said.size());
}

}  // namespace

Figure try_quickly(const Trial& trial, Seed seed) {
  const std::vector<std::size_t> train = thinned(trial.train, kMostTrain);
  const std::vector<std::size_t> test = thinned(trial.test, kMostTest);
  const Lesson lesson(trial, train);
  std::vector<Tree> trees;
  for (std::size_t i = 0; i < kTrees; ++i) {
    trees.emplace_back(lesson, Seed{seed.value + i}.derive("tree"));
  }
  const bool numbers = trial.task == model::Task::kRegression;
  std::vector<double> wrong, label;    // squared errors, or 0 and 1
  for (const std::size_t row : test) {
    const double said = said_by(trees, trial.features.row(row), trial.task);
    const double by = said - trial.label[row];
    wrong.push_back(numbers ? by * by : (by == 0 ? 0 : 1));
    label.push_back(trial.label[row]);
  }
  const auto count = static_cast<double>(test.size());
  const double scale = numbers ? stats::moments(label).variance * (count - 1) / count : 1;
  if (scale <= 0) return {0, 0, train.size(), test.size()};
  const stats::Moments m = stats::moments(wrong);
  return {1 - m.mean / scale, std::sqrt(m.variance / count) / scale, train.size(), test.size()};
}

}  // namespace rondo::prepare
