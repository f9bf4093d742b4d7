// The transition table against the table of docs/ARCHITECTURE.md, row by row.
#include "loop/lifecycle.h"

#include <gtest/gtest.h>

#include <set>

namespace rondo::loop {
namespace {

using enum Stage;

struct Row {
  Stage stage;
  const char* outcome;
  bool model_serves;
  std::optional<Stage> next;
  const char* because;
};

const Row kRows[] = {
    {kCollection, "new rows", false, kPreparation, "what was collected is prepared"},
    {kCollection, "too few rows", true, kMonitoring, "a model serves, so it is watched"},
    {kCollection, "too few rows", false, std::nullopt, "nothing serves and nothing can be trained"},
    {kPreparation, "prepared", true, kTraining, "prepared rows train"},
    {kPreparation, "contract broken", true, std::nullopt, "a person looks; the old model serves"},
    {kTraining, "trained", false, kEvaluation, "a challenger is measured"},
    {kTraining, "budget spent without a model", true, kMonitoring, "no challenger came of it"},
    {kEvaluation, "good", true, kDeployment, "the challenger won"},
    {kEvaluation, "not better", true, kMonitoring, "what serves stays"},
    {kEvaluation, "undecided", true, kCollection, "too little data: more is collected"},
    {kDeployment, "deployed", true, kMonitoring, "deployment is never the last step"},
    {kDeployment, "refused by its golden rows", true, kMonitoring, "old model kept"},
    {kMonitoring, "needed", true, kCollection, "back, if the model needs new data"},
    {kMonitoring, "performs well", true, std::nullopt, "rest"},
};

TEST(Lifecycle, FollowsTheTable) {
  for (const Row& row : kRows) {
    EXPECT_EQ(next(row.stage, row.outcome, row.model_serves), row.next)
        << text_of(row.stage).name << ", " << row.outcome << ": " << row.because;
  }
}

TEST(Lifecycle, EveryStageAndOutcomeStandsOnceInTheTable) {
  std::set<std::pair<Stage, std::string_view>> seen;
  for (const Transition& row : transitions()) {
    EXPECT_TRUE(seen.insert({row.stage, row.outcome}).second) << row.outcome;
    EXPECT_FALSE(row.why.empty());
  }
}

TEST(Lifecycle, EveryStageCanFailWithoutEndingTheLoop) {
  for (const Stage stage : kStages) {
    if (stage == kMonitoring) continue;
    EXPECT_EQ(next(stage, "failed", true), kMonitoring) << text_of(stage).name;
  }
}

TEST(Lifecycle, StagesAreNamedByNameAndByKey) {
  for (const Stage stage : kStages) {
    EXPECT_EQ(*stage_from(text_of(stage).name), stage);
    EXPECT_EQ(*stage_from(text_of(stage).key), stage);
  }
  EXPECT_EQ(stage_from("Data Cleaning").error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace rondo::loop
