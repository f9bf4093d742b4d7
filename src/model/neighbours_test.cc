// Neighbours against their definition, and that whatever takes a forest takes them: files, blends,
// explanations, costs.
#include "model/neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/seed.h"
#include "model/blend.h"
#include "model/compiled_forest.h"
#include "model/cost.h"
#include "model/explain.h"
#include "model/forest_build.h"

namespace rondo::model {
namespace {

using Column = Neighbours::Column;
constexpr double kGap = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kWidth = 3;  // two numbers, the second with gaps, and a category

const std::vector<Column>& near_columns() {
  static const std::vector<Column> made = {
      {.feature = 0, .center = 1, .scale = 2, .low = -5, .high = 7},
      {.feature = 1, .center = 0, .scale = 1, .low = -3, .high = 3},
      {.feature = 1, .kind = Column::Kind::kMissing},
      {.feature = 2, .kind = Column::Kind::kCode, .code = 0},
      {.feature = 2, .kind = Column::Kind::kCode, .code = 2},
  };
  return made;
}

std::vector<double> random_rows(std::size_t rows, std::uint64_t seed) {
  Chance chance(Seed{seed});
  std::vector<double> out;
  for (std::size_t i = 0; i < rows; ++i) {
    out.push_back(1 + 3 * chance.normal());
    out.push_back(chance.uniform() < 0.2 ? kGap : chance.normal());
    out.push_back(static_cast<double>(chance.below(4)));
  }
  return out;
}

struct Known {
  Neighbours::Parts parts;
  Link link = Link::kIdentity;
  std::size_t outputs = 1;
};

/// Of so many classes; 1: numbers.
Known known_rows(std::size_t rows, std::size_t classes, bool weights) {
  Chance chance(Seed{11});
  Known known;
  known.parts.k = 7;
  known.parts.columns = near_columns();
  const std::vector<double> features = random_rows(rows, 5);
  for (std::size_t i = 0; i < rows; ++i) {
    for (const Column& column : near_columns()) {
      known.parts.values.push_back(column.value(features[i * kWidth + column.feature]));
    }
    known.parts.answers.push_back(classes == 1 ? chance.normal()
                                               : static_cast<double>(chance.below(classes)));
    if (weights) known.parts.weights.push_back(0.1 + 0.9 * chance.uniform());
  }
  known.link = classes == 1 ? Link::kIdentity : classes == 2 ? Link::kSigmoid : Link::kSoftmax;
  known.outputs = classes > 2 ? classes : 1;
  known.parts.mean.assign(known.outputs, 0.25);
  return known;
}

Result<Forest> forest_of(const Known& known, double weight = 1) {
  ForestBuilder builder = TRY(ForestBuilder::start({kWidth, known.outputs, known.link, 1.0}));
  for (std::size_t i = 0; i < known.outputs; ++i) {
    TRY(builder.add({{}, {}, {}, {}, {}, {}, {}, {0}, {40}}));
  }
  TRY(builder.add_neighbours(known.parts, weight));
  return builder.finish();
}

/// By sorting all rows.
std::vector<double> by_definition(const Known& known, std::span<const double> row) {
  const Neighbours::Parts& parts = known.parts;
  const std::size_t columns = parts.columns.size();
  std::vector<std::pair<float, std::size_t>> order;
  for (std::size_t i = 0; i < parts.answers.size(); ++i) {
    float distance = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const float apart = parts.values[i * columns + c] -
                          parts.columns[c].value(row[parts.columns[c].feature]);
      distance += apart * apart;
    }
    order.emplace_back(distance, i);
  }
  std::ranges::sort(order);
  const auto weight = [&](std::size_t i) { return parts.weights.empty() ? 1 : parts.weights[i]; };
  const std::size_t classes = known.link == Link::kIdentity ? 1 : std::max<std::size_t>(
                                                                      known.outputs, 2);
  std::vector<double> sums(classes), shares(classes, 1);
  double all = 0, mean_weight = 0;
  const auto rows = static_cast<double>(parts.answers.size());
  for (std::size_t i = 0; i < parts.answers.size(); ++i) {
    mean_weight += weight(i) / rows;
    if (classes > 1) shares[static_cast<std::size_t>(parts.answers[i])] += 1;
  }
  for (std::size_t n = 0; n < parts.k; ++n) {
    const std::size_t i = order[n].second;
    all += weight(i);
    if (classes == 1) sums[0] += weight(i) * parts.answers[i];
    else sums[static_cast<std::size_t>(parts.answers[i])] += weight(i);
  }
  if (classes == 1) return {sums[0] / all};
  std::vector<double> out;
  for (std::size_t c = 0; c < classes; ++c) {
    const double share = shares[c] / (rows + static_cast<double>(classes));
    out.push_back(std::log((sums[c] + mean_weight * share) / (all + mean_weight)));
  }
  return classes == 2 ? std::vector<double>{out[1] - out[0]} : out;
}

TEST(Neighbours, AnswerByDefinitionAloneAndTogether) {
  for (const std::size_t classes : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
    for (const bool weights : {false, true}) {
      const Known known = known_rows(333, classes, weights);
      const Forest forest = forest_of(known).value();
      const std::vector<double> asked = random_rows(50, 99);
      for (const Kernel kernel : supported_kernels()) {
        const CompiledForest compiled(forest, kernel);
        std::vector<double> batch(50 * known.outputs), one(known.outputs);
        compiled.raw_batch(asked, 50, batch);
        for (std::size_t i = 0; i < 50; ++i) {
          const auto row = std::span(asked).subspan(i * kWidth, kWidth);
          const std::vector<double> want = by_definition(known, row);
          compiled.raw(row, one);
          for (std::size_t k = 0; k < known.outputs; ++k) {
            EXPECT_NEAR(one[k], want[k], 1e-12) << classes << name_of(kernel) << i;
            EXPECT_EQ(std::bit_cast<std::uint64_t>(one[k]),
                      std::bit_cast<std::uint64_t>(batch[i * known.outputs + k]));
          }
        }
      }
    }
  }
}

TEST(Neighbours, TheEarlierRowWinsATie) {
  Known known = known_rows(200, 1, false);
  std::ranges::fill(known.parts.values, 0.5F);  // all rows are the same
  for (std::size_t i = 0; i < 200; ++i) known.parts.answers[i] = static_cast<double>(i);
  const Forest forest = forest_of(known).value();
  double answer = 0;
  forest.raw(std::vector<double>{0, 0, 0}, {&answer, 1});
  EXPECT_EQ(answer, 3) << "the mean of 0 to 6";

  // Row 5 takes the place of row 4, and gives it up for row 6: row 3 is as near and earlier.
  known.parts.k = 5;
  known.parts.columns.resize(1);
  known.parts.values = {1, 1, 1, 2, 3, 2, 1};
  known.parts.answers = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
  answer = 0;
  forest_of(known).value().raw(std::vector<double>{1, 0, 0}, {&answer, 1});
  EXPECT_EQ(answer, (1 + 10 + 100 + 1e3 + 1e6) / 5);
}

TEST(Neighbours, EveryKernelMeasuresTheSameDistances) {
  Chance chance(Seed{3});
  for (const std::size_t columns : {1, 2, 17, 256}) {
    std::vector<float> block(columns * kNearRows), row(columns), want(kNearRows), got(kNearRows);
    for (float& x : block) x = static_cast<float>(chance.normal());
    for (float& x : row) x = static_cast<float>(chance.normal());
    for (std::size_t i = 0; i < kNearRows; ++i) {
      for (std::size_t c = 0; c < columns; ++c) {
        const float apart = block[c * kNearRows + i] - row[c];
        want[i] += apart * apart;
      }
    }
    for (const Kernel kernel : supported_kernels()) {
      const float least = near_distances_by(kernel)(block.data(), row.data(), columns, got.data());
      EXPECT_EQ(got, want) << name_of(kernel) << columns;
      EXPECT_EQ(least, *std::ranges::min_element(want)) << name_of(kernel);
    }
  }
}

TEST(Neighbours, ColumnsAreWhatTheySay) {
  const Column number = near_columns()[0], missing = near_columns()[2], code = near_columns()[4];
  EXPECT_EQ(number.value(3), 1.0F);
  EXPECT_EQ(number.value(1e300), 3.0F) << "held at its end";
  EXPECT_EQ(number.value(kGap), 0.0F);
  EXPECT_EQ(missing.value(kGap), 1.0F);
  EXPECT_EQ(missing.value(0), 0.0F);
  const float two = code.value(2);
  EXPECT_NEAR(2 * two * two, 1, 1e-6) << "two categories are 1 apart";
  EXPECT_EQ(code.value(2.9), two) << "truncated, as sets are asked";
  EXPECT_EQ(code.value(3), 0.0F);
  EXPECT_EQ(code.value(kGap), 0.0F);
  EXPECT_EQ(near_columns()[3].value(-0.5), two) << "as sets have it";
  EXPECT_EQ(near_columns()[3].value(-1), 0.0F);
}

TEST(Neighbours, ComeBackFromTheirBytesAndNothingElseDoes) {
  const Known known = known_rows(60, 2, true);
  const Forest forest = forest_of(known, 0.5).value();
  const std::string bytes = forest.encode();
  const Forest back = Forest::decode(bytes).value();
  ASSERT_EQ(back.neighbours().size(), 1U);
  EXPECT_EQ(back.neighbours()[0].rows->parts(), known.parts);
  EXPECT_EQ(back.neighbours()[0].weight, 0.5);
  EXPECT_EQ(back.encode(), bytes);
  EXPECT_EQ(bytes[0], 10) << "a layout that an older program does not know";
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(Forest::decode(bytes.substr(0, length))) << length;
  }
  EXPECT_FALSE(Forest::decode(bytes + "x"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {  // another forest, or none
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 0x80);
    const auto read = Forest::decode(other);
    if (read) {
      EXPECT_EQ(read->encode(), other) << i;
    }
  }
}

TEST(Neighbours, WhatCannotBeIsRefused) {
  const auto changed = [](auto change, std::size_t classes = 3) {
    Known known = known_rows(60, classes, true);
    change(known.parts);
    return forest_of(known).has_value();
  };
  using Parts = Neighbours::Parts;
  EXPECT_TRUE(changed([](Parts&) {}));
  EXPECT_FALSE(changed([](Parts& p) { p.k = 4; }));
  EXPECT_FALSE(changed([](Parts& p) { p.k = 51; }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns.clear(); }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns[0].feature = 3; }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns[0].scale = 0; }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns[0].scale = 1e-9; })) << "floats would overflow";
  EXPECT_FALSE(changed([](Parts& p) { p.columns[0].high = -6; }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns[0].code = 1; }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns[3].low = 1; }));
  EXPECT_FALSE(changed([](Parts& p) { p.columns[3].code = 65'535; }));
  EXPECT_FALSE(changed([](Parts& p) { p.values.pop_back(); }));
  EXPECT_FALSE(changed([](Parts& p) { p.values[0] = std::numeric_limits<float>::quiet_NaN(); }));
  EXPECT_FALSE(changed([](Parts& p) { p.answers[0] = 3; })) << "there is no such class";
  EXPECT_FALSE(changed([](Parts& p) { p.answers[0] = 0.5; }));
  EXPECT_FALSE(changed([](Parts& p) { p.answers[0] = kGap; }, 1));
  EXPECT_FALSE(changed([](Parts& p) { p.weights[0] = 0; }));
  EXPECT_FALSE(changed([](Parts& p) { p.weights.pop_back(); }));
  EXPECT_FALSE(changed([](Parts& p) { p.mean.pop_back(); }));
  EXPECT_FALSE(changed([](Parts& p) { p.mean[0] = kGap; }));
  Known known = known_rows(60, 1, false);
  EXPECT_FALSE(forest_of(known, 0));
  known.link = Link::kExp;
  EXPECT_FALSE(forest_of(known)) << "a mean is no logarithm";
}

TEST(Neighbours, BlendAndAreExplainedByOneTerm) {
  ForestBuilder builder = ForestBuilder::start({kWidth, 1, Link::kSigmoid, 1.0}).value();
  ASSERT_TRUE(builder.add({{0}, {2}, {1}, {0.0}, {0}, {~0}, {~1}, {-1, 1}, {30, 10}}));
  const Forest trees = builder.finish().value();
  const Forest near = forest_of(known_rows(60, 2, false)).value();
  const Weighted members[] = {{&trees, 0.25}, {&near, 0.75}};
  const Forest both = blend(members).value();
  EXPECT_EQ(both.text(), "2 trees and 7 neighbours among 60 rows");
  EXPECT_EQ(near.text(), "7 neighbours among 60 rows");
  EXPECT_EQ(both.category_counts(), (std::vector<std::uint64_t>{0, 0, 3}));
  EXPECT_EQ(near.cuts()[1], (std::vector<double>{-3, 3}));
  EXPECT_EQ(both.head(1).neighbours().size(), 1U);
  EXPECT_FALSE(side_by_side(std::vector{near, near}));
  const auto explainer = ForestExplainer::make(both, Kernel::kScalar).value();
  ASSERT_EQ(explainer.columns(), kWidth + 1);
  const std::vector<double> rows = random_rows(20, 8);
  std::vector<double> parts(20 * (kWidth + 2));
  explainer.contributions(rows, 20, parts);
  for (std::size_t i = 0; i < 20; ++i) {
    const auto row = std::span(rows).subspan(i * kWidth, kWidth);
    double sum = 0, of_near = 0;
    both.raw(row, {&sum, 1});
    near.raw(row, {&of_near, 1});
    const double* const p = parts.data() + i * (kWidth + 2);
    EXPECT_NEAR(p[0] + p[1] + p[2] + p[3] + p[4], sum, 1e-12);
    EXPECT_NEAR(p[3], 0.75 * (of_near - 0.25), 1e-12);
    EXPECT_NEAR(p[4], 0.25 * -0.5 + 0.75 * 0.25, 1e-12) << "the base";
  }
}

TEST(Neighbours, CostWhatTheyKeep) {
  const ForestShape shape = shape_of(forest_of(known_rows(60, 2, false)).value());
  EXPECT_EQ(shape.stored_rows, 60U);
  EXPECT_EQ(shape.stored_columns, 5U);
  ForestShape large{1, 1, 20, 0, 20'000, 20};
  EXPECT_GT(predicted_bytes(large), 1.6e6);
  for (const std::size_t columns : {4, 20, 256}) {
    large.stored_rows = rows_within(20, columns);
    large.stored_columns = columns;
    EXPECT_NEAR(predicted_row_us(large) - predicted_row_us({1, 1, 20}), 20, 0.1) << columns;
  }
  EXPECT_EQ(rows_within(1e9, 1), Neighbours::kMostRows);
  EXPECT_EQ(rows_within(0, 1), 0U);
}

}  // namespace
}  // namespace rondo::model
