// Takes the members apart and builds one forest of their trees, in the order of the members.
#include "model/blend.h"

#include "model/forest_build.h"

namespace rondo::model {
namespace {

Result<void> add_member(ForestBuilder& builder, Loose loose, double weight) {
  std::vector<std::uint32_t> sets;
  for (std::size_t i = 0; i < loose.sets.size(); ++i) {
    sets.push_back(i == 0 ? 0 : TRY(builder.add_set(loose.sets[i])));
  }
  for (ForestBuilder::Tree& tree : loose.trees) {
    for (std::uint32_t& set : tree.set) set = sets[set];
    for (double& leaf : tree.leaves) leaf *= weight;
    TRY(builder.add(tree));
  }
  for (LinearTerm& term : loose.terms) TRY(builder.add_term(scaled(std::move(term), weight)));
  for (NeighbourTerm& term : loose.neighbours) {
    term.weight *= weight;
    TRY(builder.add_neighbours(std::move(term)));
  }
  return {};
}

}  // namespace

Result<Forest> blend(std::span<const Weighted> members) {
  if (members.empty()) return fail(Code::kInvalidInput, "no forest is there to be added up");
  if (members.size() == 1 && members[0].weight == 1) return *members[0].forest;
  const ForestBuilder::Head head = take_apart(*members[0].forest).head;
  ForestBuilder builder = TRY(ForestBuilder::start(head));
  for (const Weighted& member : members) {
    Loose loose = take_apart(*member.forest);
    if (loose.head.features != head.features || loose.head.outputs != head.outputs ||
        loose.head.link != head.link || loose.head.sigmoid != head.sigmoid) {
      return fail(Code::kInvalidInput, "forests of different shapes cannot be added up");
    }
    TRY(add_member(builder, std::move(loose), member.weight));
  }
  return builder.finish();
}

Result<Forest> side_by_side(std::span<const Forest> members) {
  std::vector<Loose> parts;
  std::size_t rounds = 0;
  for (const Forest& member : members) {
    parts.push_back(take_apart(member));
    const Loose& part = parts.back();
    if (part.head.outputs != 1 || part.head.link != Link::kIdentity || !part.terms.empty() ||
        !part.neighbours.empty() || part.trees.empty() ||
        part.head.features != parts[0].head.features) {
      return fail(Code::kInvalidInput, "these forests cannot stand side by side");
    }
    rounds = std::max(rounds, part.trees.size());
  }
  if (parts.empty()) return fail(Code::kInvalidInput, "no forest is there to stand beside others");
  const ForestBuilder::Head head{parts[0].head.features, parts.size(), Link::kAscending, 1.0};
  Loose all{head, {}, {{}}, {}, {}};
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Loose& part : parts) {
      ForestBuilder::Tree tree;
      if (round < part.trees.size()) {
        tree = std::move(part.trees[round]);
      } else {
        tree.leaves = {0};
        if (members[0].has_covers()) tree.covers = {1};
      }
      for (std::uint32_t& set : tree.set) {
        if (set == 0) continue;
        all.sets.push_back(part.sets[set]);
        set = static_cast<std::uint32_t>(all.sets.size() - 1);
      }
      all.trees.push_back(std::move(tree));
    }
  }
  ForestBuilder builder = TRY(ForestBuilder::start(head));
  TRY(add_member(builder, std::move(all), 1));
  return builder.finish();
}

Result<Forest> shifted(const Forest& forest, std::span<const double> by) {
  Loose loose = take_apart(forest);
  if (by.size() != loose.head.outputs || loose.trees.size() < by.size()) {
    return fail(Code::kInvalidInput, "a forest cannot be shifted by so many numbers");
  }
  for (std::size_t k = 0; k < by.size(); ++k) {
    for (double& leaf : loose.trees[k].leaves) leaf += by[k] / loose.head.sigmoid;
  }
  ForestBuilder builder = TRY(ForestBuilder::start(loose.head));
  TRY(add_member(builder, std::move(loose), 1));
  return builder.finish();
}

}  // namespace rondo::model
