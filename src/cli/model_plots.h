// Pictures of a model's page, as SVG inside of it. Places are rounded to tenths, so the same card
// gives the same bytes on every machine.
#pragma once

#include <string>

#include "io/json.h"

namespace rondo::cli {

/// The curve of evaluate/curves.h: ROC, answers beside truth, or a table of classes.
std::string curve_picture(const Json& curve);
/// What was said beside what came, with intervals (evaluate/detail.h).
std::string reliability_picture(const Json& reliability);
/// Gain over each rival with its interval, zero in the middle.
std::string gains_picture(const Json& rivals);
/// Mean contribution of each feature as a bar; the 20 greatest.
std::string reasons_picture(const Json& reasons);
/// The loss of each candidate in the order of trying, and the best so far as a line.
std::string search_picture(const Json& tried);

}  // namespace rondo::cli
