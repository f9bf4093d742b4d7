// Cells become a column one after the other. Text is interned by an open-addressed table of codes,
// so that a repeated text costs one hash and one comparison; codes follow the order of first
// appearance.
#include <bit>
#include <cmath>
#include <functional>

#include "base/check.h"
#include "table/table.h"

namespace rondo::table {

struct ColumnBuilder::State {
  std::shared_ptr<Column> column = std::make_shared<Column>();
  std::vector<std::int32_t> slots = std::vector<std::int32_t>(64, -1);  // a power of two
  std::vector<std::size_t> hashes;                                      // one a code
  std::int32_t last = -1;

  bool is_last(std::string_view value) const {
    return last >= 0 && column->dictionary[static_cast<std::size_t>(last)] == value;
  }

  void grow() {
    slots.assign(slots.size() * 2, -1);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t code = 0; code < hashes.size(); ++code) {
      std::size_t slot = hashes[code] & mask;
      while (slots[slot] >= 0) slot = (slot + 1) & mask;
      slots[slot] = static_cast<std::int32_t>(code);
    }
  }

  std::int32_t intern(std::string_view value) {
    if (is_last(value)) return last;
    const std::size_t hash = std::hash<std::string_view>{}(value);
    const std::size_t mask = slots.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots[slot] >= 0; slot = (slot + 1) & mask) {
      const auto code = static_cast<std::size_t>(slots[slot]);
      if (hashes[code] == hash && column->dictionary[code] == value) return last = slots[slot];
    }
    last = static_cast<std::int32_t>(column->dictionary.size());
    slots[slot] = last;
    hashes.push_back(hash);
    column->dictionary.emplace_back(value);
    if (hashes.size() * 2 > slots.size()) grow();
    return last;
  }
};

ColumnBuilder::ColumnBuilder(Type type) : state_(std::make_unique<State>()) {
  state_->column->type = type;
}
ColumnBuilder::~ColumnBuilder() = default;
ColumnBuilder::ColumnBuilder(ColumnBuilder&&) noexcept = default;

void ColumnBuilder::null() {
  Column& column = *state_->column;
  column.valid.push(false);
  switch (column.type) {
    case Type::kNumber: column.numbers.push_back(0); break;
    case Type::kCategory:
    case Type::kText: column.codes.push_back(0); break;
    default: column.integers.push_back(0);
  }
}

void ColumnBuilder::number(double value) {
  if (std::isnan(value)) return null();
  Column& column = *state_->column;
  if (column.type != Type::kNumber) {
    CHECK(column.type == Type::kInteger && value == std::floor(value) && std::fabs(value) < 9.2e18,
          "only a whole number fits into this column");
    return integer(static_cast<std::int64_t>(value));
  }
  column.valid.push(true);
  column.numbers.push_back(value);
}

void ColumnBuilder::integer(std::int64_t value) {
  Column& column = *state_->column;
  if (column.type == Type::kNumber) return number(static_cast<double>(value));
  CHECK(column.type != Type::kCategory && column.type != Type::kText, "a number is no text");
  column.valid.push(true);
  column.integers.push_back(value);
}

void ColumnBuilder::text(std::string_view value) {
  Column& column = *state_->column;
  CHECK(column.type == Type::kCategory || column.type == Type::kText, "a text is no number");
  column.valid.push(true);
  column.codes.push_back(state_->intern(value));
}

std::shared_ptr<const Column> ColumnBuilder::finish() {
  auto column = std::move(state_->column);
  state_ = std::make_unique<State>();
  state_->column->type = column->type;
  return column;
}

}  // namespace rondo::table
