// Greedy splits, node by node; no pruning, since few leaves are allowed.
#include "evaluate/risk_leaves.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rondo::evaluate {
namespace {

using model::RiskTree;
using model::Step;

constexpr std::size_t kDepth = 4, kFewestRows = 200, kCuts = 20;
constexpr double kRounding = 1e-9;
constexpr double kLeastGain = 0.01;  // of the squared deviation in the node

struct Tally {
  double rows = 0, loss = 0;
  void add(double one) {
    rows += 1;
    loss += one;
  }
  /// What a part's own mean explains, up to a constant of the whole.
  double explained() const { return rows > 0 ? loss * loss / rows : 0; }
};

struct Split {
  std::size_t feature = 0;
  std::optional<std::size_t> code;     // left: this category
  double cut = 0;                      // left: at or below
  double gain = 0;
};

class Grower {
 public:
  Grower(const Looked& looked, std::span<const double> losses)
      : prepared_(looked.prepared), test_(prepared_.rows_on(table::Side::kTest)), losses_(losses) {
    const auto& fields = prepared_.transform.inputs().fields;
    const auto& steps = prepared_.transform.steps();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      const bool kind = step.kind == Step::Kind::kNumber || step.kind == Step::Kind::kCategory;
      if (!kind || step.input < 0) continue;
      if (fields[static_cast<std::size_t>(step.input)].name == step.feature) plain_.push_back(i);
    }
  }

  GrownTree grow() {
    GrownTree grown;
    grown.tree.rows = test_.size();
    grown.leaf.resize(test_.size());
    std::vector<std::uint32_t> all(test_.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    add(grown, all, 0);
    return grown;
  }

 private:
  double value(std::uint32_t row, std::size_t feature) const {
    return prepared_.features.row(test_[row])[feature];
  }

  void add(GrownTree& grown, const std::vector<std::uint32_t>& rows, std::size_t depth) {
    RiskTree& tree = grown.tree;
    const std::size_t at = tree.nodes.size();
    tree.nodes.emplace_back();
    const Split split = depth < kDepth ? best(rows) : Split{};
    if (!(split.gain > 0)) {
      Tally tally;
      for (const std::uint32_t row : rows) {
        tally.add(losses_[row]);
        grown.leaf[row] = leaves_;
      }
      ++leaves_;
      tree.nodes[at].share = tally.rows / static_cast<double>(test_.size());
      tree.nodes[at].risk = tally.loss / tally.rows;
      return;
    }
    const Step& step = prepared_.transform.steps()[split.feature];
    std::vector<std::uint32_t> left, right;
    for (const std::uint32_t row : rows) (goes_left(split, row) ? left : right).push_back(row);
    tree.nodes[at].column = step.feature;
    if (split.code) tree.nodes[at].value = step.categories[*split.code];
    tree.nodes[at].cut = split.cut;
    tree.nodes[at].left = static_cast<std::uint32_t>(tree.nodes.size());
    add(grown, left, depth + 1);
    tree.nodes[at].right = static_cast<std::uint32_t>(tree.nodes.size());
    add(grown, right, depth + 1);
  }

  bool goes_left(const Split& split, std::uint32_t row) const {
    const double x = value(row, split.feature);
    return split.code ? x == static_cast<double>(*split.code) : x <= split.cut;
  }

  Split best(const std::vector<std::uint32_t>& rows) const {
    Tally whole;
    double squares = 0;
    for (const std::uint32_t row : rows) {
      whole.add(losses_[row]);
      squares += losses_[row] * losses_[row];
    }
    Split best;
    const double deviation = squares - whole.explained();
    if (deviation <= kRounding * squares) return best;  // they are all the same
    best.gain = kLeastGain * deviation;
    const double least = best.gain;
    for (const std::size_t feature : plain_) {
      const Step& step = prepared_.transform.steps()[feature];
      if (step.is_category()) look_at_codes(rows, feature, whole, best);
      else look_at_cuts(rows, feature, whole, best);
    }
    if (best.gain <= least) best.gain = 0;
    return best;
  }

  static void offer(const Tally& whole, const Tally& left, const Split& split, Split& best) {
    const Tally right{whole.rows - left.rows, whole.loss - left.loss};
    if (std::min(left.rows, right.rows) < static_cast<double>(kFewestRows)) return;
    const double gain = left.explained() + right.explained() - whole.explained();
    if (gain <= best.gain) return;
    best = split;
    best.gain = gain;
  }

  void look_at_codes(const std::vector<std::uint32_t>& rows, std::size_t feature,
                     const Tally& whole, Split& best) const {
    const std::size_t known = prepared_.transform.steps()[feature].categories.size();
    std::map<std::size_t, Tally> codes;
    for (const std::uint32_t row : rows) {
      const double x = value(row, feature);
      if (x >= 0 && x < static_cast<double>(known)) {
        codes[static_cast<std::size_t>(x)].add(losses_[row]);
      }
    }
    for (const auto& [code, left] : codes) offer(whole, left, {feature, code, 0, 0}, best);
  }

  void look_at_cuts(const std::vector<std::uint32_t>& rows, std::size_t feature,
                    const Tally& whole, Split& best) const {
    std::vector<std::pair<double, double>> sorted;  // value, loss; what is missing goes right
    for (const std::uint32_t row : rows) {
      const double x = value(row, feature);
      if (std::isfinite(x)) sorted.emplace_back(x, losses_[row]);
    }
    std::ranges::sort(sorted);
    Tally left;
    std::size_t next = 1;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      left.add(sorted[i].second);
      const bool last = i + 1 == sorted.size();
      if (!last && sorted[i + 1].first == sorted[i].first) continue;
      if (!last && (i + 1) * kCuts < next * sorted.size()) continue;
      next = (i + 1) * kCuts / sorted.size() + 1;
      offer(whole, left, {feature, {}, sorted[i].first, 0}, best);
    }
  }

  const model::Prepared& prepared_;
  std::vector<std::size_t> test_;
  std::span<const double> losses_;
  std::size_t leaves_ = 0;               // so far, from left to right
  std::vector<std::size_t> plain_;       // features that are inputs by themselves
};

}  // namespace

GrownTree grow_risk_tree(const Looked& looked, std::span<const double> losses) {
  if (losses.size() < 2 * kFewestRows) return {};
  return Grower(looked, losses).grow();
}

}  // namespace rondo::evaluate
