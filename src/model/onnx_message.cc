// Parts of an ONNX model, byte by byte; see onnx_message.h.
#include "model/onnx_message.h"

namespace rondo::model {
namespace {

constexpr std::uint64_t kInt = 2, kTensor = 4, kInts = 7;  // AttributeProto type

}  // namespace

std::string tensor(std::uint64_t type, std::initializer_list<std::size_t> shape,
                   std::string_view raw, std::string_view name) {
  Message out;
  for (const std::size_t size : shape) out.number(1, size);
  out.number(2, type);
  if (!name.empty()) out.bytes(8, name);
  out.bytes(9, raw);
  return out.take();
}

std::string attribute(std::string_view name, std::int64_t value) {
  Message out;
  out.bytes(1, name);
  out.number(3, static_cast<std::uint64_t>(value));
  out.number(20, kInt);
  return out.take();
}

std::string attribute(std::string_view name, const std::vector<std::int64_t>& values) {
  Message out;
  out.bytes(1, name);
  for (const std::int64_t value : values) out.number(8, static_cast<std::uint64_t>(value));
  out.number(20, kInts);
  return out.take();
}

std::string tensor_attribute(std::string_view name, const std::string& value) {
  Message out;
  out.bytes(1, name);
  out.bytes(5, value);
  out.number(20, kTensor);
  return out.take();
}

std::string node_message(const char* op, std::initializer_list<std::string_view> from,
                         std::string_view to, std::string_view domain,
                         const std::vector<std::string>& attributes,
                         std::string_view second) {
  Message out;
  for (const std::string_view name : from) out.bytes(1, name);
  out.bytes(2, to);
  if (!second.empty()) out.bytes(2, second);
  out.bytes(4, op);
  for (const std::string& one : attributes) out.bytes(5, one);
  if (!domain.empty()) out.bytes(7, domain);
  return out.take();
}

std::string value_info(std::string_view name, std::size_t width) {
  Message rows, columns, shape, type, tensor_type, out;
  rows.bytes(2, "rows");
  columns.number(1, width);
  shape.bytes(1, rows.take());
  shape.bytes(1, columns.take());
  tensor_type.number(1, kFloat);
  tensor_type.bytes(2, shape.take());
  type.bytes(1, tensor_type.take());
  out.bytes(1, name);
  out.bytes(2, type.take());
  return out.take();
}

std::string opset(std::string_view domain, std::int64_t version) {
  Message out;
  if (!domain.empty()) out.bytes(1, domain);
  out.number(2, static_cast<std::uint64_t>(version));
  return out.take();
}

void put_floats(Message& graph, std::string_view name, std::initializer_list<std::size_t> shape,
                const std::vector<float>& values) {
  graph.bytes(5, tensor(kFloat, shape, raw_bytes(values), name));
}

void put_integers(Message& graph, std::string_view name, const std::vector<std::int64_t>& values) {
  graph.bytes(5, tensor(kInt64, {values.size()}, raw_bytes(values), name));
}

void put_node(Message& graph, const char* op, std::initializer_list<std::string_view> from,
              std::string_view to, const std::vector<std::string>& attributes) {
  graph.bytes(1, node_message(op, from, to, "", attributes));
}

}  // namespace rondo::model
