// One look, from top to bottom: open, find what means missing, agree on types, guess the clock,
// read under it as a collection would, then ask which columns are unfit. What is proposed was
// carried out here, so the file that is written runs.
#include "collect/init.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "collect/database_rows.h"
#include "collect/feed.h"
#include "collect/files.h"
#include "collect/guess_codes.h"
#include "collect/guess_dialect.h"
#include "collect/proposal.h"
#include "collect/reading.h"
#include "collect/segment.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Table;
using table::Type;

constexpr std::size_t kClassesTold = 8;
constexpr double kRegular = 0.99;

/// Whether a header looks like a row: half of its names are numbers.
bool looks_like_data(const std::vector<std::string>& names) {
  double value = 0;
  const auto numbers = std::ranges::count_if(names, [&](const std::string& name) {
    const std::size_t from = std::min(name.find_first_not_of(' '), name.size());
    return parse_number(std::string_view(name).substr(from), value) != Parsed::kNo;
  });
  return static_cast<std::size_t>(numbers) * 3 >= names.size();
}

using Counts = std::map<std::string, std::size_t>;  // of rows, by class

std::string names_of(const Counts& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += (text.empty() ? "" : ", ") + shown(name);
  return text;
}

class Proposer {
 public:
  Proposer(io::Fs& fs, const io::Path& project, const Look& look, const io::Path& temp)
      : fs_(fs), project_(project), tools_(temp) {
    found_.look = look;
    found_.options.source = look.files;
    found_.options.names = look.names;
    found_.options.sql = look.sql;
    found_.options.cursor = look.cursor;
    found_.clock_given = !look.time.empty();
  }

  Result<Proposal> run() {
    TRY(open());
    TRY(check_target());
    settle_nulls();
    const Table rows = TRY(typed());
    found_.unfit = known_with_target(rows, found_.look.target);
    guess_time(rows);
    const Reading reading = TRY(read());
    TRY(check_time(rows));
    TRY(describe_target(*reading.rows.find(found_.look.target)));
    find_unfit(reading.rows);
    find_codes(reading.rows);
    choose_mode();
    Proposal proposal{write_toml(found_), remarks_of(found_)};
    if (!all_) {
      proposal.remarks.push_back(fmt::format("only the first {} rows were looked at",
                                             grouped(reading.counts.read)));
    }
    return proposal;
  }

 private:
  Options& options() { return found_.options; }
  const Options& options() const { return found_.options; }

  Result<void> open() {
    const auto names = TRY(files());
    Cursor cursor;
    News news = TRY(find_news(fs_, project_, names, options().format, kPartBytes, cursor));
    TRY(add_fetched(options(), found_.look.fetched, tools_, news, cursor));
    dialect_ = TRY(first_dialect(news.files, options()));
    TRY(split(news, cursor));
    if (!std::ranges::any_of(sources_, wants_trim)) return {};
    options().trim = dialect_.trim = true;
    return split(news, cursor);
  }

  /// What was typed has no place in a rondo.toml yet, so an error does not speak of one.
  Result<std::vector<std::string>> files() const {
    auto names = find_files(fs_, project_, options().source);
    if (names || names.error().code != Code::kNotFound) return names;
    return fail(Code::kNotFound, names.error().message,
                project_ == "." ? ""
                                : fmt::format("files are looked for from {}", project_.string()));
  }

  /// `marks` as find_news() left them, by which a file that changes meanwhile is seen.
  Result<void> split(const News& news, Cursor marks) {
    Feed feed(news, {fs_, project_, options(), dialect_, true, {}}, tools_);
    sources_ = TRY(feed.next(marks));
    all_ = feed.done();
    return {};
  }

  Result<void> check_target() const {
    const std::string& target = found_.look.target;
    for (const Source& source : sources_) {
      if (source.find(target)) continue;
      std::string hint;
      const std::string near = io::nearest(target, source.names());
      if (options().names.empty() && looks_like_data(source.names())) {
        hint = "its first line looks like data; give the column names with --names";
      } else if (!near.empty()) {
        hint = fmt::format("did you mean \"{}\"?", near);
      } else {
        hint = fmt::format("the columns are {}", fmt::join(source.names(), ", "));
      }
      return fail(Code::kNotFound,
                  fmt::format("{} has no column \"{}\"", source.file, shown(target)), hint);
    }
    return {};
  }

  /// Words among numbers, then words that are no category.
  void settle_nulls() {
    for (const auto& [word, column] : guess_nulls(look_at(sources_, dialect_.null),
                                                  options().null)) {
      options().null.push_back(word);
      found_.null_reasons.push_back(fmt::format("\"{}\" in {}", shown(word), shown(column)));
    }
    dialect_.null = options().null;
  }

  Result<Table> typed() {
    table::Contract contract = first_contract(look_at(sources_, dialect_.null), dialect_);
    BindOptions how;
    return TRY(bind_sources(sources_, contract, how)).rows;
  }

  void guess_time(const Table& rows) {
    std::vector<std::string> late;
    for (const Unfit& unfit : found_.unfit) late.push_back(unfit.column);
    found_.clock = guess_clock(rows, found_.look.target, late);
    if (!found_.clock_given) {
      options().time = found_.clock.expression;
      return;
    }
    options().time = found_.look.time;
    found_.clock.columns.clear();
    for (const std::string& name : mentioned(options().time, rows.schema())) {
      const bool whole = name == options().time;
      if (whole || rows.find(name)->type == Type::kTime) found_.clock.columns.push_back(name);
    }
  }

  /// A clock that was given, once it is known to be one.
  Result<void> check_time(const Table& rows) const {
    if (!found_.clock_given) return {};
    const std::set<std::string> names = mentioned(options().time, rows.schema());
    if (names.empty()) {
      return fail(Code::kInvalidInput,
                  fmt::format("--time \"{}\" reads no column: it says of no row when it happened",
                              shown(options().time)),
                  "name a column, or an SQL expression over columns");
    }
    if (!names.contains(found_.look.target)) return {};
    return fail(Code::kInvalidInput,
                fmt::format("--time \"{}\" reads the target {}, which is not known when a row "
                            "happens", shown(options().time), shown(found_.look.target)),
                "name another column");
  }

  /// As the first collection will do it.
  Result<Reading> read() {
    ReadingOptions how;
    how.target = found_.look.target;
    how.time = options().time;
    Cursor cursor;
    Reading reading = TRY(read_rows(std::move(sources_), nullptr, dialect_, how, cursor, tools_));
    found_.counts = reading.counts;
    found_.labelled = reading.labelled;
    if (reading.counts.accepted == 0) {
      const auto reasons = commonest(reading.rejects, 1);
      return fail(Code::kInvalidInput,
                  fmt::format("none of the {} rows can be taken: {}", grouped(reading.counts.read),
                              reasons.empty() ? "" : reasons[0].line),
                  reasons.empty() ? "" : reasons[0].hint);
    }
    const double share = static_cast<double>(reading.counts.rejected) /
                         static_cast<double>(reading.counts.read);
    if (share > options().max_rejected) {
      options().max_rejected = std::min(1.0, std::ceil(share * 20 + 0.5) / 20);
    }
    if (const Column* time = reading.rows.find(table::kTimeColumn)) note_times(*time, cursor);
    return reading;
  }

  void note_times(const Column& time, const Cursor& cursor) {
    found_.clock_orders = cursor.clock.orders_only();
    found_.first = Time{time.integers.front()};
    found_.last = Time{time.integers.back()};
    std::size_t different = 1;
    for (std::size_t row = 1; row < time.size(); ++row) {
      if (time.integers[row] != time.integers[row - 1]) ++different;
    }
    const bool each = static_cast<double>(different) >= kRegular * static_cast<double>(time.size());
    const double days = (found_.last - found_.first).in_days();
    found_.regular = !found_.clock_orders && each && days <= static_cast<double>(different);
  }

  /// Errors: kInvalidInput when there is nothing to predict.
  Result<void> describe_target(const Column& target) {
    const std::string& name = found_.look.target;
    if (target.type == Type::kTime) {
      return fail(Code::kInvalidInput,
                  fmt::format("{} is a time, which no task predicts", shown(name)),
                  "name a column of numbers or categories with --target");
    }
    Counts counts;
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (std::size_t row = 0; row < target.size(); ++row) {
      if (target.is_null(row)) continue;
      ++counts[target.cell_text(row)];
      if (is_text(target.type)) continue;
      least = std::min(least, target.as_double(row));
      greatest = std::max(greatest, target.as_double(row));
    }
    if (counts.size() < 2) {
      return fail(Code::kInvalidInput,
                  counts.empty() ? fmt::format("the target {} is missing in every row", shown(name))
                                 : fmt::format("the target {} is \"{}\" in every row", shown(name),
                                               shown(counts.begin()->first)),
                  "a model needs at least two different values to learn from");
    }
    const bool number = !is_text(target.type) && target.type != Type::kBool && counts.size() > 2;
    found_.task = number ? "regression" : counts.size() == 2 ? "binary" : "multiclass";
    if (number) {
      found_.target_text = fmt::format("{} different numbers from {} to {}", grouped(counts.size()),
                                       least, greatest);
    } else if (counts.size() > 2) {
      found_.target_text = fmt::format("{} classes", grouped(counts.size()));
      if (counts.size() <= kClassesTold) found_.target_text += ": " + names_of(counts);
    } else {
      found_.target_text =
          fmt::format("\"{}\" {}, \"{}\" {}", shown(counts.begin()->first),
                      grouped(counts.begin()->second), shown(counts.rbegin()->first),
                      grouped(counts.rbegin()->second));
    }
    if (!number) doubt_classes(counts);
    const std::size_t unknown = target.size() - target.valid.count();
    if (unknown > 0) found_.target_text += fmt::format("; {} rows have none", grouped(unknown));
    return {};
  }

  void doubt_classes(const Counts& counts) {
    std::vector<std::string> classes;
    for (const auto& [name, count] : counts) classes.push_back(name);
    for (const auto& [one, other] : twins_among(classes)) {
      found_.doubts.push_back(
          fmt::format("the classes \"{}\" and \"{}\" differ only by case, blanks or punctuation: "
                      "are they one?", shown(one), shown(other)));
    }
  }

  /// A database that nothing orders is read as a whole each time.
  void choose_mode() {
    if (asks_databases(options()) && cursor_of(options()).empty()) options().mode = "replace";
  }

  void find_codes(const Table& rows) {
    for (const MissingCode& code : guess_codes(rows)) {
      std::vector<std::string> names;
      for (const std::string& name : code.columns) names.push_back(shown(name));
      found_.codes.push_back(fmt::format("{} in {}", code.code, fmt::join(names, ", ")));
    }
  }

  void find_unfit(const Table& rows) {
    UnfitSearch search;
    search.target = found_.look.target;
    search.clock = found_.clock.columns;
    search.ordered = !options().time.empty();
    search.found = std::move(found_.unfit);
    found_.unfit = guess_unfit(rows, std::move(search));
  }

  io::Fs& fs_;
  const io::Path& project_;
  Tools tools_;
  table::Dialect dialect_;
  std::vector<Source> sources_;
  bool all_ = true;  // false: they are the first part of a large source
  Findings found_;
};

}  // namespace

Result<Proposal> propose(io::Fs& fs, const io::Path& project, const Look& look,
                         const io::Path& temp) {
  return Proposer(fs, project, look, temp).run();
}

}  // namespace rondo::collect
