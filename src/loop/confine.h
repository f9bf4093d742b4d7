// What the worker of a job may reach: the one place that says so. A worker opens files that come
// from outside with large foreign readers, so what a broken one could do has an end here.
#pragma once

#include "io/sandbox.h"
#include "collect/collect.h"
#include "loop/launcher.h"

namespace rondo::loop {

struct Confined {
  Json job;  // as the worker gets it: patterns replaced by what they found, temporary files beside
  io::Reach reach;
};
/// `folder` is the attempt's own. Errors: kInvalidInput for a source that leads elsewhere.
Result<Confined> confine(io::Fs& fs, const Job& job, const io::Path& folder,
                         const io::Path& objects);

/// What reading all sources takes, of the rows and of other tables: for a process that is no job.
/// Errors: kInvalidInput for a link that leads out of its folder.
Result<io::Reach> reach_of_sources(io::Fs& fs, const collect::Options& options,
                                   const io::Path& project);

/// Has DuckDB's own files made in `folder`, by the options of a job.
void set_temp(Json& options, const io::Path& folder);

/// What every process of ours needs that opens DuckDB or LightGBM: their libraries.
std::vector<io::Path> libraries();

}  // namespace rondo::loop
