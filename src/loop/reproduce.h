// Making a version again: every job of the cycle that made it, from the inputs and options that its
// steps wrote down, compared digest by digest. By induction over the jobs the pipeline then follows
// from the bytes of the dataset version and nothing else.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"
#include "loop/run.h"

namespace rondo::loop {

class Launcher;

/// A job without that from which no bit follows: the folder for spilling, the number of threads.
Json portable(Json job);

struct ReproduceWish {
  std::int64_t version = 0;             // 0: the champion
  std::optional<std::int64_t> threads;  // of training, in place of what was set then
  io::Path folder;                      // empty, and the caller's to remove
  io::Path project;                     // where a training's script stands
  Stop stop;
};

/// {"version","dataset","manifest","rows","segments","pipeline","same","jobs":[{"step","stage",
/// "kind","seconds","result","result_now","outputs":{name:{"digest","made","same"}}}]}. "same" is
/// whether every job came out as it did then. Progress goes to `observer`.
/// Threads: any; writes to `folder` only. Cost: that of the cycle.
/// Errors: kNotFound for a version that never was, or whose jobs were not written down; kCorrupt
/// for a damaged input; those of the jobs.
Result<Json> reproduce(ledger::Store& store, const Config& config, const ReproduceWish& wish,
                       Launcher& launcher, const Observer& observer);

}  // namespace rondo::loop
