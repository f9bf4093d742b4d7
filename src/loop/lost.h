// Answers of earlier starts whose record a kill or a power cut took: their ids are authentic, but
// nothing is known about them any more, so a label for one is unknown.
#pragma once

#include <map>

#include "base/guarded.h"
#include "ledger/prediction_log.h"

namespace rondo::loop {

class LostAnswers {
 public:
  /// `start` is this start's number: what it answers is on its way to the log, and what a later one
  /// answers that took over. 0: no start of its own, so others may be answering, and the log grows.
  LostAnswers(io::Fs& fs, io::Path log, std::uint32_t start)
      : fs_(fs), log_(std::move(log)), start_(start) {}
  /// Whether the answer of an authentic id is lost. Threads: any. Errors: kIo. Cost: the first id
  /// of an earlier start reads the whole prediction log, the others nothing; with start 0 each lost
  /// one does.
  Result<bool> is_lost(std::string_view id);

 private:
  /// The greatest sequence in the log, by start and thread.
  using Ends = std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint64_t>;
  Result<Ends> read() const;

  io::Fs& fs_;
  io::Path log_;
  std::uint32_t start_;
  Guarded<std::optional<Ends>> ends_;
};

}  // namespace rondo::loop
