// A job reads objects and writes into its attempt's folder; a collection reads the files of its
// sources too, and reaches the network if that is a database's server. No other job does. Training
// by a script of the project's reads its folder and the system's programs.
#include "loop/confine.h"

#include <algorithm>
#include <cstdlib>

#include "train/script.h"
#include "train/train.h"

#ifndef RONDO_DUCKDB_LIBRARY
#define RONDO_DUCKDB_LIBRARY ""
#endif
#ifndef RONDO_ADBC_FOLDER
#define RONDO_ADBC_FOLDER ""
#endif
#ifndef RONDO_LIGHTGBM_LIBRARY
#define RONDO_LIGHTGBM_LIBRARY ""
#endif

namespace rondo::loop {
namespace {

/// A value of "now" or below: a column of a person's settings may be called "temp" too.
void set_temp_below(Json& value, const io::Path& folder) {
  if (!value.is_object()) return;
  for (const auto& item : value.items()) {
    if (item.key() == "temp") item.value() = folder.string();
    else set_temp_below(item.value(), folder);
  }
}

Result<void> add_source(io::Fs& fs, Confined& out) {
  Json& options = out.job.at("options");
  const auto settings =
      TRY(io::read_options<collect::Options>(options.at("collect"), "collect"));
  const auto project = TRY(io::get<std::string>(options.at("now"), "project_folder"));
  collect::Inputs inputs = TRY(collect::inputs_of(fs, settings, project));
  options["collect"]["source"] = inputs.source;
  std::ranges::move(inputs.reads, std::back_inserter(out.reach.read));
  out.reach.network = inputs.network;
  for (const auto& [name, how] : TRY(collect::tables_of(settings))) {
    collect::Inputs side = TRY(collect::inputs_of(fs, how, project));
    options["collect"]["table"][name]["source"] = side.source;
    std::ranges::move(side.reads, std::back_inserter(out.reach.read));
  }
  return {};
}

/// A worker can give a script no more than it has itself.
Result<void> add_script(io::Fs& fs, const Job& job, Confined& out) {
  const auto settings =
      TRY(io::read_options<train::Options>(job.input.options.at("train"), "train"));
  io::Reach script = TRY(train::script_reach(fs, settings.command, job.input.project));
  std::ranges::move(script.read, std::back_inserter(out.reach.read));
  std::ranges::move(script.run, std::back_inserter(out.reach.run));
  std::ranges::move(script.list, std::back_inserter(out.reach.list));
  return {};
}

}  // namespace

void set_temp(Json& options, const io::Path& folder) {
  if (const auto now = options.find("now"); now != options.end()) set_temp_below(*now, folder);
}

std::vector<io::Path> libraries() {
  std::vector<io::Path> places, out;
  for (const char* built : {RONDO_DUCKDB_LIBRARY, RONDO_LIGHTGBM_LIBRARY}) {
    if (*built != '\0') places.push_back(io::Path(built).parent_path());
  }
  places.emplace_back(RONDO_ADBC_FOLDER);
  // As the dynamic linker looks for them, beside the program.
  if (const auto program = io::resolved("/proc/self/exe")) {
    places.push_back(program->parent_path() / "../lib");
  }
  for (const io::Path& place : places) {
    if (auto real = io::resolved(place)) out.push_back(*std::move(real));
  }
  return out;
}

Result<io::Reach> reach_of_sources(io::Fs& fs, const collect::Options& options,
                                   const io::Path& project) {
  io::Reach reach;
  reach.read = libraries();
  collect::Inputs inputs = TRY(collect::inputs_of(fs, options, project));
  std::ranges::move(inputs.reads, std::back_inserter(reach.read));
  for (const auto& [name, how] : TRY(collect::tables_of(options))) {
    collect::Inputs side = TRY(collect::inputs_of(fs, how, project));
    std::ranges::move(side.reads, std::back_inserter(reach.read));
  }
  for (const io::Path& folder : TRY(collect::folders_of(fs, options, project))) {
    if (auto real = io::resolved(folder)) reach.list.push_back(*std::move(real));
  }
  return reach;
}

Result<Confined> confine(io::Fs& fs, const Job& job, const io::Path& folder,
                         const io::Path& objects) {
  Confined out{to_json(job, objects), {}};
  const auto real = [](const io::Path& path) { return io::resolved(path).value_or(path); };
  set_temp(out.job.at("options"), std::filesystem::absolute(folder) / "temp");
  out.reach.read = libraries();
  out.reach.read.push_back(real(objects));
  out.reach.write = {real(folder)};
  if (job.kind == "collect" || job.kind == "look" || job.kind == "fetch") TRY(add_source(fs, out));
  if (!job.input.project.empty()) TRY(add_script(fs, job, out));
#if defined(RONDO_FAILPOINTS)
  if (const char* log = std::getenv("RONDO_FAILPOINT_LOG"); log != nullptr) {
    out.reach.write.push_back(real(log));
  }
#endif
  return out;
}

}  // namespace rondo::loop
