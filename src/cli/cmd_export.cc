// export: a version leaves the project as a file that stands alone.
#include <fmt/format.h>

#include "cli/tasks.h"
#include "cli/written.h"
#include "io/digest.h"
#include "loop/portable.h"
#include "loop/session.h"
#include "model/export.h"

namespace rondo::cli {
namespace {

Result<std::int64_t> champion_of(const loop::State& state) {
  if (state.champion != 0) return state.champion;
  return fail(Code::kNotFound, "no model serves yet",
              "turn the loop first: `rondo run`, or name a version: `rondo models` lists them");
}

/// What a format of others cannot say, in sentences. Errors: kInvalidInput for features that it
/// cannot make.
Result<std::vector<std::string>> left_out(const Args& args, const model::Pipeline& pipeline) {
  const model::Transform& transform = pipeline.transform();
  const auto made = model::made_features(transform);
  if (!made.empty() && !args.has("--features")) {
    return fail(Code::kInvalidInput,
                fmt::format("the format has no parts of time, lags or made features: {}",
                            fmt::join(made, ", ")),
                "say --features when who asks the file makes them; `rondo serve` needs no such");
  }
  std::vector<std::string> notes;
  if (!made.empty()) {
    notes.push_back(fmt::format("who asks it makes {}", fmt::join(made, ", ")));
  }
  std::string filled, coded;
  for (const model::Step& step : transform.steps()) {
    if (step.fill) filled += fmt::format("{}{} {:.6g}", filled.empty() ? "" : ", ", step.feature,
                                         *step.fill);
    if (step.is_category()) {
      coded += fmt::format("{}{}", coded.empty() ? "" : ", ", step.feature);
    }
  }
  if (!filled.empty()) notes.push_back("missing values are filled by who asks it: " + filled);
  if (!coded.empty()) {
    notes.push_back("categories are codes, their places in the list of --json: " + coded);
  }
  const model::Answering& answering = pipeline.parts().answering;
  if (answering.is_calibrated() && args.get("--to") == "onnx") {
    notes.push_back(fmt::format("its probabilities are those behind the map ({}), in floats; "
                                "\"raw_score\" is before it",
                                model::name_of(answering.calibration.kind)));
  } else if (answering.is_calibrated()) {
    notes.push_back(fmt::format("its probabilities are those before the map ({}): served ones are "
                                "made of them as \"answering\" of --json says",
                                model::name_of(answering.calibration.kind)));
  }
  if (answering.threshold) {
    notes.push_back(fmt::format("\"{}\" is served from the probability {} on",
                                pipeline.parts().classes[1], *answering.threshold));
  }
  if (answering.interval) {
    notes.push_back(fmt::format("the interval of an answer is not in the file: {} to both sides "
                                "for {:g} %", answering.interval->reach,
                                100 * answering.interval->coverage));
  }
  if (args.get("--to") == "onnx") {
    notes.push_back("inputs are floats: a double between a threshold and the float below it may go "
                    "the other way");
  }
  return notes;
}

/// Of another library's format. Errors: kInvalidInput.
Result<int> export_foreign(const Args& args, const std::string& bytes, std::int64_t version,
                           const std::string& name, const io::Path& place) {
  const auto pipeline = TRY(model::Pipeline::load(bytes));
  const model::Transform& transform = pipeline->transform();
  const std::string to = args.get("--to"), out = args.get("-o");
  const auto notes = TRY(left_out(args, *pipeline));
  const std::string file =
      TRY(to == "onnx" ? model::to_onnx(*pipeline) : model::to_lightgbm(*pipeline));
  TRY(io::write_atomically(*io::real_fs(), place, file));
  if (args.json) {
    model::Answering left = pipeline->parts().answering;
    if (to == "onnx") left.calibration = {};  // the file applies it itself
    say_json({{"file", out}, {"version", version}, {"model", name}, {"format", to},
              {"bytes", file.size()}, {"sha256", io::sha256(file).hex()}, {"notes", notes},
              {"features", model::feature_list(transform)},
              {"classes", pipeline->parts().classes},
              {"levels", pipeline->parts().levels},
              {"answering", left.to_json()}});
    return kOk;
  }
  say(fmt::format("v{} of {} to {}, as {} reads it: {} features", version, name, out, to,
                  transform.features()));
  for (const std::string& note : notes) say("  " + note);
  return kOk;
}

}  // namespace

Result<int> run_export(const Args& args) {
  const std::string out = args.get("-o");
  if (out.empty()) {
    return report_usage(args, "rondo export needs -o FILE", "rondo export -o model.rondo");
  }
  const auto asked = args.words.empty() ? std::nullopt : positive(args.words[0], 'v');
  if (!args.words.empty() && !asked) return refuse_version(args, args.words[0]);
  const std::string to = args.get("--to", "rondo");
  if (to != "rondo" && to != "onnx" && to != "lightgbm") {
    return report_usage(args, fmt::format("\"{}\" is no format", to),
                        "--to is rondo, onnx or lightgbm");
  }
  const auto fs = io::real_fs();
  const io::Path place = TRY(file_to_write(*fs, out, by_force(args)));
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  ledger::OpenOptions options;
  options.read_only = true;
  const auto store = TRY(ledger::Store::open(fs, loop::store_folder(args.project), options));
  const loop::State state = TRY(loop::read_state(*store->ledger));
  const std::int64_t version = asked ? *asked : TRY(champion_of(state));
  if (to != "rondo") {
    return export_foreign(args, TRY(loop::stored_pipeline(*store, state, version)), version,
                          config.model_name(), place);
  }
  const std::string bytes = TRY(loop::export_pipeline(*store, state, config, version));
  TRY(io::write_atomically(*fs, place, bytes));
  if (args.json) {
    say_json({{"file", out}, {"version", version}, {"model", config.model_name()},
              {"bytes", bytes.size()}, {"sha256", io::sha256(bytes).hex()}});
    return kOk;
  }
  say(fmt::format("v{} of {} to {}", version, config.model_name(), out));
  say(fmt::format("  `rondo serve {}` answers with it, here or elsewhere", out));
  return kOk;
}

}  // namespace rondo::cli
