// Members of the request, one after the other.
#include "api/infer_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/rows.h"

namespace rondo::api {
namespace {

std::expected<bool, Refusal> read_flag(const std::optional<Element>& element,
                                       std::string_view name, bool otherwise) {
  bool flag = false;
  if (!element) return otherwise;
  if (element->get(flag) == simdjson::SUCCESS) return flag;
  return wrong_type(fmt::format("\"{}\" must be true or false, not {}", name, kind_of(*element)));
}

struct Parameters {
  std::optional<Element> time;
  std::optional<Span> timeout;
  bool binary = false;
};

std::expected<Parameters, Refusal> read_parameters(const Element& element) {
  constexpr std::array<std::string_view, 3> kNames = {"time", "timeout", "binary_data_output"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(element, "\"parameters\"", kNames, found, Others::kIgnored));
  Parameters out{.time = found[0], .timeout = {}, .binary = false};
  std::int64_t timeout = 0;
  if (found[1]) {
    if (found[1]->get(timeout) != simdjson::SUCCESS || timeout < 0) {
      return wrong_type("\"timeout\" must be a number of microseconds");
    }
    if (timeout > 0) out.timeout = Span{timeout};  // 0: none, as clients send it
  }
  out.binary = TRY(read_flag(found[2], kNames[2], false));
  return out;
}

std::unexpected<Refusal> not_supported(std::string_view output, std::string_view parameter) {
  return refuse(501, "unsupported",
                fmt::format("output \"{}\": \"{}\" is not supported", output, parameter),
                "ask for \"probabilities\", in the reply");
}

std::expected<void, Refusal> add_wish(std::vector<InferRequest::Wish>& wishes,
                                      InferRequest::Wish wish) {
  const bool again = std::ranges::any_of(
      wishes, [&](const InferRequest::Wish& other) { return other.output == wish.output; });
  if (again) return twice(kOutputNames[static_cast<std::size_t>(wish.output)], "\"outputs\"");
  wishes.push_back(wish);
  return {};
}

std::expected<InferRequest::Wish, Refusal> read_output(const Element& element, model::Task task,
                                                       bool binary) {
  constexpr std::array<std::string_view, 2> kNames = {"name", "parameters"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(element, "an output", kNames, found, Others::kIgnored));
  if (!found[0]) return bad_shape("an output lacks \"name\"");
  const std::string_view name = TRY(text_of(*found[0], "an output's name"));
  const Output output = TRY(output_named(name, task));
  if (!found[1]) return InferRequest::Wish{output, binary};
  constexpr std::array<std::string_view, 3> kMore = {"binary_data", "classification",
                                                     "shared_memory_region"};
  std::array<std::optional<Element>, kMore.size()> more;
  TRY(members(*found[1], "\"parameters\"", kMore, more, Others::kIgnored));
  for (std::size_t i = 1; i < kMore.size(); ++i) {
    if (more[i]) return not_supported(name, kMore[i]);
  }
  return InferRequest::Wish{output, TRY(read_flag(more[0], kMore[0], binary))};
}

std::expected<std::vector<InferRequest::Wish>, Refusal> read_outputs(
    const std::optional<Element>& element, model::Task task, bool binary) {
  Array array;
  if (element && element->get(array) != simdjson::SUCCESS) {
    return bad_shape("\"outputs\" must be an array");
  }
  if (!element || array.size() == 0) return usual_wishes(task, binary);
  std::vector<InferRequest::Wish> out;
  for (const Element one : array) TRY(add_wish(out, TRY(read_output(one, task, binary))));
  return out;
}

}  // namespace

std::expected<Output, Refusal> output_named(std::string_view name, model::Task task) {
  const auto place = std::ranges::find(kOutputNames, name);
  const auto output = static_cast<Output>(place - std::begin(kOutputNames));
  const bool numbers = model::is_number(task), quantiles = task == model::Task::kQuantile;
  const bool fits = output == Output::kProbabilities ? !numbers
                    : output == Output::kQuantiles   ? quantiles
                                                     : numbers || !is_interval(output);
  if (place != std::end(kOutputNames) && fits) return output;
  return bad_shape(fmt::format("there is no output \"{}\"", name.substr(0, 100)),
                   fmt::format("there are \"prediction\", {}{}\"raw_score\" and \"contributions\"",
                               quantiles ? "\"quantiles\", " : "",
                               numbers ? "\"interval_low\", \"interval_high\", "
                                       : "\"probabilities\", "));
}

std::vector<InferRequest::Wish> usual_wishes(model::Task task, bool binary) {
  std::vector<InferRequest::Wish> out = {{Output::kPrediction, binary}};
  if (!model::is_number(task)) out.push_back({Output::kProbabilities, binary});
  if (task == model::Task::kQuantile) out.push_back({Output::kQuantiles, binary});
  return out;
}

bool InferRequest::wants(Output output) const {
  return std::ranges::any_of(outputs, [&](const Wish& wish) { return wish.output == output; });
}

std::expected<InferRequest, Refusal> read_infer_request(const Element& root, model::Task task) {
  constexpr std::array<std::string_view, 6> kNames = {"id",         "inputs", "outputs",
                                                      "parameters", "rows",   "time"};
  std::array<std::optional<Element>, kNames.size()> found;
  TRY(members(root, "the body", kNames, found, Others::kIgnored));
  InferRequest asked;
  asked.inputs = found[1];
  asked.rows = found[4];
  if (found[0]) asked.id = TRY(text_of(*found[0], "\"id\""));
  Parameters parameters;
  if (found[3]) parameters = TRY(read_parameters(*found[3]));
  asked.timeout = parameters.timeout;
  const std::optional<Element> time = parameters.time ? parameters.time : found[5];
  if (time && !time->is_null()) asked.time = TRY(read_time(*time, "\"time\""));
  asked.outputs = TRY(read_outputs(found[2], task, parameters.binary));
  if (asked.inputs.has_value() == asked.rows.has_value()) {
    return bad_shape("the body has either \"inputs\" or \"rows\"",
                     "GET the model's metadata for the names of its inputs");
  }
  return asked;
}

std::expected<InferRequest, Refusal> read_infer_request(const RpcInfer& rpc, model::Task task) {
  InferRequest asked;
  if (!rpc.id.empty()) asked.id = rpc.id;
  if (!rpc.time.empty()) asked.time = TRY(read_time(rpc.time, "\"time\""));
  if (rpc.timeout_us >= 0) asked.timeout = Span{std::max<std::int64_t>(rpc.timeout_us, 1)};
  if (rpc.outputs.empty()) asked.outputs = usual_wishes(task, true);
  for (const RpcWish& wish : rpc.outputs) {
    const Output output = TRY(output_named(wish.name, task));
    if (wish.classification) return not_supported(wish.name, "classification");
    if (wish.shared_memory) return not_supported(wish.name, "shared_memory_region");
    TRY(add_wish(asked.outputs, {output, true}));
  }
  return asked;
}

std::expected<std::optional<std::size_t>, Refusal> json_length(const Request& request) {
  const auto header = request.header("Inference-Header-Content-Length");
  if (!header) return std::nullopt;
  std::size_t length = 0;
  const auto [end, error] =
      std::from_chars(header->data(), header->data() + header->size(), length);
  if (error == std::errc{} && end == header->data() + header->size() &&
      length <= request.body.size()) {
    return length;
  }
  return bad_shape(fmt::format("Inference-Header-Content-Length is \"{}\", the body has {} bytes",
                               header->substr(0, 40), request.body.size()),
                   "it is the number of bytes of JSON before the binary tensors");
}

}  // namespace rondo::api
