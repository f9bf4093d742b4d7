// From trees to columns, cuts and splits. Three steps: number the cuts of each feature, number the
// leaves of each tree so that smaller subtrees come first, write down each node once for each byte
// of leaves that it clears.
#include "model/kernel_layout.h"

#include <algorithm>
#include <limits>

namespace rondo::model {
namespace {

constexpr std::size_t kMostPlanes = 65'535;
constexpr std::size_t kBlockTrees = 32;
constexpr std::size_t kBlockSets = 512;
constexpr std::uint32_t kByteCategories = 255;

/// The bits from..to - 1 of a byte.
unsigned bits(std::size_t from, std::size_t to) { return (1U << to) - (1U << from); }

}  // namespace

/// Sees the nodes of a forest. Fails by returning false: then the forest walks.
class LayoutMaker {
 public:
  explicit LayoutMaker(const Forest& forest) : forest_(forest) {}
  bool make();
  ForestLayout take() { return std::move(layout_); }

 private:
  using Rule = Forest::Rule;
  struct Cuts {
    std::vector<double> values;   // ascending
    std::size_t column = 0;       // of the first 255
  };
  bool fits() const;
  void number_cuts();
  void add_column(const Forest::Plane& plane, std::span<const double> cuts);
  void number_categories();
  void open_blocks();
  void add_tree(std::size_t tree);
  void number_leaves(std::size_t tree);
  std::size_t leaves_below(std::int32_t child) const;
  void add_node(std::size_t node, std::size_t first_node);
  std::uint16_t add_set(const Forest::Node& node, bool turned);
  void put(Split split, std::size_t from, std::size_t to);

  const Forest& forest_;
  ForestLayout layout_;
  std::vector<Cuts> cuts_;                     // by plane of the forest
  std::vector<std::size_t> category_;          // column of a category plane
  // Of the tree at hand, by node from its first one:
  std::vector<std::uint32_t> below_;           // leaves
  std::vector<std::uint32_t> first_;           // number of the first leaf
  std::vector<std::vector<Split>> by_byte_;
};

bool LayoutMaker::fits() const {
  for (std::size_t tree = 0; tree < forest_.trees(); ++tree) {
    if (forest_.leaf_from_[tree + 1] - forest_.leaf_from_[tree] > kKernelLeaves) return false;
  }
  return std::ranges::all_of(forest_.category_counts(),
                             [](std::uint64_t count) { return count <= kByteCategories; });
}

void LayoutMaker::add_column(const Forest::Plane& plane, std::span<const double> cuts) {
  Column column;
  column.feature = plane.feature;
  column.missing = plane.rule == Rule::kZero   ? Missing::kZero
                   : plane.rule == Rule::kNaN ? Missing::kNaN
                                              : Missing::kNever;
  column.missing_code = static_cast<std::uint8_t>(plane.default_left ? 0 : cuts.size());
  column.blocks = static_cast<std::uint16_t>((cuts.size() + kCutBlock - 1) / kCutBlock);
  column.from = static_cast<std::uint32_t>(layout_.blocks.size());
  CutBlock none;
  none.cut.fill(std::numeric_limits<double>::quiet_NaN());
  layout_.blocks.resize(layout_.blocks.size() + 1 + column.blocks, none);
  CutBlock* const blocks = &layout_.blocks[column.from];
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const std::size_t block = i / kCutBlock, place = i % kCutBlock;
    blocks[1 + block].cut[place] = cuts[i];
    if (place == kCutBlock - 1 && i + 1 < cuts.size()) blocks[0].cut[block] = cuts[i];
  }
  layout_.columns.push_back(column);
}

void LayoutMaker::number_cuts() {
  cuts_.resize(forest_.planes_.size());
  for (const Forest::Node& node : forest_.nodes_) {
    if (node.set == 0) cuts_[node.plane].values.push_back(node.cut);
  }
  for (std::size_t i = 0; i < cuts_.size(); ++i) {
    auto& values = cuts_[i].values;
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    cuts_[i].column = layout_.columns.size();
    // More cuts than a byte counts: a column for each 255 of them.
    for (std::size_t from = 0; from < values.size(); from += kColumnCuts) {
      const std::size_t count = std::min(kColumnCuts, values.size() - from);
      add_column(forest_.planes_[i], std::span(values).subspan(from, count));
    }
  }
}

void LayoutMaker::number_categories() {
  const std::vector<std::uint64_t> counts = forest_.category_counts();
  category_.resize(forest_.planes_.size());
  for (std::size_t i = 0; i < forest_.planes_.size(); ++i) {
    if (forest_.planes_[i].rule != Rule::kCategory) continue;
    const std::uint32_t feature = forest_.planes_[i].feature;
    category_[i] = layout_.categories.size();
    layout_.categories.push_back({feature, static_cast<std::uint32_t>(counts[feature])});
  }
}

std::size_t LayoutMaker::leaves_below(std::int32_t child) const {
  return child < 0 ? 1 : below_[static_cast<std::size_t>(child)];
}

/// Counts upward (a child stands behind its parent), then numbers downward.
void LayoutMaker::number_leaves(std::size_t tree) {
  const std::size_t from = forest_.node_from(tree), to = forest_.node_from(tree + 1);
  const auto side = [&](std::size_t node, std::size_t which) {
    const std::int32_t child = forest_.nodes_[node].child[which];
    return child < 0 ? child : child - static_cast<std::int32_t>(from);
  };
  below_.assign(to - from, 0);
  first_.assign(to - from, 0);
  for (std::size_t i = to - from; i-- > 0;) {
    below_[i] = static_cast<std::uint32_t>(leaves_below(side(from + i, 0)) +
                                           leaves_below(side(from + i, 1)));
  }
  const std::size_t leaf_from = forest_.leaf_from_[tree];
  if (from == to) layout_.leaves.push_back(forest_.leaf_values_[leaf_from]);
  layout_.leaves.resize(leaf_from + to - from + 1);
  for (std::size_t i = 0; i < to - from; ++i) {
    const bool turned = leaves_below(side(from + i, 0)) > leaves_below(side(from + i, 1));
    std::uint32_t number = first_[i];
    for (const std::size_t which : {turned ? 1UL : 0UL, turned ? 0UL : 1UL}) {
      const std::int32_t child = side(from + i, which);
      if (child >= 0) {
        first_[static_cast<std::size_t>(child)] = number;
      } else {
        layout_.leaves[leaf_from + number] = forest_.leaf_values_[static_cast<std::size_t>(~child)];
      }
      number += static_cast<std::uint32_t>(leaves_below(child));
    }
  }
}

/// A plane of the tree block: 1 for the codes that clear.
std::uint16_t LayoutMaker::add_set(const Forest::Node& node, bool turned) {
  const std::size_t column = category_[node.plane];
  CodeSet set;
  for (std::uint32_t code = 0; code <= layout_.categories[column].categories; ++code) {
    const bool member = code > 0 && forest_.is_member(node.set, code - 1);
    if (member == turned) set.codes[code / 8] |= static_cast<std::uint8_t>(1U << code % 8);
  }
  layout_.sets.push_back(set);
  layout_.set_column.push_back(static_cast<std::uint16_t>(column));
  TreeBlock& block = layout_.tree_blocks.back();
  return static_cast<std::uint16_t>(2 * layout_.columns.size() + block.sets++);
}

/// Leaves from..to - 1 are lost to a row that the split sends away.
void LayoutMaker::put(Split split, std::size_t from, std::size_t to) {
  for (std::size_t byte = from / 8; byte * 8 < to; ++byte) {
    const unsigned lost = bits(std::max(from, byte * 8) - byte * 8, std::min(to - byte * 8, 8UL));
    split.keep = static_cast<std::uint8_t>(~lost);
    by_byte_[byte].push_back(split);
  }
}

void LayoutMaker::add_node(std::size_t node, std::size_t first_node) {
  const Forest::Node& from = forest_.nodes_[node];
  const auto below = [&](std::int32_t child) {
    return leaves_below(child < 0 ? child : child - static_cast<std::int32_t>(first_node));
  };
  const bool turned = below(from.child[0]) > below(from.child[1]);
  Split split{};
  if (from.set != 0) {
    split.plane = add_set(from, turned);
  } else {
    const Cuts& cuts = cuts_[from.plane];
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(cuts.values, from.cut) -
                                             cuts.values.begin());
    const std::size_t column = cuts.column + at / kColumnCuts, cut = at % kColumnCuts;
    // code <= cut, turned over: 255 - code > 254 - cut.
    split.plane = static_cast<std::uint16_t>(column + (turned ? layout_.columns.size() : 0));
    split.cut = static_cast<std::uint8_t>(turned ? 254 - cut : cut);
  }
  const std::size_t first = first_[node - first_node];
  put(split, first, first + std::min(below(from.child[0]), below(from.child[1])));
}

void LayoutMaker::open_blocks() {
  const auto& blocks = layout_.tree_blocks;
  if (!blocks.empty() && blocks.back().trees < kBlockTrees && blocks.back().sets < kBlockSets) {
    return;
  }
  layout_.tree_blocks.push_back({static_cast<std::uint32_t>(layout_.trees.size()), 0,
                                 static_cast<std::uint32_t>(layout_.sets.size()), 0});
}

void LayoutMaker::add_tree(std::size_t tree) {
  open_blocks();
  number_leaves(tree);
  const std::size_t leaf = forest_.leaf_from_[tree], leaves = forest_.leaf_from_[tree + 1] - leaf;
  by_byte_.assign((leaves + 7) / 8, {});
  const std::size_t from = forest_.node_from(tree), to = forest_.node_from(tree + 1);
  for (std::size_t node = from; node < to; ++node) add_node(node, from);
  layout_.trees.push_back({static_cast<std::uint32_t>(layout_.splits.size()),
                           static_cast<std::uint32_t>(layout_.counts.size()),
                           static_cast<std::uint32_t>(leaf), static_cast<std::uint16_t>(leaves),
                           static_cast<std::uint16_t>(by_byte_.size())});
  for (auto byte = by_byte_.rbegin(); byte != by_byte_.rend(); ++byte) {
    layout_.counts.push_back(static_cast<std::uint16_t>(byte->size()));
    layout_.splits.insert(layout_.splits.end(), byte->begin(), byte->end());
  }
  TreeBlock& block = layout_.tree_blocks.back();
  ++block.trees;
  layout_.most_sets = std::max<std::size_t>(layout_.most_sets, block.sets);
}

bool LayoutMaker::make() {
  if (!fits()) return false;
  layout_.features = forest_.features();
  layout_.outputs = forest_.outputs();
  number_cuts();
  number_categories();
  if (layout_.categories.size() > kMostPlanes ||
      2 * layout_.columns.size() + kBlockSets + kKernelLeaves > kMostPlanes) {
    return false;
  }
  for (std::size_t tree = 0; tree < forest_.trees(); ++tree) add_tree(tree);
  layout_.leaves.resize(layout_.leaves.size() + 32);
  return true;
}

std::optional<ForestLayout> ForestLayout::make(const Forest& forest) {
  LayoutMaker maker(forest);
  if (!maker.make()) return std::nullopt;
  return maker.take();
}

}  // namespace rondo::model
