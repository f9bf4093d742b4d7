// See answer_index.h.
#include "ledger/answer_index.h"

#include <algorithm>

#include "ledger/prediction_row.h"

namespace rondo::ledger {
namespace {

constexpr std::uint64_t kPartBytes = 1ULL << 20;

}  // namespace

/// That the last part holds these.
void AnswerIndex::note(const Name& name, Range range) {
  Thread& thread = threads_[name];
  auto& ranges = thread.ranges;
  thread.greatest = std::max(thread.greatest, range.greatest);
  const std::size_t part = forgotten_ + parts_.size() - 1;
  if (ranges.empty() || ranges.back().part != part) {
    ranges.push_back({range.least, thread.greatest, part});
  }
  ranges.back().greatest = thread.greatest;
  ranges.back().least = std::min(ranges.back().least, range.least);
  for (std::size_t i = ranges.size() - 1; i > 0 && ranges[i - 1].least > ranges[i].least; --i) {
    ranges[i - 1].least = ranges[i].least;
  }
}

Result<void> AnswerIndex::forget() {
  const std::vector<io::LogSegment> kept = TRY(io::log_segments(fs_, log_));
  const std::size_t before = forgotten_;
  while (!kept.empty() && !parts_.empty() && parts_.front().from.segment < kept.front().name) {
    parts_.pop_front();
    ++forgotten_;
  }
  if (forgotten_ == before) return {};
  for (auto& [name, thread] : threads_) {
    std::erase_if(thread.ranges, [&](const Range& range) { return range.part < forgotten_; });
    thread.ranges.shrink_to_fit();
  }
  return {};
}

Result<bool> AnswerIndex::extend(std::size_t parts) {
  for (std::size_t i = 0; i < parts; ++i) {
    std::map<Name, Range> found;
    const io::LogPosition end = TRY(read_part_of_predictions(
        fs_, log_, end_, [&](std::string_view id, Time) {
          const auto origin = PredictionIds::origin_of(id);
          Range& range = found.try_emplace({origin.start, origin.thread},
                                           Range{origin.sequence, origin.sequence, 0})
                             .first->second;
          range.least = std::min(range.least, origin.sequence);
          range.greatest = std::max(range.greatest, origin.sequence);
        }));
    if (end.segment == end_.segment && end.offset == end_.offset) return true;
    const bool goes_on = !parts_.empty() && parts_.back().from.segment == end.segment &&
                         parts_.back().until - parts_.back().from.offset < kPartBytes;
    if (!goes_on) {
      parts_.push_back({{end.segment, end.segment == end_.segment ? end_.offset : 0}, 0});
    }
    parts_.back().until = end.offset;
    for (const auto& [name, range] : found) note(name, range);
    const bool other_segment = end.segment != end_.segment;
    end_ = end;
    if (other_segment) TRY(forget());
  }
  return false;
}

bool AnswerIndex::is_ahead(std::string_view id) const {
  const auto origin = PredictionIds::origin_of(id);
  const auto thread = threads_.find({origin.start, origin.thread});
  return thread == threads_.end() || thread->second.greatest < origin.sequence;
}

Result<void> AnswerIndex::read(const Part& part, const PredictionFilter& wanted,
                               const std::function<void(Prediction&&)>& each) {
  for (io::LogPosition at = part.from; at.segment == part.from.segment && at.offset < part.until;) {
    const io::LogPosition before = at;
    at = TRY(io::read_log_part(fs_, log_, at, [&](std::uint8_t type, std::string_view payload) {
      decode_rows(type, payload, wanted, each);
    }));
    if (at.segment == before.segment && at.offset == before.offset) break;
  }
  return {};
}

Result<void> AnswerIndex::find(const std::set<std::string, std::less<>>& ids,
                               const std::function<void(Prediction&&)>& each) {
  std::set<std::size_t> places;
  for (const std::string& id : ids) {
    const auto origin = PredictionIds::origin_of(id);
    const auto thread = threads_.find({origin.start, origin.thread});
    if (thread == threads_.end()) continue;
    const auto& ranges = thread->second.ranges;
    auto at = std::ranges::lower_bound(ranges, origin.sequence, {}, &Range::greatest);
    for (; at != ranges.end() && at->least <= origin.sequence; ++at) places.insert(at->part);
  }
  const PredictionFilter wanted = [&](std::string_view id, Time) { return ids.contains(id); };
  for (const std::size_t place : places) TRY(read(parts_[place - forgotten_], wanted, each));
  return {};
}

}  // namespace rondo::ledger
