// The record log against its rule: what was synced is read after any accident, a torn tail is cut
// and kept aside, damage before it is told and everything intact is read all the same.
#include "io/record_log.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "io/faulty_fs.h"
#include "io/record_scan.h"
#include "io/scratch.h"

namespace rondo::io {
namespace {

using Payloads = std::vector<std::string>;

struct Read {
  Payloads payloads;
  LogState state;
  LogPosition end;
};

Read read_all(const Path& folder, const LogPosition& from = {}) {
  Read read;
  const auto fs = real_fs();
  const auto end = read_log(
      *fs, folder, from,
      [&](std::uint8_t, std::string_view payload) { read.payloads.emplace_back(payload); },
      &read.state);
  EXPECT_TRUE(end) << end.error().text();
  if (end) read.end = *end;
  return read;
}

std::unique_ptr<RecordLog> open_log(const Path& folder, RecordLogOptions options = {},
                                    LogState* state = nullptr) {
  auto log = RecordLog::open(real_fs(Durability::kProcess), folder, options, state);
  EXPECT_TRUE(log) << log.error().text();
  return std::move(*log);
}

void append(RecordLog& log, const Payloads& payloads) {
  const auto done = log.append(payloads, 1);
  ASSERT_TRUE(done) << done.error().text();
}

Path only_segment(const Path& folder) {
  const Payloads names = *real_fs()->list(folder);
  for (const std::string& name : names) {
    if (name.ends_with(".rlog")) return folder / name;
  }
  return {};
}

void replace(const Path& file, const std::string& bytes) {
  ASSERT_TRUE(write_atomically(*real_fs(Durability::kProcess), file, bytes));
}

TEST(RecordLog, ReadsWhatWasWrittenAndGoesOnFromAPlace) {
  const Scratch scratch;
  {
    const auto log = open_log(scratch.path());
    append(*log, {"one", "two"});
    append(*log, {""});
    const Read first = read_all(scratch.path());
    EXPECT_EQ(first.payloads, (Payloads{"one", "two", ""}));
    append(*log, {"three"});
    EXPECT_EQ(read_all(scratch.path(), first.end).payloads, Payloads{"three"});
  }
  const Read before = read_all(scratch.path());
  LogState state;
  const auto log = open_log(scratch.path(), {}, &state);  // seals what the last one left
  EXPECT_EQ(state.records, 4U);
  EXPECT_EQ(state.sealed, Payloads{"0000000001-00000001.rlog"});
  append(*log, {"four"});
  EXPECT_EQ(read_all(scratch.path(), before.end).payloads, Payloads{"four"});
  EXPECT_EQ(read_all(scratch.path()).payloads.size(), 5U);
  EXPECT_TRUE(read_all(scratch.path()).state.damaged.empty());
}

TEST(RecordLog, FullSegmentsAreSealed) {
  const Scratch scratch;
  const auto log = open_log(scratch.path(), {.segment_bytes = 200, .epoch = 7});
  for (int i = 0; i < 20; ++i) append(*log, {std::string(50, static_cast<char>('a' + i))});
  const Read read = read_all(scratch.path());
  EXPECT_EQ(read.payloads.size(), 20U);
  EXPECT_EQ(read.payloads[19], std::string(50, 't'));
  EXPECT_GE(read.state.sealed.size(), 5U);
  EXPECT_EQ(read.state.sealed[0], "0000000007-00000001.rlog");
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
    bytes += entry.file_size();
  }
  EXPECT_EQ(log->bytes(), bytes);
  // A sealed segment has no torn tail: whatever is missing is damage.
  const Path first = scratch / read.state.sealed[0];
  const std::string whole = *real_fs()->read(first);
  replace(first, whole.substr(0, whole.size() - 40));
  const Read damaged = read_all(scratch.path());
  EXPECT_FALSE(damaged.state.damaged.empty());
  EXPECT_EQ(damaged.state.torn_bytes, 0U);
}

TEST(RecordLog, AnEmptyLogLeavesNothing) {
  const Scratch scratch;
  open_log(scratch / "log");
  EXPECT_TRUE(real_fs()->list(scratch / "log")->empty());
  EXPECT_TRUE(read_all(scratch / "log").payloads.empty());
}

/// Two batches, synced after the first of them; the file as bytes.
std::string two_batches(const Path& folder) {
  const auto log = open_log(folder);
  append(*log, {"alpha", "beta", "gamma"});
  EXPECT_TRUE(log->sync());
  append(*log, {"delta", "epsilon"});
  return *real_fs()->read(only_segment(folder));
}

TEST(RecordLog, EveryTornTailIsCutAndKept) {
  const Scratch whole;
  const std::string bytes = two_batches(whole.path());
  const std::size_t synced = bytes.size() - 2 * kRecordHeader - 12 - (kRecordHeader + 24);
  for (std::size_t size = synced; size < bytes.size(); ++size) {
    const Scratch scratch;
    replace(scratch / "0000000001-00000001.rlog", bytes.substr(0, size));
    LogState state;
    open_log(scratch.path(), {}, &state);
    const Read read = read_all(scratch.path());
    ASSERT_EQ(read.payloads, (Payloads{"alpha", "beta", "gamma"})) << size;
    ASSERT_TRUE(state.damaged.empty());
    ASSERT_EQ(state.torn_bytes, size - synced);
    const auto aside = real_fs()->read(scratch / "0000000001-00000001.rlog.torn");
    ASSERT_EQ(aside ? *aside : "", bytes.substr(synced, size - synced));
  }
}

TEST(RecordLog, ZerosAtTheEndAreATornTail) {
  const Scratch scratch;
  const std::string bytes = two_batches(scratch.path());
  replace(only_segment(scratch.path()), bytes + std::string(1'000, '\0'));
  LogState state;
  open_log(scratch.path(), {}, &state);
  EXPECT_EQ(state.torn_bytes, 1'000U);
  EXPECT_EQ(read_all(scratch.path()).payloads.size(), 5U);
}

TEST(RecordLog, DamageIsToldAndTheRestIsRead) {
  const Scratch whole;
  const std::string bytes = two_batches(whole.path());
  const std::size_t second = bytes.size() - 2 * kRecordHeader - 12 - (kRecordHeader + 24);
  for (std::size_t at = 0; at < second; ++at) {  // the second batch names it as synced
    const Scratch scratch;
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    replace(scratch / "0000000001-00000001.rlog", bad);
    LogState state;
    open_log(scratch.path(), {}, &state);
    ASSERT_FALSE(state.damaged.empty()) << at;
    ASSERT_EQ(state.torn_bytes, 0U) << at;
    const Read read = read_all(scratch.path());
    ASSERT_FALSE(read.state.damaged.empty()) << at;
    ASSERT_GE(read.payloads.size(), 2U);
    ASSERT_EQ(read.payloads[read.payloads.size() - 2], "delta") << at;
    // One flipped byte costs one record, unless it is the length that leads to the next ones.
    if (bad.find("alpha") != std::string::npos && at > second - 5) {
      ASSERT_EQ(read.payloads, (Payloads{"alpha", "beta", "delta", "epsilon"})) << at;
    }
  }
}

/// A segment of many parts is read part by part, and tells the same as when it is seen whole.
TEST(RecordLog, WhatIsReadInPartsIsReadAsAWhole) {
  const Scratch scratch;
  Payloads written;
  {
    const auto log = open_log(scratch.path());
    for (int i = 0; i < 60; ++i) {  // some 4 MB; one batch alone is larger than a part
      const std::size_t size = i == 20 ? 1'500'000 : 40'000 + static_cast<std::size_t>(i);
      const Payloads batch{std::string(size, static_cast<char>('a' + i % 26)), "short"};
      append(*log, batch);
      if (i % 7 == 0) {
        EXPECT_TRUE(log->sync());
      }
      written.insert(written.end(), batch.begin(), batch.end());
    }
  }
  EXPECT_EQ(read_all(scratch.path()).payloads, written);
  const Path file = only_segment(scratch.path());
  const std::string bytes = *real_fs()->read(file);
  ASSERT_GT(bytes.size(), 3'500'000U);
  for (std::size_t at = 777; at < bytes.size(); at += bytes.size() / 23) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    replace(file, bad);
    const Scan scan = scan_segment(bad, 0, Segment::kMayBeTorn);
    const Read read = read_all(scratch.path());
    ASSERT_EQ(read.payloads.size(), scan.records.size()) << at;
    ASSERT_EQ(read.state.records, scan.records.size()) << at;
    for (std::size_t i = 0; i < scan.records.size(); ++i) {
      ASSERT_TRUE(read.payloads[i] == scan.records[i].payload) << at << " record " << i;
    }
    ASSERT_EQ(read.end.offset, scan.end) << at;
    ASSERT_EQ(read.state.damaged.size(), scan.damaged.size()) << at;
    ASSERT_EQ(read.state.torn_bytes, bad.size() - scan.end) << at;
  }
}

TEST(RecordLog, AFinishedSegmentNeedsNoMending) {
  const Scratch scratch;
  const auto log = open_log(scratch.path());
  ASSERT_TRUE(log->finish()) << "nothing was written yet";
  append(*log, {"a"});
  ASSERT_TRUE(log->finish());
  const std::string sealed = *real_fs()->read(only_segment(scratch.path()));
  append(*log, {"b"});
  ASSERT_TRUE(log->finish());
  LogState state;
  open_log(scratch.path(), {}, &state);
  EXPECT_EQ(state.sealed.size(), 2U);
  EXPECT_EQ(state.records, 0U) << "it was read to be mended";
  EXPECT_EQ(*real_fs()->read(only_segment(scratch.path())), sealed);
  EXPECT_EQ(read_all(scratch.path()).payloads, (Payloads{"a", "b"}));
}

TEST(RecordLog, ASealThatMayNotBeOnTheDiskIsWrittenAgain) {
  const Scratch scratch;
  append(*open_log(scratch.path()), {"one"});
  open_log(scratch.path());
  const Path segment = only_segment(scratch.path());
  const std::string bytes = *real_fs()->read(segment);
  EXPECT_TRUE((*real_fs()->stat(segment))->read_only);
  ASSERT_TRUE(real_fs()->chmod(segment, 0644));  // died between the seal and the last sync
  const std::uint64_t before = (*real_fs()->stat(segment))->inode;
  LogState state;
  open_log(scratch.path(), {}, &state);
  EXPECT_NE((*real_fs()->stat(segment))->inode, before);
  EXPECT_EQ(*real_fs()->read(segment), bytes);
  EXPECT_EQ(state.sealed.size(), 1U);
  EXPECT_TRUE(state.damaged.empty());
}

TEST(RecordLog, ALaterEpochShutsTheEarlierOut) {
  const Scratch scratch;
  append(*open_log(scratch.path(), {.epoch = 2}), {"two"});
  EXPECT_EQ(RecordLog::open(real_fs(), scratch.path(), {.epoch = 1}, nullptr).error().code,
            Code::kConflict);
  append(*open_log(scratch.path(), {.epoch = 3}), {"three"});
  EXPECT_EQ(read_all(scratch.path()).payloads, (Payloads{"two", "three"}));
}

TEST(RecordLog, ASleeperThatWakesWritesIntoNothing) {
  const Scratch scratch;
  const auto sleeper = open_log(scratch.path(), {.epoch = 1});
  append(*sleeper, {"before"});
  append(*open_log(scratch.path(), {.epoch = 2}), {"after"});
  append(*sleeper, {"too late"});
  EXPECT_EQ(read_all(scratch.path()).payloads, (Payloads{"before", "after"}));
}

TEST(RecordLog, AFullDiskTakesBackOneBatchOnly) {
  const Scratch scratch;
  bool full = false;
  const auto fs = faulty_fs(std::make_shared<Record>(scratch.path()),
                            [&](std::uint64_t, const Operation& operation) {
                              const bool write = operation.kind == Operation::Kind::kWrite;
                              return full && write ? Fault{ENOSPC, true} : Fault{};
                            });
  const auto log = std::move(*RecordLog::open(fs, scratch / "log", {}, nullptr));
  append(*log, {"one"});
  full = true;
  const Payloads two = {std::string(100, '2')};
  EXPECT_EQ(log->append(two, 1).error().code, Code::kExhausted);
  EXPECT_EQ(log->append(two, 1).error().code, Code::kExhausted);
  full = false;
  append(*log, {"three"});
  const Read read = read_all(scratch / "log");
  EXPECT_EQ(read.payloads, (Payloads{"one", "three"}));
  EXPECT_EQ(read.state.torn_bytes, 0U);
}

TEST(RecordLog, NothingIsWrittenAfterAFailedSync) {
  const Scratch scratch;
  const auto fs = faulty_fs(std::make_shared<Record>(scratch.path()),
                            [](std::uint64_t, const Operation& operation) {
                              const bool sync = operation.kind == Operation::Kind::kSync;
                              return sync ? Fault{EIO, false} : Fault{};
                            });
  const auto log = std::move(*RecordLog::open(fs, scratch / "log", {}, nullptr));
  append(*log, {"one"});
  EXPECT_FALSE(log->sync());
  EXPECT_FALSE(log->sync());
  EXPECT_EQ(log->append(Payloads{"two"}, 1).error().code, Code::kIo);
}

/// Writes batches through the fault layer; `acknowledged[n]` is how many were synced after n
/// operations.
struct Written {
  Scratch scratch;
  std::shared_ptr<Record> record;
  std::vector<std::size_t> acknowledged;
};

void write_many(Written& written) {
  ASSERT_TRUE(real_fs()->make_folders(written.scratch / "disk"));
  written.record = std::make_shared<Record>(written.scratch / "disk");
  const auto fs = faulty_fs(written.record);
  const auto log = std::move(*RecordLog::open(fs, written.scratch / "disk/log",
                                              {.segment_bytes = 4'000, .epoch = 1}, nullptr));
  for (std::size_t i = 0; i < 12; ++i) {
    append(*log, {std::to_string(i) + std::string(900, 'x')});
    ASSERT_TRUE(i % 3 == 0 || log->sync());
    const std::size_t synced = i % 3 != 0 ? i + 1 : 0;
    const std::size_t so_far = written.acknowledged.empty() ? 0 : written.acknowledged.back();
    written.acknowledged.resize(written.record->count(), so_far);
    written.acknowledged.push_back(std::max(so_far, synced));
  }
}

/// How many records from the first on are there after a cut and the next start.
std::size_t survivors(const Written& written, std::size_t operations, std::uint64_t seed,
                      bool honest) {
  const Path into = written.scratch / ("cut" + std::to_string(operations) + "-" +
                                       std::to_string(seed) + (honest ? "" : "-canary"));
  EXPECT_TRUE(written.record->power_cut(operations, into, Seed{seed}, honest, honest));
  LogState state;
  open_log(into / "log", {.segment_bytes = 4'000, .epoch = 2}, &state);
  const Read read = read_all(into / "log");
  EXPECT_TRUE(!honest || (read.state.damaged.empty() && state.damaged.empty())) << operations;
  for (std::size_t i = 0; i < read.payloads.size(); ++i) {
    EXPECT_EQ(read.payloads[i], std::to_string(i) + std::string(900, 'x')) << operations;
  }
  return read.payloads.size();
}

TEST(RecordLog, NoPowerCutLosesWhatWasAcknowledged) {
  Written written;
  write_many(written);
  std::size_t canary_lost = 0;
  for (std::size_t n = 0; n <= written.record->count(); ++n) {
    const std::size_t acknowledged = written.acknowledged[n];
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      ASSERT_GE(survivors(written, n, seed, true), acknowledged)
          << n << " operations, seed " << seed;
    }
    canary_lost += survivors(written, n, 0, false) < acknowledged ? 1 : 0;
  }
  EXPECT_GT(canary_lost, 0U) << "the test would not notice a sync that does nothing";
}

TEST(RecordLog, TheRepairItselfMayBeCutToo) {
  const Scratch scratch;
  two_batches(scratch / "disk/log");
  const Path segment = only_segment(scratch / "disk/log");
  replace(segment, *real_fs()->read(segment) + "half a rec");
  const auto record = std::make_shared<Record>(scratch / "disk");
  ASSERT_TRUE(RecordLog::open(faulty_fs(record), scratch / "disk/log", {.epoch = 2}, nullptr));
  for (std::size_t n = 0; n <= record->count(); ++n) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const Path into = scratch / (std::to_string(n) + "-" + std::to_string(seed));
      ASSERT_TRUE(record->power_cut(n, into, Seed{seed}, true));
      LogState state;
      open_log(into / "log", {.epoch = 3}, &state);
      ASSERT_TRUE(state.damaged.empty());
      ASSERT_EQ(read_all(into / "log").payloads.size(), 5U) << n << " operations, seed " << seed;
    }
  }
}

}  // namespace
}  // namespace rondo::io
