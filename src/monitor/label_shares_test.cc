// Labels that come for some answers only are told; labels that are merely few are not.
#include "monitor/label_shares.h"

#include <gtest/gtest.h>

#include "base/seed.h"

namespace rondo::monitor {
namespace {

model::Reference answers() {
  std::vector<double> answers;
  for (int i = 0; i < 4'000; ++i) answers.push_back((i + 0.5) / 4'000);
  model::Reference reference;
  model::add_answers(model::freeze_answers(answers, {}), reference);
  return reference;
}

/// A window whose answers have a label with the chance that `share` gives to their probability.
template <class Share>
Cohort window(Chance& chance, const Share& share, int rows = 2'000) {
  Cohort cohort;
  for (int i = 0; i < rows; ++i) {
    Judged row;
    row.score = chance.uniform();
    if (chance.uniform() < share(row.score)) row.label = 0;
    cohort.rows.push_back(row);
  }
  return cohort;
}

TEST(LabelShares, RefusedAnswersWithoutLabelsAreTold) {
  const model::Reference reference = answers();
  LabelShares shares(reference);
  EXPECT_TRUE(shares.summary().is_null());
  Chance chance(Seed{1});
  shares.add(window(chance, [](double score) { return score < 0.8 ? 0.9 : 0.1; }));
  const Json said = shares.summary();
  EXPECT_TRUE(said.at("uneven").get<bool>()) << said;
  ASSERT_EQ(said.at("groups").size(), 10U);
  EXPECT_GE(said.at("least").get<int>(), 8);
  EXPECT_LT(said.at("greatest").get<int>(), 8);
  EXPECT_TRUE(said.at("groups").at(0).at("from").is_null());
  EXPECT_NEAR(said.at("groups").at(0).at("to").get<double>(), 0.1, 0.01);
  EXPECT_NEAR(said.at("groups").at(9).at("rows").get<double>(), 200, 60);
  LabelShares back(reference);
  ASSERT_TRUE(back.read(shares.state()));
  EXPECT_EQ(back.summary(), said);
}

TEST(LabelShares, FewLabelsDrawnAlikeAreNot) {
  const model::Reference reference = answers();
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    LabelShares shares(reference);
    Chance chance(Seed{seed});
    for (int i = 0; i < 3; ++i) shares.add(window(chance, [](double) { return 0.05; }));
    EXPECT_FALSE(shares.summary().at("uneven").get<bool>()) << seed << shares.summary();
  }
}

TEST(LabelShares, WithoutTheLawOfAnswersThereIsNothingToSay) {
  const model::Reference reference;
  LabelShares shares(reference);
  Chance chance(Seed{1});
  shares.add(window(chance, [](double) { return 1.0; }));
  EXPECT_TRUE(shares.summary().is_null());
  EXPECT_TRUE(shares.read(shares.state()));
  EXPECT_FALSE(shares.read(Json::array({Json::array({1, 1})})));
}

}  // namespace
}  // namespace rondo::monitor
