// Logged rows scored again, as a batch: what was answered one row at a time must come out with the
// same bits, and another version tells what it would have answered.
#pragma once

#include "ledger/prediction_log.h"
#include "model/pipeline.h"

namespace rondo::loop {

/// A logged row as a version reads it. Cells borrow from the prediction.
struct LoggedRow {
  std::vector<model::Cell> cells;
  Time time;
  std::vector<double> lags;
};

/// The row as the version that answered read it; nothing when the record holds no such row.
std::optional<LoggedRow> logged_row(const ledger::Prediction& row, const model::Pipeline& by);
/// Answers as Pipeline::score() gives them, by the kernel of batches. Shape: rows x outputs.
std::vector<double> score_again(const model::Pipeline& by, std::span<const LoggedRow> rows);
/// The answer of one row in the form of the log. Shape: outputs() values.
ledger::Prediction as_answered(const model::Pipeline::Parts& parts, std::span<const double> answer);
/// Whether two answers are the same in every bit: value, class, probabilities.
bool same_bits(const ledger::Prediction& a, const ledger::Prediction& b);

}  // namespace rondo::loop
