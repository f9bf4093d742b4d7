// A row that was not taken, with everything that is needed to find it, to understand why, and to
// take it later: where it stood, its raw bytes, a sentence and what to do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"

namespace rondo::collect {

/// Why a row was rejected; name_of() is what is stored.
enum class Why : std::uint8_t {
  kFieldCount, kStrayQuote, kOpenQuote, kInvalidUtf8, kNul, kTooLong, kJson, kType, kTime,
  kTarget, kLateRow, kDuplicateKey, kNewColumn, kNewTable, kMissing, kValue, kRange,
  kCursor
};
std::string_view name_of(Why why) noexcept;

struct Reject {
  Why why = Why::kType;
  std::uint64_t record = 0;  // from 1
  std::uint64_t line = 0;    // physical, from 1; 0 where a format has none
  std::uint64_t offset = 0;  // byte in the decompressed file
  std::string raw;           // the bytes of the record; at most kRawKept
  std::string column;        // empty: the whole record
  std::uint32_t place = 0;   // number of that column in the file, from 1; 0: none
  std::string detail;        // `TotalCharges is " ", not a number`
  std::string hint;
  std::size_t before = 0;    // rows of the grid that stand before it
};
inline constexpr std::size_t kRawKept = 64 << 10;

/// Where rejects came from.
struct Origin {
  std::string file;
  std::string digest;
  std::uint32_t contract = 1;
};

/// "data/may.csv:489:20: TotalCharges is " ", not a number".
std::string sentence(const Reject& reject, const std::string& file);
/// As stored: raw bytes as text, or base64url in "raw_base64url" when they are no UTF-8.
Json to_json(const Reject& reject, const Origin& origin);

/// Rejects of one kind: `TotalCharges is " ", not a number (11 rows, first at
/// data/may.csv:489:20)`.
struct Reason {
  std::string line, hint;
};
/// The commonest first, at most `at_most`. `rejects` as to_json() made them.
std::vector<Reason> commonest(std::span<const Json> rejects, std::size_t at_most);

/// A text for a message: cut to 40 bytes (at a character), control characters written as \n or
/// \x00.
std::string shown(std::string_view text);

}  // namespace rondo::collect
