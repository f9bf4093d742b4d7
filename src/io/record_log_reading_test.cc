// Reading a record log part by part, and while it grows.
#include "io/record_log.h"

#include <gtest/gtest.h>

#include "base/worker.h"
#include "io/scratch.h"

namespace rondo::io {
namespace {

using Payloads = std::vector<std::string>;

std::unique_ptr<RecordLog> log_in(const Path& folder, const RecordLogOptions& options) {
  return RecordLog::open(real_fs(Durability::kProcess), folder, options, nullptr).value();
}

TEST(RecordLogReading, WhatGrowsWhileItIsReadIsReadOnce) {
  const Scratch scratch;
  constexpr std::size_t kBatches = 150;
  const auto log = log_in(scratch.path(), {.segment_bytes = 24 << 20});
  const Worker writer("writer", [&](const Stop&) {
    for (std::size_t i = 0; i < kBatches; ++i) {
      const std::vector<std::string> batch = {std::to_string(i), std::string(700'000, 'x')};
      EXPECT_TRUE(log->append(batch, 1));
    }
  });
  std::vector<std::size_t> numbers;
  LogPosition whole, part;
  std::size_t read = 0;
  const auto fs = real_fs();
  while (numbers.size() < kBatches || read < 2 * kBatches) {
    whole = read_log(*fs, scratch.path(), whole, [&](std::uint8_t, std::string_view payload) {
      if (payload.size() < 9) numbers.push_back(std::stoul(std::string(payload)));
    }).value();
    part = read_log_part(*fs, scratch.path(), part, [&](std::uint8_t, std::string_view) {
      ++read;
    }).value();
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i);
  EXPECT_EQ(read, 2 * kBatches);
}

TEST(RecordLogReading, PartByPartIsTheWhole) {
  const Scratch scratch;
  for (const std::uint64_t epoch : {1UL, 2UL, 3UL}) {  // the last one stays open
    const auto log = log_in(scratch.path(), {.segment_bytes = 5 << 20, .epoch = epoch});
    for (int i = 0; i < 40; ++i) {
      const std::size_t size = i == 20 ? 3 << 20 : 100'000 + static_cast<std::size_t>(i);
      const auto letter = static_cast<char>('a' + i % 26);
      ASSERT_TRUE(log->append(std::vector<std::string>(2, std::string(size, letter)), 1));
    }
    ASSERT_TRUE(log->sync());
    const auto fs = real_fs();
    Payloads whole, parts;
    const auto end = read_log(*fs, scratch.path(), {}, [&](std::uint8_t, auto payload) {
      whole.emplace_back(payload);
    });
    ASSERT_TRUE(end);
    LogPosition at;
    int count = 0;
    for (;; ++count) {
      const auto next = read_log_part(*fs, scratch.path(), at, [&](std::uint8_t, auto payload) {
        parts.emplace_back(payload);
      });
      ASSERT_TRUE(next);
      if (next->segment == at.segment && next->offset == at.offset) break;
      at = *next;
    }
    EXPECT_EQ(parts, whole);
    EXPECT_EQ(at.segment, end->segment);
    EXPECT_EQ(at.offset, end->offset);
    EXPECT_GE(count, 8 * static_cast<int>(epoch));
  }
}

}  // namespace
}  // namespace rondo::io
