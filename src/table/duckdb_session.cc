// Values cross the border by the chunk: vectors are copied as a whole where the layouts agree
// (numbers, integers, times), cell by cell for text and bools.
#include "table/duckdb_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace rondo::table {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 8> kSettings = {{
    {"allow_unsigned_extensions", "false"},
    {"allow_community_extensions", "false"},
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
    {"threads", "1"},
    {"memory_limit", "2GB"},
    {"max_temp_directory_size", "8GB"},
    {"preserve_insertion_order", "true"},
}};

Result<Type> type_of(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_DOUBLE: return Type::kNumber;
    case DUCKDB_TYPE_BIGINT: return Type::kInteger;
    case DUCKDB_TYPE_BOOLEAN: return Type::kBool;
    case DUCKDB_TYPE_TIMESTAMP: return Type::kTime;
    case DUCKDB_TYPE_VARCHAR: return Type::kCategory;
    default: return fail(Code::kInvalidInput, "a column has a type that was not expected");
  }
}

bool is_valid(const std::uint64_t* validity, std::size_t row) {
  return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
}

std::string_view text_of(const duckdb_string_t& text) {
  const std::uint32_t length = text.value.inlined.length;
  return {length <= 12 ? text.value.inlined.inlined : text.value.pointer.ptr, length};
}

/// One cell of a DuckDB vector into a builder of the same type.
void take_cell(ColumnBuilder& builder, Type type, const void* data, std::size_t row) {
  switch (type) {
    case Type::kNumber: return builder.number(static_cast<const double*>(data)[row]);
    case Type::kInteger:
    case Type::kTime: return builder.integer(static_cast<const std::int64_t*>(data)[row]);
    case Type::kBool: return builder.integer(static_cast<const bool*>(data)[row] ? 1 : 0);
    default: return builder.text(text_of(static_cast<const duckdb_string_t*>(data)[row]));
  }
}

duckdb_state bind(const DuckdbLibrary& duckdb, duckdb_prepared_statement to, const Value& value) {
  switch (value.type) {
    case Type::kNumber: return duckdb.bind_double(to, 1, value.number);
    case Type::kTime: return duckdb.bind_timestamp(to, 1, {value.integer});
    case Type::kCategory:
    case Type::kText:
      return duckdb.bind_varchar_length(to, 1, value.text.data(), value.text.size());
    default: return duckdb.bind_int64(to, 1, value.integer);
  }
}

}  // namespace

std::string_view cast_for(std::string_view type) {
  constexpr std::string_view kWhole = "TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER";
  if (type == "BOOLEAN") return "BOOLEAN";
  if (type.starts_with("DECIMAL") || type == "FLOAT" || type == "DOUBLE" || type == "HUGEINT" ||
      type == "UHUGEINT" || type == "UBIGINT") {
    return "DOUBLE";
  }
  if (type == "DATE" || type.starts_with("TIMESTAMP")) return "TIMESTAMP";
  const auto at = kWhole.find(type);
  const bool word = at != std::string_view::npos && (at == 0 || kWhole[at - 1] == ' ');
  const std::size_t end = at + type.size();
  if (word && (end == kWhole.size() || kWhole[end] == ' ')) return "BIGINT";
  return "VARCHAR";
}

std::string first_line(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  const auto kind = message.find(" Error: ");
  if (kind != std::string_view::npos && kind < 20) message.remove_prefix(kind + 8);
  return std::string(message);
}

std::string_view sql_type(Type type) {
  switch (type) {
    case Type::kNumber: return "DOUBLE";
    case Type::kInteger: return "BIGINT";
    case Type::kBool: return "BOOLEAN";
    case Type::kTime: return "TIMESTAMP";
    default: return "VARCHAR";
  }
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

Result<std::unique_ptr<DuckdbSession>> DuckdbSession::open(const io::Path& temp, Reach reach,
                                                           const io::Path& file) {
  const DuckdbLibrary& duckdb = *TRY(duckdb_library());
  std::unique_ptr<DuckdbSession> session(new DuckdbSession(duckdb));
  duckdb_config config = nullptr;
  duckdb.create_config(&config);
  bool good = true;
  for (const auto& [name, value] : kSettings) {
    good = good && duckdb.set_config(config, name, value) == DuckDBSuccess;
  }
  good = good && duckdb.set_config(config, "temp_directory", temp.c_str()) == DuckDBSuccess;
  if (reach != Reach::kFiles) {
    good = good && duckdb.set_config(config, "enable_external_access", "false") == DuckDBSuccess;
  }
  if (reach == Reach::kDatabase) {
    good = good && duckdb.set_config(config, "access_mode", "READ_ONLY") == DuckDBSuccess;
  }
  const char* path = reach == Reach::kDatabase ? file.c_str() : nullptr;
  char* why = nullptr;
  good = good && duckdb.open_ext(path, &session->database_, config, &why) == DuckDBSuccess;
  const std::string sentence = why == nullptr ? "a setting was refused" : why;
  duckdb.free(why);
  duckdb.destroy_config(&config);
  if (!good || duckdb.connect(session->database_, &session->connection_) != DuckDBSuccess) {
    return fail(Code::kUnavailable, fmt::format("DuckDB did not start: {}", sentence));
  }
  TRY(session->run("SET TimeZone = 'UTC'"));
  if (reach != Reach::kFiles) TRY(session->run("SET lock_configuration = true"));
  return session;
}

DuckdbSession::~DuckdbSession() {
  if (connection_ != nullptr) duckdb_.disconnect(&connection_);
  if (database_ != nullptr) duckdb_.close(&database_);
}

Result<void> DuckdbSession::run(const std::string& sql) {
  duckdb_result result;
  const auto state = duckdb_.query(connection_, sql.c_str(), &result);
  std::string why;
  if (state != DuckDBSuccess) why = duckdb_.result_error(&result);
  duckdb_.destroy_result(&result);
  if (state == DuckDBSuccess) return {};
  return fail(Code::kInvalidInput, why);
}

Result<Table> DuckdbSession::collect(duckdb_result& result, std::size_t at_least) {
  Schema schema;
  std::vector<ColumnBuilder> builders;
  for (idx_t i = 0; i < duckdb_.column_count(&result); ++i) {
    const Type type = TRY(type_of(duckdb_.column_type(&result, i)));
    schema.fields.push_back({duckdb_.column_name(&result, i), type});
    builders.emplace_back(type);
  }
  for (std::size_t taken = 0; taken < at_least;) {
    duckdb_data_chunk chunk = duckdb_.fetch_chunk(result);
    if (chunk == nullptr) break;
    const idx_t rows = duckdb_.data_chunk_get_size(chunk);
    taken += rows;
    for (std::size_t i = 0; i < builders.size(); ++i) {
      duckdb_vector vector = duckdb_.data_chunk_get_vector(chunk, i);
      const void* data = duckdb_.vector_get_data(vector);
      const std::uint64_t* validity = duckdb_.vector_get_validity(vector);
      for (std::size_t row = 0; row < rows; ++row) {
        if (is_valid(validity, row)) {
          take_cell(builders[i], schema.fields[i].type, data, row);
        } else {
          builders[i].null();
        }
      }
    }
    duckdb_.destroy_data_chunk(&chunk);
  }
  std::vector<std::shared_ptr<const Column>> columns;
  for (ColumnBuilder& builder : builders) columns.push_back(builder.finish());
  return Table(std::move(schema), std::move(columns));
}

Result<Table> DuckdbSession::select(const std::string& sql, const Value* bound) {
  duckdb_extracted_statements statements = nullptr;
  const idx_t count = duckdb_.extract_statements(connection_, sql.c_str(), &statements);
  std::string why = count == 1 ? "" : "it must be one SQL expression";
  if (count == 0) why = duckdb_.extract_statements_error(statements);
  duckdb_prepared_statement prepared = nullptr;
  duckdb_result result{};
  bool answered = false;
  if (why.empty()) {
    if (duckdb_.prepare_extracted_statement(connection_, statements, 0, &prepared) !=
        DuckDBSuccess) {
      why = duckdb_.prepare_error(prepared);
    } else if (duckdb_.prepared_statement_type(prepared) != DUCKDB_STATEMENT_TYPE_SELECT) {
      why = "only an expression that reads is allowed";
    } else if (bound != nullptr && bind(duckdb_, prepared, *bound) != DuckDBSuccess) {
      why = "the value of the cursor does not go with the column";
    } else {
      answered = true;
      if (duckdb_.execute_prepared(prepared, &result) != DuckDBSuccess) {
        why = duckdb_.result_error(&result);
      }
    }
  }
  auto table = why.empty() ? collect(result) : fail(Code::kInvalidInput, why);
  if (answered) duckdb_.destroy_result(&result);
  duckdb_.destroy_prepare(&prepared);
  duckdb_.destroy_extracted(&statements);
  return table;
}

Result<std::unique_ptr<DuckdbSession::Rows>> DuckdbSession::stream(const std::string& sql) {
  std::unique_ptr<Rows> rows(new Rows(*this));
  if (duckdb_.extract_statements(connection_, sql.c_str(), &rows->statements_) != 1) {
    return fail(Code::kInvalidInput, duckdb_.extract_statements_error(rows->statements_));
  }
  if (duckdb_.prepare_extracted_statement(connection_, rows->statements_, 0, &rows->prepared_) !=
      DuckDBSuccess) {
    return fail(Code::kInvalidInput, duckdb_.prepare_error(rows->prepared_));
  }
  rows->answered_ = true;
  if (duckdb_.execute_prepared_streaming(rows->prepared_, &rows->result_) != DuckDBSuccess) {
    return fail(Code::kInvalidInput, duckdb_.result_error(&rows->result_));
  }
  return rows;
}

DuckdbSession::Rows::~Rows() {
  const DuckdbLibrary& duckdb = session_.duckdb_;
  if (answered_) duckdb.destroy_result(&result_);
  duckdb.destroy_prepare(&prepared_);
  duckdb.destroy_extracted(&statements_);
}

Result<Table> DuckdbSession::Rows::next(std::size_t at_least) {
  if (ended_) return Table();
  Table table = TRY(session_.collect(result_, at_least));
  ended_ = table.rows() < at_least;
  const char* why = ended_ ? session_.duckdb_.result_error(&result_) : nullptr;
  if (why == nullptr || *why == '\0') return table;
  return fail(Code::kInvalidInput, why);
}

Result<std::vector<std::pair<std::string, std::string>>> DuckdbSession::describe(
    const std::string& sql) {
  const Table table = TRY(select("SELECT column_name, column_type FROM (DESCRIBE " + sql + ")"));
  std::vector<std::pair<std::string, std::string>> columns;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    columns.emplace_back(table.cell_text(row, 0), table.cell_text(row, 1));
  }
  return columns;
}

Result<void> DuckdbSession::load(const std::string& name, const Table& table) {
  std::string columns;
  for (const Field& field : table.schema().fields) {
    columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", identifier(field.name),
                           sql_type(field.type));
  }
  TRY(run(fmt::format("CREATE TABLE {} ({})", identifier(name), columns)));
  duckdb_appender appender = nullptr;
  if (duckdb_.appender_create(connection_, nullptr, name.c_str(), &appender) != DuckDBSuccess) {
    duckdb_.appender_destroy(&appender);
    return fail(Code::kIo, "DuckDB opened no appender");
  }
  auto done = append(appender, table);
  if (done && duckdb_.appender_close(appender) != DuckDBSuccess) {
    done = fail(Code::kIo, duckdb_.appender_error(appender));
  }
  duckdb_.appender_destroy(&appender);
  return done;
}

}  // namespace rondo::table
