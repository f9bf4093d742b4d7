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
      const bool same = row_id(fresh_.rows, row) == row_id(fresh_.rows, at->second);
      wins_[same ? row : at->second] = false;
      if (!same) at->second = row;
    }
  }

  /// Calls gone(row) for each row before that is overtaken.
  void against(const View& before, const auto& gone) {
    std::string key;
    for (std::size_t row = 0; row < before.rows.rows(); ++row) {
      before.key_of(row, key);
      const auto found = newest_.find(key);
      if (found == newest_.end()) continue;
      const std::size_t later = found->second;
      const bool same = row_id(before.rows, row) == row_id(fresh_.rows, later);
      if (same || before.at(row) > fresh_.at(later)) wins_[later] = false;
      else gone(row);
    }
  }

  const std::vector<bool>& wins() const { return wins_; }

 private:
  View fresh_;
  std::vector<bool> wins_;
  std::unordered_map<std::string, std::size_t> newest_;  // key -> the row that wins so far
};

/// Finds the rows before that the reading overtakes, and adds them to what is dead of each segment.
Result<Merged> overtaken(const MergeInput& input, Merger& merger,
                         std::uint64_t& labelled_of_parts) {
  Merged out;
  out.dead = input.before.deleted;
  if (input.before.which.empty()) return out;
  ledger::Deletions gone;
  const auto each = [&](const ledger::SegmentRows& part) -> Result<void> {
    const table::Column* label = part.rows.find(input.target);
    std::vector<std::uint32_t>& places = gone[input.before.which[part.segment].file];
    const bool own = part.segment >= input.parts_from;
    merger.against(TRY(view_of(part.rows, input.key)), [&](std::size_t row) {
      places.push_back(part.places[row]);
      const bool labelled = label != nullptr && !label->is_null(row);
      ++(own ? out.of_parts : out.gone);
      if (labelled) ++(own ? labelled_of_parts : out.labelled_gone);
    });
    return {};
  };
  TRY(ledger::each_part(input.before, each));
  for (auto& [file, places] : gone) {
    if (places.empty()) continue;
    std::vector<std::uint32_t>& dead = out.dead[file];
    std::ranges::copy(places, std::back_inserter(dead));
    std::ranges::sort(dead);
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
  std::uint64_t labelled_of_parts = 0;
  Merged out = TRY(overtaken(input, merger, labelled_of_parts));
  keep_winners(merger.wins(), input.target, reading);
  reading.overtaken = {out.of_parts, labelled_of_parts};
  return out;
}

}  // namespace rondo::collect
