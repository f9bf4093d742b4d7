// A large segment is told in parts, a small one whole; both give the rows that read_segments gives.
#include "ledger/dataset.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/scratch.h"
#include "table/engine.h"

namespace rondo::ledger {
namespace {

constexpr std::uint32_t kLarge = 150'000, kSmall = 5;

TEST(EachPart, TellsTheRowsThatCountAndWhereTheyStand) {
  const io::Scratch scratch;
  const auto fs = io::real_fs(io::Durability::kProcess);
  const auto engine = *table::Engine::open(scratch.path());
  Manifest manifest;
  manifest.contract.schema = {{{"n", table::Type::kInteger}}};
  std::map<io::Digest, io::Path> files;
  std::int64_t value = 0;
  for (const std::uint32_t rows : {kSmall, kLarge, kSmall}) {
    table::ColumnBuilder n(table::Type::kInteger);
    for (std::uint32_t row = 0; row < rows; ++row) n.integer(value++);
    const io::Path file = scratch / fmt::format("{}.parquet", manifest.segments.size());
    ASSERT_TRUE(engine->write_parquet({manifest.contract.schema, {n.finish()}}, file));
    Segment segment;
    segment.file = io::sha256(*fs->read(file));
    segment.rows = rows;
    files[segment.file] = file;
    manifest.segments.push_back(segment);
  }
  Deletions dead;
  dead[manifest.segments[1].file] = {0, 7, 131'071, 131'072, kLarge - 1};
  dead[manifest.segments[2].file] = {2};
  const Segments all{manifest, manifest.segments, dead,
                     [&](const io::Digest& file) -> Result<io::Path> { return files.at(file); },
                     scratch.path()};

  std::vector<std::int64_t> told;
  std::vector<std::size_t> parts(3);
  const std::int64_t first[] = {0, kSmall, kSmall + kLarge};  // value of each segment's row 0
  ASSERT_TRUE(each_part(all, [&](const SegmentRows& part) -> Result<void> {
    ++parts[part.segment];
    EXPECT_EQ(part.places.size(), part.rows.rows());
    for (std::size_t row = 0; row < part.rows.rows(); ++row) {
      const std::int64_t seen = part.rows.column(0).integers[row];
      EXPECT_EQ(seen, first[part.segment] + part.places[row]);
      told.push_back(seen);
    }
    return {};
  }));
  const table::Table whole = *read_segments(all);
  EXPECT_EQ(told, std::vector<std::int64_t>(whole.column(0).integers.begin(),
                                            whole.column(0).integers.end()));
  EXPECT_EQ(told.size(), std::size_t{kLarge + 2 * kSmall - 6});
  EXPECT_GT(parts[1], 1u);

  manifest.segments[1].rows += 1;
  const auto damaged = each_part(all, [](const SegmentRows&) -> Result<void> { return {}; });
  EXPECT_EQ(damaged.error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace rondo::ledger
