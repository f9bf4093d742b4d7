// What the tests of this folder share: small models in LightGBM's text, and a small whole pipeline.
#pragma once

#include <string>

#include "model/pipeline.h"

namespace rondo::model {

/// A tree of one node over feature 0 that answers 1 on the left and 2 on the right.
std::string stump_text(unsigned decision, double threshold);
/// Four features (the third by categories), two trees: every rule, both defaults, a set, a
/// constant.
std::string mixed_text();
/// The same with other numbers in place of `from`, which must be there.
std::string changed(std::string text, std::string_view from, std::string_view to);
/// Number, category, lag and time part in front of mixed_text(), with 40 golden rows.
Pipeline::Parts small_parts();

}  // namespace rondo::model
