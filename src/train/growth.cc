// A candidate's options as Json and back.
#include "train/growth.h"

namespace rondo::train {

Json Growth::json() const {
  return {{"rate", rate},       {"leaves", leaves}, {"min_leaf", min_leaf}, {"columns", columns},
          {"rows", rows},       {"l1", l1},         {"l2", l2}};
}

Result<Growth> Growth::from_json(const Json& json) {
  Growth growth;
  growth.rate = TRY(io::get<double>(json, "rate"));
  growth.leaves = TRY(io::get<std::int64_t>(json, "leaves"));
  growth.min_leaf = TRY(io::get<std::int64_t>(json, "min_leaf"));
  growth.columns = TRY(io::get<double>(json, "columns"));
  growth.rows = TRY(io::get<double>(json, "rows"));
  growth.l1 = TRY(io::get<double>(json, "l1"));
  growth.l2 = TRY(io::get<double>(json, "l2"));
  return growth;
}

Growth growth_of(const Options& options) {
  return {.rate = options.rate, .leaves = options.leaves, .min_leaf = options.min_leaf};
}

}  // namespace rondo::train
