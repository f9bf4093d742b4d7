// How long what was answered is kept: whole finished segments of the prediction log go, the oldest
// first, when their newest answer is past its time or the log is larger than it may be. What is
// written now stays, and so do labels, which are facts of the store.
#pragma once

#include <map>

#include "ledger/prediction_log.h"

namespace rondo::ledger {

/// The greatest sequence of each start and thread.
using SequenceEnds = std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint64_t>;

class LogRetention {
 public:
  LogRetention(io::Fs& fs, io::Path folder, Span keep, std::uint64_t bytes)
      : fs_(fs), folder_(std::move(folder)), keep_(keep), most_(bytes) {}

  struct Dropped {
    std::uint64_t segments = 0, bytes = 0;
    SequenceEnds ends;  // no answer up to these is kept any more
  };
  /// Drops what has to go at `now`. The newest segment stays. Threads: one, while others read and
  /// write. Errors: kIo; what was dropped before is told by the next call. Cost: reads a part
  /// of each segment, when it has become the oldest, and all of it once, when it may have to go.
  Result<Dropped> run(Time now);

 private:
  struct Oldest {
    std::string name;
    std::optional<Time> first;   // an early answer in it
    std::optional<Time> newest;  // when all of it was read
    SequenceEnds ends;
  };
  Result<void> look_at(const std::string& name);
  Result<void> look_through();

  io::Fs& fs_;
  const io::Path folder_;
  const Span keep_;
  const std::uint64_t most_;
  Oldest oldest_;
  Dropped dropped_;
};

}  // namespace rondo::ledger
