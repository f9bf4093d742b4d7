// What the kernel tells about folders.
#include "io/folder_watch.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace rondo::io {
namespace {

using Names = std::set<std::string>;

TEST(FolderWatch, TellsWhoseNameSomethingHappenedTo) {
  const Scratch scratch;
  const auto fs = real_fs();
  FolderWatch watch;
  ASSERT_TRUE(watch.listen({scratch.path()}));
  EXPECT_EQ(watch.happened(), Names{});
  auto file = *fs->create(scratch / "a.csv.part");
  ASSERT_TRUE(file->append(as_bytes("x\n")));
  EXPECT_EQ(watch.happened(), Names{"a.csv.part"});
  EXPECT_EQ(watch.happened(), Names{}) << "told once";
  ASSERT_TRUE(file->append(as_bytes("1\n")));
  EXPECT_EQ(watch.happened(), Names{"a.csv.part"}) << "also while it stays open";
  ASSERT_TRUE(file->close());
  watch.happened();
  ASSERT_TRUE(fs->rename(scratch / "a.csv.part", scratch / "a.csv"));
  EXPECT_EQ(watch.happened(), (Names{"a.csv.part", "a.csv"}));
  ASSERT_TRUE(fs->read(scratch / "a.csv"));
  EXPECT_EQ(watch.happened(), Names{}) << "to read is no news";
  ASSERT_TRUE(fs->remove(scratch / "a.csv"));
  EXPECT_EQ(watch.happened(), Names{"a.csv"});
}

TEST(FolderWatch, ListensToTheseFoldersAlone) {
  const Scratch scratch;
  const auto fs = real_fs();
  for (const char* name : {"one", "two"}) ASSERT_TRUE(fs->make_folders(scratch / name));
  FolderWatch watch;
  ASSERT_TRUE(watch.listen({scratch / "one"}));
  ASSERT_TRUE(watch.listen({scratch / "two"}));
  ASSERT_TRUE(fs->create(scratch / "one" / "a"));
  ASSERT_TRUE(fs->create(scratch / "two" / "b"));
  EXPECT_EQ(watch.happened(), Names{"b"});
}

TEST(FolderWatch, AFolderThatIsMadeAnewIsHeardAgain) {
  const Scratch scratch;
  const auto fs = real_fs();
  ASSERT_TRUE(fs->make_folders(scratch / "in"));
  FolderWatch watch;
  ASSERT_TRUE(watch.listen({scratch / "in"}));
  ASSERT_TRUE(fs->remove_all(scratch / "in"));
  EXPECT_EQ(watch.happened(), Names{""});
  EXPECT_FALSE(watch.listen({scratch / "in"})) << "nobody tells about what is not there";
  ASSERT_TRUE(fs->make_folders(scratch / "in"));
  ASSERT_TRUE(watch.listen({scratch / "in"}));
  ASSERT_TRUE(fs->create(scratch / "in" / "a"));
  EXPECT_EQ(watch.happened(), Names{"a"});
}

}  // namespace
}  // namespace rondo::io
