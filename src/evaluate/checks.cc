// The readers themselves, asked for nothing but their errors.
#include "evaluate/checks.h"

#include "evaluate/bound.h"
#include "evaluate/calibrate.h"
#include "evaluate/named_slices.h"
#include "evaluate/probe.h"
#include "evaluate/threshold.h"

namespace rondo::evaluate {

Result<void> check_cost(const Json& cost) {
  TRY(cost_rule(cost));
  return {};
}

Result<void> check_loss(std::string_view loss, std::string_view metric, const Json& cost,
                        std::optional<model::Task> task) {
  if (task) TRY(watched_loss(loss, metric, *task));
  const auto rule = cost_rule(cost);
  if (loss != "cost" || !rule || rule->costs) return {};
  return fail(Code::kInvalidInput, "monitor.loss: is \"cost\", and nothing has a price",
              "say what mistakes cost: [evaluate] cost = {fp = 1, fn = 5}");
}

Result<void> check_calibrate(std::string_view calibrate, model::Task task) {
  TRY(maps_of(calibrate, task));
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
