// See log_retention.h. A segment is judged by what stands in it, not by the time of its file, which
// a repair or a restored backup makes new.
#include "ledger/log_retention.h"

#include <utility>

namespace rondo::ledger {

Result<void> LogRetention::look_at(const std::string& name) {
  if (oldest_.name == name) return {};
  Oldest found{name, kBeginningOfTime, {}};
  TRY(read_segment_of_predictions(fs_, folder_, name, [&](std::string_view id, Time answered) {
    const auto origin = PredictionIds::origin_of(id);
    std::uint64_t& end = found.ends[{origin.start, origin.thread}];
    end = std::max(end, origin.sequence);
    found.newest = std::max(found.newest, answered);
  }));
  oldest_ = std::move(found);
  return {};
}

Result<LogRetention::Dropped> LogRetention::run(Time now) {
  const std::vector<io::LogSegment> segments = TRY(io::log_segments(fs_, folder_));
  std::uint64_t bytes = 0;
  for (const io::LogSegment& segment : segments) bytes += segment.bytes;
  for (std::size_t i = 0; i + 1 < segments.size() && segments[i].finished; ++i) {
    TRY(look_at(segments[i].name));
    if (bytes <= most_ && oldest_.newest + keep_ >= now) break;
    TRY(io::drop_segment(fs_, folder_, segments[i].name));
    bytes -= segments[i].bytes;
    ++dropped_.segments;
    dropped_.bytes += segments[i].bytes;
    for (const auto& [whose, end] : oldest_.ends) {
      std::uint64_t& known = dropped_.ends[whose];
      known = std::max(known, end);
    }
  }
  return std::exchange(dropped_, {});
}

}  // namespace rondo::ledger
