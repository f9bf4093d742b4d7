// Tables of other protocols, read row by row into the cells of a batch.
#include "api/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/json_out.h"
#include "api/predict.h"

namespace rondo::api {
namespace {

std::unexpected<Refusal> not_rows(std::string_view what, const Element& element) {
  return bad_shape(fmt::format("{} must be an array of rows, not {}", what, kind_of(element)));
}

/// Values by position into the next row of the batch.
std::expected<void, Refusal> add_values(Batch& batch, const Array& values,
                                        std::span<const std::size_t> places, std::size_t row,
                                        std::optional<Time> time) {
  if (values.size() != places.size()) {
    return bad_shape(fmt::format("row {} has {} values, there are {} columns", row, values.size(),
                                 places.size()),
                     "the columns are: " + column_list(batch.inputs()));
  }
  const std::span<model::Cell> cells = batch.cells();
  std::optional<Time> own;
  std::size_t place = 0;
  for (const Element value : values) {
    const std::size_t column = places[place++];
    if (column == ColumnMap::kTime) {
      own = TRY(read_time(value, fmt::format("row {}: \"_time\"", row)));
    } else {
      TRY(read_cell(value, batch.inputs().fields[column], row, cells[column]));
    }
  }
  return batch.add(own.value_or(time.value_or(batch.now())));
}

std::expected<std::vector<std::string_view>, Refusal> read_names(const Element& element) {
  Array array;
  if (element.get(array) != simdjson::SUCCESS) return bad_shape("\"columns\" must be an array");
  std::vector<std::string_view> names;
  for (const Element name : array) names.push_back(TRY(text_of(name, "a column's name")));
  return names;
}

/// Every column in order.
std::vector<std::size_t> all_places(const table::Schema& inputs) {
  std::vector<std::size_t> places(inputs.fields.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  return places;
}

}  // namespace

std::expected<ColumnMap, Refusal> ColumnMap::of(std::span<const std::string_view> names,
                                                const table::Schema& inputs,
                                                const Outsiders& outsiders) {
  ColumnMap map;
  const auto& fields = inputs.fields;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string_view name = names[i];
    const auto field = std::ranges::find(fields, name, &table::Field::name);
    if (field == fields.end() && name != table::kTimeColumn) {
      return refuse(400, "unknown_column", fmt::format("the model has no column \"{}\"", name),
                    column_hint(name, inputs, outsiders));
    }
    const std::size_t place =
        field == fields.end() ? kTime : static_cast<std::size_t>(field - fields.begin());
    if (std::ranges::find(map.places_, place) != map.places_.end()) return twice(name, "the table");
    map.places_.push_back(place);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (std::ranges::find(map.places_, i) != map.places_.end()) continue;
    return refuse(400, "missing_column",
                  fmt::format("the column \"{}\" is missing", fields[i].name),
                  "the columns are: " + column_list(inputs));
  }
  return map;
}

std::expected<void, Refusal> add_split(Batch& batch, const Element& split,
                                       std::optional<Time> time) {
  constexpr std::array<std::string_view, 3> kNames = {"columns", "index", "data"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(split, "\"dataframe_split\"", kNames, found, Others::kRefused));
  if (!found[0] || !found[2]) {
    return bad_shape("\"dataframe_split\" lacks \"columns\" or \"data\"",
                     "as pandas writes it: df.to_dict(orient=\"split\")");
  }
  const auto names = TRY(read_names(*found[0]));
  const ColumnMap map = TRY(ColumnMap::of(names, batch.inputs(), batch.outsiders()));
  Array rows, values;
  if (found[2]->get(rows) != simdjson::SUCCESS) return not_rows("\"data\"", *found[2]);
  std::size_t row = 0;
  for (const Element element : rows) {
    if (element.get(values) != simdjson::SUCCESS) {
      return bad_shape(fmt::format("row {} must be an array, not {}", row, kind_of(element)));
    }
    TRY(add_values(batch, values, map.places(), row++, time));
  }
  return {};
}

std::expected<void, Refusal> add_instances(Batch& batch, const Element& instances,
                                           std::optional<Time> time) {
  Array array, values;
  if (instances.get(array) != simdjson::SUCCESS) return not_rows("the rows", instances);
  const std::vector<std::size_t> places = all_places(batch.inputs());
  RowReader reader(batch.inputs());
  std::size_t row = 0;
  for (const Element element : array) {
    std::optional<Time> own;
    if (element.is_object()) {
      TRY(reader.read(element, row, batch.cells(), own));
      TRY(batch.add(own.value_or(time.value_or(batch.now()))));
    } else if (element.get(values) == simdjson::SUCCESS) {
      TRY(add_values(batch, values, places, row, time));
    } else if (places.size() == 1) {
      TRY(read_cell(element, batch.inputs().fields[0], row, batch.cells()[0]));
      TRY(batch.add(time.value_or(batch.now())));
    } else {
      return bad_shape(fmt::format("row {} must be an object or an array, not {}", row,
                                   kind_of(element)),
                       "the columns are: " + column_list(batch.inputs()));
    }
    ++row;
  }
  return {};
}

std::expected<void, Refusal> add_columnar(Batch& batch, const Element& inputs,
                                          std::optional<Time> time) {
  Object object;
  if (inputs.get(object) != simdjson::SUCCESS) return add_instances(batch, inputs, time);
  std::vector<std::string_view> names;
  std::vector<Array> columns;
  for (const auto [key, value] : object) {
    Array values;
    if (value.get(values) != simdjson::SUCCESS) {
      return bad_shape(fmt::format("column \"{}\" must be an array of values, not {}", key,
                                   kind_of(value)));
    }
    if (!columns.empty() && values.size() != columns[0].size()) {
      return bad_shape(fmt::format("column \"{}\" has {} values, the ones before have {}", key,
                                   values.size(), columns[0].size()));
    }
    names.push_back(key);
    columns.push_back(values);
  }
  const ColumnMap map = TRY(ColumnMap::of(names, batch.inputs(), batch.outsiders()));
  std::vector<Array::iterator> at;
  for (const Array& column : columns) at.push_back(column.begin());
  for (std::size_t row = 0; row < columns[0].size(); ++row) {
    const std::span<model::Cell> cells = batch.cells();
    std::optional<Time> own;
    for (std::size_t i = 0; i < at.size(); ++i, ++at[i - 1]) {
      const std::size_t column = map.places()[i];
      if (column == ColumnMap::kTime) {
        own = TRY(read_time(*at[i], fmt::format("row {}: \"_time\"", row)));
      } else {
        TRY(read_cell(*at[i], batch.inputs().fields[column], row, cells[column]));
      }
    }
    TRY(batch.add(own.value_or(time.value_or(batch.now()))));
  }
  return {};
}

void write_values(std::string& out, const Batch& batch, Output output) {
  const auto list = [&](std::span<const double> values) {
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out += ',';
      write_number(out, values[i]);
    }
    out += ']';
  };
  const std::size_t outputs = batch.by().pipeline->outputs();
  out += '[';
  for (std::size_t row = 0; row < batch.rows().size(); ++row) {
    const ledger::Prediction& one = batch.rows()[row];
    if (row != 0) out += ',';
    if (is_several(output)) {
      list(one.probabilities);
    } else if (output == Output::kRawScore) {
      const auto raw = batch.raw().subspan(row * outputs, outputs);
      outputs == 1 ? write_number(out, raw[0]) : list(raw);
    } else if (output == Output::kContributions) {
      const std::size_t width = batch.by().pipeline->explained().size() + 1;
      const auto all = batch.contributions().subspan(row * outputs * width, outputs * width);
      if (outputs > 1) out += '[';
      for (std::size_t i = 0; i < outputs; ++i) {
        if (i != 0) out += ',';
        list(all.subspan(i * width, width));
      }
      if (outputs > 1) out += ']';
    } else if (is_interval(output)) {
      const stats::Bounds ends = batch.interval_of(one);
      write_number(out, output == Output::kIntervalLow ? ends.low : ends.high);
    } else if (model::is_number(batch.parts().task)) {
      write_number(out, one.value);
    } else {
      write_text(out, one.answer);
    }
  }
  out += ']';
}

std::expected<FrameOptions, Refusal> read_frame_options(const std::optional<Element>& element,
                                                        std::string_view what,
                                                        model::Task task) {
  FrameOptions options;
  if (!element || element->is_null()) return options;
  constexpr std::array<std::string_view, 2> kNames = {"output", "time"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(*element, what, kNames, found, Others::kIgnored));
  if (found[1] && !found[1]->is_null()) options.time = TRY(read_time(*found[1], "\"time\""));
  if (!found[0]) return options;
  options.output = TRY(output_named(TRY(text_of(*found[0], "\"output\"")), task));
  return options;
}

}  // namespace rondo::api
