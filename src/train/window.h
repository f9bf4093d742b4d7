// How far back a model learns from. Rows of before a change of the law teach what is no longer so:
// where newer ones alone do clearly better, older ones are left out.
#pragma once

#include "train/handing.h"

namespace rondo::train {

struct Window {
  RowList rows;        // to learn from, ascending
  // Of [train] window = "auto" that found newer rows to do better: {"since", "since_us", "of" (rows
  // there were), "judged_rows", "loss", "loss_of_all", "standard_errors", "changed" (an alarm named
  // that moment)}; null otherwise.
  Json found{};
  std::string text{};  // "; of 90 rows only those since ..." for the step's reason; empty: all
};

/// What [train] window says; of a twin what its original found. "auto" looks with a clock, where
/// no mix was told and no script trains: quick trees that learned from all rows, and from the
/// newest half, quarter and so on down to a 64th, and from those since the change that an alarm
/// names, are judged on the newest window of rows before the test, or on the newer half of the rows
/// since that change if those are fewer. The best of them is taken if it is ahead of all rows with
/// 1 % of chance, a day being one observation and neighbouring days as alike as they were; that of
/// an alarm, which is evidence too, if by 2.33 standard errors. A budget of less than ten seconds
/// looks at nothing.
/// Errors: kInvalidInput when a span leaves fewer than 50 rows, or none with weight; kCancelled;
/// those of LightGBM.
/// Cost: up to 8 fits of at most 50 rounds on at most 50,000 rows.
Result<Window> choose_window(const model::Prepared& prepared, RowList rows, const Plan& plan,
                             const ledger::StageInput& input);

/// Parts of the clock that do not come round within the rows: their names. Preparation knows that
/// of all rows, not of those that are learned from.
std::vector<std::string> clock_parts_without_cycle(const model::Prepared& prepared,
                                                   const RowList& rows);

/// Nothing is learned from these features: they are 0 in every row. Unknown names are passed over.
void leave_out(const std::vector<std::string>& features, model::Prepared& prepared);

}  // namespace rondo::train
