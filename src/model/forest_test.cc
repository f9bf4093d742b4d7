// Forests score as LightGBM does: single nodes by hand for every missing rule and default, small
// models that LightGBM trained against its own answers, and every way of scoring against the
// others.
#include "model/forest.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <sstream>
#include <tuple>

#include "base/seed.h"
#include "model/forest_build.h"
#include "model/testing.h"
#include "stats/portable.h"

namespace rondo::model {
namespace {

#include "model/testdata/lightgbm.inc"

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kTiny = 1e-35F;

void expect_bits(std::span<const double> a, std::span<const double> b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i]))
        << what << ": " << a[i] << " and " << b[i] << " at " << i;
  }
}

double raw_of(const Forest& forest, std::vector<double> row) {
  double out = 0;
  forest.raw(row, {&out, 1});
  return out;
}

struct Decision {
  const char* rule;
  unsigned type;  // LightGBM's decision_type: default left is 2, missing rule 4 (zero) or 8 (NaN)
  double threshold, x;
  bool left;
};

TEST(Forest, EveryMissingRuleAndDefaultByHand) {
  const Decision rows[] = {
      {"none: compares", 0, 0.5, 0.5, true},
      {"none: above", 0, 0.5, 0.50000000000000011, false},
      {"none: NaN is 0", 0, 0.5, kNaN, true},
      {"none: NaN is 0, above -1", 0, -1, kNaN, false},
      {"none: NaN is 0 whatever the default", 2, -1, kNaN, false},
      {"none: what is nearly 0 is 0", 0, 0, kTiny, true},
      {"none: just beyond", 0, 0, std::nextafter(kTiny, 1), false},
      {"none: infinity is above", 0, 0.5, kInf, false},
      {"none: minus infinity is below", 0, 0.5, -kInf, true},
      {"zero, right: 0 is missing", 4, 0.5, 0, false},
      {"zero, right: -0 is missing", 4, 0.5, -0.0, false},
      {"zero, right: nearly 0 is missing", 4, 0.5, -kTiny, false},
      {"zero, right: NaN is missing", 4, 0.5, kNaN, false},
      {"zero, right: a number compares", 4, 0.5, 0.25, true},
      {"zero, left: 0 is missing", 6, -0.5, 0, true},
      {"zero, left: NaN is missing", 6, -0.5, kNaN, true},
      {"zero, left: a number compares", 6, -0.5, 0.25, false},
      {"NaN, right: NaN is missing", 8, 0.5, kNaN, false},
      {"NaN, right: 0 compares", 8, 0.5, 0, true},
      {"NaN, left: NaN is missing", 10, -0.5, kNaN, true},
      {"NaN, left: 0 compares", 10, -0.5, 0, false},
      {"NaN, right, endless cut: NaN still goes right", 8, kInf, kNaN, false},
      {"NaN, right, endless cut: infinity goes left", 8, kInf, kInf, true},
      {"NaN, left, endless cut: all go left", 10, kInf, kNaN, true},
  };
  for (const Decision& row : rows) {
    const auto forest = Forest::from_lightgbm(stump_text(row.type, row.threshold));
    ASSERT_TRUE(forest) << row.rule << ": " << forest.error().text();
    EXPECT_EQ(raw_of(*forest, {row.x}), row.left ? 1 : 2) << row.rule;
  }
}

TEST(Forest, CategoriesByHand) {
  // Categories 1, 3 and 33 go left.
  const std::string text =
      changed(changed(stump_text(1, 0), "num_cat=0", "num_cat=1"), "is_linear",
              "cat_boundaries=0 2\ncat_threshold=10 2\nis_linear");
  const auto forest = Forest::from_lightgbm(text);
  ASSERT_TRUE(forest) << forest.error().text();
  for (const double x : {1.0, 3.0, 33.0, 3.7, 1.999}) EXPECT_EQ(raw_of(*forest, {x}), 1) << x;
  for (const double x : {0.0, 2.0, 32.0, 34.0, 64.0, -1.0, -0.5, -1e10, 1e10, 2147483648.0,
                         4294967297.0, kNaN, kInf, -kInf}) {
    EXPECT_EQ(raw_of(*forest, {x}), 2) << x;
  }
}

TEST(Forest, AMixedTreeByHand) {
  // Tree 0: x0 <= .5 ? (x1 <= -.25, missing left ? (x2 in {0, 2, 33} ? 1 : .01)
  //                                              : (x3 <= 12.5 ? .1 : .001))
  //                  : (x0 <= .75 or missing ? .3 : 7); tree 1: 1000.
  const auto forest = Forest::from_lightgbm(mixed_text()).value();
  EXPECT_EQ(forest.trees(), 2U);
  EXPECT_EQ(forest.leaves(), 7U);
  EXPECT_EQ(raw_of(forest, {0, -1, 33, 0}), 1001);
  EXPECT_EQ(raw_of(forest, {0, 0, 1, 0}), 0.01 + 1000);
  EXPECT_EQ(raw_of(forest, {0, 1, 0, kNaN}), 0.1 + 1000);
  EXPECT_EQ(raw_of(forest, {0, 1, 0, 13}), 0.001 + 1000);
  EXPECT_EQ(raw_of(forest, {kNaN, 0, 0, 0}), 0.3 + 1000);
  EXPECT_EQ(raw_of(forest, {1, 0, 0, 0}), 1007);
  EXPECT_EQ(forest.split_counts(), (std::vector<std::uint64_t>{2, 1, 1, 1}));
  EXPECT_EQ(forest.category_counts(), (std::vector<std::uint64_t>{0, 0, 34, 0}));
  EXPECT_EQ(forest.cuts(),
            (std::vector<std::vector<double>>{{0.5, 0.75}, {-0.25}, {}, {12.5}}));
}

struct Fixture {
  const char* name;
  std::string_view text, rows;
};

TEST(Forest, EqualsWhatLightGBMAnswered) {
  const Fixture fixtures[] = {{"NaN missing", kNanModel, kNanRows},
                              {"zero missing, binary", kZeroModel, kZeroRows},
                              {"nothing missing", kNoneModel, kNoneRows},
                              {"three classes", kClassesModel, kClassesRows}};
  for (const Fixture& fixture : fixtures) {
    const auto forest = Forest::from_lightgbm(fixture.text);
    ASSERT_TRUE(forest) << fixture.name << ": " << forest.error().text();
    const std::size_t outputs = forest->outputs(), features = forest->features();
    std::istringstream rows{std::string(fixture.rows)};
    std::size_t count = 0;
    for (std::string word; rows >> word; ++count) {
      std::vector<double> values = {std::strtod(word.c_str(), nullptr)};
      while (values.size() < features + 2 * outputs && rows >> word) {
        values.push_back(std::strtod(word.c_str(), nullptr));
      }
      const std::span<const double> all(values);
      std::vector<double> raw(outputs);
      forest->raw(all.first(features), raw);
      expect_bits(raw, all.subspan(features, outputs), fixture.name);
      forest->link(raw);
      for (std::size_t i = 0; i < outputs; ++i) {
        const double want = all[features + outputs + i];
        EXPECT_NEAR(raw[i], want, 2 * (std::nextafter(std::fabs(want), kInf) - std::fabs(want)));
      }
    }
    EXPECT_EQ(count, 24U) << fixture.name;
  }
}

TEST(Forest, RowBatchAndReloadedGiveTheSameBits) {
  // 2,000 features take the walk without planes; 300 rows fill more than a block.
  for (const auto& [features, trees, leaves] :
       {std::tuple{5UL, 1UL, 1UL}, {5UL, 3UL, 2UL}, {9UL, 21UL, 40UL}, {30UL, 64UL, 300UL},
        {2000UL, 19UL, 200UL}}) {
    const Forest forest = random_forest({features, trees, leaves}, Seed{features});
    const std::vector<double> rows = random_rows(300 * features, Seed{8});
    std::vector<double> batch(300), single(300), again(300);
    forest.raw_batch(rows, 300, batch);
    const Forest reloaded = Forest::decode(forest.encode()).value();
    reloaded.raw_batch(rows, 300, again);
    for (std::size_t i = 0; i < 300; ++i) {
      forest.raw(std::span(rows).subspan(i * features, features), std::span(single).subspan(i, 1));
    }
    expect_bits(single, batch, "row and batch");
    expect_bits(again, batch, "reloaded and not");
    EXPECT_EQ(reloaded.encode(), forest.encode());
  }
}

TEST(Forest, AChainOfTheMostLeavesScoresWithoutRecursion) {
  ForestBuilder::Tree chain;
  const auto nodes = static_cast<std::int32_t>(kMostLeaves - 1);
  for (std::int32_t i = 0; i < nodes; ++i) {
    chain.feature.push_back(0);
    chain.rule.push_back(0);
    chain.default_left.push_back(0);
    chain.cut.push_back(i);
    chain.set.push_back(0);
    chain.left.push_back(~i);
    chain.right.push_back(i + 1 < nodes ? i + 1 : ~nodes);
    chain.leaves.push_back(i);
  }
  chain.leaves.push_back(nodes);
  auto builder = ForestBuilder::start({1, 1, Link::kIdentity, 1.0}).value();
  ASSERT_TRUE(builder.add(chain));
  const Forest forest = Forest::decode(builder.finish().value().encode()).value();
  for (const double x : {-1.0, 0.0, 7.5, 65533.0, 1e9}) {
    EXPECT_EQ(raw_of(forest, {x}), std::clamp(std::ceil(x), 0.0, 65534.0)) << x;
  }
}

TEST(Forest, HeadIsTheFirstIterations) {
  const auto all = Forest::from_lightgbm(kClassesModel).value();
  const Forest head = all.head(1);
  EXPECT_EQ(head.trees(), 3U);
  EXPECT_EQ(all.head(2).encode(), all.encode());
  EXPECT_EQ(all.head(99).encode(), all.encode());
  const auto reloaded = Forest::decode(head.encode());
  ASSERT_TRUE(reloaded) << reloaded.error().text();
  const double row[] = {0.3, -0.2, 7, 0.1};
  std::vector<double> a(3), b(3);
  head.raw(row, a);
  reloaded->raw(row, b);
  expect_bits(a, b, "head and reloaded head");
}

TEST(Forest, OwnExpIsWithinTwoUlpOfLibm) {
  Chance chance(Seed{4});
  for (int i = 0; i < 200'000; ++i) {
    const double wide = i % 2 == 0 ? 1490 : 10;
    const double x = (chance.uniform() - 0.5) * wide;
    const double want = std::exp(x);
    if (std::isinf(want)) {
      ASSERT_EQ(stats::portable_exp(x), want) << x;
    } else {
      const double ulp = std::nextafter(want, kInf) - want;
      ASSERT_LE(std::fabs(stats::portable_exp(x) - want), 2 * ulp) << x;
    }
  }
  EXPECT_EQ(stats::portable_exp(0), 1);
  EXPECT_EQ(stats::portable_exp(710), kInf);
  EXPECT_EQ(stats::portable_exp(kInf), kInf);
  EXPECT_EQ(stats::portable_exp(-kInf), 0);
  EXPECT_TRUE(std::isnan(stats::portable_exp(kNaN)));
  // The bits themselves, which no compiler or CPU may change.
  EXPECT_EQ(stats::portable_exp(1), 0x1.5bf0a8b145769p+1);
  EXPECT_EQ(stats::portable_exp(-0.3), 0x1.7b4c869c37c05p-1);
}

TEST(Forest, ProbabilitiesAddUpAndStayFinite) {
  const auto forest = Forest::from_lightgbm(kClassesModel).value();
  std::vector<double> scores = {1e308, 0, -1e308, 1, 2, 3};
  forest.link(scores);
  EXPECT_EQ(scores[0], 1);
  EXPECT_EQ(scores[2], 0);
  EXPECT_NEAR(scores[3] + scores[4] + scores[5], 1, 1e-15);
  EXPECT_NEAR(scores[5], 0.66524095577482178, 1e-15);  // e^3 / (e + e^2 + e^3)
}

}  // namespace
}  // namespace rondo::model
