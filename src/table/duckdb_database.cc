// A file of DuckDB as a source: opened for reading, sealed before the text of a query is seen.
#include <fmt/format.h>

#include "table/adbc_database.h"
#include "table/duckdb_session.h"

namespace rondo::table {
namespace {

class DuckdbDatabase : public Database {
 public:
  explicit DuckdbDatabase(std::unique_ptr<DuckdbSession> session) : session_(std::move(session)) {}

  Result<std::vector<AnswerColumn>> columns(const std::string& sql) override {
    auto described = session_->describe(fmt::format("SELECT * FROM (\n{}\n) AS q", sql));
    if (!described) return fail(Code::kInvalidInput, first_line(described.error().message));
    std::vector<AnswerColumn> columns;
    for (const auto& [name, type] : *described) {
      const std::string cast(cast_for(type));
      columns.push_back({name, cast == type ? "" : cast, cast == "VARCHAR"});
    }
    return columns;
  }

  Result<Table> select(const std::string& sql, const Value* bound) override {
    auto table = session_->select(sql, bound);
    if (table) return table;
    return fail(Code::kInvalidInput, first_line(table.error().message));
  }

 private:
  std::unique_ptr<DuckdbSession> session_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_duckdb(const io::Path& file, const io::Path& temp) {
  auto session = DuckdbSession::open(temp, Reach::kDatabase, file);
  if (session) return std::make_unique<DuckdbDatabase>(*std::move(session));
  return fail(Code::kUnavailable, session.error().message,
              "while a program writes to a file of DuckDB, no other can read it: let it close");
}

}  // namespace rondo::table
