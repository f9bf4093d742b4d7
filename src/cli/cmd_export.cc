// export: a version leaves the project as a file that stands alone.
#include <fmt/format.h>

#include "cli/tasks.h"
#include "io/digest.h"
#include "loop/portable.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

Result<void> check_free(const Args& args, io::Fs& fs, const io::Path& file) {
  if (!TRY(fs.stat(file)) || args.has("--force")) return {};
  return fail(Code::kConflict, fmt::format("{} exists already", file.string()),
              "name another file, or write over it with --force");
}

Result<std::int64_t> champion_of(const loop::State& state) {
  if (state.champion != 0) return state.champion;
  return fail(Code::kNotFound, "no model serves yet",
              "turn the loop first: `rondo run`, or name a version: `rondo models` lists them");
}

}  // namespace

Result<int> run_export(const Args& args) {
  const std::string out = args.get("-o");
  if (out.empty()) {
    return report_usage(args, "rondo export needs -o FILE", "rondo export -o model.rondo");
  }
  const auto asked = args.words.empty() ? std::nullopt : positive(args.words[0], 'v');
  if (!args.words.empty() && !asked) return refuse_version(args, args.words[0]);
  const auto fs = io::real_fs();
  TRY(check_free(args, *fs, out));
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  ledger::OpenOptions options;
  options.read_only = true;
  const auto store = TRY(ledger::Store::open(fs, loop::store_folder(args.project), options));
  const loop::State state = TRY(loop::read_state(*store->ledger));
  const std::int64_t version = asked ? *asked : TRY(champion_of(state));
  const std::string bytes = TRY(loop::export_pipeline(*store, state, config, version));
  TRY(io::write_atomically(*fs, out, bytes));
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
