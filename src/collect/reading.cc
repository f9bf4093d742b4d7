// From sources to accepted rows, in five steps; read = accepted + rejected + duplicate at the end
// of each.
#include "collect/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/words.h"
#include "collect/csv.h"
#include "collect/fault.h"
#include "collect/judge.h"
#include "ledger/dataset.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

using table::Table;
using table::Type;

/// What stays the same through one reading.
class Reader {
 public:
  Reader(std::vector<Source> sources, const ReadingOptions& options, Cursor& cursor, Tools& tools)
      : sources_(std::move(sources)), options_(options), cursor_(cursor), tools_(tools) {}

  Result<Reading> run(const table::Contract* contract, const table::Dialect& dialect) {
    if (options_.visible_until || options_.again) {
      TRY(forget_future(contract, dialect));
      if (nothing_left()) return std::move(reading_);
    }
    if (contract != nullptr) reading_.contract = *contract;
    else if (options_.first != nullptr) reading_.contract = *options_.first;
    else reading_.contract = first_contract(look_at(sources_, dialect.null), dialect);
    if (options_.agreed != nullptr) {
      TRY(agree(*options_.agreed, contract == nullptr, reading_.contract, reading_.changes));
    }
    TRY(check_columns());
    BindOptions how{options_.actions, required(), cursor_.exact};
    Bound bound = TRY(bind_sources(sources_, reading_.contract, how));
    cursor_.exact = how.exact;
    TRY(set_times(bound.rows));
    bound.rows = TRY(with_fault(bound.rows, times_, options_.fault));
    const Verdicts verdicts = TRY(judged(bound));
    take(bound, verdicts);
    move_cursor();
    return std::move(reading_);
  }

 private:
  bool has_clock() const { return !options_.time.empty(); }

  /// Columns that a file may not lose.
  std::set<std::string> required() const {
    std::set<std::string> names(options_.key.begin(), options_.key.end());
    if (!options_.target.empty()) names.insert(options_.target);
    if (has_clock()) names.merge(mentioned(options_.time, reading_.contract.schema));
    return names;
  }

  Result<void> check_columns() const {
    std::vector<std::string> names;
    for (const table::Field& field : reading_.contract.schema.fields) names.push_back(field.name);
    std::vector<std::string> wanted = options_.key;
    if (!options_.target.empty()) wanted.insert(wanted.begin(), options_.target);
    for (const std::string& name : wanted) {
      if (std::ranges::find(names, name) != names.end()) continue;
      const std::string near = io::nearest(name, names);
      const bool target = name == options_.target;
      std::string hint = near.empty() ? fmt::format("the columns are {}", fmt::join(names, ", "))
                                      : fmt::format("did you mean \"{}\"?", near);
      return fail(Code::kInvalidInput,
                  fmt::format("{} has no column \"{}\", the {}", sources_[0].file, name,
                              target ? "target" : "key"),
                  hint);
    }
    return {};
  }

  // Replay, backfill -------------------------------------------------------------------------

  /// Drops every row and reject that is not yet, or no longer, to be seen, or not asked for. Only
  /// the columns of the clock are looked at before.
  Result<void> forget_future(const table::Contract* contract, const table::Dialect& dialect) {
    table::Contract clock;
    if (contract != nullptr) clock.dialect = contract->dialect;
    if (contract == nullptr) clock.dialect = dialect;
    table::Schema all;
    for (const Source& source : sources_) {
      for (const std::string& name : source.names()) {
        if (!all.find(name)) all.fields.push_back({name, Type::kCategory});
      }
    }
    BindOptions how;
    how.actions.column = how.actions.type = table::OnChange::kDiscardValue;
    how.required = mentioned(options_.time, all);
    if (how.required.empty()) return no_such_clock(all);
    for (const std::string& name : how.required) {
      const auto index = contract != nullptr ? contract->schema.find(name) : std::nullopt;
      const Type type = index ? contract->schema.fields[*index].type : first_type(name, clock);
      clock.schema.fields.push_back({name, type});
    }
    const Bound bound = TRY(bind_sources(sources_, clock, how));
    cursor_.clock = {};  // the whole history is read again, so the clock starts again
    TRY(set_times(bound.rows));
    keep_visible(bound.first);
    return {};
  }

  Type first_type(const std::string& name, const table::Contract& clock) const {
    if (options_.agreed != nullptr) {
      const table::Schema& said = options_.agreed->schema;
      if (const auto at = said.find(name)) return said.fields[*at].type;
    }
    return decide(look_at(sources_, name, clock.dialect.null));
  }

  bool nothing_left() const {
    return std::ranges::all_of(sources_, [](const Source& source) {
      return source.rows() == 0 && source.grid.rejects.empty();
    });
  }

  /// The sentence for a clock that names no column.
  Result<void> no_such_clock(const table::Schema& all) {
    std::vector<std::shared_ptr<const table::Column>> columns(
        all.fields.size(), table::Column::missing(Type::kCategory, 0));
    TRY(clock_values(Table(all, std::move(columns)), options_.time, tools_));
    return fail(Code::kInvalidInput, fmt::format("time: \"{}\" names no column", options_.time));
  }

  bool is_visible(Time time) const {
    // What is newer than the newest that was collected comes by an ordinary collection.
    if (options_.again) {
      return time >= options_.again->from && time < options_.again->to && time < *cursor_.newest;
    }
    if (time == kBeginningOfTime) return !cursor_.newest;
    return time <= *options_.visible_until && (!cursor_.newest || time > *cursor_.newest);
  }

  void keep_visible(const std::vector<std::size_t>& first) {
    std::vector<Time> times;
    std::vector<double> keys;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      Source& source = sources_[s];
      // What has no time of its own is seen when the row before it is.
      std::vector<Time> as_if(source.rows() + 1, kBeginningOfTime);
      std::vector<bool> rows(source.rows());
      for (std::size_t row = 0; row < source.rows(); ++row) {
        const Time time = times_[first[s] + row];
        as_if[row + 1] = time == kBeginningOfTime ? as_if[row] : time;
        rows[row] = is_visible(as_if[row + 1]);
        if (!rows[row]) continue;
        times.push_back(time);
        keys.push_back(keys_[first[s] + row]);
      }
      std::vector<bool> rejects;
      for (const Reject& reject : source.grid.rejects) {
        rejects.push_back(!options_.again && is_visible(as_if[reject.before]));
      }
      source.keep(rows, rejects);
    }
    times_ = std::move(times);
    keys_ = std::move(keys);
    times_known_ = true;
  }

  // Time -------------------------------------------------------------------------------------

  Result<void> set_times(const Table& rows) {
    if (!has_clock() || times_known_) return {};
    const auto values = TRY(clock_values(rows, options_.time, tools_));
    keys_ = clock_keys(*values);
    const ClockState before = cursor_.clock;
    settle_kind(*values, keys_, cursor_.clock);
    if (cursor_.clock.kind == ClockState::Kind::kTime && values->type != Type::kTime) {
      return fail(Code::kInvalidInput, "time: was a time and is a number now",
                  "write times as before");
    }
    // A clock that only orders gives a time to rows that are new, and to no other.
    std::vector<bool> counts(keys_.size(), true);
    const bool goes_on = before.kind != ClockState::Kind::kNone && before.row >= 0;
    for (std::size_t row = 0; goes_on && is_ordering(before.kind) && row < keys_.size(); ++row) {
      if (keys_[row] > before.value) continue;
      const bool boundary = keys_[row] == before.value;
      counts[row] = boundary && !(cursor_.boundary_whole &&
                                  cursor_.boundary.contains(row_digest(rows, row)));
    }
    if (options_.merges && cursor_.clock.orders_only()) {
      return fail(Code::kInvalidInput,
                  fmt::format("mode = \"merge\" needs a time, and \"{}\" is a number that only "
                              "orders", options_.time),
                  "use mode = \"append\", or name a column of times in [collect] time");
    }
    if (options_.lag.us > 0 && cursor_.clock.orders_only()) {
      return fail(Code::kInvalidInput,
                  fmt::format("lag needs a time, and \"{}\" is a number that only orders",
                              options_.time),
                  "set lag = \"0s\", or name a column of times in [collect] time");
    }
    past_ = before;
    times_ = event_times(*values, keys_, counts, cursor_.clock);
    return {};
  }

  static bool is_ordering(ClockState::Kind kind) {
    return kind == ClockState::Kind::kSteps || kind == ClockState::Kind::kRows;
  }

  // Verdicts ---------------------------------------------------------------------------------

  Result<Verdicts> judged(const Bound& bound) {
    const Cursor& before = options_.since != nullptr ? *options_.since : cursor_;
    JudgeInput input{sources_, bound, reading_.contract, times_, keys_, {}, before, options_};
    const ClockState& past = options_.since != nullptr ? options_.since->clock : past_;
    if (!times_known_ && past.row >= 0) input.after = past.value;
    return judge(input);
  }

  void take(const Bound& bound, const Verdicts& verdicts) {
    std::vector<std::size_t> order;
    for (std::size_t row = 0; row < bound.rows.rows(); ++row) {
      if (verdicts.fate[row] == Fate::kAccepted) order.push_back(row);
    }
    if (has_clock()) {
      std::ranges::stable_sort(order, {}, [&](std::size_t row) { return times_[row]; });
    }
    reading_.record.assign(order.begin(), order.end());
    reading_.origin = origin_of(order, bound.first);
    reading_.rows = bound.rows.take(order);
    if (has_clock()) add_time(order);
    std::ranges::copy(bound.changes, std::back_inserter(reading_.changes));
    reading_.dropped = bound.discarded;
    for (const BadCell& cell : bound.not_finite) {
      ++reading_.dropped[reading_.contract.schema.fields[cell.field].name];
    }
    reading_.rejects = verdicts.rejects;
    reading_.counts.accepted = order.size();
    reading_.counts.rejected = verdicts.rejects.size();
    const std::size_t retry = bound.first[std::min(options_.retry_from, sources_.size())];
    for (std::size_t row = retry; row < bound.rows.rows(); ++row) {
      reading_.retried.push_back(verdicts.fate[row] != Fate::kRejected);
    }
    reading_.counts.duplicate = static_cast<std::uint64_t>(
        std::ranges::count(verdicts.fate, Fate::kDuplicate));
    for (const Source& source : sources_) {
      reading_.counts.read += source.rows() + source.grid.rejects.size();
    }
    // What is refused again stays where it was written down.
    reading_.counts.read -= static_cast<std::uint64_t>(
        std::ranges::count(reading_.retried, false));
    const ledger::Counts& n = reading_.counts;
    CHECK(n.read == n.accepted + n.rejected + n.duplicate, "every record ends in one place");
    const table::Column* target = reading_.rows.find(options_.target);
    reading_.labelled = target == nullptr ? 0 : target->valid.count();
  }

  table::Table origin_of(const std::vector<std::size_t>& order,
                         const std::vector<std::size_t>& first) const {
    table::ColumnBuilder file(Type::kCategory), record(Type::kInteger), line(Type::kInteger);
    for (const std::size_t row : order) {
      const auto after = std::ranges::upper_bound(first, row);
      const auto s = static_cast<std::size_t>(after - first.begin()) - 1;
      const Source::Place place = sources_[s].place(row - first[s]);
      file.text(sources_[s].file);
      record.integer(static_cast<std::int64_t>(place.record));
      if (place.line > 0) line.integer(static_cast<std::int64_t>(place.line));
      else line.null();
    }
    return Table({{{std::string(ledger::kOriginFile), Type::kCategory},
                   {std::string(ledger::kOriginRecord), Type::kInteger},
                   {std::string(ledger::kOriginLine), Type::kInteger}}},
                 {file.finish(), record.finish(), line.finish()});
  }

  /// `_time` before the source's columns.
  void add_time(const std::vector<std::size_t>& order) {
    table::ColumnBuilder time(Type::kTime);
    for (const std::size_t row : order) time.integer(times_[row].us);
    table::Schema schema{{{std::string(table::kTimeColumn), Type::kTime}}};
    std::vector<std::shared_ptr<const table::Column>> columns = {time.finish()};
    for (std::size_t i = 0; i < reading_.rows.columns(); ++i) {
      schema.fields.push_back(reading_.rows.schema().fields[i]);
      columns.push_back(reading_.rows.shared(i));
    }
    reading_.rows = Table(std::move(schema), std::move(columns));
  }

  /// To the newest accepted row: what was rejected may not move the clock.
  void move_cursor() {
    if (!has_clock() || options_.again) return;
    ClockState& clock = cursor_.clock;
    if (reading_.record.empty()) {
      if (!options_.visible_until) clock = past_;
      return;
    }
    const std::size_t last = reading_.record.back();
    const bool further = !cursor_.newest || past_.row < 0 || keys_[last] > past_.value;
    if (may_be_late() && !further) {  // only late rows, and of a part some of the newest
      clock = past_;
      if (options_.since != nullptr && options_.lag.us == 0 && !options_.merges) note_boundary();
      return;
    }
    cursor_.newest = times_[last];
    clock.value = keys_[last];
    const Span since = times_[last] - kOrderBegins;
    clock.row = 0;
    if (clock.kind == ClockState::Kind::kRows) clock.row = since.us / Span::hours(1).us;
    if (clock.kind == ClockState::Kind::kSteps) {
      clock.day = since.us / Span::days(1).us;
      clock.row = since.us % Span::days(1).us / (Span::days(1).us / clock.rows_a_day);
    }
    // With a lag the rows that were collected are looked at instead: their digests are known.
    if (options_.lag.us > 0) {
      cursor_.boundary.clear();
      cursor_.boundary_whole = false;
      return;
    }
    // In a replay everything newer than the cursor is new, and no digests are needed.
    if (further || options_.visible_until) {
      cursor_.boundary.clear();
      cursor_.boundary_whole = true;
    }
    if (!options_.visible_until && !options_.merges) note_boundary();
  }

  bool may_be_late() const {
    return options_.since != nullptr || options_.merges || options_.lag.us > 0 ||
           options_.retry_from < sources_.size() ||
           std::ranges::any_of(sources_, &Source::behind);
  }

  void note_boundary() {
    for (std::size_t row = reading_.record.size(); row-- > 0;) {
      if (keys_[reading_.record[row]] < cursor_.clock.value) break;
      cursor_.boundary.insert(row_digest(reading_.rows, row));
      if (cursor_.boundary.size() <= kBoundaryListed) continue;
      cursor_.boundary.clear();
      cursor_.boundary_whole = false;
      break;
    }
  }

  std::vector<Source> sources_;
  const ReadingOptions& options_;
  Cursor& cursor_;
  Tools& tools_;
  Reading reading_;
  std::vector<double> keys_;
  std::vector<Time> times_;
  bool times_known_ = false;
  ClockState past_;
};

}  // namespace

Result<Reading> read_rows(std::vector<Source> sources, const table::Contract* contract,
                          const table::Dialect& dialect, const ReadingOptions& options,
                          Cursor& cursor, Tools& tools) {
  CHECK(!sources.empty(), "a reading has a source");
  CHECK(!options.again || (cursor.newest && !options.time.empty()), "there was a time before");
  if (options.visible_until && options.time.empty()) {
    return fail(Code::kInvalidInput, "a replay needs a clock, and [collect] time is not set",
                "name the column of event time, or an SQL expression that gives it");
  }
  return Reader(std::move(sources), options, cursor, tools).run(contract, dialect);
}

}  // namespace rondo::collect
