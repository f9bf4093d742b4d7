// Refusals that need no look at LightGBM.
#include "train/inputs.h"

#include <fmt/format.h>

#include "base/words.h"
#include "model/forest_build.h"

namespace rondo::train {

Result<model::Prepared> read_prepared(const ledger::StageInput& input) {
  const auto found = input.inputs.find("prepared");
  if (found == input.inputs.end()) {
    return fail(Code::kInvalidInput, "training was started without prepared data");
  }
  return model::Prepared::decode(TRY(input.objects->get(found->second)));
}

Result<void> check_inputs(const model::Prepared& prepared, const RowList& train) {
  if (train.empty()) {
    return fail(Code::kInvalidInput, "no row is left to train on",
                "collect more rows, or make [evaluate] test smaller");
  }
  const std::size_t columns = prepared.features.columns;
  if (columns == 0 || columns > model::kMostFeatures) {
    return fail(Code::kInvalidInput,
                fmt::format("trees take 1 to {} features, not {}", model::kMostFeatures, columns),
                "name columns under [prepare] ignore");
  }
  if (!has_weight(prepared, train)) {
    return fail(Code::kInvalidInput,
                fmt::format("the weight \"{}\" is 0 in all {} rows to train on",
                            prepared.weight_column, grouped(train.size())),
                "give weight to some of them, or leave [train] weight out");
  }
  const std::size_t classes = prepared.classes.size();
  if (prepared.task == model::Task::kMulticlass && (classes < 2 || classes > model::kMostClasses)) {
    return fail(Code::kInvalidInput,
                fmt::format("trees tell 2 to {} classes apart, not {}", model::kMostClasses,
                            classes),
                "is the target a number, or an identifier?");
  }
  return {};
}

}  // namespace rondo::train
