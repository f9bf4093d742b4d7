// Which columns may become features, and how each is read. A column keeps the type it was collected
// with, because serving and scoring hand over exactly such cells: `types` only changes the reading.
#include <fmt/format.h>

#include <algorithm>

#include "prepare/features.h"

namespace rondo::prepare {
namespace {

using table::Type;

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// How a column of this type is read as `wish`; nothing when it cannot be.
std::optional<Reading> reading_of(Type type, std::string_view wish) {
  if (wish == "category" && type != Type::kTime) return Reading::kCategory;
  if (wish == "time" && type == Type::kTime) return Reading::kTimeParts;
  if (wish == "number" && !is_text(type)) return Reading::kNumber;
  if (wish == "bool" && type == Type::kBool) return Reading::kNumber;
  return std::nullopt;
}

std::string_view natural(Type type) {
  switch (type) {
    case Type::kNumber:
    case Type::kInteger: return "number";
    case Type::kBool: return "bool";
    case Type::kTime: return "time";
    case Type::kCategory: return "category";
    case Type::kText: return "text";
  }
  return "text";
}

std::string cannot_read(const table::Field& field, std::string_view wish) {
  const std::string advice =
      is_text(field.type)
          ? "if some texts stand for missing values, name them in [collect] null and collect anew"
          : "take its entry out of [prepare] types";
  return fmt::format("column \"{}\" was collected as {} and cannot be read as {}; {}", field.name,
                     table::name_of(field.type), wish, advice);
}

/// Names in the options that no column has: most often a slip of the pen.
void note_unknown(const Job& job, Draft& draft) {
  const auto look = [&](std::string_view key, const std::string& name) {
    if (job.rows.schema().find(name)) return;
    draft.notes.push_back(
        fmt::format("prepare.{} names \"{}\", which is no column of d{}", key, name, job.dataset));
  };
  for (const std::string& name : job.options.ignore) look("ignore", name);
  for (const std::string& name : job.options.late) look("late", name);
  for (const std::string& name : job.options.allow) look("allow", name);
  for (const auto& item : job.options.types.items()) look("types", item.key());
}

Broken check_lag(const Job& job, const LagWish& lag) {
  if (lag.is_join()) return check_join(job, lag);
  const auto index = job.rows.schema().find(lag.column);
  if (!index || lag.column == table::kTimeColumn) {
    return fmt::format("{} reads the column \"{}\", which is not in dataset d{}", lag.table(),
                       lag.column, job.dataset);
  }
  if (!job.situation.has_clock) {
    return fmt::format("{} of \"{}\" needs a clock; set [collect] time", lag.table(), lag.column);
  }
  for (const std::string& name : job.situation.entity) {
    if (name != job.situation.target && !has(job.options.late, name)) continue;
    return fmt::format("{} of \"{}\" is kept apart by [collect] entity, and \"{}\" is not known "
                       "when a prediction is asked for",
                       lag.table(), lag.column, name);
  }
  if (lag.column == job.situation.weight) {
    return fmt::format("{} reads \"{}\", which is the weight of rows", lag.table(), lag.column);
  }
  if (has(job.options.late, lag.column)) {
    return fmt::format("{} reads \"{}\", which is in prepare.late; of late values only the target "
                       "can be lagged in this version",
                       lag.table(), lag.column);
  }
  const Type type = job.rows.schema().fields[*index].type;
  if (lag.column != job.situation.target && (is_text(type) || type == Type::kTime)) {
    return fmt::format("{} reads \"{}\", which is a {}; only numbers and the target can be lagged",
                       lag.table(), lag.column, table::name_of(type));
  }
  return {};
}

bool is_readable(const MadeWish& wish, Type type) {
  if (wish.kind == model::Step::Kind::kText) return is_text(type);
  if (type == Type::kTime) return false;
  return wish.kind != model::Step::Kind::kArithmetic || !is_text(type);
}

Broken check_made(const Job& job, const Draft& draft, const MadeWish& wish) {
  const auto refused = [&wish](const std::string& column, std::string_view why) {
    return fmt::format("{} reads the column \"{}\", {}", wish.table(), column, why);
  };
  for (const std::string& column : wish.columns) {
    const auto index = job.rows.schema().find(column);
    if (!index || column == table::kTimeColumn) {
      return refused(column, fmt::format("which is not in dataset d{}", job.dataset));
    }
    if (column == job.situation.target) return refused(column, "which is the target");
    if (column == job.situation.weight) return refused(column, "which is the weight of rows");
    if (has(job.options.late, column)) return refused(column, "which is in prepare.late");
    if (has(job.options.ignore, column)) {
      return refused(column, "which is in prepare.ignore: the leak guard does not look at it");
    }
    const Type type = job.rows.schema().fields[*index].type;
    if (is_readable(wish, type)) continue;
    constexpr std::string_view kRight[] = {"two numbers", "categories or numbers",
                                           "a category or a number", "a text"};
    const auto kind = static_cast<std::size_t>(wish.kind) -
                      static_cast<std::size_t>(model::Step::Kind::kArithmetic);
    return refused(column, fmt::format("which is a {} where it needs {}", table::name_of(type),
                                       kRight[kind]));
  }
  if (wish.kind == model::Step::Kind::kEncoding && encodings_a_column(draft) > kMostEncodings) {
    return fmt::format("[[prepare.encode]] of \"{}\" makes a feature for each class, {} at most, "
                       "and \"{}\" has {}", wish.columns[0], kMostEncodings,
                       job.situation.target, draft.classes.size());
  }
  return {};
}

/// A column of times that is event time itself: its parts are made from `_time`, so a request need
/// not name the same moment twice.
bool is_clock(const Job& job, std::size_t index) {
  const table::Column* time = job.rows.find(table::kTimeColumn);
  const table::Column& column = job.rows.column(index);
  if (time == nullptr || column.type != Type::kTime) return false;
  // Rows that were served have event time alone: a request does not name the column.
  bool some = false;
  for (std::size_t i = 0; i < job.rows.rows(); ++i) {
    if (column.is_null(i)) continue;
    if (column.integers[i] != time->integers[i]) return false;
    some = true;
  }
  return some;
}

/// Adds the column's input, or says why it is none.
Broken consider(const Job& job, std::size_t index, Draft& draft) {
  const table::Field& field = job.rows.schema().fields[index];
  if (field.name == job.situation.target || field.name == table::kTimeColumn) return {};
  if (field.name == job.situation.weight) {
    draft.dropped.push_back({field.name, "how much a row counts", false});
    return {};
  }
  if (has(job.options.ignore, field.name)) {
    draft.dropped.push_back({field.name, "ignored", false});
    return {};
  }
  if (has(job.options.late, field.name)) {
    draft.dropped.push_back({field.name, "known only with the label", false});
    return {};
  }
  if (is_clock(job, index)) {
    draft.dropped.push_back({field.name, "the clock itself", false});
    return {};
  }
  const auto asked = job.options.types.find(field.name);
  const std::string wish = asked != job.options.types.end() && asked->is_string()
                               ? asked->get<std::string>()
                               : std::string(natural(field.type));
  if (wish == "text" && is_text(field.type)) {
    const bool wanted = std::ranges::any_of(job.made, [&](const MadeWish& made) {
      return made.kind == model::Step::Kind::kText && made.columns[0] == field.name;
    });
    if (wanted) return {};
    draft.dropped.push_back({field.name, "free text: [[prepare.text]] makes features of it"});
    return {};
  }
  const auto reading = reading_of(field.type, wish);
  if (!reading) return cannot_read(field, wish);
  draft.inputs.push_back({field.name, index, *reading});
  return {};
}

}  // namespace

Broken choose_inputs(const Job& job, Draft& draft) {
  note_unknown(job, draft);
  for (const LagWish& lag : job.lags) {
    if (const Broken why = check_lag(job, lag)) return why;
  }
  for (const MadeWish& wish : job.made) {
    if (const Broken why = check_made(job, draft, wish)) return why;
  }
  for (std::size_t i = 0; i < job.rows.schema().fields.size(); ++i) {
    if (const Broken why = consider(job, i, draft)) return why;
  }
  return {};
}

}  // namespace rondo::prepare
