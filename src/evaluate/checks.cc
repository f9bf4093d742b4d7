// The readers themselves, asked for nothing but their errors.
#include "evaluate/checks.h"

#include "evaluate/named_slices.h"
#include "evaluate/probe.h"
#include "evaluate/threshold.h"

namespace rondo::evaluate {

Result<void> check_cost(const Json& cost) {
  TRY(cost_rule(cost));
  return {};
}

Result<void> check_slices(const Json& slices) {
  TRY(named_columns(slices));
  return {};
}

Result<void> check_invariants(const Json& list) {
  TRY(invariants_from(list));
  return {};
}

}  // namespace rondo::evaluate
