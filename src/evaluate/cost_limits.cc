// Two limits and their sentences; see cost_limits.h.
#include "evaluate/cost_limits.h"

#include <fmt/format.h>

#include "model/cost.h"

namespace rondo::evaluate {

Json cost_json(const model::Forest& forest, std::size_t bytes, const CostLimits& limits) {
  const auto limit = [](const std::optional<double>& most) { return most ? Json(*most) : Json(); };
  const model::ForestShape shape = model::shape_of(forest);
  Json cost = {{"row_us", model::predicted_row_us(shape)},
               {"bytes", bytes}, {"trees", forest.trees()}, {"leaves", forest.leaves()},
               {"row_us_max", limit(limits.row_us)}, {"bytes_max", limit(limits.bytes)}};
  if (shape.stored_rows > 0) {
    cost["stored"] = {{"rows", shape.stored_rows}, {"columns", shape.stored_columns}};
  }
  return cost;
}

std::vector<std::string> too_costly(const Json& cost) {
  std::vector<std::string> out;
  const auto beyond = [&](const char* key, const char* most) {
    return cost.at(most).is_number() && cost.at(key).get<double>() > cost.at(most).get<double>();
  };
  if (beyond("row_us", "row_us_max")) {
    std::string shape = fmt::format("{} trees of {} leaves", cost.at("trees").get<std::size_t>(),
                                    cost.at("leaves").get<std::size_t>());
    if (cost.contains("stored")) {
      shape += fmt::format(", {} rows that are kept", cost.at("stored").at("rows").dump());
    }
    out.push_back(fmt::format("a row would take about {:.3g} us to score ({}), and [train] row_max "
                              "allows {:g} us", cost.at("row_us").get<double>(), shape,
                              cost.at("row_us_max").get<double>()));
  }
  if (beyond("bytes", "bytes_max")) {
    out.push_back(fmt::format("the forest has {:.4g} MiB, and [train] size_max allows {:.4g} MiB",
                              cost.at("bytes").get<double>() / 1048576,
                              cost.at("bytes_max").get<double>() / 1048576));
  }
  return out;
}

}  // namespace rondo::evaluate
