// A glance at models whose every answer can be written down.
#include "evaluate/sanity.h"

#include <gtest/gtest.h>

#include "model/forest_build.h"

namespace rondo::evaluate {
namespace {

using table::Side;

/// 2,000 rows of x and z, both 0..99; the first half train. Of training rows the label is what the
/// trees say, of test rows 3 less.
struct Glanced {
  model::Prepared prepared;
  model::Forest forest;
  model::Answering answering;
  Truth truth{model::Task::kRegression, 0, {}, {}};

  Glanced(double of_x, double of_z) {
    auto builder = model::ForestBuilder::start({.features = 2}).value();
    EXPECT_TRUE(builder.add({{0}, {2}, {0}, {50}, {0}, {~0}, {~1}, {0, of_x}}));
    EXPECT_TRUE(builder.add({{1}, {2}, {0}, {50}, {0}, {~0}, {~1}, {0, of_z}}));
    forest = builder.finish().value();
    table::Schema inputs;
    inputs.fields = {{"x", table::Type::kNumber}, {"z", table::Type::kNumber}};
    model::Step x, z;
    x.feature = "x";
    x.input = 0;
    z.feature = "z";
    z.input = 1;
    prepared.transform = model::Transform(inputs, {x, z}, {});
    Chance chance(Seed{9});
    for (int i = 0; i < 2'000; ++i) {
      const double row[] = {static_cast<double>(chance.below(100)),
                            static_cast<double>(chance.below(100))};
      double score = 0;
      forest.raw(row, {&score, 1});
      prepared.features.values.insert(prepared.features.values.end(), {row[0], row[1]});
      prepared.label.push_back(score + (i < 1'000 ? 0 : -3));
      prepared.side.push_back(i < 1'000 ? Side::kTrain : Side::kTest);
      if (i >= 1'000) truth.label.push_back(prepared.label.back());
    }
    prepared.features.rows = prepared.label.size();
    prepared.features.columns = 2;
  }
  Json told(const Answers& scores) const {
    const Probed probed{prepared, forest, truth, answering};
    return sanity_json(probed, Metric::kMae, 3, scores, robustness_json(probed, Seed{1}));
  }
};

TEST(Sanity, TheGapBetweenTrainingAndTestIsTold) {
  const Json told = Glanced(1, 1).told({1, 2});
  EXPECT_EQ(told.at("train"), (Json{{"rows", 1'000}, {"value", 0.0}}));
  EXPECT_EQ(told.at("test"), 3);
  EXPECT_FALSE(told.contains("constant"));
}

// With x missing, half of the answers rise by the step of its tree, where missing values go right,
// and the mean error of 3 grows by half of it; of z alike.
TEST(Sanity, AColumnThatCarriesTheModelIsNamed) {
  const Json told = Glanced(20, 1).told({1, 2});
  ASSERT_TRUE(told.contains("carried")) << told.dump();
  EXPECT_EQ(told.at("/carried/column"_json_pointer), "x");
  EXPECT_NEAR(told.at("/carried/share"_json_pointer).get<double>(), 20.0 / 21, 0.01);
  EXPECT_FALSE(Glanced(4, 1).told({1, 2}).contains("carried")) << "four fifths";
}

TEST(Sanity, AModelThatAnswersAllAlikeIsKeptOutInWords) {
  const Json told = Glanced(0, 0).told({0.25, 0.25, 0.25});
  EXPECT_EQ(not_sane(told, 1'234),
            std::vector<std::string>{"it answers all 1234 test rows alike (0.25), so it tells no "
                                     "row from another; look at what Data Preparation left of the "
                                     "columns"});
  EXPECT_TRUE(not_sane(Glanced(1, 1).told({0.25, 0.25, 0.26}), 3).empty());
}

}  // namespace
}  // namespace rondo::evaluate
