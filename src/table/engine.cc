// Two sessions, each opened when it is first needed: one that reads and writes the files we name,
// and a sealed one for expressions that a user wrote.
#include "table/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "table/conform.h"
#include "table/duckdb_session.h"

namespace rondo::table {
namespace {

std::string folded(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return out;
}

/// Only the columns that the expression may mean, so that the rest is not copied; and the row
/// number, since nothing else fixes the order of an answer.
Table only_named(const Table& table, const std::string& expression) {
  const std::string text = folded(expression);
  Schema schema;
  std::vector<std::shared_ptr<const Column>> columns;
  auto number = std::make_shared<Column>();
  number->type = Type::kInteger;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    number->integers.push_back(static_cast<std::int64_t>(row));
  }
  number->valid.push_many(true, table.rows());
  schema.fields.push_back({"_row", Type::kInteger});
  columns.push_back(std::move(number));
  for (std::size_t i = 0; i < table.columns(); ++i) {
    const Field& field = table.schema().fields[i];
    if (folded(field.name) == "_row" || !text.contains(folded(field.name))) continue;
    schema.fields.push_back(field);
    columns.push_back(table.shared(i));
  }
  return Table(std::move(schema), std::move(columns));
}

class ParquetStream : public TableStream {
 public:
  ParquetStream(std::unique_ptr<DuckdbSession::Rows> rows, std::string file)
      : rows_(std::move(rows)), file_(std::move(file)) {}
  Result<Table> next(std::size_t at_least) override {
    return during(rows_->next(at_least), "reading " + file_);
  }

 private:
  std::unique_ptr<DuckdbSession::Rows> rows_;
  std::string file_;
};

class DuckdbEngine : public Engine {
 public:
  explicit DuckdbEngine(io::Path temp) : temp_(std::move(temp)) {}

  Result<Table> read_parquet(std::span<const io::Path> files) override {
    return Table::concatenate(TRY(read_alike(files, {})));
  }

  Result<std::vector<Table>> read_alike(std::span<const io::Path> files,
                                        std::string_view without) override {
    DuckdbSession& session = *TRY(opened(files_, Reach::kFiles));
    std::vector<Table> parts;
    if (files.empty()) return parts;
    std::vector<std::string> columns(1);
    if (files.size() > 1) {
      columns = TRY(during(columns_of(session, files),
                           fmt::format("reading {} and {} more", files[0].string(),
                                       files.size() - 1)));
    }
    for (std::size_t from = 0, to = 0; from < files.size(); from = to) {
      while (to < files.size() && columns[to] == columns[from]) ++to;
      parts.push_back(TRY(during(
          read_list(session, files.subspan(from, to - from), without),
          to - from == 1 ? "reading " + files[from].string()
                         : fmt::format("reading {} and {} files like it", files[from].string(),
                                       to - from - 1))));
    }
    return parts;
  }

  Result<void> write_parquet(const Table& table, const io::Path& file) override {
    DuckdbSession& session = *TRY(opened(files_, Reach::kFiles));
    TRY(session.load("segment", table));
    const auto written = session.run(
        fmt::format("COPY segment TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)",
                    sql_text(file.string())));
    TRY(session.run("DROP TABLE segment"));
    if (written) return {};
    return fail(Code::kIo, fmt::format("{}: {}", file.string(), written.error().message));
  }

  Result<std::unique_ptr<TableStream>> stream_parquet(const io::Path& file, std::uint64_t skip,
                                                      std::string_view without) override {
    DuckdbSession& session = *TRY(opened(files_, Reach::kFiles));
    const std::string sql = TRY(during(select_all(session, list_of(std::span(&file, 1)), without),
                                       "reading " + file.string()));
    auto rows = TRY(during(session.stream(fmt::format("{} OFFSET {}", sql, skip)),
                           "reading " + file.string()));
    return std::make_unique<ParquetStream>(std::move(rows), file.string());
  }

  Result<void> csv_to_parquet(const io::Path& csv, const Schema& schema,
                              const io::Path& parquet) override {
    DuckdbSession& session = *TRY(opened(files_, Reach::kFiles));
    std::string columns;
    for (const Field& field : schema.fields) {
      columns += fmt::format("{}{}: '{}'", columns.empty() ? "" : ", ", sql_text(field.name),
                             sql_type(field.type));
    }
    const auto written = session.run(fmt::format(
        "COPY (SELECT * FROM read_csv({}, auto_detect = false, header = true, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '', parallel = false, columns = {{{}}})) TO {} "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)",
        sql_text(csv.string()), columns, sql_text(parquet.string())));
    if (written) return {};
    return fail(Code::kIo, fmt::format("{}: {}", parquet.string(), written.error().message));
  }

  Result<std::shared_ptr<const Column>> evaluate(const Table& table,
                                                 const std::string& expression) override {
    DuckdbSession& session = *TRY(opened(sealed_, Reach::kSealed));
    TRY(session.load("rows", only_named(table, expression)));
    auto column = value_of(session, expression, table.rows());
    TRY(session.run("DROP TABLE rows"));
    if (column) return column;
    return fail(Code::kInvalidInput,
                fmt::format("\"{}\" cannot be computed: {}", expression,
                            first_line(column.error().message)),
                "it must be an SQL expression over columns that gives one value a row");
  }

 private:
  Result<DuckdbSession*> opened(std::unique_ptr<DuckdbSession>& session, Reach reach) {
    if (session == nullptr) session = TRY(DuckdbSession::open(temp_, reach));
    return session.get();
  }

  static std::string list_of(std::span<const io::Path> files) {
    std::string list;
    for (const io::Path& file : files) {
      list += (list.empty() ? "[" : ", ") + sql_text(file.string());
    }
    return list + "]";
  }

  /// What tells whether two files have the same columns, a text a file.
  static Result<std::vector<std::string>> columns_of(DuckdbSession& session,
                                                     std::span<const io::Path> files) {
    const Table table = TRY(session.select(fmt::format(
        "SELECT file_name, CAST(string_agg(concat_ws(' ', name, type, converted_type, "
        "logical_type), chr(10)) AS VARCHAR) AS what FROM parquet_schema({}) GROUP BY file_name",
        list_of(files))));
    std::map<std::string, std::string, std::less<>> known;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      known[std::string(table.column(0).text(row))] = table.column(1).text(row);
    }
    std::vector<std::string> columns;
    for (const io::Path& file : files) columns.push_back(known[file.string()]);
    return columns;
  }

  static Result<Table> read_list(DuckdbSession& session, std::span<const io::Path> files,
                                 std::string_view without) {
    return session.select(TRY(select_all(session, list_of(files), without)));
  }

  /// A SELECT of all columns of these files, less those that begin so, as types of ours.
  static Result<std::string> select_all(DuckdbSession& session, const std::string& files,
                                        std::string_view without) {
    const std::string from = fmt::format("FROM read_parquet({})", files);
    std::string list;
    for (const auto& [name, type] : TRY(session.describe("SELECT * " + from))) {
      if (!without.empty() && name.starts_with(without)) continue;
      list += fmt::format("{}CAST({} AS {}) AS {}", list.empty() ? "" : ", ", identifier(name),
                          cast_for(type), identifier(name));
    }
    return fmt::format("SELECT {} {}", list, from);
  }

  static Result<std::shared_ptr<const Column>> value_of(DuckdbSession& session,
                                                        const std::string& expression,
                                                        std::size_t rows) {
    // The line ends keep a comment in the expression from swallowing our part.
    const std::string value = fmt::format("(\n{}\n)", expression);
    const auto columns = TRY(session.describe(fmt::format("SELECT {} AS v FROM rows", value)));
    const Table answer = TRY(session.select(
        fmt::format("SELECT _row, CAST({} AS {}) AS v FROM rows ORDER BY _row", value,
                    columns.size() == 1 ? cast_for(columns[0].second) : "VARCHAR")));
    if (answer.rows() != rows || answer.columns() != 2) {
      return fail(Code::kInvalidInput, "the expression does not give one value a row");
    }
    return answer.shared(1);
  }

  io::Path temp_;
  std::unique_ptr<DuckdbSession> files_, sealed_;
};

}  // namespace

void Engine::rest() { rest_duckdb(); }

Result<std::unique_ptr<Engine>> Engine::open(const io::Path& temp) {
  TRY(duckdb_library());
  return std::make_unique<DuckdbEngine>(temp);
}

}  // namespace rondo::table
