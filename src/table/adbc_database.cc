// A database behind an ADBC driver. PostgreSQL answers within one transaction that can only read
// and sees one state; SQLite's file is opened for reading.
#include "table/adbc_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "table/adbc_library.h"
#include "table/arrow_in.h"

namespace rondo::table {
namespace {

/// An error of a driver; released with its owner.
struct Told {
  AdbcError error{};
  ~Told() {
    if (error.release != nullptr) error.release(&error);
  }
  std::string sentence() const {
    std::string text = error.message == nullptr ? "the driver gave no reason" : error.message;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  std::string_view state() const { return {error.sqlstate, 5}; }
};

/// What can pass by itself: no connection, a server that starts or stops, too many who ask.
bool may_pass(std::string_view state, std::string_view sentence) {
  const bool refused = sentence.contains("could not connect") ||
                       sentence.contains("Connection refused") ||
                       sentence.contains("connection to server") ||
                       sentence.contains("could not translate") || sentence.contains("timeout");
  const bool wrong = sentence.contains("authentication failed") ||
                     sentence.contains("does not exist") || sentence.contains("no pg_hba.conf") ||
                     sentence.contains("no password supplied");
  return (state.starts_with("08") || state.starts_with("57P") || state.starts_with("53") ||
          refused) && !wrong;
}

class AdbcDatabase : public Database {
 public:
  AdbcDatabase(AdbcDriver& driver, bool server, std::vector<std::string> secrets)
      : driver_(driver), server_(server), secrets_(std::move(secrets)) {
    database_.private_driver = connection_.private_driver = &driver;
  }
  AdbcDatabase(const AdbcDatabase&) = delete;
  AdbcDatabase& operator=(const AdbcDatabase&) = delete;
  ~AdbcDatabase() override {
    Told told;
    if (connection_.private_data != nullptr) driver_.connection_release(&connection_, &told.error);
    if (database_.private_data != nullptr) driver_.database_release(&database_, &told.error);
  }

  Result<void> connect(const std::string& uri) {
    Told told;
    const bool good =
        driver_.database_new(&database_, &told.error) == kAdbcOk &&
        driver_.database_set_option(&database_, "uri", uri.c_str(), &told.error) == kAdbcOk &&
        driver_.database_init(&database_, &told.error) == kAdbcOk &&
        driver_.connection_new(&connection_, &told.error) == kAdbcOk &&
        driver_.connection_init(&connection_, &database_, &told.error) == kAdbcOk;
    if (!good) return refuse(told, "cannot be reached");
    if (!server_) return run("PRAGMA query_only = 1");
    TRY(run("SET TIME ZONE 'UTC'"));
    TRY(run("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, "
            "READ ONLY"));
    if (driver_.connection_set_option(&connection_, "adbc.connection.autocommit", "false",
                                      &told.error) != kAdbcOk) {
      return refuse(told, "gave no transaction");
    }
    return {};
  }

  Result<std::vector<AnswerColumn>> columns(const std::string& sql) override {
    return columns_of(sql, nullptr);
  }

  Result<Table> select(const std::string& sql, const Value* bound) override {
    if (server_) return answer_to(sql, bound, kSomeRows);
    return select_sqlite(sql, bound);
  }

 private:
  static constexpr std::int64_t kSomeRows = 1024;

  Result<std::vector<AnswerColumn>> columns_of(const std::string& sql, const Value* bound) {
    std::optional<BoundRow> row;
    if (bound != nullptr) row.emplace(*bound);
    Statement statement(*this);
    ArrowIn answer;  // goes before its statement
    TRY(statement.ask(fmt::format("SELECT * FROM (\n{}\n) AS q LIMIT 0", sql),
                      row ? &*row : nullptr, answer));
    auto columns = answer.columns();
    if (columns) return columns;
    return fail(Code::kInvalidInput, cleaned(columns.error().message));
  }

  /// SQLite's types belong to cells, and its driver takes those of a column from the first batch:
  /// so all rows are one batch, and a column has the widest type of all that are in the answer.
  /// Numbers among texts are written by SQLite, with all their digits.
  Result<Table> select_sqlite(const std::string& sql, const Value* bound) {
    std::vector<std::string> names;
    std::string kinds, list;
    for (const AnswerColumn& column : TRY(columns_of(sql, bound))) {
      std::string name = "q.\"";
      for (const char c : column.name) name.append(c == '"' ? 2 : 1, c);
      names.push_back(name + '"');
      kinds += fmt::format(", max(typeof({0}) = 'text') + 2 * max(typeof({0}) = 'blob')",
                           names.back());
    }
    const Table seen = TRY(answer_to(
        fmt::format("SELECT count(*) AS n{} FROM (\n{}\n) AS q", kinds, sql), bound, kSomeRows));
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Column& kind = seen.column(i + 1);
      const std::int64_t bits = kind.is_null(0) ? 0 : kind.integers.at(0);
      std::string value = names[i];
      if (bits > 0) {
        value = fmt::format("CASE typeof({0}) WHEN 'real' THEN printf('%!.17g', {0}) WHEN 'null' "
                            "THEN NULL ELSE CAST({0} AS text) END", names[i]);
      }
      list += fmt::format("{}{} AS {}", i == 0 ? "" : ", ", value, names[i].substr(2));
    }
    return answer_to(fmt::format("SELECT {} FROM (\n{}\n) AS q", list, sql), bound,
                     seen.column(0).integers.at(0) + kSomeRows);
  }

  Result<Table> answer_to(const std::string& sql, const Value* bound, std::int64_t batch) {
    std::optional<BoundRow> row;
    if (bound != nullptr) row.emplace(*bound);
    Statement statement(*this, batch);
    ArrowIn answer;  // goes before its statement
    TRY(statement.ask(sql, row ? &*row : nullptr, answer));
    auto table = answer.read();
    if (table) return table;
    return fail(table.error().code, cleaned(table.error().message), table.error().hint);
  }

  /// One statement of the connection.
  class Statement {
   public:
    explicit Statement(AdbcDatabase& of, std::int64_t batch = kSomeRows)
        : of_(of), batch_(std::to_string(batch)) {
      handle_.private_driver = &of.driver_;
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() {
      Told told;
      if (handle_.private_data != nullptr) of_.driver_.statement_release(&handle_, &told.error);
    }
    Result<void> ask(const std::string& sql, BoundRow* bound, ArrowIn& answer) {
      TRY(begin(sql));
      Told told;
      if (bound != nullptr) {
        const bool good = of_.driver_.statement_prepare(&handle_, &told.error) == kAdbcOk &&
                          of_.driver_.statement_bind(&handle_, &bound->array, &bound->schema,
                                                     &told.error) == kAdbcOk;
        if (!good) return of_.refuse(told, "");
      }
      if (of_.driver_.statement_execute_query(&handle_, answer.place(), nullptr, &told.error) ==
          kAdbcOk) {
        return {};
      }
      return of_.refuse(told, "");
    }
    Result<void> run(const std::string& sql) {
      TRY(begin(sql));
      Told told;
      if (of_.driver_.statement_execute_query(&handle_, nullptr, nullptr, &told.error) ==
          kAdbcOk) {
        return {};
      }
      return of_.refuse(told, "");
    }

   private:
    Result<void> begin(const std::string& sql) {
      Told told;
      bool good = of_.driver_.statement_new(&of_.connection_, &handle_, &told.error) == kAdbcOk;
      good = good && (of_.server_ ||
                      of_.driver_.statement_set_option(&handle_, "adbc.sqlite.query.batch_rows",
                                                       batch_.c_str(), &told.error) == kAdbcOk);
      good = good && of_.driver_.statement_set_sql_query(&handle_, sql.c_str(), &told.error) ==
                         kAdbcOk;
      return good ? Result<void>() : of_.refuse(told, "");
    }
    AdbcDatabase& of_;
    std::string batch_;
    AdbcHandle handle_{};
  };

  Result<void> run(const std::string& sql) { return Statement(*this).run(sql); }

  std::unexpected<Error> refuse(const Told& told, std::string_view what) const {
    const std::string sentence = cleaned(told.sentence());
    return fail(may_pass(told.state(), sentence) ? Code::kUnavailable : Code::kInvalidInput,
                what.empty() ? sentence : fmt::format("{}: {}", what, sentence));
  }

  /// The driver's sentence on one line, without its name and without secrets.
  std::string cleaned(std::string text) const {
    for (const std::string& secret : secrets_) {
      for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
        text.replace(at, secret.size(), "***");
      }
    }
    if (text.starts_with('[')) text.erase(0, std::min(text.find("] "), text.size() - 2) + 2);
    // The query follows, in the driver's words.
    for (const std::string_view follows : {"\nquery:", "\nQuery was:", "\nQuery:"}) {
      text.erase(std::min(text.find(follows), text.size()));
    }
    for (const std::string_view begins :
         {"Failed to prepare query: ", "Failed to connect: ", "Failed to execute query: "}) {
      if (text.starts_with(begins)) text.erase(0, begins.size());
    }
    std::ranges::replace(text, '\n', ' ');
    return text;
  }

  AdbcDriver& driver_;
  bool server_;
  std::vector<std::string> secrets_;
  AdbcHandle database_{}, connection_{};
};

/// A file as a URI of SQLite, which would make one that is not there.
std::string read_only(const io::Path& file) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    if (c == '%' || c == '?' || c == '#') uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    else uri += c;
  }
  return uri + "?mode=ro";
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgresql(const std::string& uri) {
  std::vector<std::string> secrets = TRY(postgresql_secrets(uri));
  secrets.insert(secrets.begin(), uri);
  auto database = std::make_unique<AdbcDatabase>(*TRY(adbc_driver("postgresql")), true,
                                                 std::move(secrets));
  const bool limited = uri.contains("connect_timeout=");
  const std::string_view join = uri.contains('?') ? "&" : "?";
  TRY(database->connect(limited ? uri : fmt::format("{}{}connect_timeout=10", uri, join)));
  return database;
}

Result<std::unique_ptr<Database>> open_sqlite(const io::Path& file) {
  auto database = std::make_unique<AdbcDatabase>(*TRY(adbc_driver("sqlite")), false,
                                                 std::vector<std::string>{});
  TRY(database->connect(read_only(file)));
  return database;
}

}  // namespace rondo::table
