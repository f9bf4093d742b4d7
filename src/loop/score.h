// What a deployed pipeline would have answered to rows of a dataset, as of each row's own time:
// evaluation compares a challenger with the champion on the same rows by this.
#pragma once

#include "base/progress.h"
#include "ledger/served_rows.h"
#include "ledger/stage_io.h"
#include "model/pipeline.h"
#include "prepare/prepare.h"

namespace rondo::loop {

/// Job entry. Inputs "manifest", "prepared", "champion" (a pipeline file) and, without a clock,
/// "measured_prepared" and "measured_candidate": the champion as its own gate saw it, whose answers
/// are made as the file says. What serves was fitted again on every row, the test rows too; with a
/// clock the test rows come after those, without one they are drawn by the same hash, and only the
/// measured one has never seen them.
/// Output "champion_scores": a bundle with f64 "scores", row-major, for the test rows of `prepared`
/// in their order. options = {"now": prepare::Situation}.
Result<ledger::StageOutput> score(const ledger::StageInput& input);

/// Fills a history with what rows know. Rows of `quarantine` are not applied.
void fill(model::HistoryState& history, const ledger::RowsAndServed& rows,
          const std::string& target, const std::vector<std::string>& classes,
          const prepare::Situation& situation, Progress* progress = nullptr);
/// Fills it with what the other tables of a dataset version know, if it reads any. Errors: as
/// ledger::read_tables.
Result<void> fill_sides(model::HistoryState& history, const ledger::Manifest& manifest,
                        const ledger::Objects& objects, const prepare::Situation& situation);

/// Answers of a model that knew the classes `from` as those of one that knows `to`: a class that it
/// never saw has no probability, one that is gone takes its own away. Shape: row-major; one answer
/// a row where there are two classes.
std::vector<double> in_classes(std::span<const double> answers,
                               const std::vector<std::string>& from,
                               const std::vector<std::string>& to);

/// The columns of `rows` for the inputs of a transform, in its order; null where there is none.
std::vector<const table::Column*> columns_for(const model::Transform& transform,
                                              const table::Table& rows);
/// Event times of the rows; zeros when there is no clock.
std::vector<Time> times_of(const table::Table& rows);

}  // namespace rondo::loop
