// The cells of one source as they were written: where each lies in the bytes, not what it means.
// CSV and JSON both become a Grid, so that types, nulls and rejects are decided in one place, for a
// whole column at a time. A Grid never loses a record: what could not be split is in its rejects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collect/reject.h"

namespace rondo::collect {

/// How a cell was written. CSV knows plain and quoted; the rest is JSON's.
enum class CellKind : std::uint8_t { kPlain, kQuoted, kNumber, kBool, kNull };

/// A cell in 8 bytes: 36 bits of offset, 24 of length, whether it lies in the arena, its kind.
class CellRef {
 public:
  CellRef() = default;
  CellRef(std::uint64_t offset, std::uint64_t length, bool arena, CellKind kind)
      : bits_(offset << 28 | length << 4 | static_cast<std::uint64_t>(arena) << 3 |
              static_cast<std::uint64_t>(kind)) {}
  std::uint64_t offset() const { return bits_ >> 28; }
  std::uint64_t length() const { return bits_ >> 4 & 0xFFFFFF; }
  bool in_arena() const { return (bits_ >> 3 & 1) != 0; }
  CellKind kind() const { return static_cast<CellKind>(bits_ & 7); }

 private:
  std::uint64_t bits_ = static_cast<std::uint64_t>(CellKind::kNull);
};
inline constexpr std::uint64_t kLongestRecord = 8ULL << 20;
inline constexpr std::uint64_t kLargestSource = 1ULL << 36;

/// One record of the source that could be split.
struct Record {
  std::uint64_t number = 0;  // from 1, rejected ones counted too, the header not
  std::uint64_t line = 0;    // physical line, from 1
  std::uint64_t offset = 0;  // byte in the decompressed source
  std::uint64_t length = 0;  // bytes, without the line end
};

struct Grid {
  std::string bytes;                // the decompressed source (of a grown one: all of it), or a
                                    // part of it behind its header
  std::uint64_t shift = 0;          // what to add to a place in `bytes` for one in the source
  std::string arena;                // texts that had to be unescaped
  std::vector<std::string> names;   // of the columns
  std::vector<Record> records;
  std::vector<CellRef> cells;       // records x names, row-major
  std::vector<Reject> rejects;      // what could not be split
  std::uint64_t end = 0;            // where the next reading goes on
  std::uint64_t lines = 0;          // line ends before `end`
  std::uint64_t read = 0;           // records seen, rejected ones too, earlier readings too
  bool open_end = false;            // the last record had no line end
  std::string empty;                // why there is no row at all, if so: "has only a header"

  std::size_t rows() const { return records.size(); }
  const CellRef& cell(std::size_t row, std::size_t column) const {
    return cells[row * names.size() + column];
  }
  std::string_view text(const CellRef& ref) const {
    const std::string& from = ref.in_arena() ? arena : bytes;
    return std::string_view(from).substr(ref.offset(), ref.length());
  }
  std::string_view raw(const Record& record) const {
    return std::string_view(bytes).substr(record.offset, record.length);
  }
};

}  // namespace rondo::collect
