// The keys of the reading are held, those of the rows before are looked up one after the other.
#include "collect/merge.h"

#include <algorithm>
#include <unordered_map>

#include "table/canonical.h"

namespace rondo::collect {
namespace {

using table::Table;

/// Of the rows of one table: event time (0 without a clock) and whether the label is known.
struct View {
  const Table& rows;
  const table::Column* time;
  std::vector<std::size_t> key;
  std::int64_t at(std::size_t row) const { return time == nullptr ? 0 : time->integers[row]; }
  void key_of(std::size_t row, std::string& out) const {
    out.clear();
    table::append_cells(rows, key, row, out);
  }
};

Result<View> view_of(const Table& rows, const std::vector<std::string>& key) {
  return View{rows, rows.find(table::kTimeColumn),
              TRY(table::key_places(rows.schema(), key, "of the rows collected before"))};
}

class Merger {
 public:
  Merger(View fresh, std::size_t rows) : fresh_(std::move(fresh)), wins_(rows, true) {}

  /// Rows of the reading stand in order of event time, then of arrival.
  void among_themselves() {
    std::string key;
    for (std::size_t row = 0; row < wins_.size(); ++row) {
      fresh_.key_of(row, key);
      const auto [at, is_new] = newest_.try_emplace(key, row);
      if (is_new) continue;
      const bool same = row_digest(fresh_.rows, row) == row_digest(fresh_.rows, at->second);
      wins_[same ? row : at->second] = false;
      if (!same) at->second = row;
    }
  }

  std::vector<std::size_t> against(const View& before) {
    std::vector<std::size_t> gone;
    std::string key;
    for (std::size_t row = 0; row < before.rows.rows(); ++row) {
      before.key_of(row, key);
      const auto found = newest_.find(key);
      if (found == newest_.end()) continue;
      const std::size_t later = found->second;
      const bool same = row_digest(before.rows, row) == row_digest(fresh_.rows, later);
      if (same || before.at(row) > fresh_.at(later)) wins_[later] = false;
      else gone.push_back(row);
    }
    return gone;
  }

  const std::vector<bool>& wins() const { return wins_; }

 private:
  View fresh_;
  std::vector<bool> wins_;
  std::unordered_map<std::string, std::size_t> newest_;  // key -> the row that wins so far
};

/// Adds rows, numbered among those that count, to what is dead of each segment.
ledger::Deletions with_gone(const MergeInput& input, const std::vector<std::size_t>& gone) {
  ledger::Deletions out = input.dead;
  std::size_t place = 0;  // among the rows that count
  auto next = gone.begin();
  for (const ledger::Segment& segment : input.segments) {
    const auto known = input.dead.find(segment.file);
    const std::vector<std::uint32_t> none;
    const std::vector<std::uint32_t>& before = known == input.dead.end() ? none : known->second;
    auto dead = before.begin();
    std::vector<std::uint32_t> all;
    for (std::uint32_t row = 0; row < segment.rows; ++row) {
      const bool was = dead != before.end() && *dead == row;
      const bool is = !was && next != gone.end() && *next == place;
      if (was) ++dead;
      else ++place;
      if (is) ++next;
      if (was || is) all.push_back(row);
    }
    if (!all.empty()) out[segment.file] = std::move(all);
  }
  return out;
}

void keep_winners(const std::vector<bool>& wins, const std::string& target, Reading& reading) {
  std::vector<std::size_t> kept;
  std::vector<std::uint64_t> record;
  for (std::size_t row = 0; row < wins.size(); ++row) {
    if (!wins[row]) continue;
    kept.push_back(row);
    record.push_back(reading.record[row]);
  }
  if (kept.size() == wins.size()) return;
  reading.rows = reading.rows.take(kept);
  reading.origin = reading.origin.take(kept);
  reading.record = std::move(record);
  reading.counts.duplicate += reading.counts.accepted - kept.size();
  reading.counts.accepted = kept.size();
  const table::Column* label = reading.rows.find(target);
  reading.labelled = label == nullptr ? 0 : label->valid.count();
}

}  // namespace

Result<Merged> merge(const MergeInput& input, Reading& reading) {
  Merger merger(TRY(view_of(reading.rows, input.key)), reading.rows.rows());
  merger.among_themselves();
  Merged out;
  if (input.before.rows() > 0) out.gone = merger.against(TRY(view_of(input.before, input.key)));
  out.dead = with_gone(input, out.gone);
  const table::Column* label = input.before.find(input.target);
  for (const std::size_t row : out.gone) {
    if (label != nullptr && !label->is_null(row)) ++out.labelled_gone;
  }
  keep_winners(merger.wins(), input.target, reading);
  return out;
}

table::Table without(table::Table rows, std::span<const std::size_t> gone) {
  if (gone.empty()) return rows;
  std::vector<std::size_t> left;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (!gone.empty() && gone.front() == row) gone = gone.subspan(1);
    else left.push_back(row);
  }
  return rows.take(left);
}

}  // namespace rondo::collect
