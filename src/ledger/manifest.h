// A dataset version: a manifest of immutable Parquet segments, the contract they were read with,
// the cursor where the next collection goes on, and the parent. Named by the digest of its
// canonical JSON; people say d5. Nothing in it depends on when or where it was collected but the
// data.
#pragma once

#include <map>

#include "io/digest.h"
#include "io/json.h"
#include "ledger/objects.h"
#include "table/contract.h"

namespace rondo::ledger {

struct Segment {
  io::Digest file;       // of the Parquet object
  io::Digest content;    // of the rows in order, whatever the format
  std::uint64_t rows = 0;
  Time first, last;      // event times; equal and 0 without a clock
  // Of served rows: the columns that say which row of a source is the same; empty: from a source.
  std::vector<std::string> same_by = {};
  bool served() const { return !same_by.empty(); }
};

/// Counts of one collection. read = accepted + rejected + duplicate, checked before each commit.
struct Counts {
  std::uint64_t read = 0, accepted = 0, rejected = 0, duplicate = 0;
};

struct Manifest {
  std::uint64_t number = 0;          // d1, d2, ...
  std::optional<io::Digest> parent;
  table::Contract contract;
  std::vector<Segment> segments;     // all of them, oldest first
  Json cursor = Json::object();      // owned by collect/
  Counts counts;                     // of the collection that made this version
  std::optional<io::Digest> rejects; // JSON lines, if any row was rejected
  /// Lines of rejects, from 0, that were taken later: by the digest of their object, ascending.
  std::map<std::string, std::vector<std::uint32_t>> resolved;
  std::uint64_t rows = 0;            // in all segments, without superseded and deleted ones
  /// Other tables that rows are joined with: each its own version, with its own cursor.
  std::map<std::string, io::Digest> tables;
  std::uint64_t superseded = 0;      // served rows that came from a source too
  /// Rows that were overtaken by a later one of their key (ledger/deletions.h).
  struct Deleted {
    io::Digest object;
    std::uint64_t rows = 0;
  };
  std::optional<Deleted> deleted;
  std::uint64_t labelled = 0;        // rows whose target is known
  bool orders_only = false;          // the clock is a number: dates made from it mean nothing
  Json to_json() const;
  static Result<Manifest> from_json(const Json& json);
};

/// Stores the canonical JSON as an object. Errors: as Objects::put.
Result<io::Digest> put_manifest(const Objects& objects, const Manifest& manifest);
/// Errors: kNotFound, kCorrupt.
Result<Manifest> get_manifest(const Objects& objects, const io::Digest& digest);

}  // namespace rondo::ledger
