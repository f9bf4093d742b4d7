// Served predictions that got their label, as the loop gathered them (loop/served.h), turned into
// rows under the contract: the input "served" of the stage. What a source has too is left to the
// source.
#pragma once

#include "collect/reject.h"
#include "ledger/manifest.h"
#include "table/table.h"

namespace rondo::collect {

/// `{"groups": [{"columns": [...], "lags": [...], "rows": [{"id", "time_us", "label", "label_row",
/// "known_us", "cells": [...], "lags": [...]}]}]}`: a group a version that answered. A cell is
/// null, a number or a text, as a request gave it. What belongs to lags is optional.
struct ServedRows {
  table::Table rows;               // with `_time` first when there is a clock, in order of time
  table::Table past;               // of each row, the columns of model/served_past.h; or none
  std::vector<std::string> same_by;  // columns that say which row of a source is the same one
  std::uint64_t read = 0;            // rejected ones and repeated keys too
  std::vector<Json> rejects;         // as collect/reject.h stores them
};
/// Errors: kCorrupt when `json` is not as above.
Result<ServedRows> served_rows(const Json& json, const table::Contract& contract,
                               const std::string& target, const std::vector<std::string>& key,
                               bool clock);

}  // namespace rondo::collect
