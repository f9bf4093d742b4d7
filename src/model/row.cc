// Raw rows: out of a table, and as bytes of the prediction log and of golden rows. What is decoded
// is bit for bit what was encoded, and one row has exactly one encoding.
#include "model/row.h"

#include "model/bytes.h"

namespace rondo::model {
namespace {

// Tags of a cell. A whole number of up to 2^53 takes one to eight bytes instead of nine.
enum class Tag : std::uint8_t { kMissing = 0, kNumber = 1, kWhole = 2, kText = 3 };

constexpr std::int64_t kMostWhole = std::int64_t{1} << 53;

bool is_small_whole(double x) {
  constexpr auto kMost = static_cast<double>(kMostWhole);
  if (!(x >= -kMost && x <= kMost)) return false;  // NaN too
  if (x == 0 && std::signbit(x)) return false;
  return static_cast<double>(static_cast<std::int64_t>(x)) == x;
}

std::uint64_t zigzag(std::int64_t x) {
  return (static_cast<std::uint64_t>(x) << 1) ^ static_cast<std::uint64_t>(x >> 63);
}

std::int64_t unzigzag(std::uint64_t x) {
  return static_cast<std::int64_t>(x >> 1) ^ -static_cast<std::int64_t>(x & 1);
}

Cell cell_of(const table::Column& column, std::size_t row) {
  Cell cell;
  if (column.is_null(row)) return cell;
  if (column.type == table::Type::kCategory || column.type == table::Type::kText) {
    cell.kind = Cell::Kind::kText;
    cell.text = column.text(row);
  } else {
    cell.kind = Cell::Kind::kNumber;
    cell.number = column.as_double(row);
  }
  return cell;
}

/// False for bytes that encode_cells() never writes.
bool read_cell(ByteReader& reader, Cell& cell) {
  switch (static_cast<Tag>(reader.get<std::uint8_t>())) {
    case Tag::kMissing: return reader.ok();
    case Tag::kNumber:
      cell.kind = Cell::Kind::kNumber;
      cell.number = reader.get<double>();
      return reader.ok() && !is_small_whole(cell.number);
    case Tag::kWhole: {
      const std::int64_t whole = unzigzag(reader.varint());
      cell.kind = Cell::Kind::kNumber;
      cell.number = static_cast<double>(whole);
      return reader.ok() && whole >= -kMostWhole && whole <= kMostWhole;
    }
    case Tag::kText:
      cell.kind = Cell::Kind::kText;
      cell.text = reader.raw(reader.varint());
      return reader.ok();
  }
  return false;
}

}  // namespace

void gather(std::span<const table::Column* const> columns, std::size_t row, std::span<Cell> out) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out[i] = columns[i] != nullptr ? cell_of(*columns[i], row) : Cell{};
  }
}

void append_entity(const Cell& cell, std::string& key) {
  if (cell.kind == Cell::Kind::kText) {
    key += 't';
    const auto size = static_cast<std::uint32_t>(cell.text.size());
    key.append(reinterpret_cast<const char*>(&size), sizeof size);
    key += cell.text;
  } else if (cell.kind == Cell::Kind::kNumber && std::isfinite(cell.number)) {
    const double number = cell.number == 0 ? 0.0 : cell.number;  // -0 is 0
    key += 'n';
    key.append(reinterpret_cast<const char*>(&number), sizeof number);
  } else {
    key += 'm';
  }
}

std::string encode_cells(std::span<const Cell> cells) {
  std::string out;
  encode_cells(cells, out);
  return out;
}

void encode_cells(std::span<const Cell> cells, std::string& bytes) {
  ByteWriter out(std::move(bytes));
  out.varint(cells.size());
  const auto tag = [&out](Tag t) { out.put(static_cast<std::uint8_t>(t)); };
  for (const Cell& cell : cells) {
    if (cell.kind == Cell::Kind::kMissing) {
      tag(Tag::kMissing);
    } else if (cell.kind == Cell::Kind::kText) {
      tag(Tag::kText);
      out.varint(cell.text.size());
      out.raw(cell.text);
    } else if (is_small_whole(cell.number)) {
      tag(Tag::kWhole);
      out.varint(zigzag(static_cast<std::int64_t>(cell.number)));
    } else {
      tag(Tag::kNumber);
      out.put(cell.number);
    }
  }
  bytes = out.take();
}

Result<std::vector<Cell>> decode_cells(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint64_t count = reader.varint();
  if (!reader.has(count, 1)) return fail(Code::kCorrupt, "a raw row says more cells than it has");
  std::vector<Cell> cells(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!read_cell(reader, cells[i])) {
      return fail(Code::kCorrupt, "cell " + std::to_string(i) + " of a raw row, before byte " +
                                      std::to_string(reader.offset()) + ", is damaged");
    }
  }
  if (!reader.at_end()) return fail(Code::kCorrupt, "bytes are left over behind a raw row");
  return cells;
}

}  // namespace rondo::model
