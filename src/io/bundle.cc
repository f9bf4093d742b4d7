// Bundles. The layout is derived from the header alone (no offsets are stored), so that arrays can
// neither overlap nor leave gaps; decode() checks sizes against the bytes that are there before it
// makes room for them, and every byte is covered by the magic, a CRC-32C or a rule that it is zero.
#include "io/bundle.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>
#include <type_traits>

#include "base/check.h"
#include "io/digest.h"

namespace rondo::io {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they are");

constexpr std::string_view kMagic = "RONDOBN1";
constexpr std::size_t kPreamble = 16;  // magic, length of the header, CRC-32C of the header
constexpr std::size_t kAlignment = 64;

template <class T>
constexpr std::string_view kTypeName = "";
template <>
constexpr std::string_view kTypeName<std::vector<double>> = "f64";
template <>
constexpr std::string_view kTypeName<std::vector<std::int64_t>> = "i64";
template <>
constexpr std::string_view kTypeName<std::vector<std::int32_t>> = "i32";
template <>
constexpr std::string_view kTypeName<std::vector<std::uint8_t>> = "u8";
template <>
constexpr std::string_view kTypeName<std::string> = "bytes";

template <class Values>
std::string_view raw_bytes(const Values& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(typename Values::value_type)};
}

void pad(std::string& bytes) {
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void write_u32(std::string& bytes, std::size_t value) {
  CHECK(value <= UINT32_MAX, "the header of a bundle fits in 4 GB");
  const auto narrow = static_cast<std::uint32_t>(value);
  bytes.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
}

std::unexpected<Error> damaged(const std::string& why) {
  return fail(Code::kCorrupt, "this bundle is damaged: " + why,
              "restore it from a backup, or let the step that made it run again");
}

/// Takes the bundle's bytes from the front, never more than there are.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : all_(bytes) {}
  std::optional<std::string_view> take(std::uint64_t count) {
    if (count > all_.size() - at_) return std::nullopt;
    at_ += count;
    return all_.substr(at_ - count, count);
  }
  /// Whether the bytes up to the next multiple of 64 are there and zero.
  bool take_padding() {
    const auto zeros = take((kAlignment - at_ % kAlignment) % kAlignment);
    return zeros && zeros->find_first_not_of('\0') == std::string_view::npos;
  }
  bool done() const { return at_ == all_.size(); }

 private:
  std::string_view all_;
  std::size_t at_ = 0;
};

struct Entry {
  std::string name, type;
  std::uint64_t count = 0;
  std::uint32_t crc = 0;
};

Result<Entry> read_entry(const Json& json) {
  return Entry{TRY(get<std::string>(json, "name")), TRY(get<std::string>(json, "type")),
               TRY(get<std::uint64_t>(json, "count")), TRY(get<std::uint32_t>(json, "crc32c"))};
}

Result<std::string_view> take_values(Taker& taker, const Entry& entry, std::size_t size_of_one) {
  constexpr std::uint64_t kMost = 1ULL << 48;  // so that count times size cannot overflow
  const auto bytes =
      entry.count > kMost ? std::nullopt : taker.take(entry.count * size_of_one);
  if (!bytes) return damaged(fmt::format("it ends inside the array \"{}\"", entry.name));
  if (crc32c(*bytes) != entry.crc) {
    return damaged(fmt::format("the array \"{}\" does not match its checksum", entry.name));
  }
  if (!taker.take_padding()) {
    return damaged(fmt::format("after the array \"{}\" there are not zeros", entry.name));
  }
  return *bytes;
}

template <class Values>
Result<Values> read_values(Taker& taker, const Entry& entry) {
  constexpr std::size_t kSize = sizeof(typename Values::value_type);
  const std::string_view bytes = TRY(take_values(taker, entry, kSize));
  Values values(static_cast<std::size_t>(entry.count), typename Values::value_type{});
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Result<Json> read_header(Taker& taker) {
  const auto preamble = taker.take(kPreamble);
  if (!preamble || !preamble->starts_with(kMagic)) {
    return damaged("it does not begin with " + std::string(kMagic));
  }
  const auto text = taker.take(read_u32(preamble->substr(8)));
  if (!text) return damaged("it ends inside its header");
  if (crc32c(*text) != read_u32(preamble->substr(12))) {
    return damaged("its header does not match its checksum");
  }
  auto header = parse_json(*text, "header");
  if (!header) return damaged(header.error().message);
  if (canonical(*header) != *text) return damaged("its header is not canonical");
  if (!taker.take_padding()) return damaged("after its header there are not zeros");
  const bool shaped = header->is_object() && header->size() == 2 && header->contains("meta") &&
                      header->contains("arrays") && (*header)["arrays"].is_array();
  if (!shaped) return damaged("its header does not have just \"arrays\" and \"meta\"");
  return header;
}

}  // namespace

void Bundle::put_f64(std::string name, std::vector<double> values) {
  arrays_.insert_or_assign(std::move(name), std::move(values));
}
void Bundle::put_i64(std::string name, std::vector<std::int64_t> values) {
  arrays_.insert_or_assign(std::move(name), std::move(values));
}
void Bundle::put_i32(std::string name, std::vector<std::int32_t> values) {
  arrays_.insert_or_assign(std::move(name), std::move(values));
}
void Bundle::put_u8(std::string name, std::vector<std::uint8_t> values) {
  arrays_.insert_or_assign(std::move(name), std::move(values));
}
void Bundle::put_bytes(std::string name, std::string bytes) {
  arrays_.insert_or_assign(std::move(name), std::move(bytes));
}

template <class T>
Result<const T*> Bundle::find(std::string_view name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) {
    return fail(Code::kCorrupt, fmt::format("the bundle has no array \"{}\"", name));
  }
  if (const T* values = std::get_if<T>(&found->second)) return values;
  return fail(Code::kCorrupt,
              fmt::format("the array \"{}\" is not of the type {}", name, kTypeName<T>));
}

Result<std::span<const double>> Bundle::f64(std::string_view name) const {
  return std::span(*TRY(find<std::vector<double>>(name)));
}
Result<std::span<const std::int64_t>> Bundle::i64(std::string_view name) const {
  return std::span(*TRY(find<std::vector<std::int64_t>>(name)));
}
Result<std::span<const std::int32_t>> Bundle::i32(std::string_view name) const {
  return std::span(*TRY(find<std::vector<std::int32_t>>(name)));
}
Result<std::span<const std::uint8_t>> Bundle::u8(std::string_view name) const {
  return std::span(*TRY(find<std::vector<std::uint8_t>>(name)));
}
Result<std::string_view> Bundle::bytes(std::string_view name) const {
  return std::string_view(*TRY(find<std::string>(name)));
}

std::vector<std::string> Bundle::names() const {
  std::vector<std::string> all;
  for (const auto& [name, values] : arrays_) all.push_back(name);
  return all;
}

std::string Bundle::encode() const {
  Json entries = Json::array();
  for (const auto& [name, array] : arrays_) {
    std::visit(
        [&]<class T>(const T& values) {
          entries.push_back({{"name", name},
                             {"type", kTypeName<T>},
                             {"count", values.size()},
                             {"crc32c", crc32c(raw_bytes(values))}});
        },
        array);
  }
  const std::string header = canonical({{"arrays", std::move(entries)}, {"meta", meta}});
  std::string bytes(kMagic);
  write_u32(bytes, header.size());
  write_u32(bytes, crc32c(header));
  bytes += header;
  pad(bytes);
  for (const auto& [name, array] : arrays_) {
    std::visit([&](const auto& values) { bytes += raw_bytes(values); }, array);
    pad(bytes);
  }
  return bytes;
}

Result<Bundle> Bundle::decode(std::string bytes) {
  Taker taker(bytes);
  Json header = TRY(read_header(taker));
  Bundle bundle;
  for (const Json& json : header["arrays"]) {
    const auto entry = read_entry(json);
    if (!entry || json.size() != 4) return damaged("an array has no proper entry in its header");
    if (!bundle.arrays_.empty() && entry->name <= bundle.arrays_.rbegin()->first) {
      return damaged("its arrays are not in the order of their names");
    }
    Array& array = bundle.arrays_[entry->name];
    if (entry->type == "f64") {
      array = TRY(read_values<std::vector<double>>(taker, *entry));
    } else if (entry->type == "i64") {
      array = TRY(read_values<std::vector<std::int64_t>>(taker, *entry));
    } else if (entry->type == "i32") {
      array = TRY(read_values<std::vector<std::int32_t>>(taker, *entry));
    } else if (entry->type == "u8") {
      array = TRY(read_values<std::vector<std::uint8_t>>(taker, *entry));
    } else if (entry->type == "bytes") {
      array = TRY(read_values<std::string>(taker, *entry));
    } else {
      return damaged(fmt::format("the type \"{}\" is not known", entry->type));
    }
  }
  if (!taker.done()) return damaged("there are bytes after its end");
  bundle.meta = std::move(header["meta"]);
  return bundle;
}

}  // namespace rondo::io
