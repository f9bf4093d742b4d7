// What an imported model is compared with: rows that stand at every place where it decides, and a
// second reading that must agree in every bit. The models were saved by the libraries themselves.
#include "deploy/import.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "io/fs.h"
#include "model/xgboost_walk.h"

namespace rondo::deploy {
namespace {

std::string foreign_file(const std::string& name) {
  const std::string path = std::string(RONDO_SOURCE_DIR) + "/tests/data/foreign/" + name;
  return io::real_fs()->read(path).value();
}

struct Asked {
  Import import;
  std::string bytes;
  std::vector<double> features;  // of the rows that were compared

  explicit Asked(const std::string& name) : bytes(foreign_file(name)) {
    import.model = model::read_foreign(bytes).value();
  }
  /// `change` is done to the scores of the second reading.
  Result<Imported> run(const std::function<void(std::vector<double>&)>& change = {}) {
    return import_model(import, {"the other", [&](std::span<const double> rows) {
                                   features.assign(rows.begin(), rows.end());
                                   const model::Forest& forest = import.model.forest;
                                   auto walk = model::walk_xgboost(bytes, forest.features(),
                                                                   forest.outputs(), rows);
                                   if (change) change(walk->sums);
                                   return Result<std::vector<double>>(std::move(walk->sums));
                                 }});
  }
};

TEST(Import, ASecondReadingAgreesInEveryBit) {
  for (const char* name : {"xgboost_regression.json", "xgboost_regression.ubj",
                           "xgboost_binary.json", "xgboost_multiclass.json",
                           "xgboost_multiclass.ubj", "xgboost_poisson.json"}) {
    const auto made = Asked(name).run();
    ASSERT_TRUE(made) << name << ": " << made.error().text();
    EXPECT_GE(made->by_other, 1000U) << name;
  }
}

TEST(Import, OneBitOfDifferenceRefuses) {
  Asked asked("xgboost_multiclass.json");
  const auto made = asked.run([](std::vector<double>& sums) {
    sums[3 * 700 + 1] = std::nextafter(sums[3 * 700 + 1], 100);
  });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kConflict);
  EXPECT_NE(made.error().text().find("row 700 of those drawn"), std::string::npos)
      << made.error().text();
  EXPECT_NE(made.error().text().find("the other says"), std::string::npos);
}

TEST(Import, RowsStandAtEachCutItsNeighboursEachCategoryAndWhereNothingIs) {
  Asked asked("xgboost_regression.json");
  ASSERT_TRUE(asked.run());
  const std::size_t width = asked.import.model.forest.features();
  const auto cuts = asked.import.model.forest.cuts();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<std::set<double>> seen(width);
  std::vector<bool> missing(width);
  for (std::size_t i = 0; i < asked.features.size(); ++i) {
    const double x = asked.features[i];
    if (std::isnan(x)) missing[i % width] = true;
    else seen[i % width].insert(x);
  }
  std::size_t looked = 0;
  for (std::size_t i = 0; i < width; ++i) {
    EXPECT_TRUE(missing[i]) << i;
    for (const double cut : asked.import.model.is_category[i] ? std::vector<double>() : cuts[i]) {
      const double below = std::nextafter(cut, -kInfinity), above = std::nextafter(cut, kInfinity);
      for (const double x : {below, cut, above}) {
        EXPECT_TRUE(seen[i].contains(x)) << "feature " << i << " at " << x;
        ++looked;
      }
    }
  }
  EXPECT_GT(looked, 50U);
  EXPECT_EQ(seen[3], (std::set<double>{0, 1, 2, 3})) << "the skies; one that is unseen is missing";
}

}  // namespace
}  // namespace rondo::deploy
