// JSON values into the cells of a raw row, in the order of the pipeline's input schema, without a
// value in between. Nothing is coerced: a text is never a number, 1.5 is never a whole number; null
// is missing. Text cells borrow from the document.
#pragma once

#include "api/json_in.h"
#include "model/transform.h"

namespace rondo::api {

/// "a number", "a text", ...: for messages.
std::string_view expectation(table::Type type);

/// Errors: wrong_type naming row and column.
std::expected<void, Refusal> read_cell(const Element& element, const table::Field& field,
                                       std::size_t row, model::Cell& out);
/// The same from values without JSON: a number (BOOL as 0 or 1; NaN is missing, infinity is
/// refused, as JSON cannot say it), a text in UTF-8 (also of a time).
std::expected<void, Refusal> read_number_cell(double number, const table::Field& field,
                                              std::size_t row, model::Cell& out);
std::expected<void, Refusal> read_text_cell(std::string_view text, const table::Field& field,
                                            std::size_t row, model::Cell& out);
/// A time as RFC 3339 text. Errors: wrong_type.
std::expected<Time, Refusal> read_time(const Element& element, std::string_view what);
std::expected<Time, Refusal> read_time(std::string_view text, std::string_view what);

/// Columns of the source that are no inputs of the model: what a request may send by mistake.
struct Outsiders {
  std::string_view target, clock;  // the clock may be an expression over columns
  std::span<const std::string> ignored, late;
};

/// Reads rows as objects {column: value}; a row may carry its own time as "_time".
class RowReader {
 public:
  explicit RowReader(const table::Schema& inputs, const Outsiders& outsiders = {});
  /// Shape: out has a cell a column. `time` is set when the row names one.
  /// Errors: invalid_shape, duplicate_key, unknown_column, missing_column, wrong_type.
  /// Cost: no search while the keys come in the order of the schema.
  std::expected<void, Refusal> read(const Element& element, std::size_t row,
                                    std::span<model::Cell> out, std::optional<Time>& time);

 private:
  std::expected<void, Refusal> member(std::string_view key, const Element& value, std::size_t row,
                                      std::span<model::Cell> out, std::optional<Time>& time);
  std::optional<std::size_t> find(std::string_view key);
  std::unexpected<Refusal> unknown(std::string_view key, std::size_t row) const;
  std::unexpected<Refusal> incomplete(std::size_t row) const;

  const table::Schema& inputs_;
  Outsiders outsiders_;
  std::vector<std::size_t> by_name_;  // sorted by name; made when it is first needed
  std::vector<std::uint8_t> seen_;
  std::size_t expected_ = 0, count_ = 0;
};

/// The names of the columns, shortened to what a person reads: for hints.
std::string column_list(const table::Schema& inputs);
/// Why a name is no input of the model, or "did you mean", or the list.
std::string column_hint(std::string_view name, const table::Schema& inputs,
                        const Outsiders& outsiders);

}  // namespace rondo::api
