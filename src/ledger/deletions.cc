// Row numbers as they are, or a bit a row where that is shorter.
#include "ledger/deletions.h"

#include <fmt/format.h>

#include <cstring>

namespace rondo::ledger {
namespace {

constexpr std::string_view kDeletionsMagic = "RONDODV1";
constexpr std::uint8_t kRowList = 0, kRowBits = 1;

template <class Value>
void put_raw(std::string& out, Value value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class ListReader {
 public:
  explicit ListReader(std::string_view bytes) : bytes_(bytes) {}
  template <class Value>
  bool take(Value& value) {
    std::string_view part;
    if (!take(sizeof value, part)) return false;
    std::memcpy(&value, part.data(), sizeof value);
    return true;
  }
  bool take(std::uint64_t size, std::string_view& part) {
    if (bytes_.size() < size) return false;
    part = bytes_.substr(0, static_cast<std::size_t>(size));
    bytes_.remove_prefix(static_cast<std::size_t>(size));
    return true;
  }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

std::string bits_of(const std::vector<std::uint32_t>& rows) {
  std::string bits(rows.back() / 8 + 1, '\0');
  for (const std::uint32_t row : rows) {
    bits[row / 8] = static_cast<char>(bits[row / 8] | 1 << row % 8);
  }
  return bits;
}

std::vector<std::uint32_t> rows_of_bits(std::string_view bits) {
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < bits.size() * 8; ++i) {
    if ((static_cast<unsigned char>(bits[i / 8]) >> i % 8 & 1) != 0) {
      rows.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return rows;
}

bool take_segment(ListReader& reader, Deletions& out) {
  std::string_view name, body;
  std::uint8_t kind = 0;
  std::uint64_t size = 0;
  io::Digest file;
  if (!reader.take(file.bytes.size(), name) || !reader.take(kind) || !reader.take(size)) {
    return false;
  }
  if (!reader.take(size, body) || body.empty() || kind > kRowBits) return false;
  std::memcpy(file.bytes.data(), name.data(), name.size());
  std::vector<std::uint32_t> rows;
  if (kind == kRowBits) {
    rows = rows_of_bits(body);
  } else {
    if (body.size() % sizeof(std::uint32_t) != 0) return false;
    rows.resize(body.size() / sizeof(std::uint32_t));
    std::memcpy(rows.data(), body.data(), body.size());
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i] <= rows[i - 1]) return false;
  }
  return !rows.empty() && out.try_emplace(file, std::move(rows)).second;
}

}  // namespace

std::string encode(const Deletions& deletions) {
  std::string out(kDeletionsMagic);
  put_raw(out, static_cast<std::uint32_t>(deletions.size()));
  for (const auto& [file, rows] : deletions) {
    out.append(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
    const std::string bits = bits_of(rows);
    const std::size_t listed = rows.size() * sizeof(std::uint32_t);
    const bool shorter = bits.size() < listed;
    put_raw(out, shorter ? kRowBits : kRowList);
    put_raw(out, static_cast<std::uint64_t>(shorter ? bits.size() : listed));
    if (shorter) out += bits;
    else out.append(reinterpret_cast<const char*>(rows.data()), listed);
  }
  return out;
}

Result<Deletions> decode_deletions(std::string_view bytes) {
  ListReader reader(bytes);
  std::string_view magic;
  std::uint32_t segments = 0;
  bool good = reader.take(kDeletionsMagic.size(), magic) && magic == kDeletionsMagic &&
              reader.take(segments);
  Deletions out;
  for (std::uint32_t i = 0; good && i < segments; ++i) good = take_segment(reader, out);
  if (good && reader.at_end()) return out;
  return fail(Code::kCorrupt, "the list of deleted rows is not what was written",
              "run `rondo fsck`");
}

std::uint64_t rows_of(const Deletions& deletions) {
  std::uint64_t rows = 0;
  for (const auto& [file, list] : deletions) rows += list.size();
  return rows;
}

}  // namespace rondo::ledger
