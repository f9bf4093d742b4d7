// Rules in the order in which a person would want to hear of them: a cell of the wrong type, no
// time, a target that is no number, then a row that came too late or was there before.
#include "collect/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "collect/rules.h"

namespace rondo::collect {
namespace {

using table::Type;

class Judge {
 public:
  explicit Judge(const JudgeInput& input)
      : in_(input), rows_(input.bound.rows), found_(input.sources.size()) {
    verdicts_.fate.assign(rows_.rows(), Fate::kAccepted);
  }

  Result<Verdicts> run() {
    for (std::size_t s = 0; s < in_.sources.size(); ++s) found_[s] = in_.sources[s].grid.rejects;
    bad_cells();
    missing_times();
    targets_not_finite();
    if (!in_.options.merges) {
      TRY(late_rows());
      TRY(repeated_keys());
    }
    write_down();
    return std::move(verdicts_);
  }

 private:
  const table::Field& field(std::size_t index) const {
    return in_.contract.schema.fields[index];
  }

  /// The source of a row and the row's place in it.
  std::pair<std::size_t, std::size_t> origin(std::size_t row) const {
    const auto& first = in_.bound.first;
    const auto after = std::ranges::upper_bound(first, row);
    const auto source = static_cast<std::size_t>(after - first.begin()) - 1;
    return {source, row - first[source]};
  }

  void reject(std::size_t row, Why why, const std::string& column, std::string detail,
              std::string hint) {
    if (verdicts_.fate[row] != Fate::kAccepted) return;
    verdicts_.fate[row] = Fate::kRejected;
    const auto [s, at] = origin(row);
    Reject reject = in_.sources[s].reject(at);
    reject.why = why;
    reject.column = column;
    const auto place = in_.sources[s].find(column);
    reject.place = place ? static_cast<std::uint32_t>(*place + 1) : 0;
    reject.detail = std::move(detail);
    reject.hint = std::move(hint);
    found_[s].push_back(std::move(reject));
  }

  std::string written(std::size_t row, const std::string& column) const {
    const auto [s, at] = origin(row);
    const auto place = in_.sources[s].find(column);
    std::string buffer;
    return place ? std::string(in_.sources[s].cell(at, *place, buffer).text) : std::string();
  }

  /// A cell of the right type that contract.toml does not allow.
  void breach(const BadCell& bad) {
    const std::string& name = field(bad.field).name;
    const std::string text = written(bad.row, name);
    std::string detail = sentence_of(name, text, in_.contract.rules.at(name), bad.why);
    reject(bad.row, bad.why, name, std::move(detail),
           "mend the row, or allow it in contract.toml");
  }

  void another_table(const BadCell& bad) {
    reject(bad.row, bad.why, "", "its file shares no column with what was collected before",
           "is it another table, or is its header missing?");
  }

  void bad_cells() {
    for (const BadCell& bad : in_.bound.bad) {
      if (verdicts_.fate[bad.row] != Fate::kAccepted) continue;
      if (bad.why == Why::kNewTable) {
        another_table(bad);
        continue;
      }
      if (bad.why == Why::kMissing || bad.why == Why::kValue || bad.why == Why::kRange) {
        breach(bad);
        continue;
      }
      if (bad.why == Why::kNewColumn) {
        const auto [s, at] = origin(bad.row);
        const std::string& name = in_.sources[s].names()[bad.field];
        reject(bad.row, bad.why, name, fmt::format("{} is a new column", shown(name)),
               "set [collect.contract] column = \"evolve\" to take it in");
        continue;
      }
      const table::Field& f = field(bad.field);
      const std::string text = written(bad.row, f.name);
      std::string hint =
          fmt::format("if it means missing, add \"{}\" to [collect] null", shown(text));
      if (f.type == Type::kTime) hint = "write times as 2011-03-02 or 2011-03-02T17:00:00Z";
      reject(bad.row, bad.why, f.name, not_of_type(f.name, text, f.type), std::move(hint));
    }
  }

  void missing_times() {
    for (std::size_t row = 0; row < in_.times.size(); ++row) {
      if (in_.keys[row] == in_.keys[row]) continue;  // NaN: none
      reject(row, Why::kTime, in_.options.time,
             fmt::format("the row has no time ({})", in_.options.time),
             "each row needs one; a row without a time belongs in another table");
    }
  }

  void targets_not_finite() {
    for (const BadCell& cell : in_.bound.not_finite) {
      const std::string& name = field(cell.field).name;
      if (name != in_.options.target) continue;
      reject(cell.row, Why::kTarget, name,
             fmt::format("the target {} is \"{}\"", name, shown(written(cell.row, name))),
             "leave the target empty when it is not known yet");
    }
  }

  Result<void> late_rows() {
    if (!in_.after && !in_.options.again) return {};
    const std::size_t retried = in_.bound.first[std::min(in_.options.retry_from,
                                                         in_.sources.size())];
    const bool orders_only = in_.cursor.clock.orders_only();
    const double in_time =
        orders_only ? *in_.after
                    : *in_.after - static_cast<double>(in_.options.lag.us) /
                                       unit_us(in_.cursor.clock.kind);
    for (std::size_t row = 0; row < rows_.rows(); ++row) {
      if (row >= retried || in_.options.again) {
        TRY(known_already(row));
        continue;
      }
      if (verdicts_.fate[row] != Fate::kAccepted || in_.keys[row] > *in_.after) continue;
      // New by its cursor; in a backfill all rows come again.
      const bool behind = in_.sources[origin(row).first].behind && !in_.options.again;
      if (behind && !orders_only) continue;
      const table::RowId id = row_id(rows_, row);
      if (in_.options.taken && in_.options.taken(key_id(rows_, key_columns(), row), id)) {
        verdicts_.fate[row] = Fate::kDuplicate;
        continue;
      }
      const bool boundary = in_.keys[row] == *in_.after;
      if (boundary && in_.cursor.boundary_whole) {
        const bool known = in_.cursor.boundary.contains(row_digest(rows_, row));
        if (known) verdicts_.fate[row] = Fate::kDuplicate;
        continue;
      }
      const Known* known = in_.options.known ? TRY(in_.options.known()) : nullptr;
      if (known != nullptr && known->rows.find(id) != nullptr) {
        verdicts_.fate[row] = Fate::kDuplicate;
      } else if (in_.keys[row] < in_time) {
        too_late(row);
      }
    }
    return {};
  }

  /// Of a row that may be late: whether a source gave it meanwhile.
  Result<void> known_already(std::size_t row) {
    if (verdicts_.fate[row] != Fate::kAccepted) return {};
    const Known* known = in_.options.known ? TRY(in_.options.known()) : nullptr;
    if (known != nullptr && known->rows.find(row_id(rows_, row)) != nullptr) {
      verdicts_.fate[row] = Fate::kDuplicate;
    }
    return {};
  }

  void too_late(std::size_t row) {
    const auto say = [&](double key) {
      return in_.cursor.clock.kind == ClockState::Kind::kTime
                 ? to_text(Time{static_cast<std::int64_t>(key)})
                 : fmt::format("{}", key);
    };
    reject(row, Why::kLateRow, in_.options.time,
           fmt::format("its time, {}, lies before {}, the newest that was collected",
                       say(in_.keys[row]), say(*in_.after)),
           "rows must come in the order of time; let them be late by [collect] lag, or give older "
           "rows before the first collection");
  }

  std::vector<std::size_t> key_columns() const {
    std::vector<std::size_t> columns;
    for (const std::string& name : in_.options.key) columns.push_back(*rows_.schema().find(name));
    return columns;
  }

  Result<void> repeated_keys() {
    if (in_.options.key.empty()) return {};
    const std::vector<std::size_t> columns = key_columns();
    const Known* known = in_.options.known ? TRY(in_.options.known()) : nullptr;
    table::RowIdMap<std::size_t> seen;
    for (std::size_t row = 0; row < rows_.rows(); ++row) {
      if (verdicts_.fate[row] != Fate::kAccepted) continue;
      const table::RowId key = key_id(rows_, columns, row);
      if (known != nullptr) {
        if (const table::RowId* const before = known->keys.find(key)) {
          repeated(row, columns, row_id(rows_, row) == *before, "collected before");
          continue;
        }
      }
      const auto [at, fresh] = seen.try_emplace(key, row);
      if (fresh) continue;
      const auto [s, place] = origin(*at);
      const Reject first = in_.sources[s].reject(place);
      repeated(row, columns, row_id(rows_, row) == row_id(rows_, *at),
               fmt::format("at {}:{}", in_.sources[s].file,
                           first.line > 0 ? first.line : first.record));
    }
    return {};
  }

  void repeated(std::size_t row, const std::vector<std::size_t>& columns, bool same,
                const std::string& where) {
    if (same) {
      verdicts_.fate[row] = Fate::kDuplicate;
      return;
    }
    std::string key;
    for (const std::size_t column : columns) {
      key += fmt::format("{}{} = {}", key.empty() ? "" : ", ", rows_.schema().fields[column].name,
                         shown(rows_.cell_text(row, column)));
    }
    reject(row, Why::kDuplicateKey, in_.options.key[0],
           fmt::format("the key {} was there already ({}), with other values", key, where),
           "a key names one row; drop `key`, or name more columns in it");
  }

  void write_down() {
    for (std::size_t s = 0; s < std::min(in_.sources.size(), in_.options.retry_from); ++s) {
      const Source& source = in_.sources[s];
      std::ranges::stable_sort(found_[s], {}, &Reject::record);
      const Origin origin{source.file, source.digest, in_.contract.version};
      for (const Reject& reject : found_[s]) {
        verdicts_.rejects.push_back(to_json(reject, origin));
        if (&reject == &found_[s].front() && source.delimited()) {
          verdicts_.rejects.back()["names"] = source.names();
        }
      }
    }
  }

  const JudgeInput& in_;
  const table::Table& rows_;
  std::vector<std::vector<Reject>> found_;
  Verdicts verdicts_;
};

}  // namespace

Result<Verdicts> judge(const JudgeInput& input) { return Judge(input).run(); }

}  // namespace rondo::collect
