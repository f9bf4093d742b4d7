// Tensors of columns, or one matrix. A shape is believed only after it was multiplied without
// overflow and compared with the limit of rows.
#include "api/tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/words.h"

namespace rondo::api {
namespace {

using table::Type;

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

std::unexpected<Refusal> no_shared_memory(std::string_view name) {
  return refuse(501, "unsupported",
                fmt::format("input \"{}\": shared memory is not supported", name),
                "send the data in the request");
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

struct Tensors::Parts {
  std::string_view name, datatype;
  TensorShape shape;
  std::optional<Element> data;                  // JSON
  std::optional<std::uint64_t> binary_bytes;    // or so many bytes behind it
};

namespace {

/// What `parameters` of an input says of its data. Errors: 501 for shared memory.
std::expected<std::optional<std::uint64_t>, Refusal> read_binary_size(const Element& parameters,
                                                                      std::string_view name) {
  constexpr std::array<std::string_view, 2> kNames = {"binary_data_size", "shared_memory_region"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(parameters, "\"parameters\"", kNames, found, Others::kIgnored));
  if (found[1]) return no_shared_memory(name);
  if (!found[0]) return std::nullopt;
  std::uint64_t bytes = 0;
  if (found[0]->get(bytes) == simdjson::SUCCESS) return bytes;
  return bad_shape(fmt::format("input \"{}\": \"binary_data_size\" must be a number of bytes",
                               name));
}

}  // namespace

std::expected<Tensors, Refusal> Tensors::open(const Element& inputs, const table::Schema& schema,
                                              std::uint64_t rows_max, std::string_view tail,
                                              const Outsiders& outsiders) {
  Array array;
  if (inputs.get(array) != simdjson::SUCCESS) {
    return bad_shape(fmt::format("\"inputs\" must be an array, not {}", kind_of(inputs)));
  }
  Tensors tensors(schema, outsiders);
  tensors.tail_ = tail;
  for (const Element element : array) {
    TRY(tensors.add(TRY(tensors.read_parts(element)), rows_max));
  }
  TRY(tensors.check_complete());
  if (!tensors.tail_.empty()) {
    return bad_shape(fmt::format("{} bytes behind the JSON belong to no input",
                                 tensors.tail_.size()),
                     "the sum of all \"binary_data_size\" must be what follows the JSON");
  }
  return tensors;
}

std::expected<Tensors, Refusal> Tensors::open(std::span<const RpcInput> inputs,
                                              const table::Schema& schema, std::uint64_t rows_max,
                                              const Outsiders& outsiders) {
  Tensors tensors(schema, outsiders);
  tensors.inputs_.reserve(inputs.size());
  for (const RpcInput& input : inputs) {
    if (input.shared_memory) return no_shared_memory(input.name);
    tensors.tail_ = input.bytes;
    TRY(tensors.add({input.name, input.datatype, TRY(read_shape(input.shape, input.name)), {},
                     input.bytes.size()},
                    rows_max));
  }
  TRY(tensors.check_complete());
  return tensors;
}

std::expected<Tensors, Refusal> Tensors::matrix(const table::Schema& schema,
                                                std::uint64_t rows_max, std::string_view bytes) {
  Tensors tensors(schema, {});
  const std::uint64_t row = schema.fields.size() * sizeof(double);
  if (bytes.size() % row != 0) {
    return bad_shape(fmt::format("{} bytes are no rows of {} FP64 values", bytes.size(),
                                 schema.fields.size()),
                     "the columns are: " + column_list(schema));
  }
  tensors.rows_ = bytes.size() / row;
  TRY(check_rows(tensors.rows_, rows_max));
  const std::uint64_t shape[] = {tensors.rows_, schema.fields.size()};
  const bool one = schema.fields.size() == 1;
  const std::string_view name = one ? std::string_view(schema.fields[0].name) : "the matrix";
  const std::size_t column = TRY(tensors.place_of(name, shape));
  tensors.inputs_.push_back({name, find_datatype("FP64"), column, bytes});
  TRY(tensors.check_datatype(tensors.inputs_.back(), "FP64"));
  return tensors;
}

std::expected<Tensors::Parts, Refusal> Tensors::read_parts(const Element& element) const {
  constexpr std::array<std::string_view, 5> kNames = {"name", "shape", "datatype", "data",
                                                      "parameters"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(element, fmt::format("input {}", inputs_.size()), kNames, found, Others::kIgnored));
  for (std::size_t i = 0; i < 3; ++i) {
    if (!found[i]) {
      return bad_shape(fmt::format("input {} lacks \"{}\"", inputs_.size(), kNames[i]));
    }
  }
  Parts parts;
  parts.name = TRY(text_of(*found[0], "an input's name"));
  parts.shape = TRY(read_shape(*found[1], parts.name));
  parts.datatype = TRY(text_of(*found[2], "a datatype"));
  parts.data = found[3];
  if (found[4]) parts.binary_bytes = TRY(read_binary_size(*found[4], parts.name));
  return parts;
}

std::expected<void, Refusal> Tensors::add(const Parts& parts, std::uint64_t rows_max) {
  const std::uint64_t rows = parts.shape.rows();
  const std::size_t column = TRY(place_of(parts.name, parts.shape));
  TRY(check_rows(rows, rows_max));
  const bool same =
      std::ranges::any_of(inputs_, [&](const Input& i) { return i.name == parts.name; });
  if (same) return twice(parts.name, "\"inputs\"");
  if (!inputs_.empty() && rows != rows_) {
    return bad_shape(fmt::format("input \"{}\" has {} rows, the ones before have {}", parts.name,
                                 rows, rows_));
  }
  rows_ = rows;
  Input input{parts.name, find_datatype(parts.datatype), column, std::string_view()};
  TRY(check_datatype(input, parts.datatype));
  return add_data(parts, std::move(input), parts.shape.width());
}

/// Takes the data of an input out of the JSON or off the tail; binary ones must have the size that
/// the shape says. Rows and width are bounded here already, so their product is.
std::expected<void, Refusal> Tensors::add_data(const Parts& parts, Input&& input,
                                               std::uint64_t width) {
  Array data;
  if (parts.data && !parts.binary_bytes) {
    if (parts.data->get(data) != simdjson::SUCCESS) {
      return bad_shape(fmt::format("input \"{}\": \"data\" must be an array", input.name));
    }
    if (!input.type->in_json) {
      return wrong_type(fmt::format("input \"{}\": {} comes in binary only", input.name,
                                    input.type->name),
                        "send FP32 in JSON");
    }
    input.data = Cursor(data, width);
    inputs_.push_back(std::move(input));
    return {};
  }
  if (!parts.binary_bytes) return bad_shape(fmt::format("input {} lacks \"data\"", inputs_.size()));
  const std::uint64_t bytes = *parts.binary_bytes, size = input.type->size;
  if (parts.data) {
    return bad_shape(fmt::format("input \"{}\" has its data twice, in JSON and in binary",
                                 input.name));
  }
  if (bytes > tail_.size() || (size != 0 && bytes != rows_ * width * size)) {
    return bad_shape(
        fmt::format("input \"{}\": {} bytes do not fit, its shape takes {} and {} are left",
                    input.name, bytes, size == 0 ? "any" : std::to_string(rows_ * width * size),
                    tail_.size()));
  }
  input.data = tail_.substr(0, bytes);
  tail_.remove_prefix(bytes);
  inputs_.push_back(std::move(input));
  return {};
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

std::expected<void, Refusal> Tensors::check_datatype(const Input& input,
                                                     std::string_view datatype) const {
  if (input.type == nullptr) {
    return wrong_type(fmt::format("input \"{}\": the datatype \"{}\" is not known", input.name,
                                  datatype),
                      "BOOL, INT8 to INT64, UINT8 to UINT64, FP16, BF16, FP32, FP64 or BYTES");
  }
  const Type needed = input.column == kMatrix ? Type::kNumber
                      : input.column == kTime ? Type::kTime
                                              : schema_.fields[input.column].type;
  if (fits(input.type->family, needed)) return {};
  return wrong_type(fmt::format("input \"{}\" is {}, the column takes {}", input.name, datatype,
                                datatype_of(needed)));
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

std::expected<void, Refusal> Tensors::read_json(Input& input, std::size_t column,
                                                std::span<model::Cell> out,
                                                std::optional<Time>& time) {
  const Element element = TRY(std::get<Cursor>(input.data).next(input.name));
  if (column == kTime) {
    time = TRY(read_time(element, fmt::format("row {}: \"_time\"", row_)));
    return {};
  }
  TRY(check_range(element, *input.type, input.name, row_));
  return read_cell(element, schema_.fields[column], row_, out[column]);
}

namespace {

/// The next BYTES element, taken off `left`. None when it is longer than what is left.
std::optional<std::string_view> take_bytes(std::string_view& left) {
  std::uint32_t length = 0;
  if (left.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, left.data(), sizeof length);
  if (length > left.size() - sizeof length) return std::nullopt;
  const std::string_view text = left.substr(sizeof length, length);
  left.remove_prefix(sizeof length + length);
  return text;
}

}  // namespace

std::expected<void, Refusal> Tensors::read_raw(Input& input, std::size_t column,
                                               std::span<model::Cell> out,
                                               std::optional<Time>& time) {
  std::string_view& left = std::get<std::string_view>(input.data);
  if (input.type->family == Family::kBytes) {
    const auto text = take_bytes(left);
    if (!text) {
      return bad_shape(fmt::format("input \"{}\": the data end in row {}", input.name, row_));
    }
    if (column != kTime) return read_text_cell(*text, schema_.fields[column], row_, out[column]);
    time = TRY(read_time(*text, fmt::format("row {}: \"_time\"", row_)));
    return {};
  }
  const auto value = read_element(*input.type, left.substr(0, input.type->size));
  left.remove_prefix(input.type->size);
  if (value) return read_number_cell(*value, schema_.fields[column], row_, out[column]);
  return wrong_type(fmt::format("input \"{}\", row {}: the value is no {}", input.name, row_,
                                input.type->name));
}

std::expected<void, Refusal> Tensors::read(Input& input, std::span<model::Cell> out,
                                           std::optional<Time>& time) {
  const bool json = std::holds_alternative<Cursor>(input.data);
  const std::size_t first = input.column == kMatrix ? 0 : input.column;
  const std::size_t count = input.column == kMatrix ? schema_.fields.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    TRY(json ? read_json(input, first + i, out, time) : read_raw(input, first + i, out, time));
  }
  return {};
}

bool Tensors::Input::at_end() const {
  const auto* cursor = std::get_if<Cursor>(&data);
  return cursor != nullptr ? cursor->at_end() : std::get<std::string_view>(data).empty();
}

std::expected<void, Refusal> Tensors::next(std::span<model::Cell> out, std::optional<Time>& time) {
  for (Input& input : inputs_) TRY(read(input, out, time));
  ++row_;
  return {};
}

std::expected<void, Refusal> Tensors::finish() {
  for (const Input& input : inputs_) {
    if (!input.at_end()) {
      return bad_shape(fmt::format("input \"{}\": there are more data than the shape says",
                                   input.name));
    }
  }
  return {};
}

}  // namespace rondo::api
