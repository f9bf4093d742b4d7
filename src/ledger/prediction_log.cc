// Predictions on their way to the disk. Callers append encoded rows to a buffer in memory; one
// thread takes the buffer every 10 ms, writes it as records of some 16 KB, and syncs within 100 ms.
// A full disk keeps the buffer and tries again each second; a failed sync ends the log until
// restart, and predictions go on without it. Layout of a row: prediction_row.h.
#include "ledger/prediction_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/guarded.h"
#include "base/worker.h"
#include "ledger/prediction_row.h"

namespace rondo::ledger {
namespace {

constexpr std::size_t kRecordBytes = 16 << 10;
// To write many rows holds up whoever answers on the same processor: then few, more often.
constexpr Span kDrain = Span::millis(10), kBusyDrain = Span::millis(2);
constexpr std::size_t kBusyBytes = 32 << 10;
constexpr Span kSync = Span::millis(80), kRetry = Span::seconds(1);

// The writer ---------------------------------------------------------------------------------

struct Waiting {
  std::vector<std::string> records;  // each a whole number of rows
  std::vector<std::uint64_t> rows;   // in each of them
  std::vector<std::uint8_t> types;   // of each of them
  std::uint64_t bytes = 0;
  std::vector<PredictionLog::Done> told;  // once the records are durable, or cannot be
  std::uint64_t asked = 0, flushed = 0;  // flushes: numbers of the calls
  std::uint64_t tried = 0;               // the last call that was answered, well or badly
  std::optional<Error> failed;           // the last attempt; cleared by a good one
  bool broken = false;                   // a failed sync: nothing is taken any more
  bool closing = false;
};

bool encode_into(EncodedRows& out, std::span<const Prediction> rows) {
  out.bytes.clear();
  out.rows = rows.size();
  out.type = record_type(rows);
  for (const Prediction& row : rows) {
    if (!fits_a_record(row)) return false;
    encode_row(row, out.type, out.bytes);
  }
  return true;
}

class QueuedLog final : public PredictionLog {
 public:
  QueuedLog(std::unique_ptr<io::RecordLog> log, const PredictionLogOptions& options,
            io::LogState opened)
      : log_(std::move(log)),
        most_(options.buffer_bytes),
        segment_span_(options.segment_span),
        opened_(std::move(opened)),
        worker_("prediction-log", [this](const Stop&) { serve(); }) {}

  ~QueuedLog() override {
    waiting_.change([](Waiting& waiting) { waiting.closing = true; });
    worker_.join();
  }

  bool write(std::span<const Prediction> rows) override { return write(rows, nullptr); }

  bool write(std::span<const Prediction> rows, Done done) override {
    thread_local EncodedRows encoded;
    const bool good = encode_into(encoded, rows);
    if (good) return write(encoded, std::move(done));
    dropped_.add(rows.size());
    return false;
  }

  bool write(const EncodedRows& encoded, Done done) override {
    const bool kept = waiting_.change([&](Waiting& waiting) {
      if (!keep(waiting, encoded)) return false;
      if (done) waiting.told.push_back(std::move(done));
      return true;
    });
    if (!kept) dropped_.add(encoded.rows);
    return kept;
  }

  Result<void> flush() override {
    const std::uint64_t mine = waiting_.change([](Waiting& waiting) { return ++waiting.asked; });
    for (;;) {
      std::optional<Result<void>> outcome;
      waiting_.wait(
          Span::seconds(60), [&](const Waiting& waiting) { return waiting.tried >= mine; },
          [&](const Waiting& waiting) {
            if (waiting.flushed >= mine) {
              outcome = Result<void>();
            } else if (waiting.tried >= mine && waiting.failed) {
              outcome = std::unexpected(*waiting.failed);
            }
          });
      if (outcome) return *std::move(outcome);
    }
  }

  std::uint64_t written() const override { return written_.get(); }
  std::uint64_t dropped() const override { return dropped_.get(); }
  std::optional<Error> problem() const override {
    return waiting_.with([](const Waiting& waiting) { return waiting.failed; });
  }
  const io::LogState& opened() const override { return opened_; }

 private:
  bool keep(Waiting& waiting, const EncodedRows& encoded) const {
    const std::size_t size = encoded.bytes.size();
    if (waiting.broken || waiting.bytes + size > most_) return false;
    if (waiting.records.empty() || waiting.types.back() != encoded.type ||
        waiting.records.back().size() + size > kRecordBytes) {
      waiting.records.emplace_back().reserve(std::max(kRecordBytes, size));
      waiting.rows.push_back(0);
      waiting.types.push_back(encoded.type);
    }
    waiting.records.back() += encoded.bytes;
    waiting.rows.back() += encoded.rows;
    waiting.bytes += size;
    return true;
  }

  void serve() {
    for (;;) {
      bool closing = false, wanted = false;
      std::uint64_t asked = 0;
      const auto awake = [](const Waiting& waiting) {
        return waiting.closing || !waiting.records.empty() || waiting.asked > waiting.tried;
      };
      waiting_.wait(kSync, awake, [&](Waiting& waiting) {
        closing = waiting.closing;
        asked = waiting.asked;
        wanted = asked > waiting.tried || !waiting.told.empty();
      });
      if (!closing && !wanted) sleep_for(busy_ ? kBusyDrain : kDrain);  // let more rows come
      std::vector<Done> told;
      const auto done = drain(closing || wanted, told);
      waiting_.change([&](Waiting& waiting) {
        waiting.tried = asked;
        if (done) {
          waiting.flushed = asked;
          waiting.failed.reset();
        } else {
          waiting.failed = done.error();
        }
      });
      for (const Done& tell : told) tell(done.has_value());  // who is told may ask for the problem
      if (closing) {
        if (done) static_cast<void>(log_->finish());  // what is not sealed, the next start mends
        return;
      }
      if (!done) wait_after_failure();
    }
  }

  /// Until it may be worth trying again, or somebody wants an answer.
  void wait_after_failure() {
    waiting_.wait(
        kRetry,
        [](const Waiting& waiting) {
          return waiting.closing || waiting.asked > waiting.tried || !waiting.told.empty();
        },
        [](Waiting&) {});
  }

  /// Gives the ones who wait for what was taken to `told`.
  Result<void> drain(bool sync_now, std::vector<Done>& told) {
    Waiting taken;
    waiting_.with([&](Waiting& waiting) {
      std::swap(taken.records, waiting.records);
      std::swap(taken.rows, waiting.rows);
      std::swap(taken.types, waiting.types);
      std::swap(taken.bytes, waiting.bytes);
      std::swap(taken.told, waiting.told);
    });
    told = std::move(taken.told);
    busy_ = taken.bytes > kBusyBytes;
    const auto done = broken_ ? Result<void>(std::unexpected(*broken_))
                              : store(taken, sync_now || !told.empty());
    if (broken_) return done;
    if (done) return {};
    if (done.error().code == Code::kExhausted) {
      put_back(std::move(taken));
    } else {
      give_up(done.error(), taken);
    }
    return done;
  }

  Result<void> store(Waiting& taken, bool sync_now) {
    if (!taken.records.empty()) {
      RONDO_FAILPOINT(kPredictionFlush);
      TRY(append(taken));
      taken = Waiting();
      dirty_ = true;
    }
    const std::int64_t now_us = monotonic_us();
    if (dirty_ && begun_us_ == 0) begun_us_ = now_us;
    if (begun_us_ != 0 && now_us - begun_us_ >= segment_span_.us) {
      TRY(log_->finish());  // so that it can be dropped in its time
      begun_us_ = 0;
      dirty_ = false;
    }
    if (!dirty_ || (!sync_now && now_us - synced_us_ < kSync.us)) return {};
    TRY(log_->sync());
    dirty_ = false;
    synced_us_ = now_us;
    return {};
  }

  /// Neighbours of one type go in one batch. What was written is taken off, so that it is not
  /// written again when a later batch finds no room.
  Result<void> append(Waiting& taken) {
    while (!taken.records.empty()) {
      std::size_t count = 1;
      while (count < taken.types.size() && taken.types[count] == taken.types[0]) ++count;
      const auto end = static_cast<std::ptrdiff_t>(count);
      const std::vector<std::string> batch(
          std::make_move_iterator(taken.records.begin()),
          std::make_move_iterator(taken.records.begin() + end));
      auto done = log_->append(batch, taken.types[0]);
      if (!done) {
        std::ranges::copy(batch, taken.records.begin());
        return done;
      }
      for (std::size_t i = 0; i < count; ++i) {
        written_.add(taken.rows[i]);
        taken.bytes -= batch[i].size();
      }
      taken.records.erase(taken.records.begin(), taken.records.begin() + end);
      taken.rows.erase(taken.rows.begin(), taken.rows.begin() + end);
      taken.types.erase(taken.types.begin(), taken.types.begin() + end);
    }
    return {};
  }

  void put_back(Waiting taken) {
    waiting_.with([&](Waiting& waiting) {
      for (std::string& record : waiting.records) taken.records.push_back(std::move(record));
      for (const std::uint64_t rows : waiting.rows) taken.rows.push_back(rows);
      for (const std::uint8_t type : waiting.types) taken.types.push_back(type);
      waiting.records = std::move(taken.records);
      waiting.rows = std::move(taken.rows);
      waiting.types = std::move(taken.types);
      waiting.bytes += taken.bytes;
    });
  }

  void give_up(const Error& error, const Waiting& taken) {
    broken_ = error;
    std::uint64_t lost = 0;
    for (const std::uint64_t rows : taken.rows) lost += rows;
    waiting_.with([&](Waiting& waiting) {
      waiting.broken = true;
      for (const std::uint64_t rows : waiting.rows) lost += rows;
      waiting.records.clear();
      waiting.rows.clear();
      waiting.types.clear();
      waiting.bytes = 0;
    });
    dropped_.add(lost);
  }

  std::unique_ptr<io::RecordLog> log_;  // the worker's, like the next four
  std::optional<Error> broken_;
  bool dirty_ = false, busy_ = false;
  std::int64_t synced_us_ = 0;
  std::int64_t begun_us_ = 0;  // about when the segment that is written was begun; 0: none is
  const std::uint64_t most_;
  const Span segment_span_;
  const io::LogState opened_;
  Counter written_, dropped_;
  Guarded<Waiting> waiting_;
  Worker worker_;  // last: it uses the others
};

}  // namespace

std::optional<EncodedRows> encode_rows(std::span<const Prediction> rows) {
  EncodedRows out;
  if (!encode_into(out, rows)) return std::nullopt;
  return out;
}

Result<std::unique_ptr<PredictionLog>> PredictionLog::open(std::shared_ptr<io::Fs> fs,
                                                           const io::Path& folder,
                                                           std::uint64_t epoch,
                                                           const PredictionLogOptions& options) {
  TRY(io::make_folders_durably(*fs, folder));
  io::LogState state;
  auto log = TRY(io::RecordLog::open(
      std::move(fs), folder, {.segment_bytes = options.segment_bytes, .epoch = epoch}, &state));
  return std::unique_ptr<PredictionLog>(
      std::make_unique<QueuedLog>(std::move(log), options, std::move(state)));
}

Result<io::LogPosition> read_predictions(io::Fs& fs, const io::Path& folder,
                                         const io::LogPosition& from,
                                         const PredictionFilter& wanted,
                                         const std::function<void(Prediction&&)>& each,
                                         io::LogState* state) {
  std::uint64_t strange = 0;
  auto end = io::read_log(
      fs, folder, from,
      [&](std::uint8_t type, std::string_view payload) {
        if (!decode_rows(type, payload, wanted, each)) ++strange;
      },
      state);
  if (end && strange != 0 && state != nullptr) {
    state->damaged.push_back(fmt::format("{}: {} records hold no whole predictions",
                                         folder.filename().string(), strange));
  }
  return end;
}

Result<io::LogPosition> read_predictions(io::Fs& fs, const io::Path& folder,
                                         const io::LogPosition& from,
                                         const std::function<void(Prediction&&)>& each,
                                         io::LogState* state) {
  return read_predictions(fs, folder, from, {}, each, state);
}

Result<io::LogPosition> read_part_of_predictions(
    io::Fs& fs, const io::Path& folder, const io::LogPosition& from,
    const std::function<void(std::string_view id, Time answered)>& each) {
  return io::read_log_part(fs, folder, from, [&](std::uint8_t type, std::string_view payload) {
    each_head(type, payload, each);
  });
}

Result<void> read_segment_of_predictions(
    io::Fs& fs, const io::Path& folder, const std::string& name,
    const std::function<void(std::string_view id, Time answered)>& each) {
  return io::read_segment(fs, folder, name, [&](std::uint8_t type, std::string_view payload) {
    each_head(type, payload, each);
  });
}

}  // namespace rondo::ledger
