// From split records to accepted rows: contract, clock, window, duplicates. Every record ends in
// one of three places (accepted, rejected, duplicate), and read is their sum; rows that lie in the
// future of a replay are in none of them, as if they had not been written yet.
#pragma once

#include <functional>

#include "collect/agreed.h"
#include "collect/bind.h"
#include "collect/clock.h"
#include "collect/collect.h"
#include "ledger/manifest.h"
#include "table/row_ids.h"

namespace rondo::collect {

/// Rows that were collected before, for sources that overlap.
struct Known {
  struct Nothing {};
  table::RowIdMap<Nothing> rows;
  table::RowIdMap<table::RowId> keys;  // key -> row; empty without [collect] key
};

struct ReadingOptions {
  std::string target;                // may be empty: labels are not needed
  std::string time;                  // column or SQL; empty: no clock
  std::vector<std::string> key;
  /// Of the second part and on of a collection that is read in parts: the cursor before the first.
  /// A row is late by that; a new key is new by `known` too, which holds the parts before.
  const Cursor* since = nullptr;
  bool merges = false;               // rows may be late and keys may come again: collect/merge.h
  Span lag;                          // rows may come so late behind the newest one
  Actions actions;
  const Agreed* agreed = nullptr;    // contract.toml, laid over the contract before it is used
  std::optional<Time> visible_until; // replay: rows with a later event time do not exist yet
  std::optional<TimeRange> again;    // backfill: only these rows, unless they are there already
  Json fault = Json::object();       // rehearsal: {"column","value","from","to"}
  /// Whether this very row of this key was taken before (digests); may be empty. A row that comes
  /// late is then no late row.
  std::function<bool(const table::RowId& key, const table::RowId& row)> taken;
  const table::Contract* first = nullptr;  // of a first collection that is read in parts
  std::size_t retry_from = SIZE_MAX;  // sources from this one on were rejected: rows may be late
  std::function<Result<const Known*>()> known;  // called only when it is needed; may be empty
};

struct Reading {
  table::Contract contract;
  table::Table rows;                        // accepted, with `_time` first, in order of event time
  table::Table origin;                      // of each row: ledger::kOrigin's columns
  std::vector<std::uint64_t> record;        // of each row: its place among all that could be split
  ledger::Counts counts;
  std::vector<Json> rejects;                // in order of file and record
  std::vector<std::string> changes;         // of the contract, and what is missing
  std::map<std::string, std::uint64_t> dropped;  // values made missing, by column: NaN, discarded
  std::vector<bool> retried;                // of each row of ReadingOptions::retry_from: resolved
  std::uint64_t labelled = 0;               // accepted rows whose target is known
  /// Rows of the parts before that are overtaken by this one, and how many of them had a label.
  std::pair<std::uint64_t, std::uint64_t> overtaken;
};

/// Errors: kInvalidInput when more than the share `most` of the rows was rejected, or at a first
/// reading all of them, naming the commonest reasons with examples.
Result<void> check_rejected(const Reading& reading, double most, bool first);

/// Takes in the next part of a collection: counts and lists grow, the rows are the next part's.
void go_on(Reading& reading, Reading next);

/// `contract` null: agreed on now, by `first` where it is given. Moves the cursor's clock on; the
/// files' marks are the caller's.
/// In a replay where nothing is to be seen all counts are 0 and there is no contract.
/// Errors: kInvalidInput naming column, file and line.
Result<Reading> read_rows(std::vector<Source> sources, const table::Contract* contract,
                          const table::Dialect& dialect, const ReadingOptions& options,
                          Cursor& cursor, Tools& tools);

}  // namespace rondo::collect
