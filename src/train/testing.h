// What the tests of this folder share: prepared data that is generated or read from the example
// bikes. For tests only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/prepared.h"

namespace rondo::train {

struct LightgbmLibrary;
/// Of lightgbm_library.h, which tests cannot include: LightGBM's header is seen by its folder only.
Result<std::shared_ptr<const LightgbmLibrary>> load_lightgbm(
    const std::vector<std::string>& places);

struct Recipe {
  model::Task task = model::Task::kRegression;
  std::size_t rows = 1'000;
  std::size_t classes = 3;     // multiclass
  std::size_t categories = 60;  // codes of the feature "kind"
  double missing = 0.1;
  bool clock = true;           // a row an hour; otherwise split by a hash
  double test_share = 0.2;
  std::uint64_t seed = 1;
};

/// Features: two numbers with missing values, one that is often 0, one without gaps, a category.
model::Prepared generated(const Recipe& recipe);
/// Rows of the example bikes, hour by hour, with the counts 48 h and 168 h before. Weather and hour
/// are categories.
model::Prepared bikes();
/// Every feature is 1.
model::Prepared constant_features(std::size_t rows);

}  // namespace rondo::train
