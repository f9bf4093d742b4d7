// Little-endian bytes written and read with every length checked. A reader that once asked for more
// than there is stays failed and answers zeros, so that a decoder checks once a group instead of
// once a number; no count from a file is believed before it was compared with the bytes that are
// left.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace rondo::model {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

class ByteWriter {
 public:
  /// Starts empty, in the memory of `used`.
  explicit ByteWriter(std::string used = {}) : out_(std::move(used)) { out_.clear(); }
  template <class T>
  void put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    out_.append(std::bit_cast<std::array<char, sizeof(T)>>(value).data(), sizeof(T));
  }
  /// Seven bits a byte, least first; the high bit says that more follow.
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void raw(std::string_view bytes) { out_ += bytes; }
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T get() {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    const std::string_view from = raw(sizeof(T));
    if (ok_) std::memcpy(&value, from.data(), sizeof(T));
    return value;
  }
  /// Fails also for more than ten bytes, overflow and a form that is longer than it needs to be.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = get<std::uint8_t>();
      if (!ok_ || (shift == 63 && byte > 1) || (byte == 0 && shift > 0)) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  /// The next bytes, borrowed; empty when there are not so many.
  std::string_view raw(std::uint64_t count) {
    if (!ok_ || count > left()) {
      ok_ = false;
      return {};
    }
    const std::string_view found = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return found;
  }
  /// Whether `count` items of `size` bytes are there: to be asked before memory is taken for them.
  bool has(std::uint64_t count, std::uint64_t size) const { return ok_ && count <= left() / size; }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && at_ == bytes_.size(); }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t offset() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace rondo::model
