// One pipeline file at work without a project: it answers, and nothing else. No store, no loop, no
// log, so many of it may run side by side behind a balancer. A file that is replaced is taken in
// while requests go on; one that cannot be, or is another model, is told, and the last good one
// answers.
#pragma once

#include "loop/service.h"

namespace rondo::loop {

enum class Past : std::uint8_t {
  kNeeded,   // a model that reads lags is refused: they are in the project's store
  kMissing,  // its lags are missing in every row
};

struct FileServiceOptions {
  io::Path file;
  std::string name;      // in URLs; empty: what the file says, else the file's own name
  io::Path tokens;       // folder of a file `tokens`; empty: nobody has one
  Past past = Past::kNeeded;
  Observer observer = nullptr;  // {"event":"reloaded","version"} or "refused" with its "error"
};

/// Errors: kNotFound; kCorrupt naming section and offset; kInvalidInput for a model that reads
/// lags, and for `tokens` without the file.
Result<std::unique_ptr<Service>> open_file_service(const FileServiceOptions& options);

}  // namespace rondo::loop
