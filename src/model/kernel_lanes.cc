// Trees side by side: split number s of a byte of leaves holds the s-th split that each of 64 trees
// has there, so a group takes as many as its tree with the most.
#include "model/kernel_lanes.h"

#include <algorithm>

namespace rondo::model {
namespace {

class LaneMaker {
 public:
  explicit LaneMaker(const ForestLayout& from) : from_(from) {}
  LaneLayout make();

 private:
  /// The splits of one byte of a tree's leaves; none if it has fewer leaves.
  std::span<const Split> splits_of(const TreeLayout& tree, std::size_t byte) const;
  void add_group(std::size_t tree);
  void add_byte(const LaneGroup& group, std::size_t byte);
  LaneSplit& split_at(std::size_t at);

  const ForestLayout& from_;
  LaneLayout made_;
  std::vector<std::uint32_t> set_from_;  // of each tree's block
};

std::span<const Split> LaneMaker::splits_of(const TreeLayout& tree, std::size_t byte) const {
  if (byte >= tree.bytes) return {};
  std::size_t at = tree.split;
  const std::size_t count = tree.count, behind = tree.bytes - 1U - byte;
  for (std::size_t i = 0; i < behind; ++i) at += from_.counts[count + i];
  return std::span(from_.splits).subspan(at, from_.counts[count + behind]);
}

LaneSplit& LaneMaker::split_at(std::size_t at) {
  if (at == made_.splits.size()) {
    made_.splits.emplace_back();
    made_.splits.back().plane.fill(0);
    made_.splits.back().cut.fill(255);
    made_.splits.back().keep.fill(255);
  }
  return made_.splits[at];
}

void LaneMaker::add_byte(const LaneGroup& group, std::size_t byte) {
  const std::size_t first = made_.splits.size(), first_set = made_.sets.size();
  const std::size_t numbers = 2 * from_.columns.size();
  for (std::size_t lane = 0; lane < group.trees; ++lane) {
    std::size_t at = first;
    for (const Split& split : splits_of(from_.trees[group.tree + lane], byte)) {
      if (split.plane >= numbers) {
        const auto set = set_from_[group.tree + lane] + split.plane - numbers;
        made_.sets.push_back({static_cast<std::uint32_t>(set), static_cast<std::uint8_t>(lane),
                              split.keep});
        continue;
      }
      LaneSplit& lanes = split_at(at++);
      lanes.plane[lane] = static_cast<std::uint8_t>(split.plane);
      lanes.cut[lane] = split.cut;
      lanes.keep[lane] = split.keep;
    }
  }
  made_.bytes.push_back({static_cast<std::uint32_t>(made_.splits.size() - first),
                         static_cast<std::uint32_t>(made_.sets.size() - first_set)});
}

void LaneMaker::add_group(std::size_t tree) {
  LaneGroup group;
  group.tree = static_cast<std::uint32_t>(tree);
  group.trees = static_cast<std::uint32_t>(std::min(kLaneTrees, from_.trees.size() - tree));
  group.byte = static_cast<std::uint32_t>(made_.bytes.size());
  group.split = static_cast<std::uint32_t>(made_.splits.size());
  group.set = static_cast<std::uint32_t>(made_.sets.size());
  for (std::size_t lane = 0; lane < group.trees; ++lane) {
    group.leaf[lane] = from_.trees[tree + lane].leaf;
    group.bytes = std::max<std::uint32_t>(group.bytes, from_.trees[tree + lane].bytes);
  }
  for (std::size_t byte = group.bytes; byte-- > 0;) add_byte(group, byte);
  made_.groups.push_back(group);
}

LaneLayout LaneMaker::make() {
  for (const TreeBlock& block : from_.tree_blocks) {
    set_from_.insert(set_from_.end(), block.trees, block.set);
  }
  for (std::size_t tree = 0; tree < from_.trees.size(); tree += kLaneTrees) add_group(tree);
  return std::move(made_);
}

}  // namespace

LaneLayout LaneLayout::make(const ForestLayout& layout) { return LaneMaker(layout).make(); }

}  // namespace rondo::model
