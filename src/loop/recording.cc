// Reading the recorded history once, in the order in which it happened.
#include <fmt/format.h>

#include "loop/replay_world.h"
#include "loop/score.h"

namespace rondo::loop {
namespace {

std::optional<Json> label_of(const table::Column& column, std::size_t row) {
  if (column.is_null(row)) return std::nullopt;
  switch (column.type) {
    case table::Type::kCategory:
    case table::Type::kText: return Json(std::string(column.text(row)));
    case table::Type::kNumber: return Json(column.numbers[row]);
    case table::Type::kBool: return Json(column.integers[row] != 0);
    case table::Type::kInteger:
    case table::Type::kTime: return Json(column.integers[row]);
  }
  return std::nullopt;
}

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Of every cell of the table; a text by its length and bytes, since dictionaries may be ordered
/// otherwise.
io::Digest digest_of(const table::Table& rows) {
  io::Hasher hasher;
  for (std::size_t c = 0; c < rows.columns(); ++c) {
    const table::Column& column = rows.column(c);
    std::string bytes = fmt::format("{} {} {}\n", rows.schema().fields[c].name,
                                    table::name_of(column.type), column.size());
    for (std::size_t i = 0; i < column.size(); ++i) {
      put(bytes, column.is_null(i));
      if (column.is_null(i)) continue;
      if (table::is_text(column.type)) {
        put(bytes, column.text(i).size());
        bytes += column.text(i);
      } else if (column.type == table::Type::kNumber) {
        put(bytes, column.numbers[i]);
      } else {
        put(bytes, column.integers[i]);
      }
    }
    hasher.add(bytes);
  }
  return hasher.finish();
}

struct Fault {
  std::string column;
  double value = 0;
  Time from, to;
};

Result<std::optional<Fault>> fault_from(const Json& json) {
  if (!json.is_object() || json.empty()) return std::nullopt;
  Fault fault;
  fault.column = TRY(io::get<std::string>(json, "column"));
  fault.value = TRY(io::get<double>(json, "value"));
  fault.from = TRY(parse_time(TRY(io::get<std::string>(json, "from"))));
  fault.to = TRY(parse_time(TRY(io::get<std::string>(json, "to"))));
  return fault;
}

std::shared_ptr<const table::Column> broken(const table::Column& column,
                                            const std::vector<Time>& times, const Fault& fault) {
  auto copy = std::make_shared<table::Column>(column);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] < fault.from || times[i] >= fault.to) continue;
    if (column.type == table::Type::kNumber) copy->numbers[i] = fault.value;
    if (column.type == table::Type::kInteger) {
      copy->integers[i] = static_cast<std::int64_t>(fault.value);
    }
  }
  return copy;
}

}  // namespace

Result<Recording> record(const Config& config, const io::Path& project, const Json& fault_json,
                         const io::Path& temp) {
  if (config.collect.time.empty()) {
    return fail(Code::kInvalidInput, "a replay needs a clock, and [collect] time is not set",
                "name the column, or an SQL expression, that says when a row happened");
  }
  const auto fs = io::real_fs();
  collect::Loaded loaded = TRY(collect::load(*fs, config.collect, project, nullptr,
                                             config.project.target, temp));
  Recording out;
  out.rows = std::move(loaded.rows);
  out.digest = digest_of(out.rows);
  out.tables = TRY(collect::load_tables(*fs, config.collect, project, temp));
  out.times = times_of(out.rows);
  for (const Time t : out.times) out.known.push_back(t + config.monitor.label_delay);
  const auto target = out.rows.schema().find(config.project.target);
  if (!target) {
    return fail(Code::kNotFound, fmt::format("the source has no column \"{}\"",
                                             config.project.target));
  }
  const auto labels = [&](const table::Table& rows) {
    std::vector<std::optional<Json>> list;
    for (std::size_t i = 0; i < rows.rows(); ++i) list.push_back(label_of(rows.column(*target), i));
    return list;
  };
  out.truth = labels(out.rows);
  if (const auto fault = TRY(fault_from(fault_json))) {
    const auto column = out.rows.schema().find(fault->column);
    if (!column) {
      return fail(Code::kNotFound, fmt::format("the source has no column \"{}\"", fault->column),
                  "a fault is written \"column=value from 2011-10-28 to 2011-11-27\"");
    }
    out.rows = out.rows.with(out.rows.schema().fields[*column],
                             broken(out.rows.column(*column), out.times, *fault));
  }
  out.told = labels(out.rows);
  return out;
}

}  // namespace rondo::loop
