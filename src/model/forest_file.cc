// Section 3 of the pipeline file. A tree is its nodes in pre-order, two bits each saying which
// child is a leaf: no child is named, so no cycle, no doubled parent and no gap can be written
// down. One forest has exactly one encoding, and decode() refuses every other one.
// Byte layout: docs/FORMATS.md, "Pipeline file".
#include <algorithm>

#include "model/bytes.h"
#include "model/forest_build.h"
#include "model/forest_tail.h"

namespace rondo::model {
namespace {

// Layouts: 1 or 2, 4 more with terms, 8 more with neighbours.
constexpr std::uint32_t kPlain = 1, kWithCovers = 2, kAndTerms = 4, kAndNeighbours = 8;
constexpr std::uint32_t kLeftIsLeaf = 1U << 31;
constexpr std::uint32_t kRightIsLeaf = 1U << 30;
constexpr std::uint32_t kPlaneBits = kRightIsLeaf - 1;

std::unexpected<Error> damaged(const std::string& what) {
  return fail(Code::kCorrupt, "model: " + what);
}

std::uint32_t narrow(std::size_t n) { return static_cast<std::uint32_t>(n); }

}  // namespace

/// Both directions in one class: it alone sees nodes and planes.
class ForestCoder {
 public:
  using Plane = Forest::Plane;
  using Rule = Forest::Rule;

  static std::string encode(const Forest& forest);
  static Loose take_apart(const Forest& forest);
  Result<Forest> decode(std::string_view bytes);

 private:
  struct Cuts {
    Plane plane;
    std::vector<double> cuts;  // ascending
  };
  static std::vector<Cuts> cuts_of(const Forest& forest);
  static void put_nodes(const Forest& forest, const std::vector<Cuts>& planes, ByteWriter& out);
  Result<void> read_head(ByteReader& in);
  Result<void> read_planes(ByteReader& in, std::uint32_t features);
  Result<void> read_sets(ByteReader& in);
  Result<void> read_trees(ByteReader& in);
  Result<void> read_tree(ByteReader& nodes, std::size_t leaves);
  Result<void> read_split(ByteReader& nodes, std::uint32_t& bits);

  ForestBuilder builder_;
  std::vector<Cuts> planes_;
  std::vector<std::uint32_t> sets_;
  std::uint32_t plane_count_ = 0, cut_count_ = 0, set_count_ = 0, word_count_ = 0;
  std::uint32_t tree_count_ = 0, leaf_count_ = 0;
  std::size_t outputs_ = 1;
  bool has_covers_ = false, has_terms_ = false, has_neighbours_ = false;
  ForestBuilder::Tree tree_;
};

std::vector<ForestCoder::Cuts> ForestCoder::cuts_of(const Forest& forest) {
  std::vector<Cuts> all;
  for (const Plane& plane : forest.planes_) all.push_back({plane, {}});
  std::vector<bool> used(all.size(), false);
  for (const Forest::Node& node : forest.nodes_) {
    used[node.plane] = true;
    if (node.set == 0) all[node.plane].cuts.push_back(node.cut);
  }
  std::vector<Cuts> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!used[i]) continue;  // head() may have left planes behind
    auto& cuts = all[i].cuts;
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    out.push_back(std::move(all[i]));
  }
  return out;
}

void ForestCoder::put_nodes(const Forest& forest, const std::vector<Cuts>& planes,
                            ByteWriter& out) {
  std::uint32_t sets = 0;
  for (const Forest::Node& node : forest.nodes_) {
    const Plane plane = forest.planes_[node.plane];
    const auto found =
        std::lower_bound(planes.begin(), planes.end(), plane,
                         [](const Cuts& a, const Plane& b) { return a.plane < b; });
    const auto& cuts = found->cuts;
    out.put((node.child[0] < 0 ? kLeftIsLeaf : 0) | (node.child[1] < 0 ? kRightIsLeaf : 0) |
            static_cast<std::uint32_t>(found - planes.begin()));
    out.put(node.set != 0
                ? sets++
                : static_cast<std::uint32_t>(
                      std::lower_bound(cuts.begin(), cuts.end(), node.cut) - cuts.begin()));
  }
}

std::string ForestCoder::encode(const Forest& forest) {
  const std::vector<Cuts> planes = cuts_of(forest);
  std::vector<std::uint32_t> sets;  // in the order of the nodes that ask them
  std::size_t words = 0, cuts = 0;
  for (const Forest::Node& node : forest.nodes_) {
    if (node.set == 0) continue;
    sets.push_back(node.set);
    words += forest.sets_[node.set];
  }
  for (const Cuts& one : planes) cuts += one.cuts.size();

  ByteWriter out;
  out.put((forest.has_covers() ? kWithCovers : kPlain) |
          (forest.terms().empty() ? 0 : kAndTerms) |
          (forest.neighbours().empty() ? 0 : kAndNeighbours));
  out.put(narrow(forest.features_));
  out.put(narrow(forest.outputs_));
  out.put(static_cast<std::uint32_t>(forest.link_));
  out.put(forest.sigmoid_);
  for (const std::size_t count : {planes.size(), cuts, sets.size(), words, forest.trees(),
                                  forest.leaves()}) {
    out.put(narrow(count));
  }
  for (const Cuts& one : planes) {
    out.put(one.plane.feature);
    out.put(static_cast<std::uint8_t>(one.plane.rule));
    out.put(static_cast<std::uint8_t>(one.plane.default_left ? 1 : 0));
    out.put(std::uint16_t{0});
    out.put(narrow(one.cuts.size()));
  }
  for (const Cuts& one : planes) {
    for (const double cut : one.cuts) out.put(cut);
  }
  for (const std::uint32_t set : sets) out.put(forest.sets_[set]);
  for (const std::uint32_t set : sets) {
    for (std::uint32_t i = 0; i < forest.sets_[set]; ++i) out.put(forest.sets_[set + 1 + i]);
  }
  for (std::size_t i = 0; i < forest.trees(); ++i) {
    out.put(forest.leaf_from_[i + 1] - forest.leaf_from_[i]);
  }
  put_nodes(forest, planes, out);
  for (const double leaf : forest.leaf_values_) out.put(leaf);
  if (forest.has_covers()) put_covers(forest.covers_, out);
  if (!forest.terms().empty()) put_terms(forest.terms(), out);
  if (!forest.neighbours().empty()) put_neighbours(forest.neighbours(), out);
  return out.take();
}

Result<void> ForestCoder::read_head(ByteReader& in) {
  const auto layout = in.get<std::uint32_t>();
  ForestBuilder::Head head;
  head.features = in.get<std::uint32_t>();
  head.outputs = in.get<std::uint32_t>();
  const auto link = in.get<std::uint32_t>();
  head.sigmoid = in.get<double>();
  for (std::uint32_t* count : {&plane_count_, &cut_count_, &set_count_, &word_count_, &tree_count_,
                               &leaf_count_}) {
    *count = in.get<std::uint32_t>();
  }
  if (!in.ok()) return damaged("shorter than its header of 48 bytes");
  has_terms_ = (layout & kAndTerms) != 0;
  has_neighbours_ = (layout & kAndNeighbours) != 0;
  const std::uint32_t trees = layout & ~(kAndTerms | kAndNeighbours);
  has_covers_ = trees == kWithCovers;
  if (!has_covers_ && trees != kPlain) {
    return damaged("layout " + std::to_string(layout) + " is not known here");
  }
  if (link > 4) return damaged("there is no link function " + std::to_string(link));
  if (tree_count_ < 1 || tree_count_ > kMostTrees || leaf_count_ < tree_count_) {
    return damaged("a forest has 1 to 100,000 trees and a leaf in each");
  }
  // Sizes of everything that follows, summed in 64 bits, before any memory is taken.
  const std::uint64_t left = 12ULL * plane_count_ + 8ULL * cut_count_ + 4ULL * set_count_ +
                             4ULL * word_count_ + 4ULL * tree_count_ +
                             8ULL * (leaf_count_ - tree_count_) + 8ULL * leaf_count_ +
                             (has_covers_ ? 4 + 4ULL * leaf_count_ : 0);
  if (has_terms_ || has_neighbours_ ? left >= in.left() : left != in.left()) {
    return damaged("its counts ask for " + std::to_string(left) + " bytes behind the header, but " +
                   std::to_string(in.left()) + " are there");
  }
  head.link = static_cast<Link>(link);
  outputs_ = head.outputs;
  auto started = ForestBuilder::start(head);
  if (!started) return damaged(started.error().message);
  builder_ = *std::move(started);
  return read_planes(in, static_cast<std::uint32_t>(head.features));
}

Result<void> ForestCoder::read_planes(ByteReader& in, std::uint32_t features) {
  std::uint64_t total = 0;
  std::vector<std::uint32_t> counts;
  for (std::uint32_t i = 0; i < plane_count_; ++i) {
    const std::string name = "plane " + std::to_string(i) + ": ";
    Plane plane;
    plane.feature = in.get<std::uint32_t>();
    const auto rule = in.get<std::uint8_t>();
    const auto left = in.get<std::uint8_t>();
    const auto zero = in.get<std::uint16_t>();
    counts.push_back(in.get<std::uint32_t>());
    total += counts.back();
    if (plane.feature >= features) return damaged(name + "its feature is out of range");
    if (rule > 3 || left > 1 || zero != 0 || (left == 1 && rule != 1 && rule != 2)) {
      return damaged(name + "there is no such missing rule");
    }
    plane.rule = static_cast<Rule>(rule);
    plane.default_left = left == 1;
    if (!planes_.empty() && !(planes_.back().plane < plane)) {
      return damaged(name + "planes are not ascending");
    }
    if ((counts.back() == 0) != (plane.rule == Rule::kCategory)) {
      return damaged(name + "only a plane of categories is without cuts");
    }
    planes_.push_back({plane, {}});
  }
  if (total != cut_count_) return damaged("the cuts of the planes do not add up");
  for (std::uint32_t i = 0; i < plane_count_; ++i) {
    auto& cuts = planes_[i].cuts;
    for (std::uint32_t k = 0; k < counts[i]; ++k) {
      const auto cut = in.get<double>();
      if (!is_cut(cut) || (!cuts.empty() && !(cuts.back() < cut))) {
        return damaged("plane " + std::to_string(i) + ", cut " + std::to_string(k) +
                       ": cuts must be numbers and ascending");
      }
      cuts.push_back(cut);
    }
  }
  return read_sets(in);
}

Result<void> ForestCoder::read_sets(ByteReader& in) {
  std::vector<std::uint32_t> sizes;
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < set_count_; ++i) {
    sizes.push_back(in.get<std::uint32_t>());
    total += sizes.back();
  }
  if (total != word_count_) return damaged("the sets of categories do not add up");
  std::vector<std::uint32_t> words;
  for (const std::uint32_t size : sizes) {
    words.clear();
    for (std::uint32_t i = 0; i < size; ++i) words.push_back(in.get<std::uint32_t>());
    auto added = builder_.add_set(words);
    if (!added) return damaged(added.error().message);
    sets_.push_back(*added);
  }
  return read_trees(in);
}

Result<void> ForestCoder::read_trees(ByteReader& in) {
  std::vector<std::uint32_t> sizes;
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < tree_count_; ++i) {
    sizes.push_back(in.get<std::uint32_t>());
    total += sizes.back();
    if (sizes.back() < 1 || sizes.back() > kMostLeaves) {
      return damaged("tree " + std::to_string(i) + ": it has 1 to 65,535 leaves");
    }
  }
  if (total != leaf_count_) return damaged("the leaves of the trees do not add up");
  ByteReader nodes(in.raw(8ULL * (leaf_count_ - tree_count_)));
  ByteReader leaves(in.raw(8ULL * leaf_count_));
  std::vector<double> covers;
  if (has_covers_) covers = TRY(read_covers(in, leaf_count_));
  auto cover = covers.begin();
  for (std::uint32_t i = 0; i < tree_count_; ++i) {
    tree_ = {};
    for (std::uint32_t k = 0; k < sizes[i]; ++k) tree_.leaves.push_back(leaves.get<double>());
    if (has_covers_) {
      tree_.covers.assign(cover, cover + sizes[i]);
      cover += sizes[i];
    }
    auto read = read_tree(nodes, sizes[i]);
    if (read) read = builder_.add(tree_);
    if (!read) return damaged("tree " + std::to_string(i) + ": " + read.error().message);
  }
  if (has_terms_) TRY(read_terms(in, builder_));
  if (has_neighbours_) TRY(read_neighbours(in, outputs_, builder_));
  return in.left() == 0 ? Result<void>() : damaged(std::to_string(in.left()) +
                                                   " bytes are left over behind its parts");
}

Result<void> ForestCoder::read_split(ByteReader& nodes, std::uint32_t& bits) {
  bits = nodes.get<std::uint32_t>();
  const auto index = nodes.get<std::uint32_t>();
  const std::string name = "node " + std::to_string(tree_.left.size()) + ": ";
  if ((bits & kPlaneBits) >= planes_.size()) {
    return fail(Code::kCorrupt, name + "its plane is out of range");
  }
  const Cuts& from = planes_[bits & kPlaneBits];
  const bool set = from.plane.rule == Rule::kCategory;
  if (index >= (set ? sets_.size() : from.cuts.size())) {
    return fail(Code::kCorrupt, name + (set ? "its category set is out of range"
                                            : "its cut is out of range"));
  }
  tree_.feature.push_back(from.plane.feature);
  tree_.rule.push_back(static_cast<std::uint8_t>(from.plane.rule));
  tree_.default_left.push_back(from.plane.default_left ? 1 : 0);
  tree_.cut.push_back(set ? 0 : from.cuts[index]);
  tree_.set.push_back(set ? sets_[index] : 0);
  tree_.left.push_back(0);
  tree_.right.push_back(0);
  return {};
}

Result<void> ForestCoder::read_tree(ByteReader& nodes, std::size_t leaves) {
  if (leaves == 1) return {};
  struct Slot {
    std::size_t parent;
    bool right, leaf;
  };
  std::vector<Slot> open;
  std::int32_t leaf = 0;
  std::uint32_t bits = 0;
  const auto enter = [&]() -> Result<void> {
    const std::size_t at = tree_.left.size();
    TRY(read_split(nodes, bits));
    open.push_back({at, true, (bits & kRightIsLeaf) != 0});
    open.push_back({at, false, (bits & kLeftIsLeaf) != 0});
    return {};
  };
  TRY(enter());
  while (!open.empty()) {
    const Slot slot = open.back();
    open.pop_back();
    auto& child = (slot.right ? tree_.right : tree_.left)[slot.parent];
    if (slot.leaf) {
      child = ~leaf++;
      continue;
    }
    if (tree_.left.size() + 1 >= leaves) {
      return fail(Code::kCorrupt, "it needs more nodes than it has");
    }
    child = static_cast<std::int32_t>(tree_.left.size());
    TRY(enter());
  }
  if (tree_.left.size() + 1 != leaves) return fail(Code::kCorrupt, "it ends before its last node");
  return {};
}

Result<Forest> ForestCoder::decode(std::string_view bytes) {
  ByteReader in(bytes);
  TRY(read_head(in));
  auto forest = builder_.finish();
  if (!forest) return damaged(forest.error().message);
  if (encode(*forest) != bytes) return damaged("not the one encoding of its forest");
  return forest;
}

Loose ForestCoder::take_apart(const Forest& forest) {
  Loose out;
  out.head = {forest.features_, forest.outputs_, forest.link_, forest.sigmoid_};
  out.sets.emplace_back();
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    const std::size_t node_from = forest.node_from(t), leaf_from = forest.leaf_from_[t];
    const std::size_t leaves = forest.leaf_from_[t + 1] - leaf_from;
    const auto local = [n = static_cast<std::int32_t>(node_from),
                        l = static_cast<std::int32_t>(leaf_from)](std::int32_t child) {
      return child >= 0 ? child - n : ~(~child - l);
    };
    ForestBuilder::Tree tree;
    for (std::size_t i = node_from; i < node_from + leaves - 1; ++i) {
      const Forest::Node& node = forest.nodes_[i];
      const Plane plane = forest.planes_[node.plane];
      tree.feature.push_back(plane.feature);
      tree.rule.push_back(static_cast<std::uint8_t>(plane.rule));
      tree.default_left.push_back(plane.default_left ? 1 : 0);
      tree.cut.push_back(node.set != 0 ? 0 : node.cut);
      tree.left.push_back(local(node.child[0]));
      tree.right.push_back(local(node.child[1]));
      tree.set.push_back(node.set == 0 ? 0 : static_cast<std::uint32_t>(out.sets.size()));
      if (node.set == 0) continue;
      const auto words = forest.sets_.begin() + node.set + 1;
      out.sets.emplace_back(words, words + forest.sets_[node.set]);
    }
    for (std::size_t i = leaf_from; i < leaf_from + leaves; ++i) {
      tree.leaves.push_back(forest.leaf_values_[i]);
      if (forest.has_covers()) tree.covers.push_back(forest.covers_[i]);
    }
    out.trees.push_back(std::move(tree));
  }
  out.terms = forest.terms();
  out.neighbours = forest.neighbours();
  return out;
}

Loose take_apart(const Forest& forest) { return ForestCoder::take_apart(forest); }
std::string Forest::encode() const { return ForestCoder::encode(*this); }
Result<Forest> Forest::decode(std::string_view bytes) { return ForestCoder().decode(bytes); }

}  // namespace rondo::model
