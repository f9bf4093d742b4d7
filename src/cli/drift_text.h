// A drift report as text for a terminal, and as a page with pictures. Pure: what loop/drift_view.h
// says in, text out.
#pragma once

#include <string>

#include "io/json.h"

namespace rondo::cli {

/// The sentence that says it all, the table of columns, the numbers behind those that moved.
std::string drift_text(const Json& drift, bool color);
/// "3 of 20 columns moved, first hours_per_week; gone: x".
std::string drift_sentence(const Json& drift);
/// By what it was measured, in one line.
std::string drift_basis(const Json& drift);
/// "0.1234" of a distance, "2.1e-08" of a p-value, "-" of what was not measured.
std::string distance_text(const Json& column);
/// "mean 40.4 to 52.1", or the value whose share changed most.
std::string change_text(const Json& column);
/// Self-contained HTML: both files laid over each other, the same bytes for the same drift.
std::string drift_page(const Json& drift);

}  // namespace rondo::cli
