// The real file system and what is built on it: sentences of errors, limits, atomic files.
#include "io/fs.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "io/scratch.h"

namespace rondo::io {
namespace {

TEST(RealFs, WritesReadsLists) {
  const Scratch scratch;
  const auto fs = real_fs();
  ASSERT_TRUE(make_folders_durably(*fs, scratch / "a/b"));
  auto file = *fs->create(scratch / "a/b/two");
  ASSERT_TRUE(file->append(as_bytes("hello ")));
  ASSERT_TRUE(file->append(as_bytes("world")));
  EXPECT_EQ(file->size(), 11U);
  ASSERT_TRUE(file->truncate(5));
  ASSERT_TRUE(file->append(as_bytes("!")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->close());
  EXPECT_EQ(*fs->read(scratch / "a/b/two"), "hello!");
  EXPECT_EQ(*fs->read_at(scratch / "a/b/two", 4, 100), "o!");
  EXPECT_EQ(*fs->read_at(scratch / "a/b/two", 9, 1), "");
  ASSERT_TRUE((*fs->open_append(scratch / "a/b/two"))->append(as_bytes("?")));
  ASSERT_TRUE(fs->open_append(scratch / "a/b/one"));
  EXPECT_EQ((*fs->stat(scratch / "a/b/two"))->size, 7U);
  EXPECT_FALSE(*fs->stat(scratch / "a/b/none"));
  EXPECT_EQ(*fs->list(scratch / "a/b"), (std::vector<std::string>{"one", "two"}));
  EXPECT_GT(*fs->free_bytes(scratch.path()), 0U);
}

TEST(RealFs, ReadsNoMoreThanAsked) {
  const Scratch scratch;
  const auto fs = real_fs();
  ASSERT_TRUE(write_atomically(*fs, scratch / "f", std::string(100, 'x')));
  EXPECT_EQ(fs->read(scratch / "f", 100)->size(), 100U);
  EXPECT_EQ(fs->read(scratch / "f", 99).error().code, Code::kExhausted);
  EXPECT_FALSE(fs->read("/proc/self/status")->empty());  // the kernel says that it has 0 bytes
}

TEST(RealFs, ErrorsSayWhatAndWhere) {
  const Scratch scratch;
  const auto fs = real_fs();
  const auto absent = fs->read(scratch / "absent");
  EXPECT_EQ(absent.error().code, Code::kNotFound);
  EXPECT_EQ(absent.error().message,
            "cannot open " + (scratch / "absent").string() + ": No such file or directory");
  EXPECT_EQ(fs->read(scratch.path()).error().code, Code::kInvalidInput);  // a folder
  ASSERT_TRUE(fs->create(scratch / "f"));
  EXPECT_EQ(fs->create(scratch / "f").error().code, Code::kConflict);
  EXPECT_EQ(fs->remove(scratch / "absent").error().code, Code::kNotFound);
  EXPECT_EQ(file_error(EIO, "sync", "f").code, Code::kIo);
  EXPECT_EQ(file_error(ENOSPC, "write", "f").code, Code::kExhausted);
  EXPECT_FALSE(file_error(ENOSPC, "write", "f").hint.empty());
}

TEST(RealFs, AFullDiskIsNoPoison) {
  const auto file = real_fs()->open_append("/dev/full");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->append(as_bytes("x")).error().code, Code::kExhausted);
  EXPECT_EQ((*file)->append(as_bytes("x")).error().code, Code::kExhausted);
}

TEST(RealFs, AFileThatCannotSyncIsPoisoned) {
  const auto file = real_fs()->open_append("/dev/null");  // has no fsync: EINVAL
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes("x")));
  ASSERT_FALSE((*file)->sync());
  EXPECT_EQ((*file)->append(as_bytes("x")).error().code, Code::kIo);
  EXPECT_EQ((*file)->sync().error().code, Code::kIo);
  EXPECT_TRUE((*real_fs(Durability::kProcess)->open_append("/dev/null"))->sync());
}

TEST(AtomicFile, ReplacesAndLeavesNothingBehind) {
  const Scratch scratch;
  const auto fs = real_fs();
  ASSERT_TRUE(write_atomically(*fs, scratch / "f", "one", 0444));
  ASSERT_TRUE(write_atomically(*fs, scratch / "f", "two", 0444));
  EXPECT_EQ(*fs->read(scratch / "f"), "two");
  EXPECT_EQ(*fs->list(scratch.path()), std::vector<std::string>{"f"});
  EXPECT_EQ(std::filesystem::status(scratch / "f").permissions(), std::filesystem::perms(0444));
  EXPECT_EQ(write_atomically(*fs, scratch / "none/f", "x").error().code, Code::kNotFound);
  ASSERT_TRUE(fs->make_folders(scratch / "folder"));
  EXPECT_FALSE(write_atomically(*fs, scratch / "folder", "x"));  // rename fails
  EXPECT_EQ(*fs->list(scratch.path()), (std::vector<std::string>{"f", "folder"}));
}

TEST(AtomicFile, NamesOfTemporaryFiles) {
  EXPECT_TRUE(is_temporary("f.tmp-0123456789abcdef"));
  EXPECT_FALSE(is_temporary("f.tmp-0123456789abcde"));
  EXPECT_FALSE(is_temporary("f.tmp-0123456789abcdeg"));
  EXPECT_FALSE(is_temporary("f"));
}

}  // namespace
}  // namespace rondo::io
