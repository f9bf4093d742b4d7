// ONNX by hand: a model is a message of protobuf, and of that format only numbers, texts and
// messages within messages are needed. Field numbers are those of onnx.proto3.
// Source: ONNX 1.16, onnx.proto3.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/bytes.h"

namespace rondo::model {

constexpr std::uint64_t kFloat = 1, kUint8 = 2, kInt64 = 7;  // TensorProto.DataType

/// A message under construction.
class Message {
 public:
  void number(unsigned field, std::uint64_t value) {
    out_.varint(field << 3);
    out_.varint(value);
  }
  void bytes(unsigned field, std::string_view value) {
    out_.varint(field << 3 | 2U);
    out_.varint(value.size());
    out_.raw(value);
  }
  std::string take() { return out_.take(); }

 private:
  ByteWriter out_;
};

template <class T>
std::string raw_bytes(const std::vector<T>& values) {
  ByteWriter raw;
  for (const T value : values) raw.put(value);
  return raw.take();
}

/// `name`: of an initializer. Shape: none of a single number.
std::string tensor(std::uint64_t type, std::initializer_list<std::size_t> shape,
                   std::string_view raw, std::string_view name = "");

std::string attribute(std::string_view name, std::int64_t value);
std::string attribute(std::string_view name, const std::vector<std::int64_t>& values);
std::string tensor_attribute(std::string_view name, const std::string& value);

/// `second`: the name of another output.
std::string node_message(const char* op, std::initializer_list<std::string_view> from,
                         std::string_view to, std::string_view domain = "",
                         const std::vector<std::string>& attributes = {},
                         std::string_view second = "");

/// FLOAT [rows, width].
std::string value_info(std::string_view name, std::size_t width);
std::string opset(std::string_view domain, std::int64_t version);

/// Into a GraphProto: a constant, and a node of ai.onnx.
void put_floats(Message& graph, std::string_view name, std::initializer_list<std::size_t> shape,
                const std::vector<float>& values);
void put_integers(Message& graph, std::string_view name, const std::vector<std::int64_t>& values);
void put_node(Message& graph, const char* op, std::initializer_list<std::string_view> from,
              std::string_view to, const std::vector<std::string>& attributes = {});

}  // namespace rondo::model
