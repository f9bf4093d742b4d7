// A collection in parts gives what one in a single piece gives.
#include <fmt/format.h>

#include "collect/testing.h"
#include "io/compress.h"
#include "ledger/deletions.h"

namespace rondo::collect {
namespace {

class InParts : public CollectTest {
 protected:
  InParts() { options_.min_rows = 1; }

  /// 61 records: two cannot be split, two hold texts among numbers, one of them with line ends;
  /// that the numbers are not whole shows late.
  static std::string csv() {
    std::string text = "id,at,x,y\r\n";
    for (int i = 0; i < 60; ++i) {
      if (i == 17) text += "17,2024-01-01,too,many,fields\n";
      else if (i == 31) text += "31,2024-01-01,\"stray \"quote\",1\n";
      else if (i == 45) text += "45,2024-01-20,\"two\nlines, \"\"quoted\"\"\",1\n";
      else text += fmt::format("{},2024-01-{:02},{},{}\n", i, 1 + i * 7 % 28,
                               i < 55 ? i : i / 2.0, i % 2);
    }
    return text + "60,2024-02-01,n/a,1";  // open end, and a text at last
  }
  static std::string lines() {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      if (i == 20) text += "{\"id\": 20, \"y\":}\n";
      text += fmt::format("{{\"id\": {}, \"at\": \"2024-01-{:02}\", \"x\": {}.5, \"y\": {}}}\n", i,
                          1 + i * 7 % 28, i, i % 2);
    }
    return text;
  }

  struct Outcome {
    std::string rows, counts, contract, cursor;
    std::vector<Json> rejects;
    std::size_t segments = 0;
  };
  Outcome collected(std::uint64_t part_bytes) {
    situation_.part_bytes = part_bytes;
    manifest_.reset();
    must(run());
    Outcome out;
    const ledger::Manifest now = manifest();
    const table::Table all = rows();
    for (std::size_t row = 0; row < all.rows(); ++row) {
      for (std::size_t i = 0; i < all.columns(); ++i) out.rows += all.cell_text(row, i) + "|";
      out.rows += "\n";
    }
    out.counts = fmt::format("{} {} {} {} of {} ({})", now.counts.read, now.counts.accepted,
                             now.counts.rejected, now.counts.duplicate, now.rows, now.labelled);
    for (const table::Field& field : now.contract.schema.fields) {
      out.contract += fmt::format("{}:{} ", field.name, name_of(field.type));
    }
    out.cursor = io::canonical(now.cursor);
    out.rejects = rejects();
    for (Json& reject : out.rejects) reject.erase("names");  // told once a part
    out.segments = now.segments.size();
    return out;
  }
  /// Compares a collection in parts with one in a single piece.
  void expect_same() {
    const Outcome whole = collected(kPartBytes);
    const Outcome parts = collected(300);
    EXPECT_EQ(whole.segments, 1u);
    EXPECT_GT(parts.segments, 2u);
    EXPECT_EQ(parts.rows, whole.rows);
    EXPECT_EQ(parts.counts, whole.counts);
    EXPECT_EQ(parts.contract, whole.contract);
    EXPECT_EQ(parts.cursor, whole.cursor);
    EXPECT_EQ(parts.rejects, whole.rejects);
    EXPECT_EQ(must(run()).result, "unchanged");
  }
};

TEST_F(InParts, CsvIsReadAsInOnePiece) {
  put("data/a.csv", csv());
  expect_same();
  EXPECT_EQ(type_of("x"), "number");
  EXPECT_EQ(manifest().contract.version, 1) << "all parts are looked at before a type is settled";
  EXPECT_EQ(rejects().size(), 4u);
}

TEST_F(InParts, RowsInAnyOrderOfTimeAreNotLate) {
  options_.time = "at";
  put("data/a.csv", csv());
  put("data/b.csv", "id,at,x,y\n70,2023-12-01,5,1\n71,2024-01-28,6,0\n");
  expect_same();
}

TEST_F(InParts, JsonLinesAndPackedFilesToo) {
  options_.time = "at";
  put("data/a.json", lines());
  put("data/b.json.zst", io::zstd_compress(lines().substr(0, 2000).substr(0, lines().rfind('\n'))));
  expect_same();
}

TEST_F(InParts, ParquetIsCutByRows) {
  // Parts of Parquet are chunks of the engine, 2,048 rows each at least.
  std::string text = "id,x,y\n";
  for (int i = 0; i < 9000; ++i) text += fmt::format("{},{},{}\n", i, i / 8.0, i % 2);
  put("plain.csv", text);
  const auto engine = must(table::Engine::open(scratch_.path()));
  const table::Schema schema{{{"id", table::Type::kInteger},
                              {"x", table::Type::kNumber},
                              {"y", table::Type::kInteger}}};
  put("data/a.parquet", "");
  must(engine->csv_to_parquet(scratch_ / "plain.csv", schema, scratch_ / "data/a.parquet"));
  expect_same();
}

TEST_F(InParts, AFileThatGrewGoesOnInParts) {
  options_.time = "at";
  const std::string all = csv();
  const std::size_t middle = all.find("\n24,") + 1;
  put("data/a.csv", all.substr(0, middle));
  situation_.part_bytes = 300;
  must(run());
  const std::uint64_t before = manifest().rows;
  EXPECT_EQ(before, 23u);
  options_.lag = Span::days(60);
  put("data/a.csv", all);
  must(run());
  EXPECT_EQ(manifest().rows, 57u);
  EXPECT_EQ(rejects().size(), 3u);
  EXPECT_EQ(rejects()[0]["line"], 33);
  EXPECT_EQ(must(run()).result, "unchanged");
}

TEST_F(InParts, AKeyIsTakenOnceOverAllParts) {
  options_.key = {"id"};
  std::string text = "id,x,y\n";
  for (int i = 0; i < 40; ++i) text += fmt::format("{},{},1\n", i, i);
  put("data/a.csv", text + "3,3,1\n4,44,1\n");
  const Outcome whole = collected(kPartBytes);
  const Outcome parts = collected(100);
  EXPECT_GT(parts.segments, 2u);
  EXPECT_EQ(parts.counts, whole.counts);
  EXPECT_EQ(parts.rows, whole.rows);
  ASSERT_EQ(parts.rejects.size(), 1u);
  EXPECT_EQ(parts.rejects[0]["record"], 42);
}

TEST_F(InParts, TheLaterRowOfAKeyWinsOverAllParts) {
  options_.key = {"id"};
  options_.mode = "merge";
  options_.time = "at";
  put("data/a.csv", "id,at,x,y\n1,2024-01-01,0,1\n5,2024-03-01,new,1\n99,2024-01-01,0,\n");
  must(run());
  const auto first = *manifest_;
  std::string text = "id,at,x,y\n";
  for (int i = 0; i < 90; ++i) {
    text += fmt::format("{},2024-01-{:02},{},{}\n", i % 30, 2 + i * 11 % 27, i, i % 3 ? "1" : "");
  }
  put("data/b.csv", text);
  const auto merged = [&](std::uint64_t part_bytes) {
    situation_.part_bytes = part_bytes;
    manifest_ = first;
    must(run());
    const ledger::Manifest now = manifest();
    return fmt::format("{} / {} / {} | {} {} {} {} {} {}", column("id"), column("x"), column("y"),
                       now.rows, now.labelled, now.counts.read, now.counts.accepted,
                       now.counts.duplicate, must(run()).result);
  };
  const std::string whole = merged(kPartBytes);
  EXPECT_EQ(merged(300), whole);
  EXPECT_NE(whole.find("new"), std::string::npos) << whole;
  manifest_ = first;
  must(run());
  EXPECT_GT(manifest().segments.size(), 4u);
}

TEST_F(InParts, AClockThatOnlyOrdersIsReadInOnePiece) {
  options_.time = "n";
  std::string text = "n,x,y\n";
  for (int i = 0; i < 60; ++i) text += fmt::format("{},{},1\n", (i * 7 % 60) / 64.0, i);
  put("data/a.csv", text);
  const Outcome whole = collected(kPartBytes);
  const Outcome parts = collected(200);
  EXPECT_EQ(parts.segments, 1u);
  EXPECT_EQ(parts.rows, whole.rows);
  EXPECT_EQ(parts.cursor, whole.cursor);
}

}  // namespace
}  // namespace rondo::collect
