// The inputs of the inference protocol, judged whole before the first row is scored: names, shapes,
// datatypes and data must fit each other and the model's columns. Then they are read side by side,
// row by row; no copy is made.
#pragma once

#include "api/rows.h"

namespace rondo::api {

/// BYTES for text and times, FP64, INT64, BOOL.
std::string_view datatype_of(table::Type type) noexcept;

class Tensors {
 public:
  /// Errors: invalid_shape, duplicate_key, unknown_column, missing_column, wrong_type naming the
  /// input; 413 above `rows_max`.
  static std::expected<Tensors, Refusal> open(const Element& inputs, const table::Schema& schema,
                                              std::uint64_t rows_max,
                                              const Outsiders& outsiders);
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
    std::string_view datatype;
    std::size_t column;  // kTime: the rows' own time; kMatrix: every column in order
    Cursor cursor;
  };
  static constexpr std::size_t kTime = static_cast<std::size_t>(-1);
  static constexpr std::size_t kMatrix = static_cast<std::size_t>(-2);

  Tensors(const table::Schema& schema, const Outsiders& outsiders)
      : schema_(schema), outsiders_(outsiders) {}
  std::expected<void, Refusal> add(const Element& element, std::uint64_t rows_max);
  std::expected<std::size_t, Refusal> place_of(std::string_view name,
                                               std::span<const std::uint64_t> shape) const;
  std::expected<void, Refusal> check_datatype(const Input& input) const;
  std::expected<void, Refusal> check_complete() const;
  std::expected<void, Refusal> read(Input& input, std::span<model::Cell> out,
                                    std::optional<Time>& time);

  const table::Schema& schema_;
  Outsiders outsiders_;
  std::vector<Input> inputs_;
  std::size_t rows_ = 0, row_ = 0;
};

}  // namespace rondo::api
