// The small models and the small pipeline that the tests of this folder share.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/check.h"
#include "base/seed.h"
#include "model/forest_build.h"
#include "model/testing.h"

namespace rondo::model {
namespace {

constexpr std::string_view kHeader =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
    "max_feature_idx={}\nobjective=regression\nfeature_names=a\nfeature_infos=none\n\n";

Cell number(double x) { return {Cell::Kind::kNumber, x, {}}; }

Transform small_transform() {
  table::Schema inputs;
  inputs.fields = {{"temp", table::Type::kNumber}, {"sky", table::Type::kCategory}};
  std::vector<Step> steps(4);
  steps[0].feature = "temp";
  steps[0].input = 0;
  steps[1].kind = Step::Kind::kLag;
  steps[1].feature = "cnt_lag_1";
  steps[2].kind = Step::Kind::kCategory;
  steps[2].feature = "sky";
  steps[2].input = 1;
  for (int i = 0; i < 34; ++i) steps[2].categories.push_back(fmt::format("sky {}", i));
  steps[3].kind = Step::Kind::kTimePart;
  steps[3].feature = "hour";
  HistorySpec history;
  history.series = {"cnt"};
  history.lags = {{0, Span{}, 1, "cnt_lag_1"}};
  return Transform(inputs, steps, history);
}

Reference small_reference() {
  table::ColumnBuilder temp(table::Type::kNumber), count(table::Type::kNumber);
  for (int i = 0; i < 50; ++i) {
    temp.number(i * 0.5);
    count.number(i % 7);
  }
  const table::Table rows({{{"temp", table::Type::kNumber}, {"cnt", table::Type::kNumber}}},
                          {temp.finish(), count.finish()});
  const std::string inputs[] = {"temp"};
  return freeze(rows, inputs, "cnt", {});
}

}  // namespace

std::string stump_text(unsigned decision, double threshold) {
  return fmt::format(kHeader, 0) +
         fmt::format("Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold={:.17g}\n"
                     "decision_type={}\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n"
                     "is_linear=0\nshrinkage=1\n\n\nend of trees\n",
                     threshold, decision);
}

std::string mixed_text() {
  return fmt::format(kHeader, 3) +
         "Tree=0\nnum_leaves=6\nnum_cat=1\nsplit_feature=0 1 2 3 0\n"
         "threshold=0.5 -0.25 0 12.5 0.75\ndecision_type=8 6 9 0 10\n"
         "left_child=1 2 -1 -2 -5\nright_child=4 3 -3 -4 -6\n"
         "leaf_value=1 0.1 0.01 0.001 0.3 7\n"
         "cat_boundaries=0 2\ncat_threshold=5 2\nis_linear=0\nshrinkage=0.1\n\n"
         "Tree=1\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nthreshold=\ndecision_type=\n"
         "left_child=\nright_child=\nleaf_value=1000\nis_linear=0\nshrinkage=1\n\n"
         "end of trees\n\nfeature_importances:\na=1\n";
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  CHECK(at != std::string::npos, "the text to change is there");
  return text.replace(at, from.size(), to);
}

namespace {

/// A tree that grows at random ends.
ForestBuilder::Tree random_tree(const Shape& shape, Chance& chance, ForestBuilder& builder) {
  ForestBuilder::Tree tree;
  tree.leaves.push_back(chance.normal());
  std::vector<std::int32_t*> ends;
  tree.left.reserve(shape.leaves);
  tree.right.reserve(shape.leaves);
  for (std::size_t n = 0; n + 1 < shape.leaves; ++n) {
    const std::uint32_t words[] = {static_cast<std::uint32_t>(chance.next()), 9};
    tree.feature.push_back(static_cast<std::uint32_t>(chance.below(shape.features)));
    const bool set = tree.feature.back() % 7 == 6;
    tree.rule.push_back(static_cast<std::uint8_t>(set ? 3 : chance.below(3)));
    tree.default_left.push_back(static_cast<std::uint8_t>(chance.below(2)));
    tree.cut.push_back(std::round(chance.normal() * shape.cuts) / shape.cuts);
    tree.set.push_back(set ? builder.add_set(words).value() : 0);
    const auto leaf = static_cast<std::int32_t>(tree.leaves.size());
    tree.leaves.push_back(chance.normal());
    tree.left.push_back(n == 0 ? ~0 : 0);
    tree.right.push_back(~leaf);
    if (n > 0) {
      std::int32_t* const end = ends[chance.below(ends.size())];
      tree.left.back() = *end;
      *end = static_cast<std::int32_t>(n);
    }
    std::erase_if(ends, [](const std::int32_t* end) { return *end >= 0; });
    ends.push_back(&tree.left.back());
    ends.push_back(&tree.right.back());
  }
  return tree;
}

}  // namespace

Forest random_forest(const Shape& shape, Seed seed) {
  Chance chance(seed);
  const Link link = shape.outputs > 1 ? Link::kSoftmax : Link::kIdentity;
  auto builder = ForestBuilder::start({shape.features, shape.outputs, link, 1.0}).value();
  for (std::size_t t = 0; t < shape.trees; ++t) {
    EXPECT_TRUE(builder.add(random_tree(shape, chance, builder)));
  }
  return builder.finish().value();
}

std::vector<double> random_rows(std::size_t values, Seed seed) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity(), kTiny = 1e-35F;
  Chance chance(seed);
  const double strange[] = {kNaN,   0,      -0.0, kInf, -kInf, kTiny,
                            -kTiny, 5e-324, 33,   3.7,  -0.5,  1e300};
  std::vector<double> out;
  for (std::size_t i = 0; i < values; ++i) {
    out.push_back(chance.below(3) == 0 ? strange[chance.below(std::size(strange))]
                                       : std::round(chance.normal() * 8) / 8);
  }
  return out;
}

Pipeline::Parts small_parts() {
  Pipeline::Parts parts;
  parts.target = "cnt";
  parts.transform = small_transform();
  parts.forest = Forest::from_lightgbm(mixed_text()).value();
  parts.reference = small_reference();
  parts.provenance = {{"seed", 1}};
  Chance chance(Seed{3});
  for (int i = 0; i < 40; ++i) {
    const std::string sky = fmt::format("sky {}", i);  // the last six are unseen
    const Cell cells[] = {i % 5 == 0 ? Cell{} : number(chance.normal()),
                          i % 7 == 0 ? Cell{} : Cell{Cell::Kind::kText, 0, sky}};
    const double lags[] = {i % 3 == 0 ? 0.0 : chance.normal()};
    parts.golden.push_back(Pipeline::make_golden(parts.transform, parts.forest, parts.answering,
                                                 cells, Time{} + Span::hours(i), lags));
  }
  return parts;
}

TEST(Testing, TheSmallPipelineReachesEveryLeaf) {
  std::set<double> answers;
  for (const GoldenRow& row : small_parts().golden) answers.insert(row.answer[0]);
  EXPECT_EQ(answers.size(), 6U);
}

}  // namespace rondo::model
