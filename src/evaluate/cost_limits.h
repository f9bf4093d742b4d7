// What a model costs to serve, predicted from its shape so that a replay decides alike, and what a
// project allows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/json.h"
#include "model/forest.h"

namespace rondo::evaluate {

/// [train] row_max and size_max, which the loop hands on.
struct CostLimits {
  std::optional<double> row_us, bytes;  // none: any
};

/// {"row_us","bytes","trees","leaves","row_us_max","bytes_max"}; null where any is allowed;
/// and "stored" {"rows","columns"} with neighbours.
Json cost_json(const model::Forest& forest, std::size_t bytes, const CostLimits& limits);

/// What of it is more than is allowed, a sentence each. Shape: as cost_json() made it.
std::vector<std::string> too_costly(const Json& cost);

}  // namespace rondo::evaluate
