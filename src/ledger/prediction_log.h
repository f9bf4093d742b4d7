// What was answered, under an id, written behind the reply into the record log (10 ms in a kill,
// 100 ms in a power cut). An id is 32 base64url characters: start number u32, thread u16, sequence
// u48, 12 bytes of HMAC-SHA-256; row r of a request is "id.r". Only ids that we issued are
// labelled.
#pragma once

#include <functional>

#include "base/stop.h"
#include "io/record_log.h"
#include "ledger/ledger.h"

namespace rondo::ledger {

/// Why a version answered: it is the champion, its share of a rollout fell on the request, or the
/// request named it.
enum class Arm : std::uint8_t { kChampion, kCanary, kNamed };
inline constexpr std::string_view kArmNames[] = {"champion", "canary", "named"};

/// What the other version of a rollout answered to the same row, after the reply. The times are of
/// the whole request, a row; both versions scored it one after the other.
struct Shadow {
  std::int64_t version = 0;
  double value = 0;         // as Prediction::value
  std::string answer;       // as Prediction::answer
  std::uint32_t own_ns = 0, shadow_ns = 0;  // a row: of the version that answered, of this one
};

/// One answered row.
struct Prediction {
  std::string id;           // "ID.row"
  Time time;                // prediction time p (the request's `time` or the clock)
  Time answered;            // project clock
  std::int64_t version = 0; // model version that really scored it
  double value = 0;         // regression: answer; binary: probability of the positive class
  std::string answer;       // class name; empty for regression
  std::vector<double> probabilities;  // one a class, or one a level of quantiles; may be empty
  std::string cells;        // the raw row, as encode_cells() of model/ wrote it
  std::vector<double> lags;  // what the history answered then, so that it can be scored again
  Arm arm = Arm::kChampion;
  std::uint16_t share = 0;  // of the newer version of a rollout, in hundredths of a percent
  bool fell_back = false;   // the challenger failed, and the champion answered in its place
  std::optional<Shadow> shadow;
  std::string read_cells;   // the row as the champion reads it, where a version of other columns
                            // answered in its place; else empty
};

class PredictionIds {
 public:
  /// `start` is a number that no earlier start of this project had.
  PredictionIds(std::string secret, std::uint32_t start);
  /// Threads: any, each with its own `thread` number. Cost: one HMAC.
  std::string make(std::uint16_t thread, std::uint64_t sequence, std::uint64_t rows) const;
  /// True when "ID.row" was issued with our secret and its request had that row.
  bool authentic(std::string_view id) const;
  /// Where an authentic id comes from. Sequences of a thread grow within a start, and are written
  /// in that order, so what a kill took is beyond the greatest that is in the log.
  struct Origin {
    std::uint32_t start = 0;
    std::uint16_t thread = 0;
    std::uint64_t sequence = 0;
  };
  static Origin origin_of(std::string_view id);
  /// A number in [0, 1) that follows from an authentic id, evenly spread: those below [deploy] log
  /// are kept. All rows of a request have the same.
  static double lot_of(std::string_view id);
  std::uint32_t start() const { return start_; }

 private:
  std::string secret_;
  std::uint32_t start_;
};

/// Rows as the log keeps them.
struct EncodedRows {
  std::string bytes;
  std::uint64_t rows = 0;
  std::uint8_t type = 0;
};
/// Nothing when a field of one is too long for a record.
std::optional<EncodedRows> encode_rows(std::span<const Prediction> rows);

struct PredictionLogOptions {
  std::uint64_t buffer_bytes = 64ULL << 20;
  std::uint64_t segment_bytes = 64ULL << 20;
  Span segment_span = Span::days(365'000);  // a segment is sealed then at the latest
};

class PredictionLog {
 public:
  static Result<std::unique_ptr<PredictionLog>> open(std::shared_ptr<io::Fs> fs,
                                                     const io::Path& folder, std::uint64_t epoch,
                                                     const PredictionLogOptions& options = {});
  virtual ~PredictionLog() = default;
  /// Queues; false when the buffer is full (the caller answers all the same and counts it).
  /// Threads: any.
  virtual bool write(std::span<const Prediction> rows) = 0;
  /// The same, and calls `done` once, in the log's thread: true when the rows are on disk, false
  /// when that failed or is not known. One sync serves all who wait. When it returns false, `done`
  /// is never called.
  using Done = std::function<void(bool durable)>;
  virtual bool write(std::span<const Prediction> rows, Done done) = 0;
  virtual bool write(const EncodedRows& rows, Done done) = 0;
  /// Until everything queued is on disk. Errors: kExhausted, kIo.
  virtual Result<void> flush() = 0;
  virtual std::uint64_t written() const = 0;
  virtual std::uint64_t dropped() const = 0;
  /// Why the last attempt to write failed; nothing when it went well.
  virtual std::optional<Error> problem() const = 0;
  /// What opening found: a torn tail that was cut, damage. The caller tells it in the journal.
  virtual const io::LogState& opened() const = 0;
};

/// Says of a row by its id and prediction time whether it is to be read.
using PredictionFilter = std::function<bool(std::string_view id, Time time)>;

/// Every prediction after `from` that is wanted, in log order; an id that was seen before is passed
/// again. Cost: what is not wanted is not copied.
Result<io::LogPosition> read_predictions(io::Fs& fs, const io::Path& folder,
                                         const io::LogPosition& from,
                                         const PredictionFilter& wanted,
                                         const std::function<void(Prediction&&)>& each,
                                         io::LogState* state = nullptr);
/// The same of every prediction.
Result<io::LogPosition> read_predictions(io::Fs& fs, const io::Path& folder,
                                         const io::LogPosition& from,
                                         const std::function<void(Prediction&&)>& each,
                                         io::LogState* state = nullptr);
/// Id and time of answering of every row in about 256 KiB behind `from`; returns where it ends,
/// or `from` when nothing stands there.
Result<io::LogPosition> read_part_of_predictions(
    io::Fs& fs, const io::Path& folder, const io::LogPosition& from,
    const std::function<void(std::string_view id, Time answered)>& each);
/// The same of one finished segment.
Result<void> read_segment_of_predictions(
    io::Fs& fs, const io::Path& folder, const std::string& name,
    const std::function<void(std::string_view id, Time answered)>& each);

}  // namespace rondo::ledger
