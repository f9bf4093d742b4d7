// A segment of any bytes: the scan never reads outside it, what it calls intact is intact when it
// is scanned again, and a segment without its torn tail has none.
#include <cstdint>

#include "base/check.h"
#include "io/record_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rondo::io;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const Scan scan = scan_segment(bytes, 0, Segment::kMayBeTorn);
  CHECK(scan.end <= size, "a scan ends in the segment");
  std::uint64_t last = 0;
  for (const FoundRecord& record : scan.records) {
    CHECK(record.offset >= last &&
          record.offset + kRecordHeader + record.payload.size() <= scan.end,
          "records follow each other before the end");
    last = record.offset + kRecordHeader;
    std::string expected;
    add_record(expected, record.type, record.payload);
    CHECK(bytes.compare(record.offset, expected.size(), expected) == 0, "a record is what it says");
  }
  const std::string kept = bytes.substr(0, scan.end);
  const Scan again = scan_segment(kept, 0, Segment::kMayBeTorn);
  CHECK(again.end == kept.size(), "what is kept has no torn tail");
  CHECK(again.records.size() == scan.records.size(), "what is kept has the same records");
  const Scan whole = scan_segment(bytes, 0, Segment::kComplete);
  CHECK(whole.end == size && whole.records.size() >= scan.records.size(),
        "a complete segment has no torn tail");
  return 0;
}
