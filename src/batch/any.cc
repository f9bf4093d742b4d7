// Parts of any format, through the splitters and the typing of Data Collection: what a text means
// is decided there. What does not fit is told with its place, the first in the order of rows.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "batch/part.h"
#include "collect/bind.h"
#include "collect/cells.h"
#include "collect/csv.h"
#include "collect/json_rows.h"
#include "io/toml.h"

namespace rondo::batch {
namespace {

using collect::Source;
using table::Type;

std::string_view wanted(Type type) {
  switch (type) {
    case Type::kNumber: return "a number";
    case Type::kInteger: return "a whole number";
    case Type::kBool: return "true or false";
    case Type::kTime: return "a time";
    case Type::kCategory:
    case Type::kText: break;
  }
  return "a text";
}

/// Why a column is not found, though another looks like it.
std::string hint_for(const std::string& name, const std::vector<std::string>& there) {
  const std::string near = io::nearest(name, there);
  if (near.empty()) return "the model was trained with it";
  const auto folded = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  return fmt::format("did you mean \"{}\"?{}", near,
                     std::ranges::equal(near, name, folded)
                         ? " Upper and lower case are told apart: rename it in the file"
                         : "");
}

/// Keeps the trouble of the earliest row.
class Troubles {
 public:
  void add(std::uint64_t row, Error error) {
    if (error_ && row_ <= row) return;
    row_ = row;
    error_ = std::move(error);
  }
  const std::optional<Error>& first() const { return error_; }

 private:
  std::uint64_t row_ = 0;
  std::optional<Error> error_;
};

class Reading {
 public:
  Reading(const Settings& settings, const Part& part, Room& room)
      : settings_(settings), part_(part), room_(room), layout_(*part.layout) {}

  Result<std::uint64_t> run(std::string& out) {
    source_.file = layout_.file;
    TRY(split());
    for (const collect::Reject& reject : source_.grid.rejects) {
      troubles_.add(reject.record, Error{Code::kInvalidInput,
                                         fmt::format("{} (row {})",
                                                     collect::sentence(reject, layout_.file),
                                                     reject.record),
                                         reject.hint, {}, std::source_location::current()});
    }
    TRY(type_inputs());
    if (needs_time(transform()) && !settings_.options.time.empty()) TRY(tell_times());
    if (troubles_.first()) return std::unexpected(*troubles_.first());
    return score(out);
  }

 private:
  const model::Transform& transform() const {
    return settings_.by->pipeline->parts().transform;
  }
  bool first_part() const { return part_.file_rows == 0; }

  Result<void> split() {
    const collect::CsvStart start{layout_.head.size(), part_.lines, part_.file_rows};
    switch (layout_.format) {
      case collect::Format::kCsv:
        source_.grid = TRY(collect::split_csv(part_.bytes, layout_.dialect, layout_.names, start,
                                              layout_.file));
        return {};
      case collect::Format::kJson: {
        const bool array = part_.records().starts_with('[');
        source_.grid = TRY(collect::split_json(part_.bytes, array ? collect::CsvStart{} : start,
                                               layout_.file));
        return {};
      }
      case collect::Format::kParquet: break;
    }
    source_.typed = part_.table;
    for (const table::Field& field : part_.table->schema().fields) {
      source_.grid.names.push_back(field.name);
    }
    return {};
  }

  /// Row of the file, from 1.
  std::uint64_t row_of(std::size_t row) const {
    return source_.typed ? part_.file_rows + row + 1 : source_.grid.records[row].number;
  }
  std::string place_of(std::size_t row, std::size_t column) const {
    if (source_.typed || layout_.format == collect::Format::kJson) {
      const std::uint64_t line = source_.typed ? 0 : source_.grid.records[row].line;
      return line > 0 ? fmt::format("{}:{}", layout_.file, line) : layout_.file;
    }
    return fmt::format("{}:{}:{}", layout_.file, source_.grid.records[row].line, column + 1);
  }

  void complain(std::size_t row, std::size_t column, const table::Field& field) {
    std::string buffer;
    const std::string text = collect::shown(source_.cell(row, column, buffer).text);
    troubles_.add(row_of(row),
                  fail(Code::kInvalidInput,
                       fmt::format("{}: row {}: the column \"{}\" takes {}, not \"{}\"",
                                   place_of(row, column), row_of(row), field.name,
                                   wanted(field.type), text),
                       "mend the cell; no row of a file with a broken one is handed out")
                      .error());
  }

  Result<std::shared_ptr<const table::Column>> typed(std::size_t column,
                                                     const table::Field& field) {
    collect::TypedColumn made =
        collect::type_column(source_, column, field.type, layout_.dialect);
    for (const std::vector<std::size_t>* rows : {&made.bad, &made.fractions}) {
      if (!rows->empty()) complain(rows->front(), column, field);
    }
    return std::move(made.column);
  }

  Result<void> type_inputs() {
    for (const table::Field& field : transform().inputs().fields) {
      if (const auto column = source_.find(field.name)) {
        columns_.push_back(TRY(typed(*column, field)));
        continue;
      }
      // A key that no object of a later part of JSON has is missing there, as in single objects.
      if (layout_.format == collect::Format::kJson && !first_part()) {
        columns_.push_back(table::Column::missing(field.type, source_.rows()));
        continue;
      }
      return fail(Code::kInvalidInput,
                  fmt::format("{} lacks the column \"{}\"", layout_.file, field.name),
                  hint_for(field.name, source_.names()));
    }
    return {};
  }

  Result<void> tell_times() {
    const std::string& expression = settings_.options.time;
    const auto named = collect::mentioned(expression, settings_.contract.schema);
    table::Schema schema;
    std::vector<std::shared_ptr<const table::Column>> columns;
    for (const table::Field& field : settings_.contract.schema.fields) {
      const auto column = source_.find(field.name);
      if (!column || (field.name != expression && !named.contains(field.name))) continue;
      schema.fields.push_back(field);
      columns.push_back(TRY(typed(*column, field)));
    }
    if (troubles_.first()) return {};  // the clock would only say that it reads no time
    const table::Table clock(std::move(schema), std::move(columns));
    const auto values = TRY(during(collect::clock_values(clock, expression, room_.tools),
                                   "reading the times of " + layout_.file));
    const std::vector<double> keys = collect::clock_keys(*values);
    for (std::size_t row = 0; row < keys.size(); ++row) {
      if (!std::isnan(keys[row])) continue;
      troubles_.add(row_of(row), fail(Code::kInvalidInput,
                                      fmt::format("{}: row {}: it has no time ({})",
                                                  place_of(row, 0), row_of(row), expression),
                                      "the model needs it: write when the row happens")
                                     .error());
      break;
    }
    collect::settle_kind(*values, keys, room_.clock);
    times_ = collect::event_times(*values, keys, std::vector<bool>(keys.size(), true),
                                  room_.clock);
    return {};
  }

  Result<std::uint64_t> score(std::string& out) {
    std::vector<std::size_t> keys;
    for (const std::string& name : settings_.keys) {
      if (const auto column = source_.find(name)) keys.push_back(*column);
      else return fail(Code::kInvalidInput,
                       fmt::format("{} lacks the column \"{}\"", layout_.file, name),
                       "it is the key of [collect]; the first file has it");
    }
    std::vector<const table::Column*> columns;
    for (const auto& column : columns_) columns.push_back(column.get());
    Scorer scorer(settings_.by, settings_.form, settings_.beside, out);
    std::vector<model::Cell> cells(columns.size());
    std::string key, buffer;
    const std::size_t rows = source_.rows();
    for (std::size_t row = 0; row < rows; ++row) {
      model::gather(columns, row, cells);
      key.clear();
      if (keys.empty()) append_row_number(key, settings_.form, part_.rows + row + 1);
      for (std::size_t k = 0; k < keys.size(); ++k) {
        append_key(key, settings_.form, settings_.keys[k],
                   source_.cell(row, keys[k], buffer).text);
      }
      scorer.add(cells, times_.empty() ? settings_.now : times_[row], key);
    }
    scorer.flush();
    return rows;
  }

  const Settings& settings_;
  const Part& part_;
  Room& room_;
  const Layout& layout_;
  Source source_;
  std::vector<std::shared_ptr<const table::Column>> columns_;
  std::vector<Time> times_;
  Troubles troubles_;
};

}  // namespace

Result<collect::ClockState> clock_from(const Json& cursor) {
  return TRY(collect::Cursor::from_json(cursor)).clock;
}

bool needs_time(const model::Transform& transform) {
  return !transform.history().lags.empty() ||
         std::ranges::any_of(transform.steps(), [](const model::Step& step) {
           return step.kind == model::Step::Kind::kTimePart && step.input < 0;
         });
}

void append_row_number(std::string& out, Form form, std::uint64_t row) {
  if (form == Form::kJson) out += "\"row\":";
  fmt::format_to(std::back_inserter(out), "{},", row);
}

void append_key(std::string& out, Form form, std::string_view name, std::string_view text) {
  if (form == Form::kCsv) {
    append_csv(out, text);
  } else {
    append_json(out, name);
    out += ':';
    double number = 0;
    if (collect::parse_number(text, number) == collect::Parsed::kYes) out += text;
    else append_json(out, text);
  }
  out += ',';
}

Result<std::uint64_t> score_any(const Settings& settings, const Part& part, Room& room,
                                std::string& out) {
  return Reading(settings, part, room).run(out);
}

}  // namespace rondo::batch
