// How a job of a step is carried out: in this process (stories, replays, power-cut tests) or in a
// child process by the rank contract, so that a crash or a memory limit there never reaches the
// predictions. Launchers differ in how they start a rank, in nothing else: the facts are the same.
#pragma once

#include <memory>

#include "ledger/stage_io.h"

namespace rondo::loop {

/// One call of a stage's entry function. A step has one to four of them.
struct Job {
  std::string kind;  // collect | prepare | train | score | evaluate | assemble; outside of a step:
                     // foreign_scores, look, fetch
  std::int64_t step = 0, attempt = 1, epoch = 0;
  ledger::StageInput input;
};

/// Carries the job out here and now.
Result<ledger::StageOutput> run_job(const std::string& kind, const ledger::StageInput& input);

class Launcher {
 public:
  virtual ~Launcher() = default;
  /// `folder` is the attempt's own; input.out lies in it. Errors: those of the stage; kUnavailable
  /// when the child died or its deadline passed (the text names its log).
  virtual Result<ledger::StageOutput> launch(const Job& job, const io::Path& folder,
                                             Span deadline) = 0;
};

/// What a worker may have of memory, in bytes; 0: as much as it likes.
std::uint64_t worker_memory();

std::unique_ptr<Launcher> inline_launcher();
/// `objects` is the folder of the store's objects, which the child opens for reading.
std::unique_ptr<Launcher> process_launcher(std::shared_ptr<io::Fs> fs, io::Path objects);

/// The JSON that goes to the child and comes back from it.
Json to_json(const Job& job, const io::Path& objects);
Json to_json(const ledger::StageOutput& output);
Result<ledger::StageOutput> output_from(const Json& json);

}  // namespace rondo::loop
