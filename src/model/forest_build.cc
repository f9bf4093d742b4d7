// Checks a tree, then lays it out: nodes in pre-order (a left child is mostly the next node in
// memory), leaves from left to right, planes sorted. See forest_build.h for what is guaranteed.
#include "model/forest_build.h"

#include <algorithm>
#include <cmath>

namespace rondo::model {
namespace {

constexpr std::size_t kMostWords = std::size_t{1} << 26;  // of a set: codes are below 2^31

std::unexpected<Error> refuse(std::string message) {
  return fail(Code::kInvalidInput, std::move(message));
}

std::string at_node(std::size_t node, const std::string& what) {
  return "node " + std::to_string(node) + ": " + what;
}

/// Whether every node but the first, and every leaf, is named exactly once, by an earlier node.
Result<void> check_children(const ForestBuilder::Tree& tree) {
  const std::size_t nodes = tree.left.size();
  std::vector<bool> seen_node(nodes, false), seen_leaf(tree.leaves.size(), false);
  for (std::size_t i = 0; i < nodes; ++i) {
    for (const std::int32_t child : {tree.left[i], tree.right[i]}) {
      auto& seen = child >= 0 ? seen_node : seen_leaf;
      const auto index = static_cast<std::size_t>(child >= 0 ? child : ~child);
      if (index >= seen.size()) return refuse(at_node(i, "a child is out of range"));
      if (child >= 0 && index <= i) return refuse(at_node(i, "a child is not after its parent"));
      if (seen[index]) return refuse(at_node(i, "a child has two parents"));
      seen[index] = true;
    }
  }
  // 2 * nodes children, all different, fill nodes - 1 + leaves places: so none is left out.
  return {};
}

}  // namespace

Result<ForestBuilder> ForestBuilder::start(const Head& head) {
  if (head.features < 1 || head.features > kMostFeatures) {
    return refuse("a forest reads 1 to 16,384 features, not " + std::to_string(head.features));
  }
  const bool one = head.link != Link::kSoftmax && head.link != Link::kAscending;
  const std::size_t least = head.link == Link::kSoftmax ? 2 : 1;
  if (one ? head.outputs != 1 : head.outputs < least || head.outputs > kMostClasses) {
    return refuse("the number of outputs does not fit the link function");
  }
  if (!std::isfinite(head.sigmoid) || head.sigmoid <= 0 ||
      (head.link != Link::kSigmoid && head.sigmoid != 1.0)) {
    return refuse("the slope of the sigmoid must be above 0, and 1 where there is none");
  }
  ForestBuilder builder;
  builder.forest_.features_ = head.features;
  builder.forest_.outputs_ = head.outputs;
  builder.forest_.link_ = head.link;
  builder.forest_.sigmoid_ = head.sigmoid;
  builder.forest_.leaf_from_ = {0};
  builder.forest_.sets_ = {0, 0};
  return builder;
}

Result<std::uint32_t> ForestBuilder::add_set(std::span<const std::uint32_t> words) {
  while (!words.empty() && words.back() == 0) words = words.first(words.size() - 1);
  auto& sets = forest_.sets_;
  const std::size_t at = sets.size();
  if (words.size() > kMostWords || at + words.size() + 2 > 0xffffffff) {
    return refuse("a set names a category beyond 2^31, or there are too many sets");
  }
  sets.push_back(static_cast<std::uint32_t>(words.size()));
  sets.insert(sets.end(), words.begin(), words.end());
  sets.push_back(0);
  return static_cast<std::uint32_t>(at);
}

Result<void> ForestBuilder::check_split(const Tree& tree, std::size_t node) const {
  if (tree.feature[node] >= forest_.features_) {
    return refuse(at_node(node, "feature " + std::to_string(tree.feature[node]) +
                                    " is out of range"));
  }
  if (tree.rule[node] > 3) return refuse(at_node(node, "there is no such missing rule"));
  if (tree.rule[node] == 3) {
    if (tree.set[node] == 0 || tree.set[node] >= forest_.sets_.size()) {
      return refuse(at_node(node, "its set of categories is out of range"));
    }
  } else if (!is_cut(tree.cut[node])) {
    return refuse(at_node(node, "its cut is not a number"));
  }
  return {};
}

Result<void> ForestBuilder::check(const Tree& tree) const {
  const std::size_t nodes = tree.left.size();
  if (tree.leaves.empty() || tree.leaves.size() > kMostLeaves) {
    return refuse("a tree has 1 to 65,535 leaves, not " + std::to_string(tree.leaves.size()));
  }
  if (tree.leaves.size() != nodes + 1 || tree.right.size() != nodes ||
      tree.feature.size() != nodes || tree.rule.size() != nodes || tree.cut.size() != nodes ||
      tree.default_left.size() != nodes || tree.set.size() != nodes) {
    return refuse("a tree must have one leaf more than it has nodes");
  }
  for (std::size_t i = 0; i < nodes; ++i) TRY(check_split(tree, i));
  for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
    if (!std::isfinite(tree.leaves[i])) {
      return refuse("leaf " + std::to_string(i) + ": its value is not finite");
    }
  }
  if (!tree.covers.empty() && tree.covers.size() != tree.leaves.size()) {
    return refuse("a tree must have a cover for each leaf, or none");
  }
  for (std::size_t i = 0; i < tree.covers.size(); ++i) {
    if (!is_cover(tree.covers[i])) {
      return refuse("leaf " + std::to_string(i) + ": its cover is neither a count nor a float");
    }
  }
  return check_children(tree);
}

void ForestBuilder::append(const Tree& tree) {
  // An explicit stack: a chain of 65,534 nodes must not use up the one of the thread.
  struct Slot {
    std::int32_t child;            // of `tree`
    std::size_t parent, side;      // of the forest; where the new index goes
  };
  constexpr std::size_t kRoot = static_cast<std::size_t>(-1);
  std::vector<Slot> open = {{tree.left.empty() ? ~0 : 0, kRoot, 0}};
  while (!open.empty()) {
    const Slot slot = open.back();
    open.pop_back();
    const bool leaf = slot.child < 0;
    const auto at = leaf ? ~static_cast<std::int32_t>(forest_.leaf_values_.size())
                         : static_cast<std::int32_t>(forest_.nodes_.size());
    if (slot.parent == kRoot) {
      forest_.roots_.push_back(at);
    } else {
      forest_.nodes_[slot.parent].child[slot.side] = at;
    }
    if (leaf) {
      const auto from = static_cast<std::size_t>(~slot.child);
      forest_.leaf_values_.push_back(tree.leaves[from]);
      if (!tree.covers.empty()) forest_.covers_.push_back(tree.covers[from] + 0.0);
      continue;
    }
    const auto from = static_cast<std::size_t>(slot.child);
    const auto rule = static_cast<Forest::Rule>(tree.rule[from]);
    const bool set = rule == Forest::Rule::kCategory;
    const bool has_default = rule == Forest::Rule::kZero || rule == Forest::Rule::kNaN;
    plane_of_node_.push_back(
        {tree.feature[from], rule, has_default && tree.default_left[from] != 0});
    forest_.nodes_.push_back({set ? -std::numeric_limits<double>::infinity()
                                  : tree.cut[from] + 0.0,  // -0 becomes 0
                              {0, 0},
                              0,
                              set ? tree.set[from] : 0});
    const auto parent = static_cast<std::size_t>(at);
    open.push_back({tree.right[from], parent, 1});
    open.push_back({tree.left[from], parent, 0});
  }
  forest_.leaf_from_.push_back(static_cast<std::uint32_t>(forest_.leaf_values_.size()));
}

Result<void> ForestBuilder::add(const Tree& tree) {
  if (forest_.roots_.size() >= kMostTrees) return refuse("a forest has at most 100,000 trees");
  TRY(check(tree));
  if (forest_.leaf_values_.size() + tree.leaves.size() > 0x7fffffff) {
    return refuse("a forest has at most 2^31 leaves");
  }
  lacks_covers_ = lacks_covers_ || tree.covers.empty();
  append(tree);
  return {};
}

Result<void> ForestBuilder::add_term(LinearTerm term) {
  auto& terms = forest_.terms_;
  const auto wrong = [&](std::string_view what) {
    return refuse("linear term " + std::to_string(terms.size()) + ": " + std::string(what));
  };
  if (terms.size() >= kMostTerms) return refuse("a forest has at most 100,000 linear terms");
  if (term.feature >= forest_.features_) return wrong("its feature is out of range");
  if (term.output >= forest_.outputs_) return wrong("its output is out of range");
  if (term.by_code.size() > kMostTermCodes) return wrong("it has more than 65,535 categories");
  const auto is_finite = [](double x) { return std::isfinite(x); };
  const double numbers[] = {term.slope, term.center, term.low, term.high, term.missing, term.mean,
                            term.slope * (term.high - term.center),
                            term.slope * (term.low - term.center)};
  if (!std::ranges::all_of(numbers, is_finite) || !std::ranges::all_of(term.by_code, is_finite)) {
    return wrong("a number is not finite");
  }
  if (term.low > term.high) return wrong("its ends are in the wrong order");
  const bool straight = term.slope != 0 || term.center != 0 || term.low != 0 || term.high != 0;
  if (term.is_category() && straight) return wrong("it is of a category and of a number");
  terms.push_back(std::move(term));
  return {};
}

Result<void> ForestBuilder::add_neighbours(Neighbours::Parts parts, double weight) {
  const Link link = forest_.link_;
  if (link == Link::kExp || link == Link::kAscending || forest_.sigmoid_ != 1.0) {
    return refuse("neighbours answer a number, or classes by their log-odds");
  }
  return add_neighbours(
      {TRY(Neighbours::make(std::move(parts), {forest_.features_, forest_.outputs_,
                                               link == Link::kIdentity})), weight});
}

Result<void> ForestBuilder::add_neighbours(NeighbourTerm term) {
  if (forest_.neighbours_.size() >= kMostNeighbourTerms) {
    return refuse("a forest has at most 8 terms of neighbours");
  }
  if (!std::isfinite(term.weight) || term.weight <= 0) {
    return refuse("the weight of neighbours is not above 0");
  }
  forest_.neighbours_.push_back(std::move(term));
  return {};
}

Result<Forest> ForestBuilder::finish() {
  if (forest_.roots_.empty() || forest_.roots_.size() % forest_.outputs_ != 0) {
    return refuse("the number of trees, " + std::to_string(forest_.roots_.size()) +
                  ", must be a multiple of the outputs, " + std::to_string(forest_.outputs_) +
                  ", and not 0");
  }
  const auto is_float = [](double x) { return static_cast<double>(static_cast<float>(x)) == x; };
  auto& covers = forest_.covers_;
  if (lacks_covers_ ||
      !(std::ranges::all_of(covers, is_count) || std::ranges::all_of(covers, is_float))) {
    covers.clear();
  }
  auto& planes = forest_.planes_;
  planes = plane_of_node_;
  std::sort(planes.begin(), planes.end());
  planes.erase(std::unique(planes.begin(), planes.end()), planes.end());
  for (std::size_t i = 0; i < forest_.nodes_.size(); ++i) {
    const auto found = std::lower_bound(planes.begin(), planes.end(), plane_of_node_[i]);
    forest_.nodes_[i].plane = static_cast<std::uint32_t>(found - planes.begin());
  }
  return std::move(forest_);
}

}  // namespace rondo::model
