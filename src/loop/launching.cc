// Every job of a step passes launch(): keyed, cached, in a folder of its own, its files into
// objects. What was launched with which inputs becomes an object too, so that a version can be made
// again (loop/reproduce.h).
#include <fmt/format.h>

#include <algorithm>

#include "base/cores.h"
#include "base/failpoint.h"
#include "loop/conductor.h"
#include "loop/jobs.h"
#include "loop/reproduce.h"
#include "loop/shared.h"
#include "train/script.h"

namespace rondo::loop {
namespace {

using ledger::StageOutput;
using Names = std::map<std::string, std::string>;

/// Raised whenever a stage computes something else from the same inputs.
constexpr int kCodeVersion = 13;

/// What an earlier attempt at the very same job has kept stays.
Result<void> remove_all_but(io::Fs& fs, const io::Path& folder, const io::Path& kept) {
  if (!TRY(fs.stat(folder))) return {};
  for (const std::string& name : TRY(fs.list(folder))) {
    if (folder / name != kept) TRY(fs.remove_all(folder / name));
  }
  return {};
}

}  // namespace

JobName job_name(const Job& job) {
  JobName name;
  name.keyed = to_json(job, "");
  if (job.kind != "prepare") name.keyed.erase("now_us");  // labels become known as time goes by
  name.keyed["code"] = kCodeVersion;
  if (job.kind == "train") name.keyed.at("options").at("train")["threads"] = 0;  // no bit follows
  name.key = "cache:" + io::sha256(io::canonical(name.keyed)).hex();
  return name;
}

io::Path attempt_folder(const ledger::Store& store, std::int64_t step, const std::string& kind) {
  return store.attempts() / fmt::format("{}-{}", step, kind);
}

Result<void> add_script(io::Fs& fs, const Config& config, const io::Path& project, Job& job) {
  const std::string& command = config.train.command;
  if (command.empty()) return {};
  job.input.project = std::filesystem::absolute(project);
  Json& now = job.input.options.at("now");
  if (now.contains("script")) return {};
  now["script"] = TRY(train::script_files(fs, command, job.input.project));
  return {};
}

Json training_options(const Config& config) {
  return {{"train", io::write_options(config.train)}, {"now", {{"rounds", 0}}}};
}

Result<Job> training_job(io::Fs& fs, const Config& config, const io::Path& project,
                         const std::string& prepared) {
  Job job;
  job.kind = "train";
  job.input.inputs["prepared"] = TRY(io::Digest::from_hex(prepared));
  job.input.options = training_options(config);
  job.input.seed = Seed{static_cast<std::uint64_t>(config.train.seed)}.derive(job.kind);
  TRY(add_script(fs, config, project, job));
  return job;
}

/// The files that the job made are objects of this store then: `made` has their digests.
Result<StageOutput> Conductor::launch_here(const Job& job, const io::Path& folder, Json& made) {
  RONDO_FAILPOINT(kAttemptCreate);
  TRY(remove_all_but(*parts_.store->fs, folder, job.input.kept));
  TRY(parts_.store->fs->make_folders(job.input.out));
  StageOutput output = TRY(parts_.launcher->launch(job, folder, parts_.config->loop.step_deadline));
  RONDO_FAILPOINT(kAttemptOutput);
  for (const auto& [name, file] : output.files) {
    made[name] = TRY(parts_.store->objects->put_file(job.input.out / file)).hex();
  }
  RONDO_FAILPOINT(kAttemptSweep);
  TRY(parts_.store->fs->remove_all(folder));
  return output;
}

/// What another replay has made is taken over, and charged as if it had been made here.
Result<StageOutput> Conductor::launch_or_share(const Job& job, const JobName& named,
                                               const io::Path& folder, Json& made) {
  if (parts_.shared == nullptr) return launch_here(job, folder, made);
  auto asked = TRY(parts_.shared->ask(named.keyed, job.input.stop));
  if (const auto* theirs = std::get_if<SharedJob>(&asked)) {
    for (const auto& [name, hex] : theirs->made.items()) {
      const io::Digest digest = TRY(io::Digest::from_hex(hex.get<std::string>()));
      const io::Path file = theirs->in->path(digest);
      if (TRY(parts_.store->objects->put_file(file)) == digest) continue;
      return fail(Code::kCorrupt, fmt::format("{} is not as it was written", file.string()),
                  "run the backtest again");
    }
    made = theirs->made;
    StageOutput output = theirs->output;
    output.measured["worker_cpu_s"] = theirs->cpu_s;
    return output;
  }
  const bool alone = parts_.shared->alone();  // then other threads work for it, and for nobody else
  const FewerCores fewer(parts_.shared->cores_each());  // no bit depends on how many there are
  const double before = thread_cpu_seconds(), all_before = cpu_seconds();
  StageOutput output = TRY(launch_here(job, folder, made));
  const double own = thread_cpu_seconds() - before;
  const bool still = alone && parts_.shared->alone();
  const double helped = still ? std::max(0.0, cpu_seconds() - all_before - own) : 0;
  std::get<SharedJobs::Turn>(asked).finish(
      {output, made, std::make_shared<ledger::Objects>(*parts_.store->objects), own + helped});
  output.measured["worker_cpu_s"] = helped;
  return output;
}

Result<StageOutput> Conductor::launch(const Action& action, std::int64_t attempt,
                                      const std::string& kind, Json options, const Names& inputs,
                                      const Stop& stop, Names* outputs) {
  Job job;
  job.kind = kind;
  job.step = action.step;
  job.attempt = attempt;
  job.epoch = parts_.desk->lease().epoch;
  for (const auto& [name, hex] : inputs) {
    job.input.inputs[name] = TRY(io::Digest::from_hex(hex));
  }
  job.input.options = std::move(options);
  job.input.seed = Seed{static_cast<std::uint64_t>(parts_.config->train.seed)}.derive(kind);
  job.input.now = parts_.clock->now();
  job.input.stop = stop;
  job.input.finishes = kind == "train" && !parts_.world->stays();
  job.input.objects = parts_.store->objects.get();
  job.input.fs = parts_.store->fs.get();
  job.input.progress = [this](const Json& said) {
    Json event = said;
    event["event"] = "progress";
    tell(event);
  };
  if (kind == "train") TRY(add_script(*parts_.store->fs, *parts_.config, parts_.project, job));
  const JobName named = job_name(job);
  const auto note = [&](const StageOutput& output, const Json& made) {
    Json done = portable(named.keyed);
    done["result"] = output.result;
    done["outputs"] = made;
    jobs_.push_back(std::move(done));
  };
  if (kind != "collect") {
    if (const auto hit = TRY(parts_.store->ledger->projection(named.key))) {
      const Json made = io::get_or<Json>(*hit, "outputs", Json::object());
      for (const auto& item : made.items()) (*outputs)[item.key()] = item.value();
      StageOutput output = TRY(output_from(hit->at("output")));
      output.measured["cached"] = true;
      note(output, made);
      return output;
    }
  }
  const io::Path folder = attempt_folder(*parts_.store, action.step, kind);
  if (kind == "train") job.input.kept = named.kept(folder);
  job.input.out = folder / "out";
  Json made = Json::object();
  const StageOutput output = TRY(launch_or_share(job, named, folder, made));
  worker_cpu_s_ += io::get_or<double>(output.measured, "worker_cpu_s", 0);
  for (const auto& item : made.items()) (*outputs)[item.key()] = item.value();
  if (kind != "collect") {
    StageOutput kept = output;
    kept.measured = Json::object();
    TRY(parts_.desk->note({}, {{named.key, {{"output", to_json(kept)}, {"outputs", made}}}}));
  }
  note(output, made);
  return output;
}

Result<void> Conductor::keep_jobs(Names& outputs) {
  outputs["jobs"] = TRY(parts_.store->objects->put(io::canonical(jobs_))).hex();
  return {};
}

}  // namespace rondo::loop
