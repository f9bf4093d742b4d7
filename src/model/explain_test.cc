// Contributions are Shapley values: those of the definition, by all coalitions, on small trees; and
// on large ones what must hold of them. Bits do not depend on kernel or batch.
#include "model/explain.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/seed.h"
#include "model/forest_build.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

using Tree = ForestBuilder::Tree;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t kSetWords[] = {0b1011};  // categories 0, 1 and 3 go left

/// LightGBM's rules, said once more.
bool goes_left(const Tree& tree, std::size_t node, double x) {
  if (tree.rule[node] == 3) {
    return x > -1 && x < 32 && (kSetWords[0] >> static_cast<unsigned>(x) & 1) != 0;
  }
  if (tree.rule[node] == 2 && std::isnan(x)) return tree.default_left[node] != 0;
  if (std::isnan(x)) x = 0;
  if (tree.rule[node] == 1 && x == 0) return tree.default_left[node] != 0;
  return x <= tree.cut[node];
}

double cover_of(const Tree& tree, std::int32_t at) {
  if (at < 0) return tree.covers[static_cast<std::size_t>(~at)];
  const auto node = static_cast<std::size_t>(at);
  return cover_of(tree, tree.left[node]) + cover_of(tree, tree.right[node]);
}

/// What the tree answers when only the features of a coalition are known.
double expected(const Tree& tree, std::int32_t at, std::span<const double> row,
                unsigned coalition) {
  if (at < 0) return tree.leaves[static_cast<std::size_t>(~at)];
  const auto node = static_cast<std::size_t>(at);
  const std::int32_t left = tree.left[node], right = tree.right[node];
  if ((coalition >> tree.feature[node] & 1) != 0) {
    return expected(tree, goes_left(tree, node, row[tree.feature[node]]) ? left : right, row,
                    coalition);
  }
  return (cover_of(tree, left) * expected(tree, left, row, coalition) +
          cover_of(tree, right) * expected(tree, right, row, coalition)) /
         cover_of(tree, at);
}

/// The definition: the mean gain over all orders in which features become known.
std::vector<double> by_definition(const Tree& tree, std::span<const double> row) {
  const auto n = static_cast<unsigned>(row.size());
  const std::int32_t root = tree.left.empty() ? ~0 : 0;
  std::vector<double> value(std::size_t{1} << n), out(n + 1, 0.0);
  for (unsigned s = 0; s < value.size(); ++s) value[s] = expected(tree, root, row, s);
  for (unsigned s = 0; s < value.size(); ++s) {
    const int size = std::popcount(s);
    const double weight = std::tgamma(size + 1) * std::tgamma(n - static_cast<unsigned>(size)) /
                          std::tgamma(n + 1);
    for (unsigned i = 0; i < n; ++i) {
      if ((s >> i & 1) == 0) out[i] += weight * (value[s | 1U << i] - value[s]);
    }
  }
  out[n] = value[0];
  return out;
}

/// A tree of up to `leaves` leaves over `features`, the last of them by categories; about as deep
/// as wide, so that features come again on a path.
Tree grown(std::size_t features, std::size_t leaves, std::uint32_t set, Chance& chance) {
  Tree tree;
  tree.leaves = {chance.normal()};
  tree.covers = {1.0 + static_cast<double>(chance.below(50))};
  std::vector<std::pair<std::size_t, bool>> place = {{0, false}};  // of a leaf: node and side
  for (std::size_t n = 0; n + 1 < leaves; ++n) {
    const std::size_t leaf = chance.below(tree.leaves.size());
    if (n > 0) {
      auto& side = place[leaf].second ? tree.right : tree.left;
      side[place[leaf].first] = static_cast<std::int32_t>(n);
    }
    const auto feature = static_cast<std::uint32_t>(chance.below(features));
    const bool is_set = feature == features - 1;
    tree.feature.push_back(feature);
    tree.rule.push_back(static_cast<std::uint8_t>(is_set ? 3 : chance.below(3)));
    tree.default_left.push_back(static_cast<std::uint8_t>(chance.below(2)));
    tree.cut.push_back(std::round(chance.normal() * 4) / 4);
    tree.set.push_back(is_set ? set : 0);
    tree.left.push_back(~static_cast<std::int32_t>(leaf));
    tree.right.push_back(~static_cast<std::int32_t>(tree.leaves.size()));
    place[leaf] = {n, false};
    place.emplace_back(n, true);
    tree.leaves.push_back(chance.normal());
    tree.covers.push_back(1.0 + static_cast<double>(chance.below(50)));
  }
  return tree;
}

struct Grown {
  Forest forest;
  std::vector<Tree> trees;
};
Grown forest_of(std::size_t features, std::size_t leaves, std::size_t trees, std::size_t outputs,
                Seed seed) {
  Chance chance(seed);
  Grown out;
  const Link link = outputs > 1 ? Link::kSoftmax : Link::kIdentity;
  auto builder = ForestBuilder::start({features, outputs, link, 1.0}).value();
  const std::uint32_t set = builder.add_set(kSetWords).value();
  for (std::size_t i = 0; i < trees; ++i) {
    out.trees.push_back(grown(features, 1 + chance.below(leaves), set, chance));
    EXPECT_TRUE(builder.add(out.trees.back()));
  }
  out.forest = builder.finish().value();
  return out;
}

std::vector<double> some_rows(std::size_t values, Seed seed) {
  Chance chance(seed);
  const double strange[] = {kNoNumber, 0, -1, 1, 2, 3, 40};
  std::vector<double> out;
  for (std::size_t i = 0; i < values; ++i) {
    out.push_back(chance.below(3) == 0 ? strange[chance.below(7)]
                                       : std::round(chance.normal() * 8) / 8);
  }
  return out;
}

std::vector<double> explained(const Forest& forest, std::span<const double> rows,
                              Kernel kernel = Kernel::kScalar) {
  const std::size_t count = rows.size() / forest.features();
  std::vector<double> out(count * forest.outputs() * (forest.features() + 1));
  ForestExplainer::make(forest, kernel).value().contributions(rows, count, out);
  return out;
}

TEST(Explain, ValuesAreThoseOfTheDefinition) {
  constexpr std::size_t kFeatures = 6;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const std::size_t outputs = seed % 4 == 0 ? 3 : 1;
    const auto [forest, trees] = forest_of(kFeatures, 14, 3, outputs, Seed{seed});
    const std::vector<double> rows = some_rows(kFeatures * 5, Seed{seed + 1000});
    const std::vector<double> ours = explained(forest, rows);
    std::vector<double> want(ours.size(), 0.0);
    for (std::size_t row = 0; row < 5; ++row) {
      for (std::size_t t = 0; t < trees.size(); ++t) {
        const auto one = by_definition(trees[t], std::span(rows).subspan(row * kFeatures,
                                                                         kFeatures));
        const std::size_t at = (row * outputs + t % outputs) * (kFeatures + 1);
        for (std::size_t i = 0; i <= kFeatures; ++i) want[at + i] += one[i];
      }
    }
    for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(ours[i], want[i], 1e-12) << seed;
  }
}

void expect_sums(const Forest& forest, std::span<const double> rows, double tolerance) {
  const std::vector<double> ours = explained(forest, rows);
  const std::size_t width = forest.features(), count = rows.size() / width;
  std::vector<double> raw(count * forest.outputs());
  forest.raw_batch(rows, count, raw);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k <= width; ++k) sum += ours[i * (width + 1) + k];
    ASSERT_NEAR(sum, raw[i], tolerance);
  }
}

TEST(Explain, ValuesAddUpToTheScoreHoweverManyFeaturesAPathHas) {
  for (const std::size_t features : {2U, 15U, 17U, 40U, 100U}) {
    // A chain that asks each feature once, so that the rule has as many points as it takes.
    Tree chain;
    Chance chance(Seed{features});
    chain.leaves = {chance.normal()};
    chain.covers = {1};
    for (std::size_t i = 0; i < features; ++i) {
      chain.feature.push_back(static_cast<std::uint32_t>(i));
      chain.rule.push_back(0);
      chain.default_left.push_back(0);
      chain.cut.push_back(0.25);
      chain.set.push_back(0);
      chain.left.push_back(i + 1 < features ? static_cast<std::int32_t>(i + 1) : ~0);
      chain.right.push_back(~static_cast<std::int32_t>(i + 1));
      chain.leaves.push_back(chance.normal());
      chain.covers.push_back(static_cast<double>(1 + chance.below(9)));
    }
    auto builder = ForestBuilder::start({features, 1, Link::kIdentity, 1.0}).value();
    ASSERT_TRUE(builder.add(chain));
    const Forest forest = builder.finish().value();
    std::vector<double> rows(features, 0.0);  // all the way down
    rows.resize(features * 4, 1.0);
    for (std::size_t i = 0; i < features; ++i) rows[features * 2 + i] = i % 2 == 0 ? 0 : 1;
    expect_sums(forest, rows, 1e-12);
  }
  const Forest wide = forest_of(60, 600, 5, 1, Seed{5}).forest;
  expect_sums(wide, some_rows(60 * 20, Seed{6}), 1e-11);
}

TEST(Explain, BitsDependNeitherOnTheKernelNorOnTheBatch) {
  for (const std::size_t outputs : {1U, 3U}) {
    const Forest forest = forest_of(25, 200, 12, outputs, Seed{9}).forest;
    const std::size_t each = outputs * 26;
    const std::vector<double> rows = some_rows(25 * 50, Seed{10});
    const std::vector<double> want = explained(forest, rows);
    for (const Kernel kernel : supported_kernels()) {
      const std::vector<double> batch = explained(forest, rows, kernel);
      std::vector<double> single;
      for (std::size_t row = 0; row < 50; ++row) {
        const auto one = explained(forest, std::span(rows).subspan(row * 25, 25), kernel);
        single.insert(single.end(), one.begin(), one.end());
      }
      ASSERT_EQ(single.size(), 50 * each);
      for (std::size_t i = 0; i < want.size(); ++i) {
        const auto bits = std::bit_cast<std::uint64_t>(want[i]);
        ASSERT_EQ(std::bit_cast<std::uint64_t>(batch[i]), bits) << name_of(kernel);
        ASSERT_EQ(std::bit_cast<std::uint64_t>(single[i]), bits) << name_of(kernel);
      }
    }
  }
}

TEST(Explain, LeavesThatNoRowReachedLeaveNumbers) {
  auto [forest, trees] = forest_of(4, 12, 6, 1, Seed{3});
  auto builder = ForestBuilder::start({4, 1, Link::kIdentity, 1.0}).value();
  ASSERT_TRUE(builder.add_set(kSetWords));
  for (Tree& tree : trees) {
    for (std::size_t i = 0; i < tree.covers.size(); ++i) tree.covers[i] = i % 2 == 0 ? 0 : 5;
    ASSERT_TRUE(builder.add(tree));
  }
  expect_sums(builder.finish().value(), some_rows(4 * 30, Seed{4}), 1e-9);
}

TEST(Explain, AForestWithoutCoversSaysSo) {
  Tree tree = forest_of(3, 5, 1, 1, Seed{2}).trees[0];
  auto builder = ForestBuilder::start({3, 1, Link::kIdentity, 1.0}).value();
  ASSERT_TRUE(builder.add_set(kSetWords));
  ASSERT_TRUE(builder.add(tree));
  tree.covers.clear();
  ASSERT_TRUE(builder.add(tree));
  const Forest forest = builder.finish().value();
  EXPECT_FALSE(forest.has_covers());
  const auto refused = ForestExplainer::make(forest, Kernel::kScalar);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kNotFound);
}

TEST(Explain, CoversAreCountsOrFloatsAndKeptInTheFile) {
  const auto with = [](std::vector<double> covers) -> Result<Forest> {
    Tree tree = forest_of(3, 2, 9, 1, Seed{2}).trees[0];
    tree.leaves.resize(1);
    tree.feature = tree.set = {};
    tree.rule = tree.default_left = {};
    tree.cut = {};
    tree.left = tree.right = {};
    tree.covers = std::move(covers);
    auto builder = TRY(ForestBuilder::start({3, 1, Link::kIdentity, 1.0}));
    TRY(builder.add(tree));
    return builder.finish();
  };
  for (const double cover : {0.0, 4294967295.0, 0.5, 16777217.0}) {
    const auto forest = with({cover});
    ASSERT_TRUE(forest) << cover;
    EXPECT_TRUE(forest->has_covers());
    EXPECT_EQ(Forest::decode(forest->encode()).value().encode(), forest->encode());
  }
  for (const double cover : {-1.0, kNoNumber, 0.1, 1e300}) EXPECT_FALSE(with({cover})) << cover;
  EXPECT_FALSE(with({1, 2}));
}

TEST(Explain, OfAPipelineByTheColumnsThatFeaturesAreMadeOf) {
  Pipeline::Parts parts = small_parts();
  parts.forest = Forest::from_lightgbm(changed(mixed_text(), "cat_boundaries",
                                               "leaf_count=5 4 3 2 1 6\ncat_boundaries"))
                     .value();
  ASSERT_TRUE(parts.forest.has_covers());
  const auto pipeline = Pipeline::load(Pipeline::encode(parts).value()).value();
  ASSERT_TRUE(pipeline->can_explain());
  EXPECT_EQ(pipeline->explained(), (std::vector<std::string>{"temp", "sky", "cnt_lag_1", "_time"}));
  const auto explainer = ForestExplainer::make(parts.forest, Kernel::kScalar).value();
  for (const GoldenRow& row : parts.golden) {
    std::vector<double> by_feature(5), by_column(5);
    explainer.contributions(row.features, 1, by_feature);
    ASSERT_TRUE(pipeline->explain(decode_cells(row.cells).value(), row.time, row.lags, by_column));
    // Features are temp, cnt_lag_1, sky and hour.
    EXPECT_EQ(by_column, (std::vector<double>{by_feature[0], by_feature[2], by_feature[1],
                                              by_feature[3], by_feature[4]}));
  }
  const auto silent = Pipeline::load(Pipeline::encode(small_parts()).value()).value();
  EXPECT_FALSE(silent->can_explain());
  std::vector<double> out(5);
  EXPECT_FALSE(silent->explain({}, {}, {}, out));
}

TEST(Explain, AFeatureOfTwoColumnsCountsHalfForEach) {
  Pipeline::Parts parts = small_parts();
  parts.forest = Forest::from_lightgbm(changed(mixed_text(), "cat_boundaries",
                                               "leaf_count=5 4 3 2 1 6\ncat_boundaries"))
                     .value();
  table::Schema inputs = parts.transform.inputs();
  std::vector<Step> steps = parts.transform.steps();
  inputs.fields.push_back({"wind", table::Type::kNumber});
  steps[0].kind = Step::Kind::kArithmetic;
  steps[0].feature = "temp - wind";
  steps[0].operation = Step::Operation::kSubtract;
  steps[0].other = 2;
  parts.transform = Transform(inputs, steps, parts.transform.history());
  const Pipeline::Parts old = parts;
  parts.golden.clear();
  for (const GoldenRow& row : old.golden) {
    auto cells = decode_cells(row.cells).value();
    cells.push_back({Cell::Kind::kNumber, 0.25, {}});
    parts.golden.push_back(Pipeline::make_golden(parts.transform, parts.forest, parts.answering,
                                                 cells, row.time, row.lags));
  }
  const auto pipeline = Pipeline::load(Pipeline::encode(parts).value()).value();
  EXPECT_EQ(pipeline->explained(),
            (std::vector<std::string>{"temp", "sky", "wind", "cnt_lag_1", "_time"}));
  const auto explainer = ForestExplainer::make(parts.forest, Kernel::kScalar).value();
  for (const GoldenRow& row : parts.golden) {
    std::vector<double> by_feature(5), by_column(6);
    explainer.contributions(row.features, 1, by_feature);
    ASSERT_TRUE(pipeline->explain(decode_cells(row.cells).value(), row.time, row.lags, by_column));
    EXPECT_EQ(by_column, (std::vector<double>{by_feature[0] / 2, by_feature[2], by_feature[0] / 2,
                                              by_feature[1], by_feature[3], by_feature[4]}));
  }
}

}  // namespace
}  // namespace rondo::model
