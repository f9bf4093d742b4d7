// One SELECT around the query: it casts what has no type of ours, asks for the cursor as one more
// column, and leaves out what lies before it. Order and digests are made here, since a database
// promises neither an order of equal values nor types that stay.
#include "collect/database_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "collect/bind.h"
#include "collect/cells.h"
#include "collect/clock.h"
#include "collect/csv.h"
#include "io/digest.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Table;
using table::Type;
using table::Value;

constexpr std::string_view kCursorColumn = "_cursor";

std::string as_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

Value value_at(const Column& column, std::size_t row) {
  Value value;
  value.type = column.type;
  if (table::is_text(column.type)) value.text = column.text(row);
  else if (column.type == Type::kNumber) value.number = column.numbers[row];
  else value.integer = column.integers[row];
  return value;
}

double as_number(const Value& value) {
  return value.type == Type::kNumber ? value.number : static_cast<double>(value.integer);
}

bool is_less(const Value& a, const Value& b) {
  if (table::is_text(a.type)) return a.text < b.text;
  if (a.type != Type::kNumber && b.type != Type::kNumber) return a.integer < b.integer;
  return as_number(a) < as_number(b);
}

/// Whether two values of a cursor can be compared at all.
bool go_together(Type a, Type b) {
  const auto number = [](Type type) { return type == Type::kNumber || type == Type::kInteger; };
  return a == b || (number(a) && number(b)) || (table::is_text(a) && table::is_text(b));
}

/// A time that is written as text, so much earlier and no finer than a second.
Result<std::string> earlier_text(const std::string& text, Span lag) {
  std::int64_t moment = 0;
  if (!parse_moment(text, moment)) {
    return fail(Code::kInvalidInput,
                fmt::format("lag needs a cursor of times, and its greatest value is \"{}\"",
                            shown(text)),
                "set lag = \"0s\", or name a column of times in [collect] cursor");
  }
  const std::string made = to_text(Time{moment - lag.us});  // 2011-03-02T17:00:00Z
  if (text.size() == 10) return made.substr(0, 10);
  return made.substr(0, 10) + text[10] + made.substr(11, 8);
}

/// The expression of the cursor over the columns of the query, which is called q.
Result<std::string> cursor_sql(const std::string& cursor, const std::vector<std::string>& names,
                               const std::string& source) {
  for (const std::string& name : names) {
    if (folded(name) == folded(cursor)) return "q." + as_name(name);
  }
  TRY(one_expression(cursor));
  const auto word = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); };
  if (!std::ranges::all_of(cursor, word)) return fmt::format("({})", cursor);
  const std::string near = io::nearest(cursor, names);
  return fail(Code::kInvalidInput,
              fmt::format("{} has no column \"{}\", the cursor", source, cursor),
              near.empty() ? fmt::format("its columns are {}", fmt::join(names, ", "))
                           : fmt::format("did you mean \"{}\"?", near));
}

/// Texts are compared by bytes, as we compare them.
std::string comparable(const std::string& driver, const std::string& cursor, bool text) {
  if (driver == "sqlite") return cursor + " COLLATE BINARY";
  if (driver == "postgresql" && text) return fmt::format("CAST({} AS text) COLLATE \"C\"", cursor);
  return cursor;
}

/// The text of a query in three parts.
struct Query {
  std::string columns, from, where;
  std::string text() const { return fmt::format("SELECT {} FROM {}{}", columns, from, where); }
};

class Asker {
 public:
  Asker(const Asking& asking, const SqlSource& source, const SqlMark& before)
      : asking_(asking), source_(source), before_(before), cursor_(cursor_of(asking.options)) {}

  Result<Answer> run() {
    const std::string uri = TRY(address_of(asking_.fs, source_, asking_.project));
    database_ = TRY(table::Database::open(asking_.fs, source_.driver, uri, asking_.temp));
    const std::optional<Value> low = asking_.again
                                         ? first_of(*asking_.again)
                                         : TRY(lower_bound(before_, asking_.options.lag));
    const std::string sql = TRY(query(low.has_value()));
    Table rows = TRY(database_->select(sql, low ? &*low : nullptr));
    std::shared_ptr<const Column> cursor;
    if (!cursor_.empty()) {
      cursor = rows.shared(rows.columns() - 1);
      rows = without_last(rows);
      if (before_.value && rows.rows() > 0 && !go_together(cursor->type, before_.value->type)) {
        return fail(Code::kInvalidInput,
                    fmt::format("the cursor \"{}\" was of type {} and is of type {} now", cursor_,
                                table::name_of(before_.value->type), table::name_of(cursor->type)),
                    "cast it in [collect] cursor to what it was, or begin a new project");
      }
    }
    Answer answer = TRY(behind(rows, cursor.get(), asking_.again ? SqlMark() : before_,
                               asking_.options.lag, cursor_));
    if (source_.driver == "sqlite") answer.rows = with_times(answer.rows);
    return answer;
  }

 private:
  static std::string day_of(Time time) { return to_text(time).substr(0, 10); }

  /// Where a range of times begins among the values of the cursor, if it is the time. A text is
  /// compared by its day, however the hours are written.
  std::optional<Value> first_of(const TimeRange& range) const {
    if (cursor_ != asking_.options.time || !before_.value) return std::nullopt;
    const Type type = before_.value->type;
    if (type != Type::kTime && !table::is_text(type)) return std::nullopt;
    return Value{type, range.from.us, 0, table::is_text(type) ? day_of(range.from) : ""};
  }

  Result<std::string> query(bool bounded) {
    const std::string text = TRY(one_select(source_.query));
    Query out{"", fmt::format("(\n{}\n) AS q", text), ""};
    std::vector<table::AnswerColumn> columns = TRY(database_->columns(text));
    std::vector<std::string> names;
    for (const table::AnswerColumn& column : columns) names.push_back(column.name);
    TRY(check_names(names, source_.source()));
    for (std::size_t i = 0; i < columns.size(); ++i) add_column(columns[i], names[i], out);
    if (cursor_.empty()) return out.text();
    const std::string cursor = TRY(cursor_sql(cursor_, names, source_.source()));
    columns = TRY(during(
        database_->columns(fmt::format("SELECT {} AS {} FROM {}", cursor, as_name(kCursorColumn),
                                       out.from)),
        fmt::format("computing the cursor \"{}\"", cursor_)));
    add_column(columns.at(0), std::string(kCursorColumn), out, cursor);
    if (asking_.again && bounded) {
      const std::string compared = comparable(source_.driver, cursor, columns.at(0).text);
      out.where = fmt::format(" WHERE {0} >= $1 AND {0} < '{1}'", compared,
                              day_of(asking_.again->to + Span::days(1)));  // dates have no hours
    } else if (bounded) {
      out.where = fmt::format(" WHERE {} >= $1 OR {} IS NULL",
                              comparable(source_.driver, cursor, columns.at(0).text), cursor);
    }
    return out.text();
  }

  static void add_column(const table::AnswerColumn& column, const std::string& name, Query& out,
                         std::string value = {}) {
    if (value.empty()) value = "q." + as_name(column.name);
    if (!out.columns.empty()) out.columns += ", ";
    out.columns += column.cast.empty() ? value : fmt::format("CAST({} AS {})", value, column.cast);
    out.columns += " AS " + as_name(name);
  }

  static Table without_last(const Table& rows) {
    table::Schema schema = rows.schema();
    schema.fields.pop_back();
    std::vector<std::shared_ptr<const Column>> columns;
    for (std::size_t i = 0; i + 1 < rows.columns(); ++i) columns.push_back(rows.shared(i));
    return Table(std::move(schema), std::move(columns));
  }

  /// SQLite has no type for times: a column of texts that all are times is one of times.
  static Table with_times(Table rows) {
    for (std::size_t i = 0; i < rows.columns(); ++i) {
      const Column& column = rows.column(i);
      if (!table::is_text(column.type) || column.valid.count() == 0) continue;
      table::ColumnBuilder times(Type::kTime);
      bool all = true;
      for (std::size_t row = 0; row < column.size() && all; ++row) {
        std::int64_t moment = 0;
        if (column.is_null(row)) times.null();
        else if (parse_moment(column.text(row), moment)) times.integer(moment);
        else all = false;
      }
      if (all) rows = rows.with({rows.schema().fields[i].name, Type::kTime}, times.finish());
    }
    return rows;
  }

  const Asking& asking_;
  const SqlSource& source_;
  const SqlMark& before_;
  std::string cursor_;
  std::unique_ptr<table::Database> database_;
};

Reject without_cursor(const Table& rows, std::size_t row, const std::string& named) {
  Reject reject;
  reject.why = Why::kCursor;
  reject.column = rows.schema().find(named) ? named : std::string();
  reject.raw = io::canonical(row_json(rows, row));
  reject.detail = fmt::format("the row has no value of the cursor ({})", named);
  reject.hint = "each row needs one; or name a column in [collect] cursor that is never missing";
  return reject;
}

/// Takes one digest off a count of those that are known; false when none is left.
bool was_known(std::map<std::string_view, std::size_t>& known, std::string_view digest) {
  const auto at = known.find(digest);
  return at != known.end() && at->second > 0 && at->second-- > 0;
}

std::map<std::string_view, std::size_t> counted(const std::vector<std::string>& digests) {
  std::map<std::string_view, std::size_t> counts;
  for (const std::string& digest : digests) ++counts[digest];
  return counts;
}

Result<void> check_listed(std::size_t rows, std::string_view which, const std::string& named) {
  if (rows <= kAnswerListed) return {};
  return fail(Code::kInvalidInput,
              fmt::format("{} rows {} the cursor ({}), and {} can be kept in mind", rows, which,
                          named, kAnswerListed),
              "use a smaller lag, or a cursor with finer values, as a time of change or an id; or "
              "mode = \"merge\" with a key and no cursor");
}

/// All rows, each time: news is another answer.
Answer whole(const Table& rows, const SqlMark& before) {
  std::vector<std::string> digests = answer_digests(rows);
  std::ranges::sort(digests);
  io::Hasher hasher;
  for (const std::string& digest : digests) hasher.add(digest);
  Answer answer;
  answer.rows = rows;
  answer.mark.digest = hasher.finish().hex();
  answer.mark.records = rows.rows();
  answer.news = answer.mark.digest != before.digest;
  return answer;
}

}  // namespace

std::vector<std::string> answer_digests(const Table& rows) {
  std::vector<std::string> digests;
  std::string bytes;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    bytes.clear();
    for (std::size_t i = 0; i < rows.columns(); ++i) {
      if (rows.column(i).is_null(row)) continue;
      for (const std::string& text : {rows.schema().fields[i].name, rows.cell_text(row, i)}) {
        bytes += fmt::format("{}:", text.size());
        bytes += text;
      }
    }
    digests.push_back(io::sha256(bytes).hex().substr(0, 32));
  }
  return digests;
}

Result<std::optional<Value>> lower_bound(const SqlMark& before, Span lag) {
  if (!before.value || lag.us == 0) return before.value;
  Value low = *before.value;
  if (low.type == Type::kTime) {
    low.integer -= lag.us;
    return low;
  }
  if (table::is_text(low.type)) {
    low.text = TRY(earlier_text(low.text, lag));
    return low;
  }
  const double key = as_number(low);
  const auto unit = unix_unit(std::span(&key, 1));
  if (!unit) {
    return fail(Code::kInvalidInput,
                fmt::format("lag needs a cursor of times, and its greatest value is {}", key),
                "set lag = \"0s\", or name a column of times in [collect] cursor");
  }
  const double earlier = static_cast<double>(lag.us) / unit_us(*unit);
  if (low.type == Type::kNumber) low.number -= earlier;
  else low.integer -= static_cast<std::int64_t>(std::ceil(earlier));
  return low;
}

Result<Answer> behind(const Table& rows, const Column* cursor, const SqlMark& before, Span lag,
                      const std::string& named) {
  if (cursor == nullptr) return whole(rows, before);
  const std::vector<std::string> digests = answer_digests(rows);
  auto known = counted(before.rows), known_missing = counted(before.missing);
  Answer answer;
  answer.before = before.records;
  answer.mark.value = before.value;
  answer.mark.missing = before.missing;
  std::vector<std::size_t> fresh;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (cursor->is_null(row)) {
      if (was_known(known_missing, digests[row])) continue;
      answer.rejects.push_back(without_cursor(rows, row, named));
      answer.mark.missing.push_back(digests[row]);
      continue;
    }
    const Value value = value_at(*cursor, row);
    if (!answer.mark.value || is_less(*answer.mark.value, value)) answer.mark.value = value;
    if (!was_known(known, digests[row])) fresh.push_back(row);
  }
  const std::optional<Value> low = TRY(lower_bound(answer.mark, lag));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (cursor->is_null(row) || is_less(value_at(*cursor, row), *low)) continue;
    answer.mark.rows.push_back(digests[row]);
  }
  TRY(check_listed(answer.mark.rows.size(), "lie within lag of the greatest value of", named));
  TRY(check_listed(answer.mark.missing.size(), "have no value of", named));
  std::ranges::sort(answer.mark.rows);
  std::ranges::sort(answer.mark.missing);
  std::ranges::sort(fresh, [&](std::size_t a, std::size_t b) {
    const Value one = value_at(*cursor, a), other = value_at(*cursor, b);
    if (is_less(one, other) || is_less(other, one)) return is_less(one, other);
    return digests[a] < digests[b];
  });
  answer.rows = rows.take(fresh);
  answer.mark.records = before.records + fresh.size();
  for (Reject& reject : answer.rejects) {
    reject.record = ++answer.mark.records;
    reject.before = fresh.size();
  }
  answer.news = !fresh.empty() || !answer.rejects.empty();
  return answer;
}

Result<Answer> ask(const Asking& asking, const SqlSource& source, const SqlMark& before) {
  return during(Asker(asking, source, before).run(), "reading " + source.source());
}

Result<void> add_databases(const Asking& asking, News& news, Cursor& cursor) {
  for (const SqlSource& source : TRY(databases_of(asking.options))) {
    const auto known = cursor.sql.find(source.name);
    auto answer = std::make_shared<Answer>(
        TRY(ask(asking, source, known == cursor.sql.end() ? SqlMark() : known->second)));
    // A table without a row has not begun yet.
    if (answer->news || known != cursor.sql.end()) cursor.sql[source.name] = answer->mark;
    if (!answer->news) continue;
    news.files.push_back({source.source(), {}, {}, false, std::move(answer)});
  }
  return {};
}

Result<void> add_fetched(const Options& options, const FetchedRows& fetched, Tools& tools,
                         News& news, Cursor& cursor) {
  for (const SqlSource& source : TRY(databases_of(options))) {
    const auto at = fetched.find(source.name);
    if (at == fetched.end()) {
      return fail(Code::kInvalidInput,
                  fmt::format("this command reads files, and {} is a database", source.source()),
                  "give it the rows as a file");
    }
    auto answer = std::make_shared<Answer>();
    answer->rows = TRY(TRY(tools.engine())->read_parquet(std::span(&at->second, 1)));
    answer->mark.records = answer->rows.rows();
    cursor.sql[source.name] = answer->mark;
    news.files.push_back({source.source(), {}, {}, false, std::move(answer)});
  }
  return {};
}

Source open_answer(const NewBytes& news) {
  Source source;
  source.file = news.file;
  source.typed = news.answer->rows;
  source.grid.rejects = news.answer->rejects;
  source.earlier = news.answer->before;
  source.behind = true;
  for (const table::Field& field : source.typed->schema().fields) {
    source.grid.names.push_back(field.name);
  }
  std::vector<std::string> digests = answer_digests(*source.typed);
  io::Hasher hasher;
  for (const std::string& digest : digests) hasher.add(digest);
  source.digest = hasher.finish().hex();
  if (source.rows() == 0 && source.grid.rejects.empty()) source.grid.empty = "has no rows";
  return source;
}

}  // namespace rondo::collect
