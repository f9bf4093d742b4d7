// predict: files in, lines of predictions out, in constant memory; the same bits as online.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/words.h"
#include "batch/predict.h"
#include "cli/confined.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "io/digest.h"
#include "loop/confine.h"
#include "loop/portable.h"
#include "loop/service.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

Result<std::shared_ptr<const deploy::Deployed>> asked_version(const Args& args,
                                                              loop::Service& service) {
  if (args.has("--model")) return service.version(*positive(args.get("--model"), 'v'));
  const auto routing = service.router().take();
  if (const std::string alert = service.numbers().alert; !routing && !alert.empty()) {
    return fail(Code::kCorrupt, alert, "`rondo fsck` names what is damaged");
  }
  if (routing && routing->champion) return routing->champion;
  return fail(Code::kNotFound, "no model serves yet", "turn the loop first: `rondo run`");
}

/// Whether --model names a pipeline file, not a version.
bool is_file(const Args& args) {
  return args.has("--model") && !positive(args.get("--model"), 'v');
}

/// A file of `rondo export`, beside the project or without one: its rows are read as the project
/// that it comes from reads them.
Result<batch::Settings> settings_of_file(const Args& args) {
  const std::string file = args.get("--model");
  const std::string bytes = TRY(io::real_fs()->read(file));
  auto deployed = std::make_shared<deploy::Deployed>();
  deployed->pipeline = TRY(during(model::Pipeline::load(bytes), "loading " + file));
  const auto exported = TRY(loop::exported_of(deployed->pipeline->parts().provenance));
  deployed->version = std::max<std::int64_t>(exported.version, 1);
  deployed->pipeline_digest = io::sha256(bytes);
  const model::Transform& transform = deployed->pipeline->transform();
  if (!transform.history().lags.empty() ||
      (batch::needs_time(transform) && !exported.time.empty())) {
    return fail(Code::kInvalidInput,
                fmt::format("{} reads {}, which only its project knows", file,
                            transform.history().lags.empty() ? "when a row happens"
                                                             : "lags from the past"),
                exported.version > 0 ? fmt::format("in the project: rondo predict {} --model v{}",
                                                   args.words[0], exported.version)
                                     : std::string("predict in the project"));
  }
  batch::Settings settings;
  settings.by = deployed;
  settings.options.null = exported.null;
  settings.now = wall_clock_now();
  settings.temp = std::filesystem::temp_directory_path();
  return settings;
}

/// How files of this project are read; the keys are the caller's.
Result<batch::Settings> settings_of_project(const Args& args, loop::Service& service) {
  batch::Settings settings;
  settings.by = TRY(asked_version(args, service));
  settings.options = service.config().collect;
  settings.now = service.now();
  settings.temp = service.store().attempts();
  const auto manifest = loop::newest_manifest(service.store());
  if (!manifest && manifest.error().code != Code::kNotFound) {
    return std::unexpected(manifest.error());
  }
  if (manifest) {  // a model that was brought in has no data yet
    settings.contract = manifest->contract;
    settings.clock = TRY(batch::clock_from(manifest->cursor));
  }
  return settings;
}

Result<void> set_form(const Args& args, batch::Settings& settings) {
  settings.form = TRY(table_form(args)).form;
  settings.beside = {args.has("--interval"), args.has("--explain")};
  if (settings.beside.interval && !settings.by->pipeline->parts().answering.interval) {
    return fail(Code::kInvalidInput,
                fmt::format("v{} has no interval: it answers classes, or was made without",
                            settings.by->version),
                "`rondo models show` says why; [evaluate] interval = 0.9 makes the next one's");
  }
  if (!settings.beside.reasons || settings.by->pipeline->can_explain()) return {};
  return fail(Code::kInvalidInput,
              fmt::format("v{} cannot be explained: it does not hold how many training rows "
                          "reached each leaf",
                          settings.by->version),
              "a version that this program trains or imports holds it");
}

/// The columns of the lines, for Parquet.
table::Schema line_schema(const batch::Settings& settings) {
  using table::Type;
  const model::Pipeline::Parts& parts = settings.by->pipeline->parts();
  table::Schema schema;
  for (const std::string& key : settings.keys) {
    const auto field = settings.contract.schema.find(key);
    const bool whole =
        field && settings.contract.schema.fields[*field].type == Type::kInteger;
    schema.fields.push_back({key, whole ? Type::kInteger : Type::kText});
  }
  if (settings.keys.empty()) schema.fields.push_back({"row", Type::kInteger});
  schema.fields.push_back({"prediction", parts.classes.empty() ? Type::kNumber : Type::kText});
  const model::Pipeline& pipeline = *settings.by->pipeline;
  for (const std::string& name : pipeline.answer_names()) {
    schema.fields.push_back({fmt::format("{}_{}", pipeline.answer_kind(), name), Type::kNumber});
  }
  for (const std::string& name : batch::names_beside(*settings.by->pipeline, settings.beside)) {
    schema.fields.push_back({name, Type::kNumber});
  }
  schema.fields.push_back({"model_version", Type::kInteger});
  return schema;
}

Result<std::unique_ptr<batch::Output>> open_output(const Args& args,
                                                   const batch::Settings& settings,
                                                   const batch::Input& input) {
  const std::string out = args.get("-o", "-");
  if (out == "-") return batch::output_to(write_out);
  batch::FileOptions options;
  options.file = TRY(file_to_write(*io::real_fs(), out, Taken::kReplaced));
  options.temp = settings.temp;
  if (TRY(table_form(args)).parquet) options.parquet = line_schema(settings);
  // Times that follow from when it began would differ behind the place where it goes on.
  const bool timed = batch::needs_time(settings.by->pipeline->transform());
  const bool fixed = !timed || (!settings.options.time.empty() && !settings.clock.orders_only());
  options.goes_on = fixed && !input.identity().empty();
  // What became known meanwhile would change the lags behind the place where it goes on.
  const auto& past = settings.by->history;
  const std::uint64_t known =
      past ? past->with([](const model::HistoryState& history) { return history.size(); }) : 0;
  options.identity = {{"files", input.identity()},
                      {"known", known},
                      {"keys", settings.keys},
                      {"json", settings.form == batch::Form::kJson},
                      {"explain", settings.beside.reasons},
                      {"interval", settings.beside.interval},
                      {"version", settings.by->version},
                      {"pipeline", settings.by->pipeline_digest.hex()},
                      {"null", settings.options.null},
                      {"trim", settings.options.trim},
                      {"time", settings.options.time}};
  return batch::output_file(io::real_fs(), std::move(options));
}

struct Scored {
  batch::Progress progress;
  std::int64_t version = 0;
};

Result<Scored> score(const Args& args) {
  std::unique_ptr<loop::Service> service;  // as long as its version is used
  if (!is_file(args)) service = TRY(loop::Service::open({args.project, false, "predict"}));
  batch::Settings settings =
      TRY(service ? settings_of_project(args, *service) : settings_of_file(args));
  TRY(set_form(args, settings));
  settings.stop = args.stop;
  const auto input = TRY(batch::Input::open(io::real_fs(), args.words[0], settings));
  const std::vector<std::string> names = TRY(input->names());
  const std::vector<std::string>& keys = settings.options.key;
  const bool keyed = std::ranges::all_of(keys, [&](const std::string& key) {
    return std::ranges::find(names, key) != names.end();
  });
  if (keyed) settings.keys = keys;
  const std::unique_ptr<batch::Output> output = TRY(open_output(args, settings, *input));
  RowsBar bar(args);
  const auto done = batch::predict(settings, *input, *output, args.stop,
                                   [&](const batch::Progress& progress) { bar.show(progress); });
  if (!done) {
    Error error = done.error();
    if (error.code == Code::kCancelled && args.get("-o", "-") != "-") {
      error.hint = "the same command goes on";
    }
    return std::unexpected(std::move(error));
  }
  return Scored{*done, settings.by->version};
}

}  // namespace

Result<void> predict_quietly(const Args& args) {
  TRY(score(args));
  return {};
}

/// What the command names, and the project that it names a version of; no network.
Result<io::Reach> predict_reach(const Args& args) {
  const auto fs = io::real_fs();
  io::Reach reach;
  const auto add = [](std::vector<io::Path>& to, const io::Path& path) {
    if (auto real = io::resolved(path.empty() ? "." : path)) to.push_back(*std::move(real));
  };
  reach.read = loop::libraries();
  collect::Options named;
  named.source = {args.words[0]};
  collect::Inputs inputs = TRY(collect::inputs_of(*fs, named, "."));
  std::ranges::move(inputs.reads, std::back_inserter(reach.read));
  const std::size_t wild = args.words[0].find_first_of("*?[");
  if (wild != std::string::npos) {
    add(reach.list, io::Path(args.words[0].substr(0, wild)).parent_path());
  }
  if (is_file(args)) {
    add(reach.read, args.get("--model"));
    add(reach.write, std::filesystem::temp_directory_path());
  } else {
    add(reach.read, args.project);
    add(reach.write, loop::store_folder(args.project));
  }
  const std::string out = args.get("-o", "-");
  if (out == "-") return reach;
  add(reach.write, TRY(file_to_write(*fs, out, Taken::kReplaced)).parent_path());
  return reach;
}

Result<int> run_predict(const Args& args) {
  if (!confined_with()) {
    return run_confined(args, "predict", TRY(predict_reach(args)), args.words[0],
                        "with -o the same command goes on where it was; if it ends there again, "
                        "the file breaks its reader: please report it");
  }
  if (is_file(args) && !TRY(io::real_fs()->stat(args.get("--model")))) {
    return report_usage(
        args, fmt::format("\"{}\" is no version, and no file", args.get("--model")),
        "versions are written v7; `rondo models` lists them");
  }
  const Scored done = TRY(score(args));
  const std::string out = args.get("-o", "-");
  if (out == "-") {
    TRY(std::fflush(stdout) == 0 ? Result<void>() : write_out("\n"));
    return kOk;
  }
  if (args.json) {
    say_json({{"rows", done.progress.rows}, {"rows_before", done.progress.rows_before},
              {"model_version", done.version}, {"file", out},
              {"seconds", done.progress.took.in_seconds()}});
    return kOk;
  }
  say(fmt::format("{} scored by v{} to {}{}", counted(done.progress.rows, "row"), done.version, out,
                  done.progress.rows_before == 0
                      ? ""
                      : fmt::format(" (the first {} by an earlier run)",
                                    grouped(done.progress.rows_before))));
  return kOk;
}

}  // namespace rondo::cli
