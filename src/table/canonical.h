// The canonical bytes of rows, and digests of them: equal rows have equal digests, whatever format
// they came from.
#pragma once

#include <span>
#include <string>

#include "table/table.h"

namespace rondo::table {

/// The canonical bytes of a row: for each column in order a letter for the type (n, d, i, b, t, s),
/// the length in 4 bytes, the value, little-endian; `_time` is not part of it. -0 is 0, integers
/// within 2^53 are doubles, missing cells at the end are left out: so a column that is widened or
/// added later changes no digest.
void append_canonical(const Table& rows, std::size_t row, std::string& out);
/// The same of some columns, `_time` too, missing cells at the end too.
void append_cells(const Table& rows, std::span<const std::size_t> columns, std::size_t row,
                  std::string& out);

/// 128 bits of a SHA-256.
struct RowId {
  std::uint64_t a = 0, b = 0;
  auto operator<=>(const RowId&) const = default;
};
inline constexpr RowId kNoRow{};  // of no row
/// Of the canonical bytes.
RowId row_id(const Table& rows, std::size_t row);
/// Of append_cells().
RowId key_id(const Table& rows, std::span<const std::size_t> columns, std::size_t row);
/// row_id(), key_id() as 32 hexadecimal digits.
std::string row_digest(const Table& rows, std::size_t row);
std::string key_digest(const Table& rows, std::span<const std::size_t> columns,
                       std::size_t row);

/// Where the columns of a key stand. Errors: kInvalidInput naming the one that `whose` lacks, as in
/// "of both versions".
Result<std::vector<std::size_t>> key_places(const Schema& schema,
                                            std::span<const std::string> key,
                                            std::string_view whose);

}  // namespace rondo::table
