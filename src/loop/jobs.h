// The name under which what a job makes is found again, and the jobs whose name can be told before
// they are launched: the conductor launches by it, a plan looks by it.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"
#include "loop/launcher.h"

namespace rondo::loop {

/// What decides what a job makes (kind, options, inputs, seed, code), and the digest of that.
struct JobName {
  Json keyed;
  std::string key;
  /// Where, in the attempt's folder, the next attempt at the very same job finds what was finished.
  io::Path kept(const io::Path& folder) const {
    return folder / ("kept-" + key.substr(key.size() - 16));
  }
};
JobName job_name(const Job& job);

/// The folder of a step's attempts at a kind of job.
io::Path attempt_folder(const ledger::Store& store, std::int64_t step, const std::string& kind);

/// Of a training by a script: what it reads of the project, as a script that changed is new input;
/// a twin is fitted by what the measured model was. Errors: kNotFound, kIo.
Result<void> add_script(io::Fs& fs, const Config& config, const io::Path& project, Job& job);

/// Options of Model Training: a search, or `rounds` 0 for as many as the inner rows choose.
Json training_options(const Config& config);
/// The job of a step of Model Training on these prepared rows, as far as its name goes.
/// Errors: as add_script().
Result<Job> training_job(io::Fs& fs, const Config& config, const io::Path& project,
                         const std::string& prepared);

}  // namespace rondo::loop
