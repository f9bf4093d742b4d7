// From JSON values to the cells of raw rows; a value is taken as it is or refused, never coerced.
#include "api/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "io/toml.h"
#include "io/utf8.h"

namespace rondo::api {

using model::Cell;
using table::Type;

std::string_view expectation(Type type) {
  switch (type) {
    case Type::kNumber: return "a number";
    case Type::kInteger: return "a whole number";
    case Type::kBool: return "true or false";
    case Type::kTime: return "a time as text (\"2012-01-31T08:00:00Z\")";
    case Type::kCategory:
    case Type::kText: return "a text";
  }
  return "a value";
}

namespace {

constexpr std::size_t kListed = 12;

std::unexpected<Refusal> misfit(const Element& element, const table::Field& field,
                                std::size_t row) {
  return wrong_type(fmt::format("row {}: column \"{}\" takes {}, not {}", row, field.name,
                                expectation(field.type), kind_of(element)),
                    "null stands for a missing value");
}

bool read_number(const Element& element, bool whole, Cell& out) {
  double number = 0;
  if (!element.is_number() || element.get_double().get(number) != simdjson::SUCCESS) return false;
  if (whole && number != std::trunc(number)) return false;
  out.kind = Cell::Kind::kNumber;
  out.number = number;
  return true;
}

bool read_bool(const Element& element, Cell& out) {
  bool value = false;
  if (element.get(value) != simdjson::SUCCESS) return false;
  out.kind = Cell::Kind::kNumber;
  out.number = value ? 1 : 0;
  return true;
}

bool read_text(const Element& element, Cell& out) {
  if (element.get(out.text) != simdjson::SUCCESS) return false;
  out.kind = Cell::Kind::kText;
  return true;
}

bool read_moment(const Element& element, Cell& out) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return false;
  const auto time = parse_time(text);
  if (!time) return false;
  out.kind = Cell::Kind::kNumber;
  out.number = static_cast<double>(time->us);
  return true;
}

bool read_value(const Element& element, Type type, Cell& out) {
  switch (type) {
    case Type::kNumber: return read_number(element, false, out);
    case Type::kInteger: return read_number(element, true, out);
    case Type::kBool: return read_bool(element, out);
    case Type::kTime: return read_moment(element, out);
    case Type::kCategory:
    case Type::kText: return read_text(element, out);
  }
  return false;
}

bool is_word_character(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether a word of the expression is the column.
bool mentions(std::string_view expression, std::string_view column) {
  if (column.empty()) return false;
  for (auto at = expression.find(column); at != expression.npos;
       at = expression.find(column, at + 1)) {
    const std::size_t end = at + column.size();
    const bool begins = at == 0 || !is_word_character(expression[at - 1]);
    if (begins && (end == expression.size() || !is_word_character(expression[end]))) return true;
  }
  return false;
}

/// Empty for a name that the project does not know.
std::string_view why_outside(std::string_view name, const Outsiders& outsiders) {
  if (name == outsiders.target) return "is what the model predicts: leave it out";
  if (mentions(outsiders.clock, name)) return "is the row's clock: send its time as \"_time\"";
  if (std::ranges::find(outsiders.ignored, name) != outsiders.ignored.end()) {
    return "is ignored by the model (`[prepare] ignore`): leave it out";
  }
  if (std::ranges::find(outsiders.late, name) == outsiders.late.end()) return {};
  return "is known only with the label (`[prepare] late`): leave it out";
}

}  // namespace

std::expected<void, Refusal> read_cell(const Element& element, const table::Field& field,
                                       std::size_t row, Cell& out) {
  out = Cell{};
  if (element.is_null() || read_value(element, field.type, out)) return {};
  return misfit(element, field, row);
}

std::expected<void, Refusal> read_number_cell(double number, const table::Field& field,
                                              std::size_t row, Cell& out) {
  out = Cell{};
  if (std::isnan(number)) return {};
  if (std::isinf(number) || (field.type == Type::kInteger && number != std::trunc(number))) {
    return wrong_type(fmt::format("row {}: column \"{}\" takes {}, not {}", row, field.name,
                                  expectation(field.type), number),
                      "NaN stands for a missing value");
  }
  out.kind = Cell::Kind::kNumber;
  out.number = number;
  return {};
}

std::expected<void, Refusal> read_text_cell(std::string_view text, const table::Field& field,
                                            std::size_t row, Cell& out) {
  out = Cell{};
  if (field.type == Type::kTime) {
    const auto time = parse_time(text);
    if (!time) {
      return wrong_type(fmt::format("row {}: column \"{}\" takes {}, not \"{}\"", row, field.name,
                                    expectation(field.type), text.substr(0, 100)));
    }
    out.kind = Cell::Kind::kNumber;
    out.number = static_cast<double>(time->us);
    return {};
  }
  if (!io::is_utf8(text)) {
    return wrong_type(fmt::format("row {}: column \"{}\" takes a text in UTF-8", row, field.name));
  }
  out.kind = Cell::Kind::kText;
  out.text = text;
  return {};
}

std::expected<Time, Refusal> read_time(std::string_view text, std::string_view what) {
  if (const auto time = parse_time(text)) return *time;
  return wrong_type(fmt::format("{} must be a time as text, like \"2012-01-31T08:00:00Z\"", what));
}

std::expected<Time, Refusal> read_time(const Element& element, std::string_view what) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) text = {};
  return read_time(text, what);
}

std::string column_list(const table::Schema& inputs) {
  std::string out;
  for (std::size_t i = 0; i < inputs.fields.size() && i < kListed; ++i) {
    out += (i == 0 ? "" : ", ") + inputs.fields[i].name;
  }
  if (inputs.fields.size() > kListed) {
    out += fmt::format(" and {} more", inputs.fields.size() - kListed);
  }
  return out;
}

std::string column_hint(std::string_view name, const table::Schema& inputs,
                        const Outsiders& outsiders) {
  const std::string_view why = why_outside(name, outsiders);
  if (!why.empty()) return fmt::format("\"{}\" {}", name, why);
  std::vector<std::string> names;
  for (const table::Field& field : inputs.fields) names.push_back(field.name);
  const std::string near = io::nearest(name, names);
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  return "the columns are: " + column_list(inputs);
}

RowReader::RowReader(const table::Schema& inputs, const Outsiders& outsiders)
    : inputs_(inputs), outsiders_(outsiders), seen_(inputs.fields.size()) {}

std::optional<std::size_t> RowReader::find(std::string_view key) {
  const auto& fields = inputs_.fields;
  if (expected_ < fields.size() && fields[expected_].name == key) return expected_;
  if (by_name_.empty()) {
    by_name_.resize(fields.size());
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::ranges::sort(by_name_, {},
                      [&](std::size_t i) { return std::string_view(fields[i].name); });
  }
  const auto found = std::ranges::lower_bound(
      by_name_, key, {}, [&](std::size_t i) { return std::string_view(fields[i].name); });
  if (found == by_name_.end() || fields[*found].name != key) return std::nullopt;
  return *found;
}

std::unexpected<Refusal> RowReader::unknown(std::string_view key, std::size_t row) const {
  return refuse(400, "unknown_column",
                fmt::format("row {}: the model has no column \"{}\"", row, key),
                column_hint(key, inputs_, outsiders_));
}

std::unexpected<Refusal> RowReader::incomplete(std::size_t row) const {
  const auto place = std::ranges::find(seen_, 0) - seen_.begin();
  const std::string& name = inputs_.fields[static_cast<std::size_t>(place)].name;
  return refuse(400, "missing_column",
                fmt::format("row {}: the column \"{}\" is missing", row, name),
                "send null when its value is not known; the columns are: " + column_list(inputs_));
}

std::expected<void, Refusal> RowReader::member(std::string_view key, const Element& value,
                                               std::size_t row, std::span<Cell> out,
                                               std::optional<Time>& time) {
  const auto place = find(key);
  if (!place) {
    if (key != table::kTimeColumn) return unknown(key, row);
    if (time) return twice(key, fmt::format("row {}", row));
    time = TRY(read_time(value, fmt::format("row {}: \"_time\"", row)));
    return {};
  }
  if (seen_[*place] != 0) return twice(key, fmt::format("row {}", row));
  seen_[*place] = 1;
  ++count_;
  expected_ = *place + 1;
  return read_cell(value, inputs_.fields[*place], row, out[*place]);
}

std::expected<void, Refusal> RowReader::read(const Element& element, std::size_t row,
                                             std::span<Cell> out, std::optional<Time>& time) {
  Object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return bad_shape(fmt::format("row {} must be an object {{column: value}}, not {}", row,
                                 kind_of(element)));
  }
  std::ranges::fill(seen_, std::uint8_t{0});
  expected_ = count_ = 0;
  for (const auto [key, value] : object) TRY(member(key, value, row, out, time));
  if (count_ != seen_.size()) return incomplete(row);
  return {};
}

}  // namespace rondo::api
