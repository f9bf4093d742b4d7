// The inputs of the inference protocol, judged whole before the first row is scored: names, shapes,
// datatypes and data must fit each other and the model's columns. Then they are read side by side,
// row by row, from JSON or from the bytes behind it; no copy is made.
#pragma once

#include <variant>

#include "api/datatypes.h"
#include "api/rows.h"
#include "api/rpc.h"
#include "api/tensor_shape.h"

namespace rondo::api {

/// BYTES for text and times, FP64, INT64, BOOL.
std::string_view datatype_of(table::Type type) noexcept;

class Tensors {
 public:
  /// `tail`: the binary tensors, one after the other.
  /// Errors: invalid_shape, duplicate_key, unknown_column, missing_column, wrong_type naming the
  /// input; 413 above `rows_max`; 501 for shared memory.
  static std::expected<Tensors, Refusal> open(const Element& inputs, const table::Schema& schema,
                                              std::uint64_t rows_max, std::string_view tail,
                                              const Outsiders& outsiders);
  /// The same of gRPC's, each with its own bytes.
  static std::expected<Tensors, Refusal> open(std::span<const RpcInput> inputs,
                                              const table::Schema& schema, std::uint64_t rows_max,
                                              const Outsiders& outsiders);
  /// A bare FP64 matrix of all columns, row-major. Errors: invalid_shape, wrong_type, 413.
  static std::expected<Tensors, Refusal> matrix(const table::Schema& schema, std::uint64_t rows_max,
                                                std::string_view bytes);
  std::size_t rows() const { return rows_; }
  /// The next row. Shape: out has a cell a column. Errors: wrong_type; invalid_shape when the data
  /// ends too early.
  std::expected<void, Refusal> next(std::span<model::Cell> out, std::optional<Time>& time);
  /// After the last row. Errors: invalid_shape when there is more data than the shape says.
  std::expected<void, Refusal> finish();

 private:
  /// Goes over "data", flat or nested, element by element.
  class Cursor {
   public:
    Cursor(Array data, std::size_t width);
    std::expected<Element, Refusal> next(std::string_view name);
    bool at_end() const { return at_ == end_ && inner_at_ == inner_end_; }

   private:
    Array::iterator at_, end_, inner_at_, inner_end_;
    std::size_t width_;
    bool nested_ = false;
  };
  struct Input {
    std::string_view name;
    const Datatype* type;
    std::size_t column;  // kTime: the rows' own time; kMatrix: every column in order
    std::variant<Cursor, std::string_view> data;  // JSON, or what is left of its bytes
    bool at_end() const;
  };
  struct Parts;  // the members of an input

  static constexpr std::size_t kTime = static_cast<std::size_t>(-1);
  static constexpr std::size_t kMatrix = static_cast<std::size_t>(-2);

  Tensors(const table::Schema& schema, const Outsiders& outsiders)
      : schema_(schema), outsiders_(outsiders) {}
  std::expected<Parts, Refusal> read_parts(const Element& element) const;
  std::expected<void, Refusal> add(const Parts& parts, std::uint64_t rows_max);
  std::expected<void, Refusal> add_data(const Parts& parts, Input&& input, std::uint64_t width);
  std::expected<std::size_t, Refusal> place_of(std::string_view name,
                                               std::span<const std::uint64_t> shape) const;
  std::expected<void, Refusal> check_datatype(const Input& input,
                                              std::string_view datatype) const;
  std::expected<void, Refusal> check_complete() const;
  std::expected<void, Refusal> read(Input& input, std::span<model::Cell> out,
                                    std::optional<Time>& time);
  std::expected<void, Refusal> read_json(Input& input, std::size_t column,
                                         std::span<model::Cell> out, std::optional<Time>& time);
  std::expected<void, Refusal> read_raw(Input& input, std::size_t column,
                                        std::span<model::Cell> out, std::optional<Time>& time);

  const table::Schema& schema_;
  Outsiders outsiders_;
  std::string_view tail_;  // bytes that no input has taken yet
  std::vector<Input> inputs_;
  std::size_t rows_ = 0, row_ = 0;
};

}  // namespace rondo::api
