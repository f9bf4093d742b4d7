// What the tests of this folder share: small models in LightGBM's text, and a small whole pipeline.
#pragma once

#include <string>

#include "base/seed.h"
#include "model/pipeline.h"

namespace rondo::model {

/// A tree of one node over feature 0 that answers 1 on the left and 2 on the right.
std::string stump_text(unsigned decision, double threshold);
/// Four features (the third by categories), two trees: every rule, both defaults, a set, a
/// constant.
std::string mixed_text();
/// The same with other numbers in place of `from`, which must be there.
std::string changed(std::string text, std::string_view from, std::string_view to);
/// Any forest: random splits of every kind, as lopsided as chance has it.
struct Shape {
  std::size_t features = 1, trees = 1, leaves = 2;
  std::size_t outputs = 1;
  double cuts = 8;  // a unit: the more, the more different ones
};
Forest random_forest(const Shape& shape, Seed seed);
/// Numbers near the cuts of such a forest, and strange ones.
std::vector<double> random_rows(std::size_t values, Seed seed);
/// Number, category, lag and time part in front of mixed_text(), with 40 golden rows.
Pipeline::Parts small_parts();

}  // namespace rondo::model
