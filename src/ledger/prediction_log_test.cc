// Ids that only we can make, and the way of a prediction to the disk and back.
#include "ledger/prediction_log.h"

#include <cerrno>

#include "ledger/fixture.h"

namespace rondo::ledger {
namespace {

Prediction prediction(int i) {
  Prediction row;
  row.id = "id" + std::to_string(i) + ".0";
  row.time = {i};
  row.answered = {i + 1};
  row.version = 7;
  row.value = i * 0.1;
  row.answer = i % 2 == 0 ? "yes" : "";
  if (i % 3 == 0) row.probabilities = {0.25, 0.75};
  row.cells = std::string(static_cast<std::size_t>(i % 50), 'c') + '\0';
  return row;
}

class PredictionLogTest : public ScratchTest {
 protected:
  std::vector<Prediction> read(const io::LogPosition& from = {}, io::LogState* state = nullptr) {
    std::vector<Prediction> out;
    end_ = must(read_predictions(*fs_, root_, from, [&](Prediction&& row) { out.push_back(row); },
                                 state));
    return out;
  }
  void write(std::uint64_t epoch, int from, int to) {
    const auto log = must(PredictionLog::open(fs_, root_, epoch));
    for (int i = from; i < to; ++i) {
      const Prediction row = prediction(i);
      ASSERT_TRUE(log->write(std::span(&row, 1)));
    }
    must(log->flush());
    EXPECT_EQ(log->written(), static_cast<std::uint64_t>(to - from));
  }
  io::LogPosition end_;
};

TEST(PredictionIds, OnlyIdsThatWereIssuedAreAuthentic) {
  const PredictionIds ids("secret", 3), others("another secret", 3);
  const std::string id = ids.make(1, 42, 3);
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789-_"),
            std::string::npos);
  EXPECT_TRUE(ids.authentic(id + ".0"));
  EXPECT_TRUE(PredictionIds("secret", 9).authentic(id + ".0"));  // an earlier start
  EXPECT_FALSE(others.authentic(id + ".0"));
  EXPECT_FALSE(ids.authentic(id.substr(1) + ".0"));
  EXPECT_FALSE(ids.authentic(""));
  for (std::size_t i = 0; i < id.size(); ++i) {
    std::string forged = id;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ids.authentic(forged + ".0")) << i;
  }
  EXPECT_NE(ids.make(1, 43, 3), id);
  EXPECT_NE(ids.make(2, 42, 3), id);
  EXPECT_NE(PredictionIds("secret", 4).make(1, 42, 3), id);
}

TEST(PredictionIds, NameOnlyRowsThatTheRequestHad) {
  const PredictionIds ids("secret", 3);
  const std::string id = ids.make(1, 42, 3);
  EXPECT_TRUE(ids.authentic(id + ".2"));
  for (const char* row : {"", ".", ".3", ".999999", ".abc", ".1x", ".01", ".-1", ".+1", "2"}) {
    EXPECT_FALSE(ids.authentic(id + row)) << row;
  }
}

TEST(PredictionIds, TheLayoutIsTheDocumentedOne) {
  const std::string bytes = must(io::from_base64url(PredictionIds("k", 0x01020304).make(5, 6, 7)));
  const std::string plain("\x01\x02\x03\x04\x00\x05\x00\x00\x00\x00\x00\x06\x00\x00\x07", 15);
  const io::Digest mac = io::hmac_sha256("k", plain);
  EXPECT_EQ(bytes, plain + std::string(mac.bytes.begin(), mac.bytes.begin() + 12));
}

TEST_F(PredictionLogTest, EverythingWrittenIsReadBack) {
  write(1, 0, 1000);
  const auto rows = read();
  ASSERT_EQ(rows.size(), 1000U);
  for (int i = 0; i < 1000; ++i) {
    const Prediction& row = rows[static_cast<std::size_t>(i)];
    const Prediction expected = prediction(i);
    EXPECT_EQ(row.id, expected.id);
    EXPECT_EQ(row.time, expected.time);
    EXPECT_EQ(row.answered, expected.answered);
    EXPECT_EQ(row.version, 7);
    EXPECT_EQ(row.value, expected.value);
    EXPECT_EQ(row.answer, expected.answer);
    EXPECT_EQ(row.probabilities, expected.probabilities);
    EXPECT_EQ(row.cells, expected.cells);
  }
  const io::LogPosition end = end_;
  write(2, 1000, 1010);
  const auto more = read(end);
  ASSERT_EQ(more.size(), 10U);
  EXPECT_EQ(more[0].id, "id1000.0");
}

TEST_F(PredictionLogTest, WhatIsNotWantedIsPassedOver) {
  write(1, 0, 100);
  std::vector<std::string> looked, read;
  end_ = must(read_predictions(
      *fs_, root_, {},
      [&](std::string_view id, Time time) {
        looked.emplace_back(id);
        return time.us % 10 == 3;
      },
      [&](Prediction&& row) {
        EXPECT_EQ(row.cells, prediction(static_cast<int>(row.time.us)).cells);
        read.push_back(row.id);
      }));
  EXPECT_EQ(looked.size(), 100U);
  ASSERT_EQ(read.size(), 10U);
  EXPECT_EQ(read.back(), "id93.0");
  EXPECT_EQ(looked[42], "id42.0");
}

TEST_F(PredictionLogTest, ATornTailIsCutAndTold) {
  write(1, 0, 500);
  const std::string segment = end_.segment.empty() ? (read(), end_.segment) : end_.segment;
  std::filesystem::resize_file(root_ / segment, std::filesystem::file_size(root_ / segment) - 3);
  const auto log = must(PredictionLog::open(fs_, root_, 2));
  EXPECT_GT(log->opened().torn_bytes, 0U);
  EXPECT_TRUE(log->opened().damaged.empty());
  const Prediction row = prediction(999);
  ASSERT_TRUE(log->write(std::span(&row, 1)));
  must(log->flush());
  io::LogState state;
  const auto rows = read({}, &state);
  EXPECT_TRUE(state.damaged.empty());
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.back().id, "id999.0");
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    EXPECT_EQ(rows[i].id, prediction(static_cast<int>(i)).id);
  }
}

TEST_F(PredictionLogTest, AFullBufferRefusesAndCounts) {
  bool full = true;
  const auto record = std::make_shared<io::Record>(root_);
  const auto fs = io::faulty_fs(record, [&](std::uint64_t, const io::Operation& op) {
    return io::Fault{full && op.kind == io::Operation::Kind::kWrite ? ENOSPC : 0, false};
  });
  const auto log = must(PredictionLog::open(fs, root_, 1, 1000));
  std::uint64_t kept = 0;
  for (int i = 0; i < 100; ++i) {
    const Prediction row = prediction(i);
    kept += log->write(std::span(&row, 1)) ? 1 : 0;
  }
  EXPECT_GT(kept, 0U);
  EXPECT_EQ(log->dropped(), 100 - kept);
  EXPECT_EQ(code_of(log->flush()), Code::kExhausted);
  full = false;  // it goes on by itself
  must(log->flush());
  EXPECT_EQ(read().size(), kept);
}

TEST_F(PredictionLogTest, AfterAFailedSyncNothingIsTakenAnyMore) {
  const auto record = std::make_shared<io::Record>(root_);
  const auto fs = io::faulty_fs(record, [](std::uint64_t, const io::Operation& op) {
    return io::Fault{op.kind == io::Operation::Kind::kSync ? EIO : 0, false};
  });
  const auto log = must(PredictionLog::open(fs, root_, 1));
  const Prediction row = prediction(1);
  EXPECT_TRUE(log->write(std::span(&row, 1)));
  EXPECT_EQ(code_of(log->flush()), Code::kIo);
  EXPECT_FALSE(log->write(std::span(&row, 1)));
  EXPECT_EQ(code_of(log->flush()), Code::kIo);
}

}  // namespace
}  // namespace rondo::ledger
