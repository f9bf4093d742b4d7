// Finds answers in the prediction log by their ids without keeping them: of each megabyte of the
// log it knows which sequences of which threads stand in it, and reads that megabyte again. It
// relies on the order of the log: the sequences of a thread grow within a start.
#pragma once

#include <map>
#include <set>

#include "ledger/prediction_log.h"

namespace rondo::ledger {

class AnswerIndex {
 public:
  AnswerIndex(io::Fs& fs, io::Path log) : fs_(fs), log_(std::move(log)) {}

  /// Reads on, at most so many parts of 256 KiB; whether that was all there is. Errors: kIo.
  Result<bool> extend(std::size_t parts);
  /// Whether the answer of an id, if there is one, stands behind what was read.
  bool is_ahead(std::string_view id) const;
  /// Every row with one of these ids ("ID.row") in what was read so far; an id whose segment was
  /// dropped is not found. Cost: one megabyte of the log for each place where ids stand.
  Result<void> find(const std::set<std::string, std::less<>>& ids,
                    const std::function<void(Prediction&&)>& each);

 private:
  /// A stretch of one segment, about a megabyte.
  struct Part {
    io::LogPosition from;
    std::uint64_t until = 0;
  };
  /// What a part holds of one thread of a start.
  struct Range {
    std::uint64_t least = 0, greatest = 0;
    std::size_t part = 0;
  };
  using Thread = std::pair<std::uint32_t, std::uint16_t>;
  void note(const Thread& thread, Range range);
  Result<void> read(const Part& part, const PredictionFilter& wanted,
                    const std::function<void(Prediction&&)>& each);

  io::Fs& fs_;
  const io::Path log_;
  io::LogPosition end_;
  std::vector<Part> parts_;
  std::map<Thread, std::vector<Range>> ranges_;  // ascending
};

}  // namespace rondo::ledger
