// Making and scanning records. A batch names the offset that was synced before it was written, so a
// bad record before the greatest such offset was on the disk once: that is damage. One behind it
// never got there: the batch that holds it is the torn tail, with everything that follows.
#include "io/record_scan.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "io/digest.h"

namespace rondo::io {
namespace {

enum : std::uint8_t { kSealType = 0xFD, kStartType = 0xFE, kBatchType = 0xFF };

constexpr std::string_view kMagic = "RONDOLG1";
constexpr std::size_t kBatchPayload = 24;

template <class Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

struct Header {
  std::uint32_t length, crc;
  std::uint8_t type;
};

std::optional<Header> header_at(std::string_view bytes, std::size_t at) {
  if (bytes.size() < kRecordHeader || at > bytes.size() - kRecordHeader) return std::nullopt;
  const Header header{number_at<std::uint32_t>(bytes, at), number_at<std::uint32_t>(bytes, at + 4),
                      static_cast<std::uint8_t>(bytes[at + 8])};
  if (header.length > bytes.size() - kRecordHeader - at) return std::nullopt;
  return header;
}

/// The scan in progress; all positions are relative to the bytes.
class Scanner {
 public:
  Scanner(std::string_view bytes, std::uint64_t base) : bytes_(bytes), base_(base) {}

  Scan run(Segment what) {
    std::size_t at = 0;
    while (at < bytes_.size()) at = step(at);
    if (at < batch_end_) bad_.push_back({at, at, batch_from_});  // the bytes end inside a batch
    // Nobody seals or follows what is not synced; then all of it once was on the disk.
    if (scan_.sealed || what == Segment::kComplete) synced_ = UINT64_MAX;
    return judge();
  }

 private:
  struct Bad {
    std::size_t from, to;
    std::size_t batch_from;
  };

  /// The intact record at a position.
  std::optional<FoundRecord> record_at(std::size_t at) const {
    const auto header = header_at(bytes_, at);
    if (!header) return std::nullopt;
    const std::string_view checked = bytes_.substr(at + 8, header->length + 1);
    if (crc32c(checked) != header->crc) return std::nullopt;
    const FoundRecord found{header->type, base_ + at, checked.substr(1)};
    return good_shape(found) ? std::optional(found) : std::nullopt;
  }

  /// Records of the log itself name their own place, so that a copy inside a payload is none.
  static bool good_shape(const FoundRecord& record) {
    switch (record.type) {
      case kStartType:
        return record.offset == 0 && record.payload.size() == kMagic.size() + 16 &&
               record.payload.starts_with(kMagic);
      case kBatchType:
        return record.payload.size() == kBatchPayload &&
               number_at<std::uint64_t>(record.payload, 0) == record.offset;
      case kSealType:
        return record.payload.size() == 8 &&
               number_at<std::uint64_t>(record.payload, 0) == record.offset;
      default: return record.type < kFirstReservedType;
    }
  }

  /// Takes what is at a position; returns where to go on.
  std::size_t step(std::size_t at) {
    const auto record = record_at(at);
    const bool in_batch = at < batch_end_;
    if (!record || (record->type < kFirstReservedType && !in_batch)) return skip(at);
    const std::size_t next = at + kRecordHeader + record->payload.size();
    if (record->type == kBatchType) {
      synced_ = std::max(synced_, number_at<std::uint64_t>(record->payload, 8));
      batch_from_ = at;
      const auto size = number_at<std::uint64_t>(record->payload, 16);
      batch_end_ = next + static_cast<std::size_t>(std::min<std::uint64_t>(size, 1ULL << 40));
    } else if (record->type == kSealType) {
      scan_.sealed = next == bytes_.size();
    } else if (record->type != kStartType) {
      scan_.records.push_back(*record);
    }
    return next;
  }

  /// Notes something bad; finds the next record that can be trusted.
  std::size_t skip(std::size_t at) {
    const bool in_batch = at < batch_end_;
    const std::size_t from = in_batch ? batch_from_ : at;
    const std::size_t next = in_batch ? after_bad_record(at) : after_bad_batch(at);
    bad_.push_back({at, next, from});
    return next;
  }

  /// If the length is right, only that record is lost; else the rest of its batch.
  std::size_t after_bad_record(std::size_t at) {
    const auto header = header_at(bytes_, at);
    const std::size_t behind = header ? at + kRecordHeader + header->length : bytes_.size();
    if (behind <= batch_end_ && record_at(behind)) return behind;
    batch_end_ = find_control(at + 1);
    return batch_end_;
  }

  /// Its records may still be good; they end where the next batch begins.
  std::size_t after_bad_batch(std::size_t at) {
    const std::size_t behind = at + kRecordHeader + kBatchPayload;
    const auto record = record_at(behind);
    if (!record) return find_control(at + 1);
    if (record->type < kFirstReservedType) {
      batch_from_ = at;
      batch_end_ = find_control(behind);
    }
    return behind;
  }

  /// The next batch or seal from a position on, or the end.
  std::size_t find_control(std::size_t at) const {
    for (; at + kRecordHeader <= bytes_.size(); ++at) {
      const auto type = static_cast<std::uint8_t>(bytes_[at + 8]);
      const std::size_t length = type == kBatchType ? kBatchPayload : 8;
      if (type != kBatchType && type != kSealType) continue;
      if (number_at<std::uint32_t>(bytes_, at) == length && record_at(at)) return at;
    }
    return bytes_.size();
  }

  Scan judge() {
    scan_.end = base_ + bytes_.size();
    for (const Bad& bad : bad_) {
      if (base_ + bad.from >= synced_) {
        scan_.end = base_ + bad.batch_from;
        break;
      }
      scan_.damaged.push_back({base_ + bad.from, base_ + bad.to});
    }
    while (!scan_.records.empty() && scan_.records.back().offset >= scan_.end) {
      scan_.records.pop_back();
    }
    return std::move(scan_);
  }

  std::string_view bytes_;
  std::uint64_t base_;
  std::uint64_t synced_ = 0;  // in the segment
  std::size_t batch_from_ = 0, batch_end_ = 0;
  std::vector<Bad> bad_;
  Scan scan_;
};

}  // namespace

void add_record(std::string& out, std::uint8_t type, std::string_view payload) {
  const auto type_byte = static_cast<char>(type);
  put(out, static_cast<std::uint32_t>(payload.size()));
  put(out, crc32c(payload, crc32c({&type_byte, 1})));
  out += type_byte;
  out += payload;
}

void add_start(std::string& out, std::uint64_t epoch, std::uint64_t number) {
  std::string payload(kMagic);
  put(payload, epoch);
  put(payload, number);
  add_record(out, kStartType, payload);
}

void add_batch(std::string& out, std::uint64_t offset, std::uint64_t synced, std::uint64_t size) {
  std::string payload;
  put(payload, offset);
  put(payload, synced);
  put(payload, size);
  add_record(out, kBatchType, payload);
}

void add_seal(std::string& out, std::uint64_t offset) {
  std::string payload;
  put(payload, offset);
  add_record(out, kSealType, payload);
}

bool is_seal(std::string_view bytes, std::uint64_t offset) {
  std::string expected;
  add_seal(expected, offset);
  return bytes == expected;
}

Scan scan_segment(std::string_view bytes, std::uint64_t base, Segment what) {
  return Scanner(bytes, base).run(what);
}

}  // namespace rondo::io
