// Formats that say the same, what is seen without reading, and rows for those who only look.

#include "collect/testing.h"
#include "io/compress.h"
#include "io/testing.h"
#include "table/engine.h"

namespace rondo::collect {
namespace {

using Formats = CollectTest;

TEST_F(Formats, OneTableHasOneContentDigestWhateverItsFormat) {
  const std::string csv = "n,i,s,y\n0.5,1,red,1.5\n,2,,2.5\n-1.25,,\"a,b\",3.5\n";
  const std::string lines =
      "{\"n\":0.5,\"i\":1,\"s\":\"red\",\"y\":1.5}\n{\"i\":2,\"y\":2.5}\n"
      "{\"n\":-1.25,\"i\":null,\"s\":\"a,b\",\"y\":3.5}\n";
  std::string digest;
  const auto check = [&](const std::string& name, std::string_view bytes) {
    std::filesystem::remove_all(scratch_ / "data");
    std::filesystem::create_directories(scratch_ / "data");
    put("data/" + name, bytes);
    manifest_.reset();
    must(run());
    const ledger::Segment segment = manifest().segments.at(0);
    if (digest.empty()) digest = segment.content.hex();
    EXPECT_EQ(segment.content.hex(), digest) << name;
  };
  check("t.csv", csv);
  check("t.csv.gz", io::gzip(csv));
  check("unnamed", io::zstd_compress(csv));
  check("t.jsonl", lines);
  check("t.json", "[{\"n\":0.5,\"i\":1,\"s\":\"red\",\"y\":1.5},{\"n\":null,\"i\":2,\"y\":2.5},"
                  "{\"n\":-1.25,\"s\":\"a,b\",\"y\":3.5}]");
  const table::Table all = rows();
  const auto engine = must(table::Engine::open(scratch_.path()));
  must(engine->write_parquet(all, scratch_ / "t.parquet"));
  check("t.parquet", must(fs_->read(scratch_ / "t.parquet")));
}

TEST_F(Formats, DamagedFilesAreNamed) {
  put("data/a.csv.gz", io::gzip("x,y\n1,1\n").substr(0, 20));
  EXPECT_TRUE(text_of(run()).contains("data/a.csv.gz")) << text_of(run());
  std::filesystem::remove(scratch_ / "data/a.csv.gz");
  put("data/a.parquet", "PAR1 and then nothing");
  EXPECT_TRUE(text_of(run()).contains("a.parquet")) << text_of(run());
}

TEST_F(Formats, TwoRunsFromOneStartWriteTheSameBytes) {
  put("data/a.csv", "x,y\n1,1\nbad\n2,2\n");
  must(run());
  const io::Digest first = *manifest_;
  manifest_.reset();
  must(run());
  EXPECT_EQ(first.hex(), manifest_->hex()) << "the manifest names segment and rejects by digest";
}

TEST_F(Formats, WhatMeansMissingMayBeAddedLater) {
  put("data/a.csv", "x,y\n1,1\n");
  must(run());
  put("data/b.csv", "x,y\nNA,2\n");
  options_.null = {"", "NA"};
  must(run());
  EXPECT_EQ(column("x"), "1 ");
}

TEST_F(Formats, PeekTellsWhatIsNewWithoutReadingIt) {
  put("data/a.csv", "x,y\n1,1\n");
  const auto look = [&] {
    return must(peek(*fs_, options_, scratch_.path(), manifest_ ? manifest().cursor : Json()));
  };
  EXPECT_EQ(look().what, "data/a.csv is new (8 bytes)");
  must(run());
  EXPECT_FALSE(look().changed);
  append("data/a.csv", "2,2\n");
  EXPECT_EQ(look().what, "data/a.csv grew by 4 bytes");
  EXPECT_EQ(look().bytes, 4u);
  put("data/b.csv", "x,y\n");
  EXPECT_EQ(look().what, "data/a.csv grew by 4 bytes") << "a header alone is nothing new";
  put("data/a.csv", "x,y\n9,1\n");
  EXPECT_EQ(look().what, "data/a.csv changed");
}

TEST_F(Formats, StopsWhenAsked) {
  put("data/a.csv", "x,y\n1,1\n");
  ledger::StageInput input;
  input.options = {{"collect", io::write_options(options_)}, {"now", to_json(situation_)}};
  input.objects = &objects_;
  input.fs = fs_.get();
  input.out = scratch_.path();
  input.stop.request();
  EXPECT_EQ(code_of(collect::run(input)), Code::kCancelled);
}

TEST_F(Formats, LoadGivesRowsWithTheirPlaceAndWhatWasRefused) {
  put("data/a.csv", "t,x,y\n2020-01-02,2,1\nbroken\n2020-01-01,1,1\n");
  options_.time = "t";
  const Loaded loaded = must(load(*fs_, options_, scratch_.path(), nullptr, "y", scratch_.path()));
  EXPECT_EQ(loaded.rows.cell_text(0, 2), "1") << "in the order of event time";
  EXPECT_EQ(loaded.record, (std::vector<std::uint64_t>{1, 0}));
  EXPECT_EQ(loaded.counts.read, 3u);
  EXPECT_EQ(loaded.counts.rejected, 1u);
  EXPECT_EQ(loaded.rejects.size(), 1u);
}

}  // namespace
}  // namespace rondo::collect
