// What a script left: read, held against the prepared data, and compared with another reading of
// the same file before it counts.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "io/digest.h"
#include "model/compiled_forest.h"
#include "model/foreign.h"
#include "model/xgboost_walk.h"
#include "train/foreign_scores.h"
#include "train/script.h"

namespace rondo::train {
namespace {

constexpr std::uint64_t kMostModelBytes = std::uint64_t{1} << 30;
constexpr std::size_t kRowsOfProof = 1'000;
constexpr std::size_t kFilesNamed = 5;
constexpr const char* kModelFiles[] = {"model.txt", "model.json", "model.ubj"};

struct Left {
  std::string name, bytes;
};

/// The one model file in a folder.
Result<Left> model_file(io::Fs& fs, const io::Path& folder) {
  std::vector<std::string> there;
  for (const char* name : kModelFiles) {
    if (TRY(fs.stat(folder / name))) there.emplace_back(name);
  }
  if (there.empty()) {
    const auto others = TRY(fs.list(folder));
    return fail(Code::kNotFound,
                fmt::format("the script left no model: in RONDO_OUT is {}",
                            others.empty() ? std::string("nothing")
                                           : fmt::format("{}", fmt::join(others, ", "))),
                "save the model there as model.txt (LightGBM) or model.json, model.ubj (XGBoost)");
  }
  if (there.size() > 1) {
    return fail(Code::kInvalidInput,
                fmt::format("the script left {} models: {}", there.size(), fmt::join(there, ", ")),
                "leave the one that is meant");
  }
  return Left{there[0], TRY(fs.read(folder / there[0], kMostModelBytes))};
}

std::string some_names(const std::vector<std::string>& names) {
  const std::size_t told = std::min(names.size(), kFilesNamed);
  std::string text;
  for (std::size_t i = 0; i < told; ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i].substr(0, 60));
  }
  return names.size() > told ? fmt::format("{} and {} more", text, names.size() - told) : text;
}

std::vector<std::string> without(const std::vector<std::string>& all,
                                 const std::vector<std::string>& some) {
  std::vector<std::string> rest;
  for (const std::string& name : all) {
    if (std::ranges::find(some, name) == some.end()) rest.push_back(name);
  }
  return rest;
}

/// Names that a library gives when it was told none.
bool has_default_names(const model::ForeignModel& model) {
  const std::string_view stem = model.library == "LightGBM" ? "Column_" : "f";
  for (std::size_t i = 0; i < model.names.size(); ++i) {
    if (model.names[i] != fmt::format("{}{}", stem, i)) return false;
  }
  return true;
}

Result<void> check_features(const model::ForeignModel& model,
                            const std::vector<std::string>& columns) {
  constexpr const char* kAll = "train on every feature that description.json lists, in its order, "
                               "and not on _target or _inner";
  const bool named = !has_default_names(model);
  if (model.names == columns || (!named && model.names.size() == columns.size())) return {};
  if (!named) {
    return fail(Code::kInvalidInput,
                fmt::format("the model reads {} features, and {} were prepared",
                            model.names.size(), columns.size()), kAll);
  }
  const auto lacks = without(columns, model.names), beyond = without(model.names, columns);
  std::string text = fmt::format("the model reads {} features, and {} were prepared",
                                 model.names.size(), columns.size());
  if (!lacks.empty()) text += fmt::format("; it does not read {}", some_names(lacks));
  if (!beyond.empty()) text += fmt::format("; not prepared: {}", some_names(beyond));
  if (lacks.empty() && beyond.empty()) {
    const auto at = std::ranges::mismatch(model.names, columns);
    text = fmt::format("the model reads the features in another order: \"{}\" where \"{}\" stands",
                       *at.in1, *at.in2);
  }
  return fail(Code::kInvalidInput, text, kAll);
}

/// Codes mean what they mean here: pandas and XGBoost may have numbered them anew.
Result<void> check_codes(const model::ForeignModel& model,
                         const std::vector<std::string>& columns) {
  for (std::size_t i = 0; i < model.categories.size(); ++i) {
    const auto& texts = model.categories[i].texts;
    for (std::size_t code = 0; code < texts.size(); ++code) {
      if (texts[code] == std::to_string(code)) continue;
      return fail(Code::kInvalidInput,
                  fmt::format("the model numbers the categories of \"{}\" anew: its {} is the code "
                              "\"{}\"", columns[i], code, texts[code].substr(0, 60)),
                  "give pandas every code: pd.Categorical(column, categories=range(count)), or "
                  "leave the column a number and name it in categorical_feature");
    }
  }
  return {};
}

Result<void> check_task(const model::ForeignModel& model, const model::Prepared& prepared) {
  using model::Link;
  const Link link = model.forest.link();
  const bool answers_numbers = link == Link::kIdentity || link == Link::kExp;
  const std::size_t outputs = model.forest.outputs();
  std::string wanted;
  switch (prepared.task) {
    case model::Task::kQuantile: wanted = "quantiles, which no script does"; break;
    case model::Task::kRegression:
      if (answers_numbers && outputs == 1) return {};
      wanted = "a number: an objective such as \"regression\" or \"reg:squarederror\"";
      break;
    case model::Task::kBinary:
      if (link == Link::kSigmoid && outputs == 1) return {};
      wanted = fmt::format("\"{}\" or \"{}\": the objective \"binary\" or \"binary:logistic\"",
                           prepared.classes.at(0), prepared.classes.at(1));
      break;
    case model::Task::kMulticlass:
      if (link == Link::kSoftmax && outputs == prepared.classes.size()) return {};
      wanted = fmt::format("one of {} classes: the objective \"multiclass\" or \"multi:softprob\"",
                           prepared.classes.size());
      break;
  }
  return fail(Code::kInvalidInput,
              fmt::format("the model's objective is \"{}\"{}, which does not answer the target "
                          "\"{}\"", model.objective.substr(0, 60),
                          outputs > 1 ? fmt::format(" with {} outputs", outputs) : std::string(),
                          prepared.target),
              fmt::format("it has to answer {}", wanted));
}

/// Our reading against LightGBM's own, or a second one of XGBoost's file, in each bit.
Result<void> prove(const model::ForeignModel& model, const Left& left,
                   const model::Prepared& prepared, const RowList& rows) {
  const std::size_t step = std::max<std::size_t>(rows.size() / kRowsOfProof, 1);
  RowList some;
  for (std::size_t i = 0; i < rows.size(); i += step) some.push_back(rows[i]);
  const FeatureRows features(prepared.features, some);
  const std::size_t width = prepared.features.columns, outputs = model.forest.outputs();
  std::vector<double> theirs;
  if (model.library == "LightGBM") {
    theirs = TRY(scores_by_lightgbm(left.bytes, width, outputs, features.values()));
  } else {
    theirs = TRY(model::walk_xgboost(left.bytes, width, outputs, features.values())).sums;
  }
  std::vector<double> ours(theirs.size());
  model::CompiledForest(model.forest).raw_batch(features.values(), some.size(), ours);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(ours[i]) == std::bit_cast<std::uint64_t>(theirs[i])) continue;
    return fail(Code::kCorrupt,
                fmt::format("row {}: {} answers {}, our forest {}; the model is not used",
                            prepared.source_row[some[i / outputs]], model.library, theirs[i],
                            ours[i]));
  }
  return {};
}

}  // namespace

Result<ScriptModel> read_script_model(io::Fs& fs, const io::Path& folder,
                                      const model::Prepared& prepared, const RowList& rows) {
  const Left left = TRY(model_file(fs, folder));
  model::ForeignModel foreign =
      TRY(during(model::read_foreign(left.bytes), "reading " + left.name + " of the script"));
  const std::vector<std::string> columns = script_columns(prepared.transform);
  TRY(check_features(foreign, columns));
  TRY(check_codes(foreign, columns));
  TRY(check_task(foreign, prepared));
  TRY(prove(foreign, left, prepared, rows));
  ScriptModel out;
  out.model.digest = foreign.library == "LightGBM" ? digest_of_text(left.bytes)
                                                   : io::sha256(left.bytes).hex();
  out.model.rounds = std::max<std::size_t>(foreign.forest.trees() / foreign.forest.outputs(), 1);
  out.model.forest = std::move(foreign.forest);
  out.library = std::move(foreign.library);
  out.objective = std::move(foreign.objective);
  return out;
}

}  // namespace rondo::train
