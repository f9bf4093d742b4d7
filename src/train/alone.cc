// A line or neighbours as the candidate; both are a mix of one member, as of a search, so that a
// twin is fitted as its original was.
#include "train/alone.h"

#include <fmt/format.h>

#include <cmath>

#include "base/words.h"

namespace rondo::train {

Result<ledger::StageOutput> fit_line_alone(const model::Prepared& prepared, const RowList& rows,
                                           const LineChoice* choice, double loss_of_trees,
                                           const Plan& plan, const ledger::StageInput& input) {
  std::optional<Line> line;
  if (choice != nullptr) line = fit_line(prepared, rows, *choice, input.stop);
  Mixed mixed{TRY(model_of(std::move(line), input.stop)), {}};
  mixed.members = {
      {.growth = {.line = true, .bent = choice->bent, .penalty = choice->penalty}}};
  RowList inner = inner_split(prepared, rows, input.seed).stop;
  const std::size_t inner_rows = inner.size();
  Held held;
  if (inner_rows > 0) held = {std::move(inner), choice->answers};
  ledger::StageOutput output =
      TRY(hand_on(prepared, mixed, std::move(held), 0, rows.size(), plan, input));
  output.reason = fmt::format("{} on {} rows", grown_text(mixed), grouped(rows.size()));
  output.evidence["inner_rows"] = inner_rows;
  if (inner_rows == 0) return output;
  output.evidence["loss"] = loss_name(prepared.task);
  output.evidence["inner_loss"] = choice->loss;
  if (!std::isfinite(loss_of_trees)) return output;
  output.evidence["inner_loss_of_trees"] = loss_of_trees;
  output.reason += fmt::format("; on {} inner rows its {} is {:.4g}, that of trees {:.4g}",
                               grouped(inner_rows), loss_name(prepared.task), choice->loss,
                               loss_of_trees);
  return output;
}

Result<ledger::StageOutput> fit_near_alone(const model::Prepared& prepared, const RowList& rows,
                                           const Plan& plan, const ledger::StageInput& input) {
  const NearLimits limits = TRY(near_limits(plan.options, input.stop));
  Inner inner = inner_split(prepared, rows, input.seed);
  const auto choice = choose_near(prepared, inner, limits);
  std::optional<Near> near;
  if (choice) near = fit_near(prepared, rows, choice->k, limits);
  Mixed mixed{TRY(model_of(std::move(near), input.stop)), {}};
  mixed.members = {{.growth = {.near = true, .k = choice->k}}};
  const std::size_t inner_rows = inner.stop.size();
  Held held;
  if (inner_rows > 0) held = {std::move(inner.stop), choice->answers};
  ledger::StageOutput output =
      TRY(hand_on(prepared, mixed, std::move(held), 0, rows.size(), plan, input));
  output.reason = fmt::format("{}, of {}", grown_text(mixed), grouped(rows.size()));
  output.evidence["inner_rows"] = inner_rows;
  if (inner_rows == 0) return output;
  output.evidence["loss"] = loss_name(prepared.task);
  output.evidence["inner_loss"] = choice->loss;
  return output;
}

}  // namespace rondo::train
