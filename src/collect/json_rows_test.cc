// Records of JSON, as lines and as one array; what a record may not hold is rejected, and only it.
#include "collect/json_rows.h"

#include <gtest/gtest.h>

namespace rondo::collect {
namespace {

Grid split(std::string_view bytes) {
  auto grid = split_json(std::string(bytes), {}, "t.json");
  if (!grid) ADD_FAILURE() << grid.error().text();
  return grid ? *std::move(grid) : Grid();
}

std::string shape(const Grid& grid) {
  std::string text;
  for (std::size_t row = 0; row < grid.rows(); ++row) {
    for (std::size_t i = 0; i < grid.names.size(); ++i) {
      const CellRef& cell = grid.cell(row, i);
      const bool null = cell.kind() == CellKind::kNull;
      text += (i > 0 ? "|" : "") + (null ? "-" : std::string(grid.text(cell)));
    }
    text += "\n";
  }
  return text;
}

TEST(SplitJson, LinesAndArraysGiveTheSameCells) {
  const Grid lines = split("{\"a\":1,\"b\":\"x\"}\n\n{\"b\":null,\"a\":-2.5}\r\n{\"c\":true}\n");
  EXPECT_EQ(lines.names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(shape(lines), "1|x|-\n-2.5|-|-\n-|-|true\n");
  EXPECT_EQ(lines.records[1].line, 3u);
  const Grid array = split("[ {\"a\":1,\"b\":\"x\"},\n {\"b\":null,\"a\":-2.5}, {\"c\":true} ]\n");
  EXPECT_EQ(shape(array), shape(lines));
  EXPECT_EQ(array.records[1].line, 2u);
}

TEST(SplitJson, ObjectsFlattenThreeDeepAndArraysAreText) {
  const Grid grid = split(R"({"a":{"b":{"c":1,"d":{"e":2}}},"f":[1,{"g":"h"}]})");
  EXPECT_EQ(grid.names, (std::vector<std::string>{"a.b.c", "a.b.d", "f"}));
  EXPECT_EQ(shape(grid), "1|{\"e\":2}|[1,{\"g\":\"h\"}]\n");
}

TEST(SplitJson, RejectsARecordThatBreaksARule) {
  const std::string_view bad[] = {R"({"a":1,"a":2})", R"({"a":01})",  R"({"a":1,})", R"({"a":NaN})",
                                  R"({"a":1e999})",   R"({"a":"\ud800"})", R"([1])",  R"({"a":1)"};
  for (const std::string_view record : bad) {
    const Grid grid = split("{\"a\":7}\n" + std::string(record) + "\n{\"a\":8}\n");
    EXPECT_EQ(shape(grid), "7\n8\n") << record;
    ASSERT_EQ(grid.rejects.size(), 1u) << record;
    EXPECT_EQ(grid.rejects[0].why, Why::kJson);
    EXPECT_EQ(grid.rejects[0].line, 2u);
    EXPECT_EQ(grid.rejects[0].raw, record);
  }
}

TEST(SplitJson, ABrokenArrayLosesNoRecordThatCameBefore) {
  const Grid grid = split("[{\"a\":1},{\"a\":2} {\"a\":3}]");
  EXPECT_EQ(shape(grid), "1\n2\n");
  ASSERT_EQ(grid.rejects.size(), 1u);
  EXPECT_EQ(grid.rejects[0].raw, "{\"a\":3}]");
  EXPECT_EQ(grid.read, 3u);
}

TEST(SplitJson, NestingHasALimit) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + "\n{\"a\":1}\n";
  const Grid grid = split(deep);
  EXPECT_EQ(shape(grid), "1\n");
  EXPECT_EQ(grid.rejects.size(), 1u);
}

TEST(SplitJson, RefusesWhatIsNoTable) {
  const auto grid = split_json("\"text\"", {}, "t.json");
  ASSERT_FALSE(grid);
  EXPECT_EQ(grid.error().message, "t.json is no JSON table: it begins neither with { nor with [");
  EXPECT_EQ(split("").empty, "is empty");
  EXPECT_EQ(split("[]").empty, "is empty");
}

}  // namespace
}  // namespace rondo::collect
