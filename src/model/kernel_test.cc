// Every kernel of this CPU gives the bits of Forest's own walk: each missing rule and direction at
// each awkward value, every number of leaves, few and very many cuts, every size of a batch, and
// forests of chance. Forest itself is held against LightGBM in forest_test.cc and in train/.
#include "model/kernel.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "model/compiled_forest.h"
#include "model/forest_build.h"
#include "model/kernel_layout.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kEndless = std::numeric_limits<double>::infinity();
constexpr double kNearly = 1e-35F;

std::vector<double> walked(const Forest& forest, std::span<const double> rows) {
  const std::size_t count = rows.size() / forest.features();
  std::vector<double> out(count * forest.outputs());
  for (std::size_t i = 0; i < count; ++i) {
    forest.raw(rows.subspan(i * forest.features(), forest.features()),
               std::span(out).subspan(i * forest.outputs(), forest.outputs()));
  }
  return out;
}

void expect_same(std::span<const double> made, std::span<const double> want,
                 const std::string& what) {
  ASSERT_EQ(made.size(), want.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(made[i]), std::bit_cast<std::uint64_t>(want[i]))
        << what << ": " << made[i] << ", the walk says " << want[i] << " at " << i;
  }
}

/// Batch and single rows of every kernel of this CPU.
void expect_walks_bits(const Forest& forest, std::span<const double> rows, const std::string& what,
                       bool fits = true) {
  const std::vector<double> want = walked(forest, rows);
  const std::size_t width = forest.features(), outputs = forest.outputs();
  for (const Kernel kernel : supported_kernels()) {
    const CompiledForest compiled(forest, kernel);
    EXPECT_EQ(compiled.kernel(), fits ? kernel : Kernel::kScalar) << what;
    std::vector<double> batch(want.size(), kNone), single(want.size(), kNone);
    compiled.raw_batch(rows, rows.size() / width, batch);
    expect_same(batch, want, what + ", batch, " + std::string(name_of(kernel)));
    for (std::size_t i = 0; i < rows.size() / width; ++i) {
      compiled.raw(rows.subspan(i * width, width), std::span(single).subspan(i * outputs, outputs));
    }
    expect_same(single, want, what + ", rows, " + std::string(name_of(kernel)));
  }
}

/// A chain of stumps: node i asks for cuts[i]; left leads to a leaf, or on where `leftward`.
ForestBuilder::Tree chain_of(std::span<const double> cuts, unsigned rule, bool default_left,
                             bool leftward) {
  ForestBuilder::Tree tree;
  const auto nodes = static_cast<std::int32_t>(cuts.size());
  for (std::int32_t i = 0; i < nodes; ++i) {
    tree.feature.push_back(0);
    tree.rule.push_back(static_cast<std::uint8_t>(rule));
    tree.default_left.push_back(default_left ? 1 : 0);
    tree.cut.push_back(cuts[static_cast<std::size_t>(i)]);
    tree.set.push_back(0);
    const std::int32_t next = i + 1 < nodes ? i + 1 : ~nodes;
    tree.left.push_back(leftward ? next : ~i);
    tree.right.push_back(leftward ? ~i : next);
    tree.leaves.push_back(1.0 / (1 + i));
  }
  tree.leaves.push_back(-3.0);
  return tree;
}

Forest forest_of(const std::vector<ForestBuilder::Tree>& trees) {
  auto builder = ForestBuilder::start({1, 1, Link::kIdentity, 1.0}).value();
  for (const auto& tree : trees) EXPECT_TRUE(builder.add(tree));
  return builder.finish().value();
}

/// Each value and its neighbours.
std::vector<double> around(std::span<const double> values) {
  std::vector<double> out;
  for (const double x : values) {
    for (const double y : {x, std::nextafter(x, kEndless), std::nextafter(x, -kEndless)}) {
      out.push_back(y);
    }
  }
  return out;
}

TEST(Kernel, TheLayoutIsTheExampleOfTheDocs) {
  // docs/KERNELS.md: x0 <= 0.75 ? (x0 <= 0.5 ? (x1 <= 2 ? 10 : 20) : 30) : 50.
  ForestBuilder::Tree tree;
  tree.feature = {0, 0, 1};
  tree.rule = tree.default_left = {0, 0, 0};
  tree.cut = {0.75, 0.5, 2};
  tree.set = {0, 0, 0};
  tree.left = {1, 2, ~0};
  tree.right = {~3, ~2, ~1};
  tree.leaves = {10, 20, 30, 50};
  auto builder = ForestBuilder::start({2, 1, Link::kIdentity, 1.0}).value();
  ASSERT_TRUE(builder.add(tree));
  const Forest forest = builder.finish().value();
  const ForestLayout layout = ForestLayout::make(forest).value();
  ASSERT_EQ(layout.columns.size(), 2U);
  EXPECT_EQ(layout.blocks[1].cut[0], 0.5);
  EXPECT_EQ(layout.blocks[1].cut[1], 0.75);
  EXPECT_EQ(layout.blocks[3].cut[0], 2);
  const Split want[] = {{2, 253, 0b11111110}, {2, 254, 0b11111101}, {1, 0, 0b11111011}};
  ASSERT_EQ(layout.splits.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(layout.splits[i].plane, want[i].plane) << i;
    EXPECT_EQ(layout.splits[i].cut, want[i].cut) << i;
    EXPECT_EQ(layout.splits[i].keep, want[i].keep) << i;
  }
  const std::vector<double> leaves(layout.leaves.begin(), layout.leaves.begin() + 4);
  EXPECT_EQ(leaves, (std::vector<double>{50, 30, 10, 20}));
  expect_walks_bits(forest, std::vector<double>{0.6, 3, 0.5, 2, 0.5, 3, 0.8, 0}, "the example");
}

TEST(Kernel, EachRuleAndDirectionAtEachAwkwardValue) {
  const std::vector<double> cuts = {-1e300, -0.5,   -kNearly, std::nextafter(-kNearly, -1),
                                    0.0,    5e-324, kNearly,  std::nextafter(kNearly, 1),
                                    0.25,   0.5,    1e300,    kEndless};
  std::vector<double> rows = around(cuts);
  rows.insert(rows.end(), {kNone, -kNone, kEndless, -kEndless, -0.0, 2e-308, -5e-324, 1.7e308});
  for (unsigned rule = 0; rule < 3; ++rule) {
    for (const bool default_left : {false, true}) {
      for (const bool leftward : {false, true}) {
        std::vector<ForestBuilder::Tree> trees;
        for (const double cut : cuts) {
          trees.push_back(chain_of({{cut}}, rule, default_left, leftward));
        }
        trees.push_back(chain_of(cuts, rule, default_left, leftward));
        expect_walks_bits(forest_of(trees), rows, "rule " + std::to_string(rule));
      }
    }
  }
}

TEST(Kernel, EveryNumberOfLeaves) {
  for (std::size_t leaves = 1; leaves <= 257; ++leaves) {
    const Forest forest = random_forest({9, 2, leaves}, Seed{leaves});
    expect_walks_bits(forest, random_rows(9 * 40, Seed{leaves}),
                      std::to_string(leaves) + " leaves", leaves <= 256);
  }
}

TEST(Kernel, FewAndVeryManyCuts) {
  for (const std::size_t count : {1UL, 15UL, 16UL, 17UL, 128UL, 129UL, 144UL, 145UL, 254UL, 255UL,
                                  256UL, 510UL, 511UL, 65'535UL}) {
    std::vector<double> cuts;
    for (std::size_t i = 0; i < count; ++i) cuts.push_back(static_cast<double>(i) * 0.1 - 7);
    std::vector<ForestBuilder::Tree> trees;
    for (std::size_t from = 0; from < count; from += 255) {
      const auto part = std::span(cuts).subspan(from, std::min(255UL, count - from));
      trees.push_back(chain_of(part, 2, from % 2 == 0, trees.size() % 2 == 0));
    }
    // Both defaults for each cut that is asked, so that no plane has all of them.
    const Forest forest = forest_of(trees);
    Chance chance(Seed{count});
    std::vector<double> some = {cuts.front(), cuts.back(), cuts[count / 2]};
    for (int i = 0; i < 90; ++i) some.push_back(cuts[chance.below(count)]);
    std::vector<double> rows = around(some);
    rows.insert(rows.end(), {kNone, kEndless, -kEndless, 0.0});
    expect_walks_bits(forest, rows, std::to_string(count) + " cuts");
  }
}

TEST(Kernel, EverySizeOfABatch) {
  const Forest forest = random_forest({11, 70, 31}, Seed{3});
  for (const std::size_t rows : {0UL, 1UL, 7UL, 31UL, 32UL, 33UL, 63UL, 64UL, 65UL, 127UL, 128UL,
                                 129UL, 191UL, 193UL, 255UL, 256UL, 257UL, 2'047UL, 2'600UL}) {
    const std::vector<double> values = random_rows(11 * rows, Seed{rows});
    std::vector<double> want(rows);
    forest.raw_batch(values, rows, want);
    for (const Kernel kernel : supported_kernels()) {
      std::vector<double> made(rows, kNone);
      CompiledForest(forest, kernel).raw_batch(values, rows, made);
      expect_same(made, want, std::to_string(rows) + " rows");
    }
  }
}

TEST(Kernel, CategoriesUpToWhatAByteTells) {
  for (const std::uint32_t last : {0U, 7U, 31U, 32U, 127U, 128U, 253U, 254U, 255U, 3'000U}) {
    auto builder = ForestBuilder::start({1, 1, Link::kIdentity, 1.0}).value();
    for (const bool turned : {false, true}) {
      std::vector<std::uint32_t> words(last / 32 + 1, 0x5a5a0f01);
      words.back() |= 1U << last % 32;
      words.back() &= last % 32 == 31 ? ~0U : (1U << (last % 32 + 1)) - 1;
      ForestBuilder::Tree tree = chain_of(std::vector<double>(3, 0.0), 3, false, turned);
      tree.set.assign(3, builder.add_set(words).value());
      tree.set[1] = builder.add_set({}).value();
      tree.set[2] = builder.add_set(std::span(words).last(1)).value();
      ASSERT_TRUE(builder.add(tree));
    }
    std::vector<double> rows = {kNone, kEndless, -kEndless, -1.0, -0.5, -0.0, 3.7, 254.9, 255.5,
                                1e9, 2147483647.0, 2147483648.0, 4294967297.0, 1e300};
    for (int i = 0; i < 300; ++i) rows.push_back(i);
    expect_walks_bits(builder.finish().value(), rows, "category " + std::to_string(last),
                      last < 255);
  }
}

TEST(Kernel, MoreSetsThanABlockOfTreesHolds) {
  // Every split of feature 6 asks a set of its own.
  auto builder = ForestBuilder::start({1, 1, Link::kIdentity, 1.0}).value();
  Chance chance(Seed{5});
  for (int t = 0; t < 12; ++t) {
    ForestBuilder::Tree tree = chain_of(std::vector<double>(200, 0.0), 3, false, t % 2 == 0);
    for (auto& set : tree.set) {
      const auto word = static_cast<std::uint32_t>(chance.next() & chance.next());
      set = builder.add_set({{word, word >> 3}}).value();
    }
    ASSERT_TRUE(builder.add(tree));
  }
  std::vector<double> rows = {kNone};
  for (int i = -1; i < 70; ++i) rows.push_back(i);
  expect_walks_bits(builder.finish().value(), rows, "2,400 sets");
}

TEST(Kernel, ForestsOfChance) {
  const char* const full = std::getenv("RONDO_FULL");
  const std::uint64_t forests = full != nullptr ? 3'000 : 60;
  for (std::uint64_t seed = 1; seed <= forests; ++seed) {
    Chance chance(Seed{seed}.derive("kernels"));
    Shape shape;
    shape.features = 1 + chance.below(chance.below(4) == 0 ? 200 : 40);
    shape.outputs = chance.below(3) == 0 ? 2 + chance.below(4) : 1;
    shape.trees = shape.outputs * (1 + chance.below(chance.below(3) == 0 ? 80 : 8));
    shape.leaves = 1 + chance.below(chance.below(3) == 0 ? 256 : 40);
    shape.cuts = static_cast<double>(1ULL << chance.below(12));
    const Forest forest = random_forest(shape, Seed{seed});
    expect_walks_bits(forest, random_rows(shape.features * (1 + chance.below(100)), Seed{seed}),
                      "seed " + std::to_string(seed));
  }
}

TEST(Kernel, IsChosenByNameOrTheFastest) {
  EXPECT_EQ(kernel_named("").value(), supported_kernels().back());
  EXPECT_EQ(supported_kernels().front(), Kernel::kScalar);
  for (const Kernel kernel : supported_kernels()) {
    EXPECT_EQ(kernel_named(name_of(kernel)).value(), kernel);
  }
  const auto unknown = kernel_named("avx9");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message,
            "RONDO_KERNEL is \"avx9\"; kernels are scalar, avx2, avx512");
}

}  // namespace
}  // namespace rondo::model
