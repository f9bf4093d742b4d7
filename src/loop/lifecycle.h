// The lifecycle as one table and one pure function. Everything that shows a stage (command line,
// API, console, docs) reads it; nothing else knows which stage follows which.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace rondo::loop {

enum class Stage { kCollection, kPreparation, kTraining, kEvaluation, kDeployment, kMonitoring };
inline constexpr std::array kStages = {Stage::kCollection, Stage::kPreparation,
                                       Stage::kTraining,   Stage::kEvaluation,
                                       Stage::kDeployment, Stage::kMonitoring};

struct StageText {
  std::string_view name;    // "Data Collection"
  std::string_view action;  // "Collect raw data from sources"
  std::string_view key;     // "collect": section in rondo.toml, folder in src/
};
const StageText& text_of(Stage stage) noexcept;
Result<Stage> stage_from(std::string_view name_or_key);

/// One row of the transition table.
struct Transition {
  Stage stage;
  std::string_view outcome;          // the word that `result` shows
  std::optional<Stage> with_model;   // next stage when a model serves; none: rest
  std::optional<Stage> without;      // next stage when none does; none: rest
  std::string_view why;              // a sentence for people and docs
};
std::span<const Transition> transitions() noexcept;

/// The stage that follows, or rest. Pure. Errors (CHECK): an outcome that the table does not know.
std::optional<Stage> next(Stage stage, std::string_view outcome, bool model_serves);

}  // namespace rondo::loop
