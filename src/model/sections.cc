// Writing and taking apart the container of a pipeline file; see sections.h for what is guaranteed.
#include "model/sections.h"

#include <algorithm>
#include <array>

#include "io/digest.h"
#include "model/bytes.h"

namespace rondo::model {
namespace {

constexpr std::string_view kMagic = "RONDOPL1";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kHeader = 64, kEntry = 64, kAlignment = 64;
constexpr std::uint32_t kMostSections = 64;
constexpr std::uint16_t kRequired = 1;
constexpr std::array kKnown = {Kind::kSchema,    Kind::kTransform, Kind::kModel,
                               Kind::kAnswering, Kind::kReference, Kind::kGolden,
                               Kind::kProvenance};

std::unexpected<Error> damaged(const std::string& what, std::string hint = {}) {
  return fail(Code::kCorrupt, "pipeline file: " + what, std::move(hint));
}

std::string_view text_of(const io::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::size_t aligned(std::size_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

bool is_known(Kind kind) { return std::find(kKnown.begin(), kKnown.end(), kind) != kKnown.end(); }

struct Entry {
  std::uint16_t kind = 0, flags = 0;
  std::uint32_t zero = 0;
  std::uint64_t offset = 0, length = 0;
  std::string_view digest, zeros;
};

Entry read_entry(ByteReader& table) {
  Entry entry;
  entry.kind = table.get<std::uint16_t>();
  entry.flags = table.get<std::uint16_t>();
  entry.zero = table.get<std::uint32_t>();
  entry.offset = table.get<std::uint64_t>();
  entry.length = table.get<std::uint64_t>();
  entry.digest = table.raw(32);
  entry.zeros = table.raw(8);
  return entry;
}

/// The header. Returns the table's bytes.
Result<std::string_view> read_header(std::string_view file) {
  ByteReader in(file);
  const std::string_view magic = in.raw(kMagic.size());
  const auto format = in.get<std::uint32_t>();
  const auto count = in.get<std::uint32_t>();
  const auto length = in.get<std::uint64_t>();
  const std::string_view digest = in.raw(32);
  const std::string_view zeros = in.raw(8);
  if (!in.ok()) return damaged("it is shorter than its header of 64 bytes");
  if (magic != kMagic) return damaged("it does not begin with RONDOPL1", "this is another file");
  if (format != kFormat) {
    return damaged("format " + std::to_string(format) + " at offset 8 is not known here",
                   "a newer Rondo wrote it: use that one");
  }
  if (count < 1 || count > kMostSections) {
    return damaged("it claims " + std::to_string(count) + " sections at offset 12");
  }
  if (length != file.size()) {
    return damaged("it has " + std::to_string(file.size()) +
                   " bytes, its header at offset 16 says " + std::to_string(length));
  }
  if (!all_zero(zeros)) return damaged("the header's bytes from offset 56 on are not zero");
  const std::string_view table = in.raw(std::uint64_t{count} * kEntry);
  if (!in.ok()) return damaged("the table at offset 64 is longer than the file");
  if (text_of(io::sha256(table)) != digest) {
    return damaged("the table at offset 64 does not have the digest that the header names");
  }
  return table;
}

/// Checks one entry against the file; `end` is where the section before ended.
Result<Section> read_section(std::string_view file, const Entry& entry, std::size_t end) {
  const std::string name =
      name_of(Kind{entry.kind}) + " at offset " + std::to_string(entry.offset) + ": ";
  if (entry.flags > kRequired || entry.zero != 0 || !all_zero(entry.zeros)) {
    return damaged(name + "its entry has unknown flags or bytes that are not zero");
  }
  if (entry.offset != aligned(end)) {
    return damaged(name + "it must begin at offset " + std::to_string(aligned(end)));
  }
  if (entry.offset > file.size() || entry.length > file.size() - entry.offset) {
    return damaged(name + "it is longer than the file");
  }
  const auto offset = static_cast<std::size_t>(entry.offset);
  if (!all_zero(file.substr(end, offset - end))) {
    return damaged(name + "the padding before it is not zero");
  }
  const std::string_view bytes = file.substr(offset, static_cast<std::size_t>(entry.length));
  if (text_of(io::sha256(bytes)) != entry.digest) return damaged(name + "its digest is wrong");
  return Section{Kind{entry.kind}, offset, bytes};
}

/// Whether a section may be used, skipped, or stops us. True: use it.
Result<bool> is_wanted(const Entry& entry) {
  const bool required = entry.flags == kRequired;
  const std::string name = name_of(Kind{entry.kind});
  if (is_known(Kind{entry.kind})) {
    if (required) return true;
    return damaged(name + " is not marked as required");
  }
  if (!required) return false;
  return damaged(name + " is required, but not known here", "a newer Rondo wrote it: use that one");
}

}  // namespace

std::string name_of(Kind kind) {
  constexpr std::array<std::string_view, 8> kNames = {
      "unknown",   "schema",      "transform",  "model",
      "answering", "reference", "golden rows", "provenance"};
  const auto number = static_cast<std::size_t>(kind);
  const std::string_view name = kNames[number < kNames.size() ? number : 0];
  return "section " + std::to_string(number) + " (" + std::string(name) + ")";
}

std::string join(const std::vector<Section>& sections) {
  ByteWriter table;
  std::size_t end = kHeader + kEntry * sections.size();
  for (const Section& section : sections) {
    const std::size_t offset = aligned(end);
    table.put(static_cast<std::uint16_t>(section.kind));
    table.put(kRequired);
    table.put(std::uint32_t{0});
    table.put(std::uint64_t{offset});
    table.put(std::uint64_t{section.bytes.size()});
    table.raw(text_of(io::sha256(section.bytes)));
    table.put(std::uint64_t{0});
    end = offset + section.bytes.size();
  }
  const std::string entries = table.take();
  ByteWriter out;
  out.raw(kMagic);
  out.put(kFormat);
  out.put(static_cast<std::uint32_t>(sections.size()));
  out.put(std::uint64_t{end});
  out.raw(text_of(io::sha256(entries)));
  out.put(std::uint64_t{0});
  out.raw(entries);
  std::string file = out.take();
  for (const Section& section : sections) {
    file.resize(aligned(file.size()), '\0');
    file += section.bytes;
  }
  return file;
}

Result<std::vector<Section>> split(std::string_view file) {
  const std::string_view table = TRY(read_header(file));
  ByteReader entries(table);
  std::vector<Section> found;
  std::size_t end = kHeader + table.size();
  std::uint16_t before = 0;
  while (!entries.at_end()) {
    const Entry entry = read_entry(entries);
    if (entry.kind <= before) {
      return damaged(name_of(Kind{entry.kind}) + " stands twice or out of order in the table");
    }
    before = entry.kind;
    const Section section = TRY(read_section(file, entry, end));
    end = section.offset + section.bytes.size();
    if (TRY(is_wanted(entry))) found.push_back(section);
  }
  if (end != file.size()) {
    return damaged("bytes are left over behind the last section, from offset " +
                   std::to_string(end) + " on");
  }
  for (const Kind kind : kKnown) {
    const bool there = std::ranges::find(found, kind, &Section::kind) != found.end();
    if (!there && kind != Kind::kAnswering) return damaged(name_of(kind) + " is missing");
  }
  return found;
}

}  // namespace rondo::model
