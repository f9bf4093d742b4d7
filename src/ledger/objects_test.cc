// Objects keep their bytes or say so; manifests read back as they were written.
#include "ledger/objects.h"

#include <fstream>

#include "ledger/fixture.h"
#include "ledger/manifest.h"

namespace rondo::ledger {
namespace {

/// Changes one byte of a file that is read-only for everybody else.
void flip(const io::Path& file, std::uint64_t at) {
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ 1));
}

class ObjectsTest : public ScratchTest {
 protected:
  Objects objects_{fs_, root_ / "objects"};
};

TEST_F(ObjectsTest, SameBytesAreOneObjectUnderTheirDigest) {
  const io::Digest digest = must(objects_.put("some bytes"));
  EXPECT_EQ(digest, io::sha256("some bytes"));
  must(io::write_atomically(*fs_, root_ / "file", "some bytes"));
  EXPECT_EQ(must(objects_.put_file(root_ / "file")), digest);
  EXPECT_EQ(must(objects_.list()), std::vector<io::Digest>{digest});
  EXPECT_TRUE(must(objects_.leftovers()).empty());
  EXPECT_EQ(must(objects_.get(digest)), "some bytes");
  EXPECT_EQ(code_of(objects_.get(io::sha256("other"))), Code::kNotFound);
}

TEST_F(ObjectsTest, AFlippedByteIsRefusedAndPuttingMendsIt) {
  const std::string bytes(5000, 'b');
  const io::Digest digest = must(objects_.put(bytes));
  for (const std::uint64_t at : {0ULL, 2500ULL, 4999ULL}) {
    flip(objects_.path(digest), at);
    EXPECT_EQ(code_of(objects_.get(digest)), Code::kCorrupt);
    EXPECT_EQ(code_of(objects_.verified_path(digest)), Code::kCorrupt);
    EXPECT_EQ(must(objects_.put(bytes)), digest);
    EXPECT_EQ(must(objects_.get(digest)), bytes);
  }
  std::filesystem::resize_file(objects_.path(digest), 4000);
  EXPECT_EQ(code_of(objects_.get(digest)), Code::kCorrupt);
}

TEST_F(ObjectsTest, NothingHalfWrittenIsVisibleAfterAPowerCut) {
  const io::Path project = root_ / "project";
  std::filesystem::create_directories(project);
  const auto record = std::make_shared<io::Record>(project);
  const Objects objects(io::faulty_fs(record), project / "objects");
  std::vector<std::pair<std::size_t, io::Digest>> acknowledged;
  for (int i = 0; i < 4; ++i) {
    const io::Digest digest = must(objects.put(std::string(3000, static_cast<char>('a' + i))));
    acknowledged.emplace_back(record->count(), digest);
  }
  for (std::size_t at = 0; at <= record->count(); ++at) {
    const io::Path into = root_ / ("cut" + std::to_string(at));
    must(record->power_cut(at, into, Seed{at}, at % 2 == 1));
    const Objects left(fs_, into / "objects");
    for (const io::Digest& digest : must(left.list())) {
      EXPECT_TRUE(left.get(digest).has_value()) << "cut after operation " << at;
    }
    for (const auto& [operations, digest] : acknowledged) {
      if (operations <= at) {
        EXPECT_TRUE(left.has(digest)) << "cut after operation " << at;
      }
    }
  }
}

TEST_F(ObjectsTest, AManifestReadsBackAsItWasWritten) {
  Manifest manifest;
  manifest.number = 5;
  manifest.parent = io::sha256("parent");
  manifest.contract.version = 3;
  manifest.segments = {{io::sha256("f"), io::sha256("c"), 10, {-5}, {1'300'000'000'000'000}},
                       {io::sha256("g"), io::sha256("d"), 2, {7}, {8}}};
  manifest.cursor = {{"files", {"a.csv"}}};
  manifest.counts = {15, 12, 2, 1};
  manifest.rejects = io::sha256("rejects");
  manifest.rows = 12;
  manifest.labelled = 9;
  const io::Digest digest = must(put_manifest(objects_, manifest));
  const Manifest read = must(get_manifest(objects_, digest));
  EXPECT_EQ(io::canonical(read.to_json()), io::canonical(manifest.to_json()));
  EXPECT_EQ(read.segments[0].first, Time{-5});
  EXPECT_EQ(read.parent, manifest.parent);

  Json wrong = manifest.to_json();
  wrong["rows"] = 13;
  EXPECT_EQ(code_of(Manifest::from_json(wrong)), Code::kInvalidInput);
  EXPECT_EQ(code_of(get_manifest(objects_, must(objects_.put("{}")))), Code::kCorrupt);
}

}  // namespace
}  // namespace rondo::ledger
