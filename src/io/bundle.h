// A small container for arrays of numbers with a JSON header: prepared data, candidates, evidence.
// One content has exactly one encoding, every byte of it is checked when it is read, and no length
// from the file is believed before it was compared with what is there.
// Byte layout: docs/FORMATS.md, "Bundle".
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/json.h"

namespace rondo::io {

class Bundle {
 public:
  Json meta = Json::object();  // anything that is not an array of numbers

  /// An array under a name; an earlier one of that name is replaced.
  void put_f64(std::string name, std::vector<double> values);
  void put_i64(std::string name, std::vector<std::int64_t> values);
  void put_i32(std::string name, std::vector<std::int32_t> values);
  void put_u8(std::string name, std::vector<std::uint8_t> values);
  void put_bytes(std::string name, std::string bytes);

  /// The array of that name and type; it lives as long as the bundle does.
  /// Errors: kCorrupt naming the array when it is missing or of another type.
  Result<std::span<const double>> f64(std::string_view name) const;
  Result<std::span<const std::int64_t>> i64(std::string_view name) const;
  Result<std::span<const std::int32_t>> i32(std::string_view name) const;
  Result<std::span<const std::uint8_t>> u8(std::string_view name) const;
  Result<std::string_view> bytes(std::string_view name) const;

  bool has(std::string_view name) const { return arrays_.find(name) != arrays_.end(); }
  /// In byte order.
  std::vector<std::string> names() const;

  /// The file. Shape: numbers are bit-equal after decode(encode()), NaN payloads included.
  std::string encode() const;
  /// Errors: kCorrupt saying what does not fit. Cost: one copy and one CRC-32C of the bytes.
  static Result<Bundle> decode(std::string bytes);

 private:
  using Array = std::variant<std::vector<double>, std::vector<std::int64_t>,
                             std::vector<std::int32_t>, std::vector<std::uint8_t>, std::string>;
  template <class T>
  Result<const T*> find(std::string_view name) const;
  std::map<std::string, Array, std::less<>> arrays_;
};

}  // namespace rondo::io
