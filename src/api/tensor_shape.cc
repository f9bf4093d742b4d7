// One or two sizes, none below 0.
#include "api/tensor_shape.h"

#include <fmt/format.h>

namespace rondo::api {
namespace {

std::unexpected<Refusal> no_shape(std::string_view name) {
  return bad_shape(fmt::format("input \"{}\": the shape must be [rows], [rows,1] or [rows,columns]",
                               name));
}

}  // namespace

std::expected<TensorShape, Refusal> read_shape(const Element& element, std::string_view name) {
  Array array;
  if (element.get(array) != simdjson::SUCCESS) return no_shape(name);
  TensorShape shape;
  for (const Element size : array) {
    std::uint64_t value = 0;
    if (size.get(value) != simdjson::SUCCESS || !shape.add(value)) return no_shape(name);
  }
  if (shape.count == 0) return no_shape(name);
  return shape;
}

std::expected<TensorShape, Refusal> read_shape(std::span<const std::int64_t> sizes,
                                               std::string_view name) {
  TensorShape shape;
  for (const std::int64_t size : sizes) {
    if (size < 0 || !shape.add(static_cast<std::uint64_t>(size))) return no_shape(name);
  }
  if (shape.count == 0) return no_shape(name);
  return shape;
}

}  // namespace rondo::api
