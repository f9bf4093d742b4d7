// An array of four numbers, and back; a state with another shape is not taken for one.
#include "monitor/window_mean.h"

namespace rondo::monitor {

std::optional<WindowMean> WindowMean::from_json(const Json& json) {
  const bool shaped = json.is_array() && json.size() == 4 && json[0].is_number() &&
                      json[1].is_number() && json[2].is_number_unsigned() &&
                      json[3].is_number_integer();
  if (!shaped) return std::nullopt;
  return WindowMean{json[0].get<double>(), json[1].get<double>(), json[2].get<std::uint64_t>(),
                    {json[3].get<std::int64_t>()}};
}

}  // namespace rondo::monitor
