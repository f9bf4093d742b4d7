// Segments of the parent are objects; those of this collection are files that may become some.
#include "collect/before.h"

namespace rondo::collect {

Before::Before(const ledger::Manifest* parent, const ledger::Objects& objects, io::Path temp,
               const Options& options, const std::string& target)
    : parent_(parent), objects_(objects), temp_(std::move(temp)), options_(options),
      target_(target) {
  if (parent_ != nullptr) sources_ = ledger::by_origin(*parent_).first;
}

ledger::Manifest Before::under(const table::Contract& contract) const {
  ledger::Manifest manifest;
  if (parent_ != nullptr) manifest = *parent_;
  manifest.contract = contract;
  return manifest;
}

std::vector<ledger::Segment> Before::all() const {
  std::vector<ledger::Segment> segments = sources_;
  segments.insert(segments.end(), parts_.begin(), parts_.end());
  return segments;
}

ledger::SegmentFiles Before::files() const {
  return [this](const io::Digest& digest) -> Result<io::Path> {
    const auto written = written_.find(digest);
    if (written != written_.end()) return written->second;
    return objects_.verified_path(digest);
  };
}

Result<ledger::Deletions> Before::dead() const {
  if (any_merged_) return merged_.dead;
  if (parent_ == nullptr) return ledger::Deletions();
  return ledger::deletions_of(*parent_, objects_);
}

Result<const Known*> Before::known() {
  if (known_) return &*known_;
  if (sources_.empty()) return nullptr;
  known_ = TRY(known_of({*parent_, sources_, TRY(dead()), files(), temp_}, options_.key));
  return &*known_;
}

Result<void> Before::merge_in(Reading& reading) {
  const ledger::Manifest manifest = under(reading.contract);
  const std::vector<ledger::Segment> segments = all();
  const ledger::Deletions deleted = TRY(dead());
  Merged now = TRY(merge({{manifest, segments, deleted, files(), temp_}, sources_.size(),
                          options_.key, target_},
                         reading));
  now.gone += merged_.gone;
  now.labelled_gone += merged_.labelled_gone;
  now.of_parts += merged_.of_parts;
  merged_ = std::move(now);
  any_merged_ = true;
  return {};
}

Result<table::Table> Before::rows(const table::Contract& contract) const {
  if (none()) return table::Table();
  const ledger::Manifest manifest = under(contract);
  const std::vector<ledger::Segment> segments = all();
  const ledger::Deletions deleted = TRY(dead());
  return ledger::read_segments({manifest, segments, deleted, files(), temp_});
}

Result<void> Before::settle(const Reading& reading, ServedRows& served,
                            ledger::Manifest& manifest) const {
  const auto earlier = ledger::by_origin(manifest).second;
  if (served.read == 0 && earlier.empty()) return {};
  std::vector<table::Table> tables;
  table::Table counting = TRY(rows(reading.contract));
  if (counting.columns() > 0) tables.push_back(std::move(counting));
  if (reading.rows.rows() > 0) tables.push_back(reading.rows);
  const table::Table own = TRY(table::Table::concatenate(tables));
  std::uint64_t superseded = 0;
  tables = {own};
  for (const ledger::Segment& segment : earlier) {
    const table::Table old = TRY(ledger::read_segments(
        {manifest, std::span(&segment, 1), {}, ledger::files_in(objects_), temp_}));
    const auto left = ledger::only_served(old, segment.same_by, own);
    superseded += segment.rows - left.size();
    if (served.same_by == options_.key) tables.push_back(old.take(left));
  }
  const std::uint64_t now = superseded - manifest.superseded;
  manifest.superseded = superseded;
  manifest.rows -= now;
  manifest.labelled -= now;  // every served row has its label
  if (served.read == 0) return {};
  const table::Table all = TRY(table::Table::concatenate(tables));
  const auto fresh = ledger::only_served(served.rows, served.same_by, all);
  served.rows = served.rows.take(fresh);
  if (served.past.columns() > 0) served.past = served.past.take(fresh);
  manifest.rows += fresh.size();
  manifest.labelled += fresh.size();
  ledger::Counts& n = manifest.counts;
  n.read += served.read;
  n.accepted += fresh.size();
  n.rejected += served.rejects.size();
  n.duplicate += served.read - served.rejects.size() - fresh.size();
  return {};
}

Result<void> Before::add(ledger::Segment segment, const io::Path& file,
                         const table::Table& rows) {
  written_[segment.file] = file;
  parts_.push_back(std::move(segment));
  if (options_.key.empty() || options_.mode == "merge") return {};
  TRY(known());
  if (!known_) known_.emplace();
  return add_keys(rows, options_.key, *known_);
}

}  // namespace rondo::collect
