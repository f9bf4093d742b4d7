// Ids that only we can make, and the way of a prediction to the disk and back.
#include "ledger/prediction_log.h"

#include <bit>
#include <cerrno>
#include <limits>

#include "base/guarded.h"
#include "ledger/fixture.h"
#include "ledger/log_retention.h"

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
  if (i % 4 == 0) row.lags = {i * 0.5, std::numeric_limits<double>::quiet_NaN()};
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

TEST_F(PredictionLogTest, RowsOfARolloutKeepArmShareAndShadow) {
  const auto log = must(PredictionLog::open(fs_, root_, 1));
  std::vector<Prediction> rows;
  for (int i = 0; i < 40; ++i) {
    Prediction row = prediction(i);
    if (i % 4 != 0) {  // each fourth is a plain one, of a record of the other type
      row.arm = static_cast<Arm>(i % 3);
      row.share = static_cast<std::uint16_t>(i * 250);
      row.fell_back = i % 5 == 0;
      if (i % 3 == 0) row.read_cells = "as the champion reads it";
      if (i % 2 == 0) row.shadow = Shadow{8, i * 0.5, "no", 1'500, 4'000'000'000U};
    }
    ASSERT_TRUE(log->write(std::span(&row, 1)));
    rows.push_back(row);
  }
  must(log->flush());
  EXPECT_EQ(log->written(), 40U);
  const auto back = read();
  ASSERT_EQ(back.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(back[i].id, rows[i].id) << "in the order in which they were written";
    EXPECT_EQ(back[i].arm, rows[i].arm);
    EXPECT_EQ(back[i].share, rows[i].share);
    EXPECT_EQ(back[i].fell_back, rows[i].fell_back);
    EXPECT_EQ(back[i].read_cells, rows[i].read_cells);
    ASSERT_EQ(back[i].shadow.has_value(), rows[i].shadow.has_value());
    if (!rows[i].shadow) continue;
    EXPECT_EQ(back[i].shadow->version, 8);
    EXPECT_EQ(back[i].shadow->value, rows[i].shadow->value);
    EXPECT_EQ(back[i].shadow->answer, "no");
    EXPECT_EQ(back[i].shadow->own_ns, 1'500U);
    EXPECT_EQ(back[i].shadow->shadow_ns, 4'000'000'000U);
  }
}

TEST_F(PredictionLogTest, TheEndOfARolloutsRowIsTheDocumentedOne) {
  Prediction row = prediction(1);
  row.arm = Arm::kCanary;
  row.share = 500;
  row.shadow = Shadow{6, 2.0, "", 1'000, 2'000};
  {
    const auto log = must(PredictionLog::open(fs_, root_, 1));
    ASSERT_TRUE(log->write(std::span(&row, 1)));
    must(log->flush());
  }
  int records = 0;
  must(io::read_log(*fs_, root_, {}, [&](std::uint8_t type, std::string_view payload) {
    ++records;
    EXPECT_EQ(type, 2);
    const std::string end("\x01\xf4\x01\x02\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\xe8\x03\0\0"
                          "\xd0\x07\0\0\0\0", 30);
    EXPECT_TRUE(payload.ends_with(end));
  }));
  EXPECT_EQ(records, 1);
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
  const auto log = must(PredictionLog::open(fs, root_, 1, {.buffer_bytes = 1000}));
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

TEST_F(PredictionLogTest, LagsComeBackWithTheirBits) {
  write(1, 0, 9);
  const auto rows = read();
  ASSERT_EQ(rows.size(), 9U);
  for (int i = 0; i < 9; ++i) {
    const std::vector<double> wanted = prediction(i).lags;
    ASSERT_EQ(rows[static_cast<std::size_t>(i)].lags.size(), wanted.size()) << i;
    for (std::size_t lag = 0; lag < wanted.size(); ++lag) {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(rows[static_cast<std::size_t>(i)].lags[lag]),
                std::bit_cast<std::uint64_t>(wanted[lag]));
    }
  }
}

/// Writes one row and waits for what the log says of it.
bool written_durably(PredictionLog& log, int i) {
  Guarded<std::optional<bool>> told;
  const Prediction row = prediction(i);
  const auto tell = [&](bool durable) { told.change([&](auto& said) { said = durable; }); };
  if (!log.write(std::span(&row, 1), tell)) return false;
  return told.wait(
      Span::seconds(60), [](const auto& said) { return said.has_value(); },
      [](const auto& said) { return said.value_or(false); });
}

TEST_F(PredictionLogTest, WhoWaitsIsToldOnceItsRowsAreSynced) {
  const auto record = std::make_shared<io::Record>(root_);
  const auto log = must(PredictionLog::open(io::faulty_fs(record), root_ / "log", 1));
  EXPECT_TRUE(written_durably(*log, 1));
  // A power cut right now loses nothing of it.
  ASSERT_TRUE(record->power_cut(record->count(), root_ / "cut", Seed{1}, true));
  int found = 0;
  must(read_predictions(*io::real_fs(), root_ / "cut/log", {}, [&](Prediction&&) { ++found; }));
  EXPECT_EQ(found, 1);
}

TEST_F(PredictionLogTest, WhoWaitsIsToldThatTheDiskIsFullOrBroken) {
  bool full = true, broken = false;
  const auto fs = io::faulty_fs(std::make_shared<io::Record>(root_),
                                [&](std::uint64_t, const io::Operation& operation) {
    if (full && operation.kind == io::Operation::Kind::kWrite) return io::Fault{ENOSPC, true};
    if (broken && operation.kind == io::Operation::Kind::kSync) return io::Fault{EIO, false};
    return io::Fault{};
  });
  const auto log = must(PredictionLog::open(fs, root_ / "log", 1));
  EXPECT_FALSE(written_durably(*log, 1));
  EXPECT_EQ(log->problem()->code, Code::kExhausted);
  full = false;
  EXPECT_TRUE(written_durably(*log, 2));
  must(log->flush());
  EXPECT_FALSE(log->problem());
  broken = true;
  EXPECT_FALSE(written_durably(*log, 3));
  EXPECT_FALSE(written_durably(*log, 4)) << "nothing is acknowledged after a failed sync";
  EXPECT_EQ(log->problem()->code, Code::kIo);
}

/// Segments of some 16 KiB, as many as it takes for these rows.
void write_segments(const std::shared_ptr<io::Fs>& fs, const io::Path& folder, int from, int to) {
  const auto log = must(PredictionLog::open(fs, folder, 1 + static_cast<std::uint64_t>(from),
                                            {.segment_bytes = 1 << 12}));
  for (int i = from; i < to; ++i) {
    Prediction row = prediction(i);
    row.id = PredictionIds("secret", 9).make(0, static_cast<std::uint64_t>(i), 1) + ".0";
    ASSERT_TRUE(log->write(std::span(&row, 1)));
    if (i % 100 == 99) must(log->flush());
  }
}

TEST_F(PredictionLogTest, WhatIsPastItsTimeOrSizeGoesInWholeSegments) {
  write_segments(fs_, root_, 0, 1000);
  const auto before = read();
  ASSERT_EQ(before.size(), 1000U);
  LogRetention by_time(*fs_, root_, Span{500}, 1ULL << 40);
  const auto dropped = must(by_time.run(Time{1000}));  // answered at i + 1, so 500 is too old
  const auto after = read();
  ASSERT_GT(dropped.segments, 0U);
  ASSERT_EQ(dropped.ends.size(), 1U);
  // What is left begins right behind what was told, and nothing young went.
  const auto end = static_cast<std::int64_t>(dropped.ends.begin()->second);
  EXPECT_EQ(after.front().time.us, end + 1);
  EXPECT_LT(end + 1, 500);
  EXPECT_GT(end + 1, 300) << "a segment holds 100 to 200 rows";
  EXPECT_EQ(after.size(), 1000U - static_cast<std::size_t>(end) - 1);
  EXPECT_EQ(must(by_time.run(Time{1000})).segments, 0U);

  std::uint64_t bytes = 0;
  for (const auto& segment : must(io::log_segments(*fs_, root_))) bytes += segment.bytes;
  LogRetention by_size(*fs_, root_, Span::days(1), bytes / 2);
  EXPECT_GT(must(by_size.run(Time{1000})).segments, 0U);
  std::uint64_t left = 0;
  for (const auto& segment : must(io::log_segments(*fs_, root_))) left += segment.bytes;
  EXPECT_LE(left, bytes / 2);
  EXPECT_GT(left, bytes / 4);
  EXPECT_EQ(read().back().time.us, 999) << "the newest stay";
}

TEST_F(PredictionLogTest, AReaderGoesOnBehindWhatWasDropped) {
  write_segments(fs_, root_, 0, 300);
  read();
  const io::LogPosition place = end_;
  write_segments(fs_, root_, 300, 1000);
  LogRetention retention(*fs_, root_, Span{100}, 1ULL << 40);
  must(retention.run(Time{1000}));
  ASSERT_GT(read().front().time.us, 299) << "the place that was kept is gone";
  const auto all = read();
  EXPECT_EQ(read(place).size(), all.size());
}

TEST(PredictionIds, TheLotOfAnIdIsEvenAndTheSameForAllRows) {
  const PredictionIds ids("secret", 3);
  int below = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const std::string id = ids.make(1, i, 2);
    const double lot = PredictionIds::lot_of(id);
    ASSERT_GE(lot, 0);
    ASSERT_LT(lot, 1);
    ASSERT_EQ(lot, PredictionIds::lot_of(id + ".1"));
    below += lot < 0.25 ? 1 : 0;
  }
  EXPECT_NEAR(below, 1000, 110);  // 4 standard deviations of a binomial count
  EXPECT_EQ(PredictionIds::lot_of("short"), 0);
}

}  // namespace
}  // namespace rondo::ledger
