// `[train] command`: a program of the project's own trains in place of the search. It gets rows and
// a description in RONDO_IN and leaves the text of a LightGBM or XGBoost model in RONDO_OUT; what
// it left is read by parsers of ours and checked against the prepared data, never executed.
// docs/SCRIPTS.md is the contract.
#pragma once

#include <string>
#include <vector>

#include "io/sandbox.h"
#include "train/fitting.h"
#include "train/train.h"

namespace rondo::train {

/// A command line as a shell would split it; quotes keep blanks, nothing is expanded.
/// Errors: kInvalidInput for a quote that stays open, or no word.
Result<std::vector<std::string>> words_of_command(const std::string& command);

/// The files of the project that the command names, with the SHA-256 of each: {"train.py": hex}.
Result<Json> script_files(io::Fs& fs, const std::string& command, const io::Path& project);

/// What the program may reach beside its own folders: what lies in the project but for its store,
/// and the programs of the system. Errors: kNotFound when there is no such program.
Result<io::Reach> script_reach(io::Fs& fs, const std::string& command, const io::Path& project);

struct ScriptTask {
  const model::Prepared& prepared;
  const RowList& rows;            // to train on
  const Options& options;
  std::size_t rounds = 0;         // of the original when this is its twin
  std::int64_t until_us = 0;      // of monotonic_us(), by [train] budget; 0: the attempt's alone
};
struct Scripted {
  Model model;
  Json options;                   // of the candidate
  std::string library, objective;
  std::size_t inner_rows = 0;
  std::string said;               // the end of what it printed
};
/// Runs the program and takes its model over. options["now"]["script"] are the digests that its
/// files must have. Errors: kNotFound for the program; kConflict for a file that changed;
/// kInvalidInput with the end of what it printed when it fails, takes too long, or leaves what is
/// no model of these features and this task; kCancelled.
Result<Scripted> run_script(const ScriptTask& task, const ledger::StageInput& input);

// The parts of run_script.

/// The names that the features have in the files: no sign that LightGBM or XGBoost would refuse or
/// replace, and each once whatever the case of its letters. Shape: one a feature.
std::vector<std::string> script_columns(const model::Transform& transform);

/// train.csv, train.parquet and description.json into `folder`. Returns the inner rows' number.
Result<std::size_t> write_script_inputs(const ScriptTask& task, const ledger::StageInput& input,
                                        const io::Path& folder, Span deadline);

struct ScriptModel {
  Model model;
  std::string library, objective;
};
/// The model that lies in `folder`, once it was compared with a second reading of its file at
/// training rows. Errors: kNotFound when there is none; kInvalidInput.
Result<ScriptModel> read_script_model(io::Fs& fs, const io::Path& folder,
                                      const model::Prepared& prepared, const RowList& rows);

}  // namespace rondo::train
