// How the trees of one candidate grow: what the search chooses. As Json it stands in candidates
// and facts, and a twin is fitted from it.
#pragma once

#include "io/json.h"
#include "train/train.h"

namespace rondo::train {

struct Growth {
  double rate = 0.1;
  std::int64_t leaves = 31, min_leaf = 20;
  double columns = 1, rows = 1;  // shares that a tree sees
  double l1 = 0, l2 = 0;         // penalties on leaves
  bool operator==(const Growth&) const = default;

  Json json() const;
  /// Errors: kInvalidInput naming the member.
  static Result<Growth> from_json(const Json& json);
};

/// What the settings say.
Growth growth_of(const Options& options);

}  // namespace rondo::train
