// Other tables that rows are joined with: each is collected as the rows are, into versions of its
// own, and a version of the rows names the version of each of them.
#pragma once

#include "collect/collect.h"

namespace rondo::collect {

/// What came of the other tables in one collection.
struct Tables {
  std::map<std::string, io::Digest> versions;  // of each table, new or as it was
  std::map<std::string, std::string> files;    // of the new ones, for StageOutput::files
  Json evidence = Json::object();              // by table, of the new ones
  std::vector<std::string> told;               // "weather: 240 rows from weather.csv"
  bool changed = false;
};

using CollectOne = std::function<Result<ledger::StageOutput>(const ledger::StageInput&)>;
/// Collects each table by `one`, from where the version before left it.
/// Errors: as collecting rows, naming the table.
Result<Tables> collect_tables(const ledger::StageInput& input, const Options& options,
                              const ledger::Manifest* parent, const CollectOne& one);

}  // namespace rondo::collect
