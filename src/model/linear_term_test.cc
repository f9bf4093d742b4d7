// Linear terms by hand, and that whatever takes a forest takes them: kernels, files, blends,
// explanations, costs.
#include "model/linear_term.h"

#include <gtest/gtest.h>

#include <limits>

#include "model/blend.h"
#include "model/compiled_forest.h"
#include "model/cost.h"
#include "model/explain.h"
#include "model/forest_build.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

LinearTerm straight(std::uint32_t feature, double slope) {
  return {.feature = feature, .slope = slope, .center = 1, .low = -4, .high = 6, .missing = 0.5,
          .mean = 0.25};
}
LinearTerm category(std::uint32_t feature) {
  return {.feature = feature, .missing = -1, .mean = 2, .by_code = {10, 20, 30}};
}

/// One split of feature 0 at 0: -1 or 1; behind it the terms.
Result<Forest> forest_with(const std::vector<LinearTerm>& terms) {
  ForestBuilder builder = TRY(ForestBuilder::start({3, 1, Link::kIdentity, 1.0}));
  TRY(builder.add({{0}, {2}, {1}, {0.0}, {0}, {~0}, {~1}, {-1, 1}, {30, 10}}));
  for (const LinearTerm& term : terms) TRY(builder.add_term(term));
  return builder.finish();
}

TEST(LinearTerm, IsWhatItSays) {
  const LinearTerm line = straight(0, 2);
  EXPECT_EQ(line.value(3), 4);
  EXPECT_EQ(line.value(6), 10);
  EXPECT_EQ(line.value(kInfinite), 10);
  EXPECT_EQ(line.value(-kInfinite), -10);
  EXPECT_EQ(line.value(kAbsent), 0.5);
  const LinearTerm codes = category(0);
  EXPECT_EQ(codes.value(0), 10);
  EXPECT_EQ(codes.value(2), 30);
  EXPECT_EQ(codes.value(2.9), 30) << "truncated, as sets are asked";
  EXPECT_EQ(codes.value(3), 0);
  EXPECT_EQ(codes.value(-1), 0);
  EXPECT_EQ(codes.value(kAbsent), -1);
  EXPECT_EQ(scaled(line, 0.5).value(3), 2);
  EXPECT_EQ(scaled(codes, 0.5).value(1), 10);
  EXPECT_EQ(scaled(codes, 0.5).mean, 1);
}

TEST(LinearTerm, EveryKernelAddsThemBehindTheTrees) {
  const Forest forest = forest_with({straight(1, 2), category(2)}).value();
  const std::vector<double> rows = {-5, 3, 1, 5, kAbsent, kAbsent, kAbsent, 100, 7};
  const std::vector<double> want = {-1 + 4 + 20, 1 + 0.5 - 1, -1 + 10 + 0};
  for (const Kernel kernel : supported_kernels()) {
    const CompiledForest compiled(forest, kernel);
    std::vector<double> batch(3);
    compiled.raw_batch(rows, 3, batch);
    EXPECT_EQ(batch, want) << name_of(kernel);
    for (std::size_t i = 0; i < 3; ++i) {
      double one = 0;
      compiled.raw(std::span(rows).subspan(3 * i, 3), {&one, 1});
      EXPECT_EQ(one, want[i]) << name_of(kernel) << i;
    }
  }
  EXPECT_EQ(forest.category_counts(), (std::vector<std::uint64_t>{0, 0, 3}));
  EXPECT_EQ(forest.cuts()[1], (std::vector<double>{-4, 6}));
  EXPECT_EQ(forest.head(1).terms(), forest.terms());
}

TEST(LinearTerm, ComesBackFromItsBytesAndNothingElseDoes) {
  const Forest forest = forest_with({straight(1, 2), category(2)}).value();
  const std::string bytes = forest.encode();
  const Forest back = Forest::decode(bytes).value();
  EXPECT_EQ(back.terms(), forest.terms());
  EXPECT_EQ(back.encode(), bytes);
  const std::string plain = forest_with({}).value().encode();
  EXPECT_TRUE(bytes.substr(4).starts_with(plain.substr(4))) << "they stand behind all else";
  for (std::size_t length = plain.size(); length < bytes.size(); ++length) {
    EXPECT_FALSE(Forest::decode(bytes.substr(0, length))) << length;
  }
  EXPECT_FALSE(Forest::decode(bytes + "x"));
  std::string none = bytes.substr(0, plain.size()) + std::string(4, '\0');
  EXPECT_FALSE(Forest::decode(none)) << "a layout with terms has some";
}

TEST(LinearTerm, WhatCannotBeIsRefused) {
  const auto changed = [](auto change) {
    LinearTerm term = straight(1, 2);
    change(term);
    return forest_with({term}).has_value();
  };
  EXPECT_TRUE(changed([](LinearTerm&) {}));
  EXPECT_FALSE(changed([](LinearTerm& t) { t.feature = 3; }));
  EXPECT_FALSE(changed([](LinearTerm& t) { t.output = 1; }));
  EXPECT_FALSE(changed([](LinearTerm& t) { t.slope = kAbsent; }));
  EXPECT_FALSE(changed([](LinearTerm& t) { t.slope = 1e308; })) << "its ends are infinite";
  EXPECT_FALSE(changed([](LinearTerm& t) { t.high = -5; }));
  EXPECT_FALSE(changed([](LinearTerm& t) { t.by_code = {1}; })) << "a number and a category";
  LinearTerm codes = category(2);
  codes.by_code[1] = kInfinite;
  EXPECT_FALSE(forest_with({codes}));
  codes.by_code.assign(kMostTermCodes + 1, 1);
  EXPECT_FALSE(forest_with({codes}));
}

TEST(LinearTerm, BlendsAndIsExplained) {
  const Forest a = forest_with({straight(1, 2)}).value(), b = forest_with({category(2)}).value();
  const Weighted members[] = {{&a, 0.25}, {&b, 0.75}};
  const Forest both = blend(members).value();
  const double by[] = {100.0};
  const Forest moved = shifted(both, by).value();
  const auto explainer = ForestExplainer::make(both, Kernel::kScalar).value();
  for (const std::vector<double>& row : {std::vector<double>{-5, 3, 1}, {5, kAbsent, kAbsent}}) {
    double of_a = 0, of_b = 0, sum = 0, there = 0;
    a.raw(row, {&of_a, 1});
    b.raw(row, {&of_b, 1});
    both.raw(row, {&sum, 1});
    moved.raw(row, {&there, 1});
    EXPECT_DOUBLE_EQ(sum, 0.25 * of_a + 0.75 * of_b);
    EXPECT_DOUBLE_EQ(there, sum + 100);
    std::vector<double> parts(4);
    explainer.contributions(row, 1, parts);
    EXPECT_NEAR(parts[0] + parts[1] + parts[2] + parts[3], sum, 1e-12);
    EXPECT_NEAR(parts[1], 0.25 * (a.terms()[0].value(row[1]) - 0.25), 1e-12);
    // -1 in 30 of 40 rows, 1 in 10; and the means of the terms.
    EXPECT_NEAR(parts[3], -0.5 + 0.25 * 0.25 + 0.75 * 2, 1e-12);
  }
}

TEST(LinearTerm, ForestsSayWhatTheyAreMadeOf) {
  EXPECT_EQ(forest_with({}).value().text(), "1 tree");
  EXPECT_EQ(forest_with({straight(1, 2), category(2)}).value().text(),
            "1 tree and a linear model of 2 terms");
  ForestBuilder builder = ForestBuilder::start({3, 1, Link::kIdentity, 1.0}).value();
  ASSERT_TRUE(builder.add({{}, {}, {}, {}, {}, {}, {}, {7}, {40}}));
  ASSERT_TRUE(builder.add_term(straight(1, 2)));
  EXPECT_EQ(builder.finish().value().text(), "a linear model of 1 term");
}

TEST(LinearTerm, Costs) {
  EXPECT_GT(predicted_row_us({1, 1, 5, 100}), predicted_row_us({1, 1, 5}));
  EXPECT_GT(predicted_bytes({1, 1, 5, 100}), predicted_bytes({1, 1, 5}));
}

}  // namespace
}  // namespace rondo::model
