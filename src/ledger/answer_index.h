// Finds answers in the prediction log by their ids without keeping them: of each megabyte of the
// log it knows which sequences of which threads stand in it, and reads that megabyte again. The
// sequences of a thread grow within a start, but for those that overtake each other between the
// making of an id and the writing of its answer: they make the stretches overlap, no more.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "ledger/prediction_log.h"

namespace rondo::ledger {

class AnswerIndex {
 public:
  AnswerIndex(io::Fs& fs, io::Path log) : fs_(fs), log_(std::move(log)) {}

  /// Reads on, at most so many parts of 256 KiB; whether that was all there is. What is known of
  /// segments that retention dropped is forgotten. Errors: kIo.
  Result<bool> extend(std::size_t parts);
  /// Whether an answer made later than that of an id was not seen yet: its own may then stand
  /// behind what was read. One that is not ahead may still, for as long as scoring takes.
  bool is_ahead(std::string_view id) const;
  /// Every row with one of these ids ("ID.row") in what was read so far; an id whose segment was
  /// dropped is not found. Cost: one megabyte of the log for each place where ids stand.
  Result<void> find(const std::set<std::string, std::less<>>& ids,
                    const std::function<void(Prediction&&)>& each);
  /// How many stretches of the log are known.
  std::size_t parts() const { return parts_.size(); }

 private:
  /// A stretch of one segment, about a megabyte.
  struct Part {
    io::LogPosition from;
    std::uint64_t until = 0;
  };
  /// What a part may hold of one thread of a start: `least` and `greatest` never fall from one
  /// part to the next.
  struct Range {
    std::uint64_t least = 0, greatest = 0;
    std::size_t part = 0;
  };
  struct Thread {
    std::vector<Range> ranges;
    std::uint64_t greatest = 0;
  };
  using Name = std::pair<std::uint32_t, std::uint16_t>;
  void note(const Name& name, Range range);
  Result<void> forget();
  Result<void> read(const Part& part, const PredictionFilter& wanted,
                    const std::function<void(Prediction&&)>& each);

  io::Fs& fs_;
  const io::Path log_;
  io::LogPosition end_;
  std::deque<Part> parts_;
  std::size_t forgotten_ = 0;  // the number of the first part
  std::map<Name, Thread> threads_;
};

}  // namespace rondo::ledger
