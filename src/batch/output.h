// Where the lines go: a file that appears whole when all is done, or whoever takes them. Beside the
// file OUT lies the folder OUT.partial while it is being made; a run that was killed goes on from
// what stands in there.
#pragma once

#include <functional>

#include "batch/input.h"

namespace rondo::batch {

class Output {
 public:
  virtual ~Output() = default;
  /// Where an earlier run of the same job got to, and what it had written. None: begin.
  virtual std::optional<Place> begun() const = 0;
  virtual Result<void> append(std::string_view lines) = 0;
  /// What was appended so far are the rows before `place`; may be made durable.
  virtual Result<void> passed(const Place& place) = 0;
  virtual Result<void> finish() = 0;
  /// Nothing is left of it.
  virtual void discard() = 0;
};

/// Lines are handed on at once.
std::unique_ptr<Output> output_to(std::function<Result<void>(std::string_view)> take);

struct FileOptions {
  io::Path file;
  Json identity;     // what must be the same for a run to go on with it
  bool goes_on = true;
  std::optional<table::Schema> parquet;  // the columns of the lines; none: they stay text
  io::Path temp;
};
/// Errors: kConflict when another run writes the same file; kIo, kExhausted.
Result<std::unique_ptr<Output>> output_file(std::shared_ptr<io::Fs> fs, FileOptions options);

}  // namespace rondo::batch
