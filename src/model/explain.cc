// Makes a forest ready to be explained, and walks rows through it. A strip of rows meets one tree
// after the other, so that the tree stays in the first cache; each row's sums are taken in the
// order of trees whatever the strip, so a row has the same bits alone and in a batch.
#include "model/explain.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "model/neighbours.h"

namespace rondo::model {
namespace {

constexpr std::size_t kStrip = 16;  // rows
// A leaf that no training row reached has share 0, whose inverse is no number.
constexpr double kLeastShare = 1e-60;

/// The rule of Gauss and Legendre with n points on [0, 1], exact for polynomials up to degree
/// 2 n - 1. In long double, where the x87 has the same bits on every CPU.
std::vector<PointBlock> quadrature(std::size_t n) {
  std::vector<PointBlock> blocks(n / kExplainLanes);
  for (std::size_t i = 0; i < n; ++i) {
    const auto count = static_cast<long double>(n);
    long double x = std::cos(std::numbers::pi_v<long double> *
                             (static_cast<long double>(i) + 0.75L) / (count + 0.5L));
    long double slope = 1;
    for (int turn = 0; turn < 8; ++turn) {  // Newton; quadratic from a guess this near
      long double before = 1, value = x;
      for (std::size_t k = 2; k <= n; ++k) {
        const auto order = static_cast<long double>(k);
        const long double next = ((2 * order - 1) * x * value - (order - 1) * before) / order;
        before = value;
        value = next;
      }
      slope = count * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    const long double t = (1 - x) / 2;
    PointBlock& block = blocks[i / kExplainLanes];
    const std::size_t lane = i % kExplainLanes;
    block.t.at[lane] = static_cast<double>(t);
    block.rest.at[lane] = static_cast<double>(1 - t);
    block.inverse_rest.at[lane] = static_cast<double>(1 / (1 - t));
    block.weight.at[lane] = static_cast<double>(1 / ((1 - x * x) * slope * slope));
  }
  return blocks;
}

double sum_of(const PointLanes& lanes) {
  const auto& x = lanes.at;
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

/// Covers of the nodes of a tree, in pre-order, each the sum of its leaves'.
template <class Node>
std::vector<double> covers_of(std::span<const Node> nodes, std::int32_t first,
                              std::span<const double> leaves) {
  std::vector<double> covers(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    for (const std::int32_t child : nodes[i].child) {
      covers[i] += child < 0 ? leaves[static_cast<std::size_t>(~child)]
                             : covers[static_cast<std::size_t>(child - first)];
    }
  }
  return covers;
}

/// Follows the paths of a tree in pre-order: which edge split by a feature last.
class Paths {
 public:
  explicit Paths(std::size_t features) : last_(features, -1) {}
  std::int32_t last(std::size_t feature) const { return last_[feature]; }
  std::size_t most() const { return most_; }
  /// Calls visit(node) for each node while the path to it is what last() tells.
  template <class Nodes, class Visit>
  void walk(const Nodes& nodes, Visit visit) {
    struct Step {
      std::size_t node;
      std::size_t side;     // next child to enter
      std::int32_t before;  // what to put back
    };
    std::vector<Step> open;
    const auto enter = [&](std::size_t node) {
      visit(node);
      open.push_back({node, 0, last_[nodes[node].feature]});
    };
    enter(0);
    while (!open.empty()) {
      Step& step = open.back();
      std::int32_t& last = last_[nodes[step.node].feature];
      if (step.side == 2) {
        last = step.before;
        if (step.before < 0) --here_;
        open.pop_back();
        continue;
      }
      if (step.side == 0 && step.before < 0) most_ = std::max(most_, ++here_);
      last = static_cast<std::int32_t>(2 * step.node + step.side);
      const std::size_t child = nodes[step.node].child[step.side++];
      if (child < nodes.size()) enter(child);
    }
  }

 private:
  std::vector<std::int32_t> last_;
  std::size_t here_ = 0, most_ = 0;  // different features on the path
};

}  // namespace

/// The rule that is exact for as many different features on a path.
std::size_t ForestExplainer::rule_for(std::size_t features) {
  const std::size_t blocks = std::max<std::size_t>((features + 15) / 16, 1);
  if (rules_.size() < blocks) rules_.resize(blocks);
  if (rules_[blocks - 1].empty()) rules_[blocks - 1] = quadrature(blocks * kExplainLanes);
  return blocks - 1;
}

void ForestExplainer::add_tree(std::size_t tree) {
  const std::size_t leaf_from = forest_->leaf_from_[tree];
  const std::size_t leaves = forest_->leaf_from_[tree + 1] - leaf_from;
  const std::size_t from = forest_->node_from(tree), count = leaves - 1;
  const auto covers = std::span(forest_->covers_).subspan(leaf_from, leaves);
  const auto values = std::span(forest_->leaf_values_).subspan(leaf_from, leaves);
  double all = 0, sum = 0;
  for (const double cover : covers) all += cover;
  for (std::size_t i = 0; i < leaves; ++i) {
    sum += (all > 0 ? covers[i] / all : 1.0 / static_cast<double>(leaves)) * values[i];
  }
  base_[tree % forest_->outputs()] += sum;
  trees_.push_back({nodes_.size(), count, 0});
  if (count == 0) return;
  const std::span<const Forest::Node> nodes = std::span(forest_->nodes_).subspan(from, count);
  const auto first = static_cast<std::int32_t>(from);
  const std::vector<double> node_covers =
      covers_of(nodes, first, std::span<const double>(forest_->covers_));
  nodes_.resize(nodes_.size() + count);
  const std::span<ExplainNode> made = std::span(nodes_).last(count);
  for (std::size_t i = 0; i < count; ++i) {
    made[i].feature = forest_->planes_[nodes[i].plane].feature;
    for (int side = 0; side < 2; ++side) {
      const std::int32_t child = nodes[i].child[side];
      made[i].child[side] = static_cast<std::uint32_t>(
          child < 0 ? count + static_cast<std::size_t>(~child) - leaf_from
                    : static_cast<std::size_t>(child - first));
      made[i].scale[side] = child < 0 ? forest_->leaf_values_[static_cast<std::size_t>(~child)] : 1;
    }
  }
  Paths paths(forest_->features());
  paths.walk(made, [&](std::size_t i) {
    ExplainNode& node = made[i];
    node.before = paths.last(node.feature);
    const auto before = static_cast<std::size_t>(node.before);
    const double above = node.before < 0 ? 1 : made[before / 2].share[before % 2];
    for (int side = 0; side < 2; ++side) {
      const std::size_t child = node.child[side];
      const double cover = child < count ? node_covers[child] : covers[child - count];
      const double share = node_covers[i] > 0 ? cover / node_covers[i] : 0.5;
      node.share[side] = std::max(above * share, kLeastShare);
      node.inverse_share[side] = 1 / node.share[side];
    }
  });
  trees_.back().rule = rule_for(paths.most());
  most_nodes_ = std::max(most_nodes_, count);
}

Result<ForestExplainer> ForestExplainer::make(const Forest& forest, Kernel kernel) {
  if (!forest.has_covers()) {
    return fail(Code::kNotFound,
                "this model does not hold how many training rows reached each leaf, so its answers "
                "cannot be explained",
                "models that this version trains or imports hold it: deploy a new one");
  }
  ForestExplainer made(forest, kernel);
  made.base_.assign(forest.outputs(), 0.0);
  for (std::size_t tree = 0; tree < forest.trees(); ++tree) made.add_tree(tree);
  for (const LinearTerm& term : forest.terms()) made.base_[term.output] += term.mean;
  for (const NeighbourTerm& term : forest.neighbours()) {
    for (std::size_t output = 0; output < forest.outputs(); ++output) {
      made.base_[output] += term.weight * term.rows->parts().mean[output];
    }
  }
  return made;
}

/// What the rows of a strip are seen as, and room for one tree and row.
struct ForestExplainer::Strip {
  explicit Strip(const ForestExplainer& by)
      : slots(2 * by.most_nodes_ + 1),
        inverse(2 * by.most_nodes_ + 2),
        gain(2 * by.most_nodes_ + 2),
        open(2 * by.most_nodes_ + 2),
        right(by.most_nodes_ + 1) {}
  ExplainRoom room() { return {slots.data(), inverse.data(), gain.data(), open.data()}; }

  std::vector<double> values;
  std::vector<std::uint32_t> codes;
  std::vector<Forest::Seen> rows;
  std::vector<PointLanes> sums;  // rows x features
  std::vector<PointLanes> slots, inverse;
  std::vector<double> gain, open;
  std::vector<std::uint8_t> right;
};

/// Which way each node of a tree sends a row, those that the row never meets too.
void ForestExplainer::decide(std::size_t tree, const Forest::Seen& row,
                             std::uint8_t* right) const noexcept {
  const std::size_t from = forest_->node_from(tree), count = trees_[tree].nodes;
  const Forest::Node* const nodes = forest_->nodes_.data() + from;
  if (forest_->has_sets()) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool left = (row.value[nodes[i].plane] <= nodes[i].cut) |
                        forest_->is_member(nodes[i].set, row.code[nodes[i].plane]);
      right[i] = left ? 0 : 1;
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      right[i] = row.value[nodes[i].plane] <= nodes[i].cut ? 0 : 1;
    }
  }
}

void ForestExplainer::explain_strip(std::span<const double> features, Strip& strip,
                                    std::span<double> out) const {
  const std::size_t width = forest_->features(), outputs = forest_->outputs();
  const std::size_t rows = features.size() / width, planes = forest_->planes_.size();
  strip.values.resize(rows * planes);
  strip.codes.resize(rows * planes);
  strip.rows.clear();
  for (std::size_t row = 0; row < rows; ++row) {
    forest_->see(features.subspan(row * width, width), strip.values.data() + row * planes,
                 strip.codes.data() + row * planes);
    strip.rows.push_back({strip.values.data() + row * planes, strip.codes.data() + row * planes});
  }
  for (std::size_t output = 0; output < outputs; ++output) {
    strip.sums.assign(rows * width, {});
    for (std::size_t tree = output; tree < trees_.size(); tree += outputs) {
      const Tree& one = trees_[tree];
      if (one.nodes == 0) continue;
      for (std::size_t row = 0; row < rows; ++row) {
        decide(tree, strip.rows[row], strip.right.data());
        for (const PointBlock& points : rules_[one.rule]) {
          explain_(nodes_.data() + one.node, one.nodes, points, strip.right.data(), strip.room(),
                   strip.sums.data() + row * width);
        }
      }
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const auto to = out.subspan((row * outputs + output) * (columns() + 1), columns() + 1);
      for (std::size_t i = 0; i < width; ++i) to[i] = sum_of(strip.sums[row * width + i]);
      to[columns()] = base_[output];
    }
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (const LinearTerm& term : forest_->terms()) {
      const double value = term.value(features[row * width + term.feature]);
      out[(row * outputs + term.output) * (columns() + 1) + term.feature] += value - term.mean;
    }
  }
  if (columns() > width) explain_neighbours(features, out);
}

void ForestExplainer::explain_neighbours(std::span<const double> features,
                                         std::span<double> out) const {
  const std::size_t width = forest_->features(), outputs = forest_->outputs();
  std::vector<double> away(features.size() / width * outputs);
  for (const NeighbourTerm& term : forest_->neighbours()) {
    term.rows->add(features, term.weight, away);
    for (std::size_t i = 0; i < away.size(); ++i) {
      away[i] -= term.weight * term.rows->parts().mean[i % outputs];
    }
  }
  for (std::size_t i = 0; i < away.size(); ++i) out[i * (columns() + 1) + width] = away[i];
}

void ForestExplainer::contributions(std::span<const double> features, std::size_t rows,
                                    std::span<double> out) const {
  const std::size_t width = forest_->features(), each = forest_->outputs() * (columns() + 1);
  CHECK(features.size() == rows * width && out.size() == rows * each, "a batch fits its forest");
  Strip strip(*this);
  for (std::size_t from = 0; from < rows; from += kStrip) {
    const std::size_t count = std::min(kStrip, rows - from);
    explain_strip(features.subspan(from * width, count * width), strip,
                  out.subspan(from * each, count * each));
  }
}

}  // namespace rondo::model
