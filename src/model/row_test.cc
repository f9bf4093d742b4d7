// Raw rows: what was encoded comes back bit for bit, and nothing else can be decoded.
#include "model/row.h"

#include <gtest/gtest.h>

#include <bit>
#include <memory>

namespace rondo::model {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Cell number(double x) { return {Cell::Kind::kNumber, x, {}}; }
Cell text(std::string_view t) { return {Cell::Kind::kText, kNaN, t}; }

void expect_same(const Cell& a, const Cell& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.text, b.text);
  if (a.kind == Cell::Kind::kNumber) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a.number), std::bit_cast<std::uint64_t>(b.number));
  }
}

std::vector<Cell> strange_cells() {
  return {{},           number(0),    number(-0.0),   number(1),       number(-1),
          number(0.5),  number(kNaN), number(-1e308), number(5e-324),  number(9007199254740992.0),
          text(""),     text("a\0b"), number(1e16),   text("J\xC3\xBCrgen"), {},
          number(-9007199254740992.0), number(std::numeric_limits<double>::infinity())};
}

TEST(Row, EncodedCellsComeBackBitForBit) {
  const std::vector<Cell> cells = strange_cells();
  const std::string bytes = encode_cells(cells);
  const auto back = decode_cells(bytes);
  ASSERT_TRUE(back) << back.error().text();
  ASSERT_EQ(back->size(), cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) expect_same((*back)[i], cells[i]);
}

TEST(Row, WholeNumbersAreSmall) {
  // A count, a tag and a value of one byte each.
  EXPECT_EQ(encode_cells(std::vector<Cell>{number(17)}).size(), 3U);
  EXPECT_EQ(encode_cells(std::vector<Cell>{number(0.5)}).size(), 10U);
}

TEST(Row, WhatIsCutOffOrTooLongIsRefused) {
  const std::string bytes = encode_cells(strange_cells());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(decode_cells(std::string_view(bytes).substr(0, i))) << i;
  }
  EXPECT_FALSE(decode_cells(bytes + '\0'));
}

TEST(Row, WhatDecodesHasThatOneEncoding) {
  const std::string bytes = encode_cells(strange_cells());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int flip = 1; flip < 256; flip *= 2) {
      std::string other = bytes;
      other[i] = static_cast<char>(other[i] ^ flip);
      const auto cells = decode_cells(other);
      EXPECT_TRUE(!cells || encode_cells(*cells) == other) << i;
    }
  }
}

TEST(Row, ClaimsOfMoreCellsThanBytesTakeNoMemory) {
  EXPECT_FALSE(decode_cells("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));
  EXPECT_FALSE(decode_cells(std::string_view("\x81\x00\x00", 3)));  // a count longer than needed
  EXPECT_FALSE(decode_cells("\x01\x04"));                           // no such tag
}

TEST(Row, GatherReadsEachTypeAsItIsSeen) {
  table::ColumnBuilder counts(table::Type::kInteger), names(table::Type::kCategory),
      times(table::Type::kTime);
  counts.integer(7);
  counts.null();
  names.null();
  names.text("rain");
  times.integer(1'000'000);
  times.integer(2'000'000);
  const auto count = counts.finish(), name = names.finish(), time = times.finish();
  const std::vector<const table::Column*> columns = {count.get(), nullptr, name.get(), time.get()};
  std::vector<Cell> cells(4);
  gather(columns, 0, cells);
  expect_same(cells[0], number(7));
  expect_same(cells[1], {});
  expect_same(cells[2], {});
  expect_same(cells[3], number(1e6));
  gather(columns, 1, cells);
  expect_same(cells[0], {});
  expect_same(cells[2], text("rain"));
}

}  // namespace
}  // namespace rondo::model
