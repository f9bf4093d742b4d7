// What is the candidate without a search, where it does not grow: a line, or neighbours.
#pragma once

#include "train/handing.h"

namespace rondo::train {

/// `choice` may be null: there is none. Not finite: no trees were grown beside it.
/// Errors: kInvalidInput where no line can be fitted; kCancelled; those of the disk.
Result<ledger::StageOutput> fit_line_alone(const model::Prepared& prepared, const RowList& rows,
                                           const LineChoice* choice, double loss_of_trees,
                                           const Plan& plan, const ledger::StageInput& input);

/// Neighbours that nothing is compared with. Errors: the same.
Result<ledger::StageOutput> fit_near_alone(const model::Prepared& prepared, const RowList& rows,
                                           const Plan& plan, const ledger::StageInput& input);

}  // namespace rondo::train
