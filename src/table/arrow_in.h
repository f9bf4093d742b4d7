// Tables of ours out of a stream of Arrow's record batches.
#pragma once

#include "table/adbc_abi.h"
#include "table/database.h"

namespace rondo::table {

/// A stream that is released with its owner.
class ArrowIn {
 public:
  ArrowIn() = default;
  ~ArrowIn();
  ArrowIn(const ArrowIn&) = delete;
  ArrowIn& operator=(const ArrowIn&) = delete;
  ArrowArrayStream* place() { return &stream_; }
  /// The columns; for those whose type has no counterpart, what to cast them to.
  Result<std::vector<AnswerColumn>> columns();
  /// All rows. Shape: bool, integers, floats, text, dates, times; any other type is an error.
  /// Errors: kInvalidInput with the driver's sentence.
  Result<Table> read();

 private:
  Result<void> check(int code);
  ArrowArrayStream stream_{};
};

/// One row of one column, to bind.
class BoundRow {
 public:
  explicit BoundRow(const Value& value);
  ArrowSchema schema{};
  ArrowArray array{};

 private:
  Value value_;
  std::int32_t offsets_[2] = {0, 0};
  const void* buffers_[3] = {nullptr, nullptr, nullptr};
  const void* no_buffer_[1] = {nullptr};
  ArrowSchema column_schema_{};
  ArrowArray column_{};
  ArrowSchema* schemas_[1] = {&column_schema_};
  ArrowArray* columns_[1] = {&column_};
};

}  // namespace rondo::table
