// Opening databases that have an ADBC driver.
#pragma once

#include "table/database.h"

namespace rondo::table {

Result<std::unique_ptr<Database>> open_postgresql(const std::string& uri);
Result<std::unique_ptr<Database>> open_sqlite(const io::Path& file);
/// The same of a file of DuckDB.
Result<std::unique_ptr<Database>> open_duckdb(const io::Path& file, const io::Path& temp);

}  // namespace rondo::table
