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
/// All versions, oldest first; of another table that rows are joined with its own, each with what
/// the step said of it. Errors: kNotFound (a table that no version has), kIo, kCorrupt.
Result<std::vector<DatasetVersion>> dataset_versions(ledger::Store& store,
                                                     const std::string& table = {});
/// Errors: kNotFound, saying which versions there are. `number` 0: the newest.
Result<DatasetVersion> dataset_version(ledger::Store& store, std::int64_t number,
                                       const std::string& table = {});
/// {table: {"version","rows","digest"}}: what a version of the rows names.
Result<Json> tables_view(const ledger::Store& store, const ledger::Manifest& manifest);
/// What the reason of a collection says of another table: "weather: 240 rows from weather.csv";
/// empty when it had nothing new.
std::string told_of_table(const std::string& reason, const std::string& table);

struct ShowWish {
  std::int64_t number = 0;  // 0: the newest
  std::optional<Time> as_of;
  std::size_t rows = 10;
  bool origin = false;      // tell where each row stood
  std::string table = {};   // another table
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
  std::string table = {};    // another table
};
/// {"from","to","by","rows":{"before","after","same","added","removed","changed"},
/// "columns":{"before","after","added","removed","retyped","moved"},
/// "cells":{column: changed cells},"examples":{"added","removed","changed"}}.
Result<Json> diff_view(ledger::Store& store, const Config& config, const DiffWish& wish,
                       const io::Path& temp);

}  // namespace rondo::loop
