// The fault layer itself: a power cut keeps exactly what was synced, the canary that ignores syncs
// loses it, and an atomic file is never seen half.
#include "io/faulty_fs.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "io/scratch.h"

namespace rondo::io {
namespace {

/// A faulty file system over a folder, and what a cut leaves of it.
class Disk {
 public:
  explicit Disk(FaultPlan plan = {})
      : record_(std::make_shared<Record>(scratch_ / "disk")),
        fs_(faulty_fs(record_, std::move(plan))) {
    EXPECT_TRUE(real_fs()->make_folders(scratch_ / "disk"));
  }
  Fs& fs() { return *fs_; }
  Path at(std::string_view name) const { return scratch_ / "disk" / name; }
  const Record& record() const { return *record_; }

  enum class Sync { kHonest, kIgnored };
  /// The folder after a cut; each call makes a new one.
  Path cut(std::size_t operations, Sync sync = Sync::kHonest) {
    return cut_into(operations, Seed{1}, false, sync);
  }
  Path torn_cut(std::size_t operations, Seed seed) {
    return cut_into(operations, seed, true, Sync::kHonest);
  }
  /// The bytes of a file after a cut at the end, or "absent".
  std::string after_cut(std::string_view name, Sync sync = Sync::kHonest) {
    return read(cut(record_->count(), sync) / name);
  }
  static std::string read(const Path& file) {
    const auto bytes = real_fs()->read(file);
    return bytes ? *bytes : "absent";
  }

 private:
  Path cut_into(std::size_t operations, Seed seed, bool torn, Sync sync) {
    const Path into = scratch_ / std::to_string(cuts_++);
    EXPECT_TRUE(record_->power_cut(operations, into, seed, torn, sync == Sync::kHonest));
    return into;
  }
  Scratch scratch_;
  std::shared_ptr<Record> record_;
  std::shared_ptr<Fs> fs_;
  int cuts_ = 0;
};

TEST(PowerCut, KeepsWhatWasSyncedAndNothingElse) {
  Disk disk;
  auto file = *disk.fs().create(disk.at("f"));
  ASSERT_TRUE(file->append(as_bytes("synced ")));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(disk.after_cut("f"), "absent");  // its name was not synced
  ASSERT_TRUE(disk.fs().sync_folder(disk.at("")));
  ASSERT_TRUE(file->append(as_bytes("not synced")));
  EXPECT_EQ(disk.after_cut("f"), "synced ");
  EXPECT_EQ(disk.after_cut("f", Disk::Sync::kIgnored), "absent");
  ASSERT_TRUE(file->truncate(3));
  EXPECT_EQ(disk.after_cut("f"), "synced ");
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(disk.after_cut("f"), "syn");
}

TEST(PowerCut, ANameWithoutItsBytesIsAnEmptyFile) {
  Disk disk;
  auto file = *disk.fs().create(disk.at("f"));
  ASSERT_TRUE(file->append(as_bytes("never synced")));
  ASSERT_TRUE(disk.fs().sync_folder(disk.at("")));
  EXPECT_EQ(disk.after_cut("f"), "");
}

TEST(PowerCut, RenamesAndRemovalsNeedTheFoldersSync) {
  Disk disk;
  Fs& fs = disk.fs();
  ASSERT_TRUE(write_atomically(fs, disk.at("a"), "old"));
  ASSERT_TRUE(write_atomically(fs, disk.at("b"), "new"));
  ASSERT_TRUE(fs.rename(disk.at("b"), disk.at("a")));
  EXPECT_EQ(disk.after_cut("a"), "old");
  EXPECT_EQ(disk.after_cut("b"), "new");
  ASSERT_TRUE(fs.sync_folder(disk.at("")));
  EXPECT_EQ(disk.after_cut("a"), "new");
  EXPECT_EQ(disk.after_cut("b"), "absent");
  ASSERT_TRUE(fs.remove(disk.at("a")));
  EXPECT_EQ(disk.after_cut("a"), "new");
  ASSERT_TRUE(fs.sync_folder(disk.at("")));
  EXPECT_EQ(disk.after_cut("a"), "absent");
}

TEST(PowerCut, NewFoldersNeedTheirParentsSync) {
  Disk disk;
  Fs& fs = disk.fs();
  ASSERT_TRUE(fs.make_folders(disk.at("a/b")));
  ASSERT_TRUE(write_atomically(fs, disk.at("a/b/f"), "x"));
  EXPECT_EQ(disk.after_cut("a/b/f"), "absent");
  ASSERT_TRUE(make_folders_durably(fs, disk.at("c/d")));
  ASSERT_TRUE(write_atomically(fs, disk.at("c/d/f"), "x"));
  EXPECT_EQ(disk.after_cut("c/d/f"), "x");
}

TEST(PowerCut, ARenameBetweenFoldersIsOneThing) {
  Disk disk;
  Fs& fs = disk.fs();
  ASSERT_TRUE(make_folders_durably(fs, disk.at("a")));
  ASSERT_TRUE(make_folders_durably(fs, disk.at("b")));
  ASSERT_TRUE(write_atomically(fs, disk.at("a/f"), "x"));
  ASSERT_TRUE(fs.rename(disk.at("a/f"), disk.at("b/f")));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Path left = disk.torn_cut(disk.record().count(), Seed{seed});
    const bool in_a = Disk::read(left / "a/f") == "x";
    const bool in_b = Disk::read(left / "b/f") == "x";
    ASSERT_NE(in_a, in_b) << "seed " << seed;
  }
  ASSERT_TRUE(fs.sync_folder(disk.at("b")));
  EXPECT_EQ(disk.after_cut("a/f"), "absent");
  EXPECT_EQ(disk.after_cut("b/f"), "x");
}

TEST(PowerCut, WhatWasThereBeforeStays) {
  const Scratch scratch;
  ASSERT_TRUE(real_fs()->make_folders(scratch / "d/e"));
  ASSERT_TRUE(write_atomically(*real_fs(), scratch / "d/e/f", "before"));
  const Record record(scratch / "d");
  ASSERT_TRUE(record.power_cut(0, scratch / "cut", Seed{1}, false));
  EXPECT_EQ(Disk::read(scratch / "cut/e/f"), "before");
  EXPECT_EQ(record.power_cut(0, scratch / "d", Seed{1}, false).error().code, Code::kConflict);
}

TEST(PowerCut, UnsyncedWritesAreTornBySectors) {
  Disk disk;
  auto file = *disk.fs().create(disk.at("f"));
  ASSERT_TRUE(disk.fs().sync_folder(disk.at("")));
  ASSERT_TRUE(file->append(as_bytes(std::string(700, 's'))));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->append(as_bytes(std::string(3'000, 'u'))));
  bool all = false, none = false, some = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const std::string left = Disk::read(disk.torn_cut(disk.record().count(), Seed{seed}) / "f");
    ASSERT_TRUE(left.starts_with(std::string(700, 's'))) << "seed " << seed;
    const std::string tail = left.substr(700);
    all = all || tail == std::string(3'000, 'u');
    none = none || tail.empty();
    for (std::size_t at = 0; at < tail.size(); ++at) {
      const bool starts_sector = at == 0 || (700 + at) % 512 == 0;
      ASSERT_TRUE(starts_sector || tail[at] == tail[at - 1]) << "torn inside a sector";
    }
    some = some || tail.find('\0') != std::string::npos;
  }
  EXPECT_TRUE(all && none && some);
}

TEST(AtomicFile, IsOldOrNewAfterAnyCut) {
  Disk disk;
  ASSERT_TRUE(write_atomically(disk.fs(), disk.at("f"), std::string(2'000, 'o')));
  const std::size_t first = disk.record().count();
  ASSERT_TRUE(write_atomically(disk.fs(), disk.at("f"), std::string(3'000, 'n')));
  for (std::size_t n = first; n <= disk.record().count(); ++n) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const std::string left = Disk::read(disk.torn_cut(n, Seed{seed}) / "f");
      const bool is_new = left == std::string(3'000, 'n');
      ASSERT_TRUE(is_new || left == std::string(2'000, 'o')) << n << " operations, seed " << seed;
      ASSERT_TRUE(is_new || n < disk.record().count()) << "acknowledged and lost";
    }
  }
  EXPECT_EQ(disk.after_cut("f", Disk::Sync::kIgnored), "absent");  // the canary
}

TEST(AtomicFile, SaysSoWhenAnyOperationFails) {
  for (std::uint64_t failing = 0; failing < 5; ++failing) {
    for (const Fault fault : {Fault{EIO, false}, Fault{ENOSPC, false}, Fault{0, true}}) {
      Disk disk([&](std::uint64_t n, const Operation&) { return n == failing ? fault : Fault{}; });
      const auto done = write_atomically(disk.fs(), disk.at("f"), "all of it");
      EXPECT_FALSE(done) << "operation " << failing;
      const std::string seen = Disk::read(disk.at("f"));
      EXPECT_TRUE(seen == "absent" || seen == "all of it") << seen;
    }
  }
}

TEST(FaultyFile, IsPoisonedByAFailedSync) {
  Disk disk([](std::uint64_t, const Operation& operation) {
    static bool failed = false;
    const bool now = operation.kind == Operation::Kind::kSync && !std::exchange(failed, true);
    return now ? Fault{ENOSPC, false} : Fault{};
  });
  auto file = *disk.fs().create(disk.at("f"));
  ASSERT_TRUE(file->append(as_bytes("x")));
  EXPECT_EQ(file->sync().error().code, Code::kIo);
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(file->append(as_bytes("y")));
}

}  // namespace
}  // namespace rondo::io
