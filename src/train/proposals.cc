// A first spread, and FLOW2 replayed from what was tried, so that the same list always leads to the
// same next candidate, after a restart too.
#include "train/proposals.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rondo::train {
namespace {

// Chosen by hand to lie apart: few and many leaves, all columns or some, weak and strong penalties.
constexpr std::array kSpread = {
    Growth{.rate = 0.05, .leaves = 8, .l2 = 1},
    Growth{.rate = 0.05, .leaves = 31, .columns = 0.6, .rows = 0.8, .l2 = 1},
    Growth{.rate = 0.05, .leaves = 4, .min_leaf = 5, .columns = 0.5},
    Growth{.rate = 0.03, .leaves = 64, .min_leaf = 10, .columns = 0.6, .rows = 0.8},
    Growth{.rate = 0.03, .leaves = 16, .min_leaf = 50, .columns = 0.8, .rows = 0.8, .l2 = 10},
    Growth{.rate = 0.03, .leaves = 128, .min_leaf = 5, .columns = 0.5, .rows = 0.9, .l2 = 1},
};

constexpr std::size_t kDims = 6;
using Point = std::array<double, kDims>;

/// The range of each dimension, in logarithms: rate, leaves, min_leaf, columns, rows, l2.
struct Range {
  double low, high;
};
const std::array<Range, kDims>& ranges() {
  static const std::array<Range, kDims> made = {{{std::log(0.005), std::log(0.3)},
                                                 {std::log(2.0), std::log(256.0)},
                                                 {std::log(1.0), std::log(200.0)},
                                                 {std::log(0.3), 0},
                                                 {std::log(0.5), 0},
                                                 {std::log(1e-4), std::log(100.0)}}};
  return made;
}

Point point_of(const Growth& growth) {
  const Point plain = {growth.rate,    static_cast<double>(growth.leaves),
                       static_cast<double>(growth.min_leaf), growth.columns,
                       growth.rows,    growth.l2};
  Point point{};
  for (std::size_t i = 0; i < kDims; ++i) {
    const Range& range = ranges()[i];
    const double low = std::exp(range.low);
    point[i] = (std::log(std::max(plain[i], low)) - range.low) / (range.high - range.low);
  }
  return point;
}

Growth growth_at(const Point& point, Growth growth) {
  std::array<double, kDims> plain{};
  for (std::size_t i = 0; i < kDims; ++i) {
    const Range& range = ranges()[i];
    plain[i] = std::exp(range.low + std::clamp(point[i], 0.0, 1.0) * (range.high - range.low));
  }
  growth.rate = plain[0];
  growth.leaves = std::llround(plain[1]);
  growth.min_leaf = std::llround(plain[2]);
  growth.columns = std::min(plain[3], 1.0);
  growth.rows = std::min(plain[4], 1.0);
  growth.l2 = plain[5];
  return growth;
}

/// A random unit vector, the n-th of its stream.
Point direction(Seed seed, std::uint64_t n) {
  Chance chance({seed.derive("directions").value + n * 0x9e3779b97f4a7c15ULL});
  Point u{};
  double sum = 0;
  for (double& x : u) {
    x = chance.normal();
    sum += x * x;
  }
  for (double& x : u) x /= std::sqrt(sum);
  return u;
}

/// Candidates without a gain that end the local search. After AutoGluon's rule for rounds.
std::size_t patience_of(std::size_t rows) {
  return rows <= 100 ? 4 : rows <= 500 ? 8 : rows <= 2'500 ? 15 : rows <= 10'000 ? 40 : 100;
}

/// The best one that is boosted: the first.
std::size_t best_trees(std::span<const Tried> tried) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < tried.size(); ++i) {
    const bool better = !tried[i].behind && tried[i].loss < tried[best].loss;
    if (better && grows(tried[i].growth) && !tried[i].growth.forest) best = i;
  }
  return best;
}

class Flow {
 public:
  Flow(const std::vector<Tried>& tried, std::size_t begin, Seed seed) : seed_(seed) {
    const Tried& best = tried[best_trees(std::span(tried).first(begin))];
    growth_ = best.growth;
    loss_ = best.loss;
    for (std::size_t i = begin; i < tried.size(); ++i) learn(tried[i]);
  }
  std::size_t without_gain() const { return without_gain_; }
  Growth next() const {
    Point point = point_of(growth_);
    const Point u = direction(seed_, pair_);
    for (std::size_t i = 0; i < kDims; ++i) point[i] += (minus_ ? -step_ : step_) * u[i];
    return growth_at(point, growth_);
  }

 private:
  void learn(const Tried& tried) {
    ++without_gain_;
    if (!tried.behind && tried.loss < loss_) {
      growth_ = tried.growth;
      loss_ = tried.loss;
      failures_ = without_gain_ = 0;
    } else if (!minus_) {
      minus_ = true;
      return;
    } else if (++failures_ >= (1U << (kDims - 1))) {
      step_ /= 2;
      failures_ = 0;
    }
    minus_ = false;
    ++pair_;
  }

  Seed seed_;
  Growth growth_;
  double loss_ = 0, step_ = 0.1 * std::sqrt(static_cast<double>(kDims));
  bool minus_ = false;
  std::uint64_t pair_ = 0;
  std::size_t failures_ = 0, without_gain_ = 0;
};

}  // namespace

std::size_t best_of(const std::vector<Tried>& tried) {
  std::size_t best = 0;  // the first is never behind: there was nothing to be behind of
  for (std::size_t i = 1; i < tried.size(); ++i) {
    if (!tried[i].behind && tried[i].loss < tried[best].loss) best = i;
  }
  return best;
}

std::optional<Proposal> next_proposal(const Growth& settings, Learners learners,
                                      const std::vector<Tried>& tried, std::size_t rows,
                                      Seed seed) {
  const Proposal line{"linear", {.line = true}};
  const Proposal near{"neighbours", {.near = true}};
  if (!learners.trees) {
    std::vector<Proposal> all;
    if (learners.forest) all.push_back({"settings", settings});
    if (learners.line) all.push_back(line);
    if (learners.near) all.push_back(near);
    return tried.size() < all.size() ? std::optional(all[tried.size()]) : std::nullopt;
  }
  if (tried.empty()) return Proposal{"settings", settings};
  if (learners.line && tried.size() == 1) return line;
  const std::size_t first = learners.line ? 2 : 1, at = tried.size() - first;
  if (at < kSpread.size()) return Proposal{"spread", kSpread[at]};
  if (at == kSpread.size()) {
    Growth slow = tried[best_trees(tried)].growth;
    slow.rate /= 5;
    return Proposal{"slow", slow};
  }
  std::size_t next = kSpread.size() + 1;
  if (learners.forest && at == next++) return Proposal{"forest", forest_growth()};
  if (learners.near && at == next++) return near;
  const Flow flow(tried, first + next, seed);
  if (flow.without_gain() >= patience_of(rows)) return std::nullopt;
  return Proposal{"local", flow.next()};
}

}  // namespace rondo::train
