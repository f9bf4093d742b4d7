// What a text means under a type. The grammar is narrow on purpose: what is spelled in a way that a
// number would lose (leading zeros, signs, separators) is no number, so that nothing is coerced.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "collect/source.h"
#include "table/contract.h"

namespace rondo::collect {

enum class Parsed : std::uint8_t { kNo, kYes, kNotFinite };

/// "-12.5e3"; also "nan" and "inf" (kNotFinite). No leading zeros, no plus sign, nothing beyond
/// double.
Parsed parse_number(std::string_view text, double& value) noexcept;
/// "-12", no leading zeros, in 64 bits.
bool parse_integer(std::string_view text, std::int64_t& value) noexcept;
/// A date or date with time in ISO form.
bool parse_moment(std::string_view text, std::int64_t& value);
/// "007": digits that a number would spell otherwise.
bool has_leading_zeros(std::string_view text) noexcept;
bool is_null(std::string_view text, const std::vector<std::string>& null) noexcept;

/// One column of one source under a type; cells that do not fit are missing and listed.
struct TypedColumn {
  std::shared_ptr<const table::Column> column;
  std::vector<std::size_t> bad;         // rows whose cell is not of the type
  std::vector<std::size_t> fractions;   // integer columns: rows with a number that is not whole
  std::vector<std::size_t> not_finite;  // rows with NaN or infinity (missing)
  bool beyond_double = false;           // integer columns: some value is beyond 2^53
};
/// Shape: source.rows() cells. Cost: some 20 ns a cell.
TypedColumn type_column(const Source& source, std::size_t column, table::Type type,
                        const table::Dialect& dialect);

}  // namespace rondo::collect
