// See rescore.h.
#include "loop/rescore.h"

#include <bit>

namespace rondo::loop {

std::optional<LoggedRow> logged_row(const ledger::Prediction& row, const model::Pipeline& by) {
  auto cells = model::decode_cells(row.cells);
  if (!cells || cells->size() != by.transform().inputs().fields.size()) return std::nullopt;
  if (row.lags.size() != by.transform().history().lags.size()) return std::nullopt;
  return LoggedRow{*std::move(cells), row.time, row.lags};
}

std::vector<double> score_again(const model::Pipeline& by, std::span<const LoggedRow> rows) {
  const std::size_t width = by.transform().features();
  std::vector<double> features(rows.size() * width), answers(rows.size() * by.outputs());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    by.transform().row_with_lags(rows[i].cells, rows[i].time, rows[i].lags,
                                 std::span(features).subspan(i * width, width));
  }
  by.forest().raw_batch(features, rows.size(), answers);
  by.answer(answers);
  return answers;
}

ledger::Prediction as_answered(const model::Pipeline::Parts& parts,
                               std::span<const double> answer) {
  ledger::Prediction out;
  if (parts.task == model::Task::kRegression) {
    out.value = answer[0];
    return out;
  }
  if (parts.task == model::Task::kQuantile) {
    out.value = answer[model::middle_of(parts.levels)];
    out.probabilities.assign(answer.begin(), answer.end());
    return out;
  }
  if (parts.task == model::Task::kBinary) {
    out.value = answer[0];
    out.probabilities = {1 - answer[0], answer[0]};
    out.answer = parts.classes[parts.answering.class_of(out.probabilities)];
    return out;
  }
  out.probabilities.assign(answer.begin(), answer.end());
  const std::size_t chosen = parts.answering.class_of(out.probabilities);
  out.value = out.probabilities[chosen];
  out.answer = parts.classes[chosen];
  return out;
}

bool same_bits(const ledger::Prediction& a, const ledger::Prediction& b) {
  const auto alike = [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  };
  return alike(a.value, b.value) && a.answer == b.answer &&
         std::ranges::equal(a.probabilities, b.probabilities, alike);
}

}  // namespace rondo::loop
