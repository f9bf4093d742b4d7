// What the stage is given, read and looked at before anything is fitted.
#pragma once

#include "ledger/stage_io.h"
#include "train/rows.h"

namespace rondo::train {

/// Errors: kInvalidInput without such an input; kCorrupt.
Result<model::Prepared> read_prepared(const ledger::StageInput& input);

/// Whether trees can learn from the rows. Errors: kInvalidInput saying what they lack.
Result<void> check_inputs(const model::Prepared& prepared, const RowList& train);

}  // namespace rondo::train
