// Checksums of database pages and the reading of SQLite's write-ahead log as bytes. Layouts:
// docs/FORMATS.md, "Store"; the WAL is described at sqlite.org/fileformat2.html, section 4.
#include "ledger/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "io/digest.h"

namespace rondo::ledger {
namespace {

constexpr std::uint32_t kMark = 0x31475052;  // "RPG1", little endian
constexpr std::size_t kWalHeader = 32, kFrameHeader = 24, kFrame = kFrameHeader + kPageBytes;

std::uint32_t crc_of(const char* page, std::uint32_t number) {
  char bytes[4];
  std::memcpy(bytes, &number, 4);
  return io::crc32c({bytes, 4}, io::crc32c({page, kPageBytes - kPageTail}));
}

bool all_zero(const char* page) {
  return std::all_of(page, page + kPageBytes, [](char c) { return c == 0; });
}

std::uint32_t big(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, 4);
  return __builtin_bswap32(value);
}

/// SQLite's cumulative checksum: two 32-bit sums over pairs of words.
struct WalSum {
  std::uint32_t a = 0, b = 0;
  bool operator==(const WalSum&) const = default;
  void add(std::string_view bytes, bool big_endian) {
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      std::uint32_t x = 0, y = 0;
      std::memcpy(&x, bytes.data() + i, 4);
      std::memcpy(&y, bytes.data() + i + 4, 4);
      if (big_endian) x = __builtin_bswap32(x), y = __builtin_bswap32(y);
      a += x + b;
      b += y + a;
    }
  }
};

struct WalHeader {
  std::string bytes;
  bool big_endian() const { return (big(bytes.data()) & 1) != 0; }
  std::uint32_t salt(int which) const { return big(bytes.data() + 16 + 4 * which); }
  WalSum stored() const { return {big(bytes.data() + 24), big(bytes.data() + 28)}; }
  bool intact() const {
    if ((big(bytes.data()) & ~1U) != 0x377f0682U || big(bytes.data() + 8) != kPageBytes) {
      return false;
    }
    WalSum sum;
    sum.add({bytes.data(), 24}, big_endian());
    return sum == stored();
  }
};

/// What is known of one frame without looking at the others.
struct Frame {
  bool salted = false;  // carries the salts of this generation of the log
  bool commit = false;  // last of a transaction, if its header is right
  WalSum stored;        // checksum as written
  bool follows = false; // checksum fits the one stored in the frame before
};

std::vector<Frame> frames_of(const WalHeader& header, std::string_view bytes) {
  std::vector<Frame> out;
  WalSum before = header.stored();
  for (std::size_t at = 0; at + kFrame <= bytes.size(); at += kFrame) {
    const char* frame = bytes.data() + at;
    Frame one;
    one.salted = big(frame + 8) == header.salt(0) && big(frame + 12) == header.salt(1);
    one.commit = big(frame + 4) != 0;
    one.stored = {big(frame + 16), big(frame + 20)};
    WalSum sum = before;
    sum.add({frame, 8}, header.big_endian());
    sum.add({frame + kFrameHeader, kPageBytes}, header.big_endian());
    one.follows = one.salted && sum == one.stored;
    before = one.stored;
    out.push_back(one);
  }
  return out;
}

/// The first frame that is damaged for certain, or frames.size().
std::size_t damaged_frame(const std::vector<Frame>& frames) {
  std::size_t bad = 0;
  while (bad < frames.size() && frames[bad].follows) ++bad;
  bool committed = false;
  for (std::size_t i = bad; i < frames.size(); ++i) {
    if (committed && frames[i].follows) return bad;
    committed =
        committed || (frames[i].salted && frames[i].commit && (i == bad || frames[i].follows));
  }
  return frames.size();
}

std::vector<std::string> wal_findings(const std::string& name, std::string_view bytes) {
  std::vector<std::string> out;
  const WalHeader header{std::string(bytes.substr(0, kWalHeader))};
  const std::string_view rest = bytes.substr(kWalHeader);
  if (!header.intact()) {
    // A header that was torn while the log began anew has new salts; the frames carry the old ones.
    const bool ours = rest.size() >= kFrame && (big(rest.data() + 8) == header.salt(0) ||
                                                big(rest.data() + 12) == header.salt(1));
    if (ours) out.push_back(fmt::format("{}: the header is damaged", name));
    return out;
  }
  const std::vector<Frame> frames = frames_of(header, rest);
  const std::size_t bad = damaged_frame(frames);
  if (bad < frames.size()) {
    out.push_back(fmt::format("{}: frame {} (byte {}) is damaged, although it was synced once",
                          name,
                              bad + 1, kWalHeader + bad * kFrame));
  }
  return out;
}

}  // namespace

void seal_page(char* page, std::uint32_t number) {
  const std::uint32_t crc = crc_of(page, number);
  std::memcpy(page + kPageBytes - 8, &crc, 4);
  std::memcpy(page + kPageBytes - 4, &kMark, 4);
}

bool page_intact(const char* page, std::uint32_t number) {
  std::uint32_t crc = 0, mark = 0;
  std::memcpy(&crc, page + kPageBytes - 8, 4);
  std::memcpy(&mark, page + kPageBytes - 4, 4);
  if (mark == kMark && crc == crc_of(page, number)) return true;
  return all_zero(page);
}

Result<std::vector<std::string>> check_pages(io::Fs& fs, const io::Path& file) {
  constexpr std::uint64_t kBlock = 256 * kPageBytes;
  std::vector<std::string> out;
  const std::string name = file.filename().string();
  const auto stat = TRY(fs.stat(file));
  if (!stat) return fail(Code::kNotFound, fmt::format("{} does not exist", file.string()));
  for (std::uint64_t offset = 0; offset < stat->size; offset += kBlock) {
    const std::string block = TRY(fs.read_at(file, offset, kBlock));
    for (std::size_t at = 0; at + kPageBytes <= block.size(); at += kPageBytes) {
      const auto number = static_cast<std::uint32_t>((offset + at) / kPageBytes + 1);
      if (page_intact(block.data() + at, number)) continue;
      bool intact = false;
      for (int again = 0; again < 3 && !intact; ++again) {
        const std::string page = TRY(fs.read_at(file, offset + at, kPageBytes));
        intact = page.size() == kPageBytes && page_intact(page.data(), number);
      }
      if (intact) continue;
      out.push_back(fmt::format("{}: page {} (bytes {} to {}) is not as it was written",
                                name, number,
                                offset + at, offset + at + kPageBytes - 1));
    }
    if (block.size() % kPageBytes != 0) {
      out.push_back(fmt::format("{}: ends in the middle of a page (byte {})", name,
                                offset + block.size()));
    }
  }
  return out;
}

Result<std::vector<std::string>> check_wal(io::Fs& fs, const io::Path& file) {
  std::vector<std::string> before;
  for (;;) {
    const auto stat = TRY(fs.stat(file));
    if (!stat || stat->size < kWalHeader) return std::vector<std::string>{};
    const std::string bytes = TRY(fs.read(file));
    if (bytes.size() < kWalHeader) return std::vector<std::string>{};
    // Another process may write while we read, and begin the log anew: what we saw is then a
    // mixture of two moments. Damage looks the same twice.
    std::vector<std::string> now = wal_findings(file.filename().string(), bytes);
    const std::string header = TRY(fs.read_at(file, 0, kWalHeader));
    if (now.empty() || (now == before && header == bytes.substr(0, kWalHeader))) return now;
    before = std::move(now);
  }
}

}  // namespace rondo::ledger
