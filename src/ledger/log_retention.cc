// See log_retention.h. A segment is judged by what stands in it, not by the time of its file, which
// a repair or a restored backup makes new.
#include "ledger/log_retention.h"

#include <utility>

namespace rondo::ledger {

Result<void> LogRetention::look_at(const std::string& name) {
  if (oldest_.name == name) return {};
  Oldest found{name, std::nullopt, std::nullopt, {}};
  TRY(read_part_of_predictions(fs_, folder_, {name, 0}, [&](std::string_view, Time answered) {
    found.first = answered;
  }));
  oldest_ = std::move(found);
  return {};
}

Result<void> LogRetention::look_through() {
  if (oldest_.newest) return {};
  Oldest found = oldest_;
  found.newest = kBeginningOfTime;
  TRY(read_segment_of_predictions(fs_, folder_, found.name, [&](std::string_view id, Time time) {
    const auto origin = PredictionIds::origin_of(id);
    std::uint64_t& end = found.ends[{origin.start, origin.thread}];
    end = std::max(end, origin.sequence);
    found.newest = std::max(*found.newest, time);
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
    const bool fits = bytes <= most_;
    if (fits && oldest_.first && *oldest_.first + keep_ >= now) break;
    TRY(look_through());
    if (fits && *oldest_.newest + keep_ >= now) break;
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
