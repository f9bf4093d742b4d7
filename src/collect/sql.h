// The databases of `[collect] source`: what `[collect.sql.NAME]` says of each, checked before
// anything is opened. A query is one SELECT; the address of a server is a secret and stands in the
// environment or in a file, never in rondo.toml.
#pragma once

#include <map>

#include "collect/collect.h"

namespace rondo::collect {

inline constexpr std::string_view kSql = "sql:";  // before the name, in [collect] source

struct SqlSource {
  std::string name;
  std::string driver;                 // postgresql | sqlite | duckdb
  std::string uri;                    // env:NAME, file:PATH; of sqlite and duckdb also a path
  std::string query;
  Span every = Span::seconds(60);     // `rondo up` looks for news so often
  std::string source() const { return std::string(kSql) + name; }
};

template <class Visitor>
void describe(Visitor& v, SqlSource& o) {
  using io::Key;
  v(Key{"driver", "",0, 0, "postgresql|sqlite|duckdb"}, o.driver);
  v(Key{"uri", ""}, o.uri);
  v(Key{"query", ""}, o.query);
  v(Key{"every", "",1, 1e9}, o.every);
}

/// Every `[collect.sql.NAME]`. Errors: kInvalidInput naming the key; never the uri.
Result<std::map<std::string, SqlSource>> sql_sources_from(const Json& json);
/// Those that `source` names, in its order. Errors: also kInvalidInput for one that is not there.
Result<std::vector<SqlSource>> databases_of(const Options& options);
/// What orders their rows: `cursor`, else `time`; empty: every reading takes all rows.
std::string cursor_of(const Options& options);

/// The query without the semicolon at its end. Errors: kInvalidInput for anything but one SELECT.
Result<std::string> one_select(const std::string& query);
/// Errors: kInvalidInput for what ends an expression and goes on.
Result<void> one_expression(const std::string& sql);

/// The address itself; a path is relative to the project. Errors: kInvalidInput, kNotFound, kIo.
Result<std::string> address_of(io::Fs& fs, const SqlSource& source, const io::Path& project);

}  // namespace rondo::collect
