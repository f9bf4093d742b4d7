// Immutable columns under a Schema: the only shape in which data moves between stages. Layout as in
// Arrow: values in one buffer a column, validity as bits (least significant first), text as codes
// into a dictionary. A null cell has validity 0 and an unspecified value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/json.h"

namespace rondo::table {

enum class Type { kNumber, kInteger, kCategory, kText, kBool, kTime };
std::string_view name_of(Type type) noexcept;          // "number", "integer", ...
std::string number_text(double value);                 // the shortest form that reads back
Result<Type> type_from(std::string_view name);
/// Its values are codes of a dictionary.
constexpr bool is_text(Type type) noexcept {
  return type == Type::kCategory || type == Type::kText;
}

struct Field {
  std::string name;
  Type type = Type::kNumber;
  bool operator==(const Field&) const = default;
};

/// Names are unique after case folding. The reserved column of event time is `_time`.
struct Schema {
  std::vector<Field> fields;
  std::optional<std::size_t> find(std::string_view name) const;
  bool operator==(const Schema&) const = default;
  Json to_json() const;
  static Result<Schema> from_json(const Json& json);
};

inline constexpr std::string_view kTimeColumn = "_time";

/// Validity bits.
class Bits {
 public:
  void push(bool bit) {
    if ((size_ & 63) == 0) words_.push_back(0);
    words_.back() |= static_cast<std::uint64_t>(bit) << (size_ & 63);
    ++size_;
  }
  void push_many(bool bit, std::size_t count);
  void append(const Bits& other);
  bool get(std::size_t index) const { return (words_[index >> 6] >> (index & 63) & 1) != 0; }
  std::size_t size() const { return size_; }
  std::size_t count() const;  // of ones
  bool operator==(const Bits&) const = default;

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

/// One column. Exactly one of the buffers is used, by type: numbers (kNumber), integers (kInteger,
/// kBool as 0/1, kTime in microseconds), codes + dictionary (kCategory, kText).
struct Column {
  Type type = Type::kNumber;
  Bits valid;
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
  std::vector<std::int32_t> codes;
  std::vector<std::string> dictionary;

  std::size_t size() const { return valid.size(); }
  bool is_null(std::size_t row) const { return !valid.get(row); }
  std::string_view text(std::size_t row) const {
    return dictionary[static_cast<std::size_t>(codes[row])];
  }
  /// Number, integer, bool, time as a double; NaN when null. Not for text.
  double as_double(std::size_t row) const;
  /// The cell as CSV would show it; empty for null. Numbers in the shortest form that reads back.
  std::string cell_text(std::size_t row) const;
  /// The cell as JSON: a number, true, a text; times as text; null where it is missing.
  Json cell_json(std::size_t row) const;
  /// A column of `rows` missing cells.
  static std::shared_ptr<const Column> missing(Type type, std::size_t rows);
};

/// Builds a column cell by cell; text is interned.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type);
  ~ColumnBuilder();
  ColumnBuilder(ColumnBuilder&&) noexcept;
  void null();
  void number(double value);          // kNumber; also kInteger when it is whole
  void integer(std::int64_t value);   // kInteger, kBool, kTime, kNumber
  void text(std::string_view value);  // kCategory, kText
  std::shared_ptr<const Column> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Table {
 public:
  Table() = default;
  /// Errors (CHECK): columns of different length or type than the schema says.
  Table(Schema schema, std::vector<std::shared_ptr<const Column>> columns);
  const Schema& schema() const { return schema_; }
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_.size(); }
  const Column& column(std::size_t index) const { return *columns_[index]; }
  const Column* find(std::string_view name) const;
  const std::shared_ptr<const Column>& shared(std::size_t index) const { return columns_[index]; }
  /// The rows with these indexes, in this order. Dictionaries are kept whole.
  Table take(std::span<const std::size_t> rows) const;
  /// All rows of the parts, in order; schemas must be equal (Errors: kInvalidInput names the
  /// column).
  static Result<Table> concatenate(std::span<const Table> parts);
  /// With a column added or replaced.
  Table with(Field field, std::shared_ptr<const Column> column) const;
  /// The cell as text as CSV would show it; empty for null.
  std::string cell_text(std::size_t row, std::size_t column) const;

 private:
  Schema schema_;
  std::vector<std::shared_ptr<const Column>> columns_;
  std::size_t rows_ = 0;
};

}  // namespace rondo::table
