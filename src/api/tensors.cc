// Tensors of columns, or one matrix. A shape is believed only after it was multiplied without
// overflow and compared with the limit of rows.
#include "api/tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/words.h"

namespace rondo::api {
namespace {

using table::Type;

enum class Family : std::uint8_t { kBool, kWhole, kReal, kBytes };

/// Whole numbers from `low` to below `beyond`; a value outside is an error, never cut off.
struct Datatype {
  std::string_view name;
  Family family;
  double low = 0, beyond = 0;
};
constexpr Datatype kDatatypes[] = {
    {"BOOL", Family::kBool},
    {"INT8", Family::kWhole, -128, 128},
    {"INT16", Family::kWhole, -32768, 32768},
    {"INT32", Family::kWhole, -2147483648.0, 2147483648.0},
    {"INT64", Family::kWhole, -9223372036854775808.0, 9223372036854775808.0},
    {"UINT8", Family::kWhole, 0, 256},
    {"UINT16", Family::kWhole, 0, 65536},
    {"UINT32", Family::kWhole, 0, 4294967296.0},
    {"UINT64", Family::kWhole, 0, 18446744073709551616.0},
    {"FP32", Family::kReal},
    {"FP64", Family::kReal},
    {"BYTES", Family::kBytes},
};

const Datatype* find_datatype(std::string_view name) {
  const auto found = std::ranges::find(kDatatypes, name, &Datatype::name);
  return found == std::end(kDatatypes) ? nullptr : &*found;
}

bool is_numeric(Type type) { return type == Type::kNumber || type == Type::kInteger; }

bool fits(Family family, Type type) {
  switch (type) {
    case Type::kNumber:
    case Type::kInteger: return family == Family::kWhole || family == Family::kReal;
    case Type::kBool: return family == Family::kBool;
    case Type::kTime:
    case Type::kCategory:
    case Type::kText: return family == Family::kBytes;
  }
  return false;
}

/// One or two sizes. Errors: invalid_shape.
std::expected<std::vector<std::uint64_t>, Refusal> read_shape(const Element& element,
                                                              std::string_view name) {
  Array array;
  std::vector<std::uint64_t> shape;
  bool good = element.get(array) == simdjson::SUCCESS;
  if (good) {
    for (const Element size : array) {
      std::uint64_t value = 0;
      good = good && size.get(value) == simdjson::SUCCESS && shape.size() < 2;
      if (!good) break;
      shape.push_back(value);
    }
  }
  if (good && !shape.empty()) return shape;
  return bad_shape(fmt::format("input \"{}\": the shape must be [rows], [rows,1] or [rows,columns]",
                               name));
}

std::expected<void, Refusal> check_rows(std::uint64_t rows, std::uint64_t most) {
  if (rows <= most) return {};
  return refuse(413, "too_large", fmt::format("{} rows are too many, {} are allowed", grouped(rows),
                                                    grouped(most)),
                "send them in parts, or raise `[deploy] rows_max`");
}

std::expected<void, Refusal> check_range(const Element& element, const Datatype& type,
                                         std::string_view name, std::size_t row) {
  double value = 0;
  if (type.family != Family::kWhole || !element.is_number() ||
      element.get_double().get(value) != simdjson::SUCCESS) {
    return {};
  }
  if (value >= type.low && value < type.beyond && value == std::trunc(value)) return {};
  return wrong_type(fmt::format("input \"{}\", row {}: the value is no {}", name, row, type.name));
}

}  // namespace

std::string_view datatype_of(Type type) noexcept {
  switch (type) {
    case Type::kNumber: return "FP64";
    case Type::kInteger: return "INT64";
    case Type::kBool: return "BOOL";
    case Type::kTime:
    case Type::kCategory:
    case Type::kText: return "BYTES";
  }
  return "BYTES";
}

Tensors::Cursor::Cursor(Array data, std::size_t width)
    : at_(data.begin()), end_(data.end()), width_(width) {
  inner_at_ = inner_end_ = end_;
  Array inner;
  nested_ = at_ != end_ && (*at_).get(inner) == simdjson::SUCCESS;
}

std::expected<Element, Refusal> Tensors::Cursor::next(std::string_view name) {
  const auto misfit = [&] {
    return bad_shape(fmt::format("input \"{}\": the data do not fit the shape", name));
  };
  if (!nested_) {
    if (at_ == end_) return misfit();
    const Element element = *at_;
    ++at_;
    return element;
  }
  if (inner_at_ == inner_end_) {
    Array inner;
    if (at_ == end_ || (*at_).get(inner) != simdjson::SUCCESS || inner.size() != width_) {
      return misfit();
    }
    ++at_;
    inner_at_ = inner.begin();
    inner_end_ = inner.end();
    if (inner_at_ == inner_end_) return misfit();
  }
  const Element element = *inner_at_;
  ++inner_at_;
  return element;
}

std::expected<Tensors, Refusal> Tensors::open(const Element& inputs, const table::Schema& schema,
                                              std::uint64_t rows_max,
                                              const Outsiders& outsiders) {
  Array array;
  if (inputs.get(array) != simdjson::SUCCESS) {
    return bad_shape(fmt::format("\"inputs\" must be an array, not {}", kind_of(inputs)));
  }
  Tensors tensors(schema, outsiders);
  for (const Element element : array) TRY(tensors.add(element, rows_max));
  TRY(tensors.check_complete());
  return tensors;
}

std::expected<void, Refusal> Tensors::add(const Element& element, std::uint64_t rows_max) {
  constexpr std::array<std::string_view, 5> kNames = {"name", "shape", "datatype", "data",
                                                      "parameters"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(element, fmt::format("input {}", inputs_.size()), kNames, found, Others::kIgnored));
  for (std::size_t i = 0; i < 4; ++i) {
    if (!found[i]) {
      return bad_shape(fmt::format("input {} lacks \"{}\"", inputs_.size(), kNames[i]));
    }
  }
  const std::string_view name = TRY(text_of(*found[0], "an input's name"));
  const auto shape = TRY(read_shape(*found[1], name));
  const std::string_view datatype = TRY(text_of(*found[2], "a datatype"));
  const std::size_t column = TRY(place_of(name, shape));
  TRY(check_rows(shape[0], rows_max));
  const bool same = std::ranges::any_of(inputs_, [&](const Input& i) { return i.name == name; });
  if (same) return twice(name, "\"inputs\"");
  if (!inputs_.empty() && shape[0] != rows_) {
    return bad_shape(fmt::format("input \"{}\" has {} rows, the ones before have {}", name,
                                 shape[0],
                                 rows_));
  }
  rows_ = shape[0];
  Array data;
  if (found[3]->get(data) != simdjson::SUCCESS) {
    return bad_shape(fmt::format("input \"{}\": \"data\" must be an array", name));
  }
  inputs_.push_back({name, datatype, column, Cursor(data, shape.size() == 2 ? shape[1] : 1)});
  return check_datatype(inputs_.back());
}

std::expected<std::size_t, Refusal> Tensors::place_of(std::string_view name,
                                                      std::span<const std::uint64_t> shape) const {
  const auto& fields = schema_.fields;
  const std::uint64_t width = shape.size() == 2 ? shape[1] : 1;
  const auto field = std::ranges::find(fields, name, &table::Field::name);
  if (width == 1 && field != fields.end()) return static_cast<std::size_t>(field - fields.begin());
  if (width == 1 && name == table::kTimeColumn) return kTime;
  const bool numeric =
      std::ranges::all_of(fields, [](const table::Field& f) { return is_numeric(f.type); });
  if (shape.size() == 2 && width == fields.size() && numeric && inputs_.empty()) return kMatrix;
  if (width == 1) {
    return refuse(400, "unknown_column", fmt::format("the model has no column \"{}\"", name),
                  column_hint(name, schema_, outsiders_));
  }
  return bad_shape(
      fmt::format("input \"{}\": {} values a row do not fit", name, width),
      numeric ? fmt::format("send one input a column, or one of shape [rows,{}]", fields.size())
              : std::string("not all columns are numbers: send one input a column"));
}

std::expected<void, Refusal> Tensors::check_datatype(const Input& input) const {
  const Datatype* type = find_datatype(input.datatype);
  if (type == nullptr) {
    return wrong_type(fmt::format("input \"{}\": the datatype \"{}\" is not known", input.name,
                                  input.datatype),
                      "BOOL, INT8 to INT64, UINT8 to UINT64, FP32, FP64 or BYTES");
  }
  const Type needed = input.column == kMatrix ? Type::kNumber
                      : input.column == kTime ? Type::kTime
                                              : schema_.fields[input.column].type;
  if (fits(type->family, needed)) return {};
  return wrong_type(fmt::format("input \"{}\" is {}, the column takes {}", input.name,
                                input.datatype, datatype_of(needed)));
}

std::expected<void, Refusal> Tensors::check_complete() const {
  std::vector<bool> there(schema_.fields.size());
  for (const Input& input : inputs_) {
    if (input.column == kMatrix) {
      if (inputs_.size() == 1) return {};
      return bad_shape("a matrix of all columns stands alone");
    }
    if (input.column != kTime) there[input.column] = true;
  }
  const auto missing = std::ranges::find(there, false);
  if (missing == there.end()) return {};
  const auto place = static_cast<std::size_t>(missing - there.begin());
  return refuse(400, "missing_column",
                fmt::format("the column \"{}\" is missing", schema_.fields[place].name),
                "the columns are: " + column_list(schema_));
}

std::expected<void, Refusal> Tensors::read(Input& input, std::span<model::Cell> out,
                                           std::optional<Time>& time) {
  const std::size_t first = input.column == kMatrix ? 0 : input.column;
  const std::size_t count = input.column == kMatrix ? schema_.fields.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const Element element = TRY(input.cursor.next(input.name));
    if (input.column == kTime) {
      time = TRY(read_time(element, fmt::format("row {}: \"_time\"", row_)));
      continue;
    }
    TRY(check_range(element, *find_datatype(input.datatype), input.name, row_));
    TRY(read_cell(element, schema_.fields[first + i], row_, out[first + i]));
  }
  return {};
}

std::expected<void, Refusal> Tensors::next(std::span<model::Cell> out, std::optional<Time>& time) {
  for (Input& input : inputs_) TRY(read(input, out, time));
  ++row_;
  return {};
}

std::expected<void, Refusal> Tensors::finish() {
  for (const Input& input : inputs_) {
    if (!input.cursor.at_end()) {
      return bad_shape(fmt::format("input \"{}\": there are more data than the shape says",
                                   input.name));
    }
  }
  return {};
}

}  // namespace rondo::api
