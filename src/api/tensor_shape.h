// The shape of one input: how many rows, and how many values each.
#pragma once

#include <array>
#include <span>

#include "api/json_in.h"

namespace rondo::api {

/// One or two sizes.
struct TensorShape {
  std::array<std::uint64_t, 2> sizes{};
  std::size_t count = 0;

  bool add(std::uint64_t size) {
    if (count == sizes.size()) return false;
    sizes[count++] = size;
    return true;
  }
  std::uint64_t rows() const { return sizes[0]; }
  std::uint64_t width() const { return count == 2 ? sizes[1] : 1; }
  operator std::span<const std::uint64_t>() const { return std::span(sizes).first(count); }
};

/// From JSON, and from gRPC. Errors: invalid_shape naming the input.
std::expected<TensorShape, Refusal> read_shape(const Element& element, std::string_view name);
std::expected<TensorShape, Refusal> read_shape(std::span<const std::int64_t> sizes,
                                               std::string_view name);

}  // namespace rondo::api
