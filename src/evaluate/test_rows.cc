// Labels, days, weights and groups of some rows; see test_rows.h.
#include "evaluate/test_rows.h"

namespace rondo::evaluate {

Truth test_truth(const model::Prepared& prepared) {
  Truth truth{prepared.task, prepared.classes.size(), {}, {}};
  truth.levels = prepared.levels;
  for (const std::size_t i : prepared.rows_on(table::Side::kTest)) {
    truth.label.push_back(prepared.label[i]);
    if (!prepared.time.empty()) truth.day.push_back(day_of(prepared.time[i]));
    if (!prepared.weight.empty()) truth.weight.push_back(prepared.weight[i]);
    if (!prepared.group.empty()) {
      truth.group.push_back(static_cast<std::int64_t>(prepared.group[i]));
    }
  }
  return truth;
}

Truth part(const Truth& truth, const std::vector<std::size_t>& rows) {
  Truth some{truth.task, truth.classes, {}, {}};
  some.levels = truth.levels;
  for (const std::size_t row : rows) {
    some.label.push_back(truth.label[row]);
    if (!truth.day.empty()) some.day.push_back(truth.day[row]);
    if (!truth.weight.empty()) some.weight.push_back(truth.weight[row]);
    if (!truth.group.empty()) some.group.push_back(truth.group[row]);
  }
  return some;
}

Answers part(const Truth& truth, const Answers& answers, const std::vector<std::size_t>& rows) {
  const std::size_t outputs = outputs_of(truth);
  Answers some;
  for (const std::size_t row : rows) {
    for (std::size_t k = 0; k < outputs; ++k) some.push_back(answers[row * outputs + k]);
  }
  return some;
}

std::pair<Truth, Answers> as_numbers(const Truth& truth, const Answers& answers) {
  if (truth.task != model::Task::kQuantile) return {truth, answers};
  std::pair<Truth, Answers> plain{truth, {}};
  plain.first.task = model::Task::kRegression;
  plain.first.levels.clear();
  for (std::size_t i = 0; i < truth.rows(); ++i) {
    plain.second.push_back(number_of(truth, answers, i));
  }
  return plain;
}

}  // namespace rondo::evaluate
