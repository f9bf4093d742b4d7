// Answers whose record is gone: a kill or a power cut took it from an earlier start, it was beyond
// [deploy] log, or it was kept long enough. Their ids are authentic, but nothing is known about
// them any more, so a label for one is unknown.
#pragma once

#include <map>

#include "base/guarded.h"
#include "ledger/log_retention.h"

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
  /// What retention took from the log.
  void dropped(const ledger::SequenceEnds& ends);

 private:
  /// What the log holds of one thread of a start: all of it between two sequences whose lot was
  /// below the share that was kept.
  struct End {
    std::uint64_t least = ~std::uint64_t{0}, greatest = 0;
    double lot = 0;  // the greatest
  };
  using Ends = std::map<std::pair<std::uint32_t, std::uint16_t>, End>;
  Result<Ends> read() const;

  io::Fs& fs_;
  io::Path log_;
  std::uint32_t start_;
  Guarded<std::optional<Ends>> ends_;
  Guarded<ledger::SequenceEnds> gone_;
};

}  // namespace rondo::loop
