// Looking into a dataset version: its rows, its rows as they were known by some time, and what
// became of them from one version to another. Json for the command line, made from the store
// alone; reading needs no lease. `temp` is a folder that the reading of Parquet may spill into.
#pragma once

#include "ledger/store.h"
#include "loop/config.h"
#include "table/table.h"

namespace rondo::loop {

/// A dataset version as it was committed.
struct DatasetVersion {
  ledger::Manifest manifest;
  std::string digest;      // of the manifest, hex
  std::int64_t step = 0;
  Time at;                 // of the commit
  std::string reason;      // the step's: "240 rows from rows.csv"
  std::string name() const;  // "d3"
};
/// All versions, oldest first. Errors: kIo, kCorrupt.
Result<std::vector<DatasetVersion>> dataset_versions(ledger::Store& store);
/// Errors: kNotFound, saying which versions there are. `number` 0: the newest.
Result<DatasetVersion> dataset_version(ledger::Store& store, std::int64_t number);

struct ShowWish {
  std::int64_t number = 0;  // 0: the newest
  std::optional<Time> as_of;
  std::size_t rows = 10;
  bool origin = false;      // tell where each row stood
};
/// {"version","digest","as_of","rows","columns":[{"name","type"}],"shown":[{column: value}]}; with
/// `origin` also "origin", for each row shown {"file","record","line"}, null where it is not known.
/// As of T: the rows of the newest version, up to the wished one, that was committed by T. Before
/// the first commit: rows of the first version with event time + delay <= T, whose target is
/// missing until event time + label_delay. Errors: kNotFound when nothing was known then.
Result<Json> show_view(ledger::Store& store, const Config& config, const ShowWish& wish,
                       const io::Path& temp);

struct DiffWish {
  std::int64_t before = 0, after = 0;
  std::size_t examples = 5;  // of each kind
};
/// {"from","to","by","rows":{"before","after","same","added","removed","changed"},
/// "columns":{"before","after","added","removed","retyped","moved"},
/// "cells":{column: changed cells},"examples":{"added","removed","changed"}}.
Result<Json> diff_view(ledger::Store& store, const Config& config, const DiffWish& wish,
                       const io::Path& temp);

}  // namespace rondo::loop
