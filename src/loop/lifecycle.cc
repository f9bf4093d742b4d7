// The transition table. Rows are read top down; a stage and outcome stand in it exactly once.
#include "loop/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace rondo::loop {
namespace {

constexpr std::array<StageText, 6> kTexts = {{
    {"Data Collection", "Collect raw data from sources", "collect"},
    {"Data Preparation", "Clean and format data", "prepare"},
    {"Model Training", "Train model on prepared data", "train"},
    {"Model Evaluation", "Test model accuracy and performance", "evaluate"},
    {"Model Deployment", "Deploy model to production", "deploy"},
    {"Monitoring & Maintenance", "Track model performance and update", "monitor"},
}};

using enum Stage;
constexpr std::optional<Stage> kRest = std::nullopt;

constexpr std::array<Transition, 24> kTransitions = {{
    {kCollection, "new rows", kPreparation, kPreparation, "enough new rows came in"},
    {kCollection, "too few rows", kMonitoring, kRest,
     "what came in is kept, but is not enough yet"},
    {kCollection, "unchanged", kMonitoring, kRest, "the sources have nothing new"},
    {kCollection, "failed", kMonitoring, kRest, "the old model goes on serving"},
    {kPreparation, "prepared", kTraining, kTraining, "the rows are clean and split"},
    {kPreparation, "contract broken", kRest, kRest,
     "the data must not train a model; a person looks"},
    {kPreparation, "failed", kMonitoring, kRest, "the old model goes on serving"},
    {kTraining, "trained", kEvaluation, kEvaluation, "a challenger exists"},
    {kTraining, "budget spent without a model", kMonitoring, kRest, "no challenger came of it"},
    {kTraining, "failed", kMonitoring, kRest, "the old model goes on serving"},
    {kEvaluation, "good", kDeployment, kDeployment, "the challenger won"},
    {kEvaluation, "not better", kMonitoring, kRest, "what serves stays"},
    {kEvaluation, "undecided", kCollection, kCollection,
     "too little data to tell; more is collected"},
    {kEvaluation, "undecided, waiting for data", kMonitoring, kRest,
     "too little data to tell, and the sources have no more yet"},
    {kEvaluation, "undecided, to prove itself", kDeployment, kRest,
     "too few rows to tell; unseen beside what serves, labels will"},
    {kEvaluation, "failed", kMonitoring, kRest, "the old model goes on serving"},
    {kDeployment, "deployed", kMonitoring, kMonitoring, "the new model answers"},
    {kDeployment, "rolling out", kMonitoring, kMonitoring,
     "the new model answers a share until its guards have seen enough"},
    {kDeployment, "refused by its golden rows", kMonitoring, kRest, "old model kept"},
    {kDeployment, "rejected by a person", kMonitoring, kRest, "old model kept"},
    {kDeployment, "overtaken", kMonitoring, kRest, "another model was promoted meanwhile"},
    {kDeployment, "failed", kMonitoring, kRest, "the old model goes on serving"},
    {kMonitoring, "needed", kCollection, kCollection,
     "a problem is proved, or enough new data came"},
    {kMonitoring, "performs well", kRest, kRest, "nothing is due; rest until there is news"},
}};

}  // namespace

const StageText& text_of(Stage stage) noexcept { return kTexts[static_cast<std::size_t>(stage)]; }

Result<Stage> stage_from(std::string_view name_or_key) {
  for (const Stage stage : kStages) {
    if (text_of(stage).name == name_or_key || text_of(stage).key == name_or_key) return stage;
  }
  return fail(Code::kCorrupt, fmt::format("\"{}\" is no stage of the lifecycle", name_or_key));
}

std::span<const Transition> transitions() noexcept { return kTransitions; }

std::optional<Stage> next(Stage stage, std::string_view outcome, bool model_serves) {
  const auto row = std::ranges::find_if(kTransitions, [&](const Transition& each) {
    return each.stage == stage && each.outcome == outcome;
  });
  CHECK(row != kTransitions.end(), "an outcome that the transition table does not know");
  return model_serves ? row->with_model : row->without;
}

}  // namespace rondo::loop
