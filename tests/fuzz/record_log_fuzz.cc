// A segment of any bytes: the scan never reads outside it, and what it calls intact is intact. Cut
// behind what is kept and sealed, which is how the log mends it, it has the same records for ever.
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
  std::string mended = bytes.substr(0, scan.end);
  if (!scan.sealed) add_seal(mended, scan.end);
  const Scan again = scan_segment(mended, 0, Segment::kMayBeTorn);
  CHECK(again.sealed && again.end == mended.size(), "what was mended has no torn tail");
  CHECK(again.records.size() == scan.records.size(), "what was mended has the same records");
  CHECK(again.damaged.empty() == scan.damaged.empty(), "what was mended tells of the same damage");
  const Scan whole = scan_segment(bytes, 0, Segment::kComplete);
  CHECK(whole.end == size && whole.records.size() >= scan.records.size(),
        "a complete segment has no torn tail");
  return 0;
}
