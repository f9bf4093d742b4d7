// Typed lists to bytes and back; raw contents go through untouched.
#include "tensors.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace rondo::wire {
namespace {

using Contents = inference::InferTensorContents;
using Input = inference::ModelInferRequest::InferInputTensor;

template <class Number>
void put(std::string& out, Number value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class Number, class List>
bool put_all(const List& values, std::string* out) {
  out->reserve(static_cast<std::size_t>(values.size()) * sizeof(Number));
  for (const auto value : values) {
    if constexpr (std::is_integral_v<Number> && !std::is_same_v<Number, bool>) {
      if (!std::in_range<Number>(value)) return false;
    }
    put(*out, static_cast<Number>(value));
  }
  return true;
}

/// How many lists of the contents hold anything.
int lists_in(const Contents& c) {
  return (c.bool_contents_size() > 0) + (c.int_contents_size() > 0) +
         (c.int64_contents_size() > 0) + (c.uint_contents_size() > 0) +
         (c.uint64_contents_size() > 0) + (c.fp32_contents_size() > 0) +
         (c.fp64_contents_size() > 0) + (c.bytes_contents_size() > 0);
}

/// The list that belongs to a datatype, as bytes. False: there is a number that it cannot hold.
/// `*count`: how many values; -1 for a datatype that comes raw only, or that is none.
bool bytes_of(const std::string& type, const Contents& c, std::string* out, int* count) {
  const auto take = [&]<class Number>(Number, const auto& list) {
    *count = list.size();
    return put_all<Number>(list, out);
  };
  if (type == "BOOL") return take(bool{}, c.bool_contents());
  if (type == "INT8") return take(std::int8_t{}, c.int_contents());
  if (type == "INT16") return take(std::int16_t{}, c.int_contents());
  if (type == "INT32") return take(std::int32_t{}, c.int_contents());
  if (type == "INT64") return take(std::int64_t{}, c.int64_contents());
  if (type == "UINT8") return take(std::uint8_t{}, c.uint_contents());
  if (type == "UINT16") return take(std::uint16_t{}, c.uint_contents());
  if (type == "UINT32") return take(std::uint32_t{}, c.uint_contents());
  if (type == "UINT64") return take(std::uint64_t{}, c.uint64_contents());
  if (type == "FP32") return take(float{}, c.fp32_contents());
  if (type == "FP64") return take(double{}, c.fp64_contents());
  *count = -1;
  if (type != "BYTES") return true;
  *count = c.bytes_contents_size();
  for (const std::string& value : c.bytes_contents()) {
    put(*out, static_cast<std::uint32_t>(value.size()));
    out->append(value);
  }
  return true;
}

bool typed(const Input& input, Taken* out, std::string_view* bytes, Wrong* wrong) {
  const auto refuse = [&](const std::string& what) {
    wrong->text = "invalid_shape: input \"" + input.name() + "\" " + what;
    return false;
  };
  std::string& kept = out->kept.emplace_back();
  int count = 0;
  if (!bytes_of(input.datatype(), input.contents(), &kept, &count)) {
    return refuse("has a value that " + input.datatype() + " cannot hold");
  }
  const int lists = lists_in(input.contents());
  if (count < 0 && lists > 0) {
    return refuse("is " + input.datatype().substr(0, 40) +
                  ", which comes in raw_input_contents only, if at all");
  }
  if (lists > (count > 0 ? 1 : 0)) {
    return refuse("has contents in a list that is not that of " + input.datatype());
  }
  *bytes = kept;
  return true;
}

bool has(const auto& parameters, const char* name) {
  return parameters.find(name) != parameters.end();
}

}  // namespace

bool take(const inference::ModelInferRequest& request, Taken* out, Wrong* wrong) {
  out->infer.model = request.model_name();
  out->infer.version = request.model_version();
  out->infer.id = request.id();
  out->raw = request.raw_input_contents_size() > 0;
  if (out->raw && request.raw_input_contents_size() != request.inputs_size()) {
    wrong->text = "invalid_shape: there are " + std::to_string(request.inputs_size()) +
                  " inputs and " + std::to_string(request.raw_input_contents_size()) +
                  " raw_input_contents; send one for each";
    return false;
  }
  const auto time = request.parameters().find("time");
  if (time != request.parameters().end()) out->infer.time = time->second.string_param();
  out->infer.inputs.reserve(static_cast<std::size_t>(request.inputs_size()));
  for (int i = 0; i < request.inputs_size(); ++i) {
    const Input& input = request.inputs(i);
    std::string_view bytes;
    if (out->raw && lists_in(input.contents()) > 0) {
      wrong->text = "invalid_shape: input \"" + input.name() +
                    "\" has contents beside raw_input_contents; send one or the other";
      return false;
    }
    if (out->raw) {
      bytes = request.raw_input_contents(i);
    } else if (!typed(input, out, &bytes, wrong)) {
      return false;
    }
    out->bytes += bytes.size();
    out->infer.inputs.push_back(
        {input.name(), input.datatype(),
         {input.shape().data(), static_cast<std::size_t>(input.shape_size())}, bytes,
         has(input.parameters(), "shared_memory_region")});
  }
  for (const auto& wish : request.outputs()) {
    out->infer.outputs.push_back({wish.name(), has(wish.parameters(), "classification"),
                                  has(wish.parameters(), "shared_memory_region")});
  }
  return true;
}

void give(const api::RpcAnswer& answer, bool raw, inference::ModelInferResponse* response) {
  response->set_model_name(answer.model.data(), answer.model.size());
  response->set_model_version(answer.version.data(), answer.version.size());
  response->set_id(answer.id.data(), answer.id.size());
  (*response->mutable_parameters())["prediction_id"].set_string_param(
      std::string(answer.prediction));
  for (const api::RpcOutput& output : answer.outputs) {
    auto* tensor = response->add_outputs();
    tensor->set_name(output.name.data(), output.name.size());
    tensor->set_datatype(output.datatype.data(), output.datatype.size());
    for (const std::int64_t length : output.shape) tensor->add_shape(length);
    std::string_view bytes = output.bytes;
    if (raw) {
      response->add_raw_output_contents(bytes.data(), bytes.size());
    } else if (output.datatype == "FP64") {
      auto* values = tensor->mutable_contents()->mutable_fp64_contents();
      values->Resize(static_cast<int>(bytes.size() / sizeof(double)), 0);
      std::memcpy(values->mutable_data(), bytes.data(), bytes.size());
    } else {  // BYTES: the program gives no others
      while (bytes.size() >= 4) {
        std::uint32_t size = 0;
        std::memcpy(&size, bytes.data(), sizeof size);
        tensor->mutable_contents()->add_bytes_contents(
            std::string(bytes.substr(4, size)));
        bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 4 + std::size_t{size}));
      }
    }
  }
}

}  // namespace rondo::wire
