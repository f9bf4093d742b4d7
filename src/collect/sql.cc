// Settings of databases, and a look at SQL that finds where texts, comments and statements end.
// The look is a courtesy, with a sentence that helps: what keeps a query from writing is the
// connection.
#include "collect/sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace rondo::collect {
namespace {

bool is_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Walks over SQL and passes over what is quoted or a comment.
class Scan {
 public:
  explicit Scan(std::string_view sql) : sql_(sql) {}

  struct Seen {
    std::string first;           // the first word, in capitals
    std::size_t end = 0;         // of what is code, without semicolons behind it
    bool more = false;           // something stands behind a semicolon
    std::string wrong;           // what never ends, or ends too early
  };

  Seen run() {
    while (at_ < sql_.size() && seen_.wrong.empty()) step();
    if (seen_.wrong.empty() && depth_ != 0) seen_.wrong = "has a parenthesis that is not closed";
    return seen_;
  }

 private:
  void step() {
    const char c = sql_[at_];
    if (starts("--")) return skip_line();
    if (starts("/*")) return skip_comment();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
      return;
    }
    if (c == ';') {
      closed_ = true;
      ++at_;
      return;
    }
    if (closed_) seen_.more = true;
    if (c == '(') ++depth_;
    if (c == ')' && --depth_ < 0) seen_.wrong = "closes a parenthesis that is not open";
    if (c == '\'' || c == '"' || c == '`') quoted(c, false);
    else if (c == '$') dollar();
    else if (is_word(c)) word();
    else ++at_;
    seen_.end = at_;
  }

  bool starts(std::string_view with) const { return sql_.substr(at_).starts_with(with); }

  void skip_line() { at_ = std::min(sql_.find('\n', at_), sql_.size()); }

  void skip_comment() {
    std::size_t open = 1;
    for (at_ += 2; at_ < sql_.size() && open > 0; ++at_) {
      if (starts("*/")) --open, ++at_;
      else if (starts("/*")) ++open, ++at_;
    }
    if (open > 0) seen_.wrong = "has a comment that does not end";
  }

  void quoted(char quote, bool backslashes) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (backslashes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        ++at_;
        if (at_ == sql_.size() || sql_[at_] != quote) return;
      }
    }
    seen_.wrong = fmt::format("has a {} that is not closed", quote == '\'' ? "text" : "name");
  }

  /// $$...$$ and $tag$...$tag$; $1 is a parameter.
  void dollar() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && is_word(sql_[end])) ++end;
    const bool number = end > at_ + 1 && sql_[at_ + 1] >= '0' && sql_[at_ + 1] <= '9';
    if (number) {
      seen_.wrong = "has a parameter of its own";
      return;
    }
    if (end == sql_.size() || sql_[end] != '$') {
      ++at_;
      return;
    }
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    const std::size_t close = sql_.find(tag, end + 1);
    if (close == sql_.npos) seen_.wrong = "has a text that is not closed";
    at_ = close == sql_.npos ? sql_.size() : close + tag.size();
  }

  void word() {
    const std::size_t from = at_;
    while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
    const std::string_view text = sql_.substr(from, at_ - from);
    const bool escapes = (text == "E" || text == "e") && at_ < sql_.size() && sql_[at_] == '\'';
    if (escapes) quoted('\'', true);
    if (!seen_.first.empty()) return;
    seen_.first = text;
    std::ranges::transform(seen_.first, seen_.first.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::int64_t depth_ = 0;
  bool closed_ = false;
  Seen seen_;
};

Result<SqlSource> source_from(const std::string& name, const Json& json) {
  const std::string key = "sql." + name;
  const auto refuse = [&](std::string_view what, const std::string& sentence, std::string hint) {
    return fail(Code::kInvalidInput, fmt::format("{}.{} {}", key, what, sentence), std::move(hint));
  };
  const bool plain = !name.empty() && std::ranges::all_of(name, is_word);
  if (!plain) return refuse("*", "has a name with other signs than letters, digits and _", "");
  if (!json.is_object()) return refuse("*", "is no table", "begin it with [collect.sql.NAME]");
  // A wrong value is told by its key alone: what stands there may be a secret.
  for (const auto& [what, value] : json.items()) {
    const bool known = what == "driver" || what == "uri" || what == "query" || what == "every";
    if (!known) return refuse(what, "is no key", "it knows driver, uri, query and every");
    if (!value.is_string()) return refuse(what, "must be a text", "");
  }
  SqlSource source = TRY(io::read_options<SqlSource>(json, "collect." + key));
  source.name = name;
  if (source.driver.empty()) {
    return refuse("driver", "is missing", "it is \"postgresql\", \"sqlite\" or \"duckdb\"");
  }
  const bool named = source.uri.starts_with("env:") || source.uri.starts_with("file:");
  if (source.uri.empty()) {
    return refuse("uri", "is missing", source.driver == "postgresql"
                                           ? "write uri = \"env:PG_URI\" and set that variable"
                                           : "name the file: uri = \"data/shop.db\"");
  }
  if (!named && (source.driver == "postgresql" || source.uri.contains("://"))) {
    return refuse("uri", "holds an address, which may hold a password and is not kept in "
                         "rondo.toml",
                  "write uri = \"env:PG_URI\" and set that variable to the address, or "
                  "\"file:PATH\" of a file that holds it");
  }
  if (source.query.empty()) {
    return refuse("query", "is missing", "give one SELECT: query = \"SELECT * FROM orders\"");
  }
  if (auto query = one_select(source.query); !query) {
    return refuse("query", query.error().message, query.error().hint);
  }
  return source;
}

}  // namespace

Result<std::string> one_select(const std::string& query) {
  const Scan::Seen seen = Scan(query).run();
  const std::string hint = "give one SELECT that reads; a database is never written to";
  if (!seen.wrong.empty()) return fail(Code::kInvalidInput, seen.wrong, hint);
  if (seen.more) return fail(Code::kInvalidInput, "has more than one statement", hint);
  if (seen.first != "SELECT" && seen.first != "WITH" && seen.first != "VALUES") {
    return fail(Code::kInvalidInput,
                seen.first.empty() ? "is empty"
                                   : fmt::format("begins with {}, not with SELECT", seen.first),
                hint);
  }
  return query.substr(0, seen.end);
}

Result<void> one_expression(const std::string& sql) {
  const Scan::Seen seen = Scan(sql).run();
  const bool good = seen.wrong.empty() && !seen.more && !sql.contains(';');
  if (good && seen.end > 0) return {};
  return fail(Code::kInvalidInput,
              fmt::format("the cursor \"{}\" {}", sql,
                          seen.wrong.empty() ? "is no expression" : seen.wrong),
              "name a column of the query, or an SQL expression over its columns");
}

Result<std::map<std::string, SqlSource>> sql_sources_from(const Json& json) {
  std::map<std::string, SqlSource> sources;
  if (!json.is_object()) {
    return fail(Code::kInvalidInput, "sql is no table", "begin it with [collect.sql.NAME]");
  }
  for (const auto& [name, value] : json.items()) sources[name] = TRY(source_from(name, value));
  return sources;
}

Result<std::vector<SqlSource>> databases_of(const Options& options) {
  std::vector<SqlSource> found;
  const auto sources = TRY(sql_sources_from(options.sql));
  for (const std::string& one : options.source) {
    if (!one.starts_with(kSql)) continue;
    const std::string name = one.substr(kSql.size());
    const auto at = sources.find(name);
    if (at == sources.end()) {
      return fail(Code::kInvalidInput, fmt::format("source names \"{}\", and there is no "
                                                   "[collect.sql.{}]", one, name),
                  fmt::format("add it: [collect.sql.{}] with driver, uri and query", name));
    }
    const bool twice = std::ranges::any_of(
        found, [&](const SqlSource& before) { return before.name == name; });
    if (!twice) found.push_back(at->second);
  }
  return found;
}

std::string cursor_of(const Options& options) {
  if (options.mode == "replace") return {};
  return options.cursor.empty() ? options.time : options.cursor;
}

bool asks_databases(const Options& options) {
  return std::ranges::any_of(options.source,
                             [](const std::string& one) { return one.starts_with(kSql); });
}

Result<Databases> databases_in(const Options& options) {
  Databases out{{}, Span::days(1), cursor_of(options)};
  for (const SqlSource& source : TRY(databases_of(options))) {
    out.sources.push_back(source.source());
    out.every = std::min(out.every, source.every);
  }
  return out;
}

Result<std::string> address_of(io::Fs& fs, const SqlSource& source, const io::Path& project) {
  std::string address = source.uri;
  if (source.uri.starts_with("env:")) {
    const std::string name = source.uri.substr(4);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return fail(Code::kInvalidInput,
                  fmt::format("the environment has no {}, which uri names", name),
                  fmt::format("set it before rondo starts: export {}=...", name));
    }
    address = value;
  } else if (source.uri.starts_with("file:")) {
    const io::Path path = project / source.uri.substr(5);
    address = TRY(during(fs.read(path, 64 << 10), "reading the file that uri names"));
    address.erase(address.find_last_not_of(" \t\r\n") + 1);
  }
  if (source.driver == "postgresql") return address;
  return (project / address).string();
}

}  // namespace rondo::collect
