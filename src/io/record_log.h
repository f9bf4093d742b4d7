// An append-only log of records in numbered segments, written behind the caller. It knows bytes,
// never nouns. A torn tail (a bad record beyond the last offset that was named as synced) is cut
// off and kept aside at the next start; a bad record before it is damage: reported, the rest is
// read. Byte layout: docs/FORMATS.md, "Record log".
#pragma once

#include <functional>

#include "io/fs.h"

namespace rondo::io {

struct RecordLogOptions {
  std::uint64_t segment_bytes = 64ULL << 20;  // a full segment is sealed
  std::uint64_t epoch = 1;                    // segments are named <epoch>-<number>.rlog
};

struct LogState {
  std::uint64_t records = 0;
  std::uint64_t torn_bytes = 0;             // cut from the tail, kept as <segment>.torn
  std::vector<std::string> damaged;         // "segment:offset: why"
  std::vector<std::string> sealed;          // names of full segments
};

/// Threads: one writer; readers read files.
class RecordLog {
 public:
  /// Opens a folder. Whatever segment is not sealed is copied up to its torn tail into a new,
  /// synced and sealed file; writing goes on in a new segment, which is made at the first append.
  /// `state` tells what was found in those segments, and the names of all sealed ones.
  /// Errors: kIo; kConflict when a later epoch has written here.
  static Result<std::unique_ptr<RecordLog>> open(std::shared_ptr<Fs> fs, Path folder,
                                                 RecordLogOptions options, LogState* state);
  virtual ~RecordLog() = default;
  /// One batch, one write: after a crash all of it is there or nothing. Durable after sync().
  /// Shape: type below 0xF0. Errors: kExhausted (disk full; nothing was appended, try again later);
  /// after kIo here or from sync() every later call fails too.
  virtual Result<void> append(std::span<const std::string> payloads, std::uint8_t type) = 0;
  virtual Result<void> sync() = 0;
  /// Seals the segment that is written, so that the next start has nothing to mend; the next append
  /// begins a new one. Durable. Errors: as append().
  virtual Result<void> finish() = 0;
  /// Of all segments in the folder.
  virtual std::uint64_t bytes() const = 0;
};

/// A place in the log: everything before it was read.
struct LogPosition {
  std::string segment;
  std::uint64_t offset = 0;
};

/// Calls `each(type, payload)` for every intact record from `from` on, in order; returns the end.
/// A position beyond the end of its segment (a power cut took what was read) goes on with the next.
/// Threads: any, also while somebody writes: only whole batches are seen.
Result<LogPosition> read_log(Fs& fs, const Path& folder, const LogPosition& from,
                             const std::function<void(std::uint8_t, std::string_view)>& each,
                             LogState* state = nullptr);

/// The same of whole batches of one segment, about 256 KiB of them; returns `from` when nothing
/// stands behind it.
Result<LogPosition> read_log_part(Fs& fs, const Path& folder, const LogPosition& from,
                                  const std::function<void(std::uint8_t, std::string_view)>& each);

/// One file of a log, in the order of writing.
struct LogSegment {
  std::string name;
  std::uint64_t bytes = 0;
  bool finished = false;  // sealed, and never written again
};
Result<std::vector<LogSegment>> log_segments(Fs& fs, const Path& folder);
/// Calls `each` for every intact record of one finished segment.
Result<void> read_segment(Fs& fs, const Path& folder, const std::string& name,
                          const std::function<void(std::uint8_t, std::string_view)>& each);
/// Removes a finished segment, for good. Readers go on with the next one.
Result<void> drop_segment(Fs& fs, const Path& folder, const std::string& name);

}  // namespace rondo::io
