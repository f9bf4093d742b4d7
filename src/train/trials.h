// Candidates that a search has finished, as files, so that one that was cut off goes on after them.
#pragma once

#include "io/fs.h"
#include "train/proposals.h"

namespace rondo::train {

class Trials {
 public:
  Trials() = default;  // keeps nothing
  /// `folder` is made when there is something to keep.
  Trials(io::Fs& fs, io::Path folder) : fs_(&fs), folder_(std::move(folder)) {}
  /// In the order in which they were tried, up to the first that is missing or damaged.
  std::vector<Tried> read() const;
  /// Durable when it returns. Errors: those of the disk.
  Result<void> keep(std::size_t number, const Tried& tried) const;

 private:
  io::Path path(std::size_t number) const;
  io::Fs* fs_ = nullptr;
  io::Path folder_;
};

}  // namespace rondo::train
