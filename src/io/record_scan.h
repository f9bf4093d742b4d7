// The bytes of a record log's segment, without files: making records, and finding out what is
// intact in bytes that may be damaged or torn. Private to io/. Byte layout: docs/FORMATS.md,
// "Record log".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::io {

/// Types from here on belong to the log itself.
inline constexpr std::uint8_t kFirstReservedType = 0xF0;
inline constexpr std::size_t kRecordHeader = 9;
inline constexpr std::size_t kSealRecord = kRecordHeader + 8;
inline constexpr std::size_t kLargestPayload = 1ULL << 30;

void add_record(std::string& out, std::uint8_t type, std::string_view payload);
/// The first record of a segment.
void add_start(std::string& out, std::uint64_t epoch, std::uint64_t number);
/// Before the records of a batch: where it stands, what was synced before it, how long it is.
void add_batch(std::string& out, std::uint64_t offset, std::uint64_t synced, std::uint64_t size);
/// The last record of a segment.
void add_seal(std::string& out, std::uint64_t offset);
/// Whether these are the seal that stands at `offset`.
bool is_seal(std::string_view bytes, std::uint64_t offset);

struct FoundRecord {
  std::uint8_t type = 0;
  std::uint64_t offset = 0;  // of its header, in the segment
  std::string_view payload;
};

struct Damage {
  std::uint64_t from = 0, to = 0;  // in the segment
};

struct Scan {
  std::vector<FoundRecord> records;  // intact ones of whole or damaged batches, in order
  std::vector<Damage> damaged;       // before what was named as synced
  std::uint64_t end = 0;             // in the segment; from here on it is torn, or not there
  bool sealed = false;
};

/// What is known of a segment beforehand. A complete one (a later one exists) cannot have a torn
/// tail.
enum class Segment { kMayBeTorn, kComplete };

/// Looks through `bytes`, which stand at `base` in their segment: 0 or the end of a batch.
Scan scan_segment(std::string_view bytes, std::uint64_t base, Segment what);

}  // namespace rondo::io
