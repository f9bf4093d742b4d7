// What a collection says of itself: the sentence, and the numbers behind it.
#pragma once

#include "collect/collect.h"
#include "collect/merge.h"
#include "collect/reading.h"
#include "collect/retry.h"
#include "collect/served.h"
#include "collect/tables.h"

namespace rondo::collect {

struct Telling {
  const Options& options;
  const Situation& situation;
  const Reading& reading;
  const ledger::Manifest& manifest;  // of the new version
  const ServedRows& served;
  const Merged& merged;
  const Retry& retry;
  std::vector<std::string> files;    // that were read
  std::vector<std::string> same;     // files with known bytes, in words
  std::optional<Time> newest;        // of the cursor
};
/// Sets result, reason and evidence.
void tell(const Telling& t, ledger::StageOutput& out);
/// " of 2024-01-01T00:00:00Z to 2024-02-01T00:00:00Z".
std::string told(const TimeRange& range);
/// Errors: kInvalidInput where no range can be filled.
Result<void> check_backfill(const std::optional<ledger::Manifest>& parent, const Cursor& cursor,
                            bool replaces);
void tell_backfill(const Situation& situation, ledger::StageOutput& out);
/// Adds what is new of other tables.
void tell_tables(const Tables& tables, ledger::StageOutput& out);
/// Adds how many rejected rows were taken now. `alone`: there is nothing else to tell.
void tell_retried(const Reading& reading, const Retry& retry, bool alone,
                  ledger::StageOutput& out);

}  // namespace rondo::collect
