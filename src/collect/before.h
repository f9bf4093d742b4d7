// The rows of sources that count before a reading: those of the version before, and those of the
// parts of this collection that are written already.
#pragma once

#include "collect/merge.h"
#include "collect/segment.h"
#include "collect/served.h"

namespace rondo::collect {

/// Threads: one. What it refers to outlives it.
class Before {
 public:
  /// `parent` null: nothing counts on.
  Before(const ledger::Manifest* parent, const ledger::Objects& objects, io::Path temp,
         const Options& options, const std::string& target);

  /// Digests of all of them, made when they are first asked for; null where there are none.
  Result<const Known*> known();
  /// mode = "merge": leaves in the reading what wins, and notes what is overtaken. Rows of parts
  /// that are overtaken count as duplicates from now on.
  Result<void> merge_in(Reading& reading);
  const Merged& merged() const { return merged_; }
  /// All of them that are left, under a contract.
  Result<table::Table> rows(const table::Contract& contract) const;

  /// A part that was written to `file`, and its rows.
  Result<void> add(ledger::Segment segment, const io::Path& file, const table::Table& rows);
  /// Leaves to the sources what came from them, of the served rows of the version before and of
  /// now, and counts what is left. `reading` has the last part's rows.
  Result<void> settle(const Reading& reading, ServedRows& served,
                      ledger::Manifest& manifest) const;
  const std::vector<ledger::Segment>& parts() const { return parts_; }

 private:
  bool none() const { return sources_.empty() && parts_.empty(); }
  ledger::Manifest under(const table::Contract& contract) const;
  std::vector<ledger::Segment> all() const;
  ledger::SegmentFiles files() const;
  Result<ledger::Deletions> dead() const;

  const ledger::Manifest* parent_;
  const ledger::Objects& objects_;
  io::Path temp_;
  const Options& options_;
  std::string target_;
  std::vector<ledger::Segment> sources_;  // of the parent
  std::vector<ledger::Segment> parts_;
  std::map<io::Digest, io::Path> written_;
  std::optional<Known> known_;
  Merged merged_;
  bool any_merged_ = false;
};

}  // namespace rondo::collect
