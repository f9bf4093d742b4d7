// Binary tensors of the inference protocol: the same answers as JSON bit for bit, and each way in
// which bytes and shapes may disagree. Values are worked out by hand from testing.h.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "api/datatypes.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

template <class Number>
std::string raw(std::initializer_list<Number> numbers) {
  std::string out;
  for (const Number number : numbers) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.append(bytes, sizeof number);
  }
  return out;
}

std::string text(std::initializer_list<std::string> texts) {
  std::string out;
  for (const std::string& one : texts) {
    out += raw<std::uint32_t>({static_cast<std::uint32_t>(one.size())}) + one;
  }
  return out;
}

struct Tensor {
  std::string name, shape, datatype, data;  // as bytes
};

std::string inputs_of(const std::vector<Tensor>& tensors) {
  std::string json;
  for (const Tensor& t : tensors) {
    json += (json.empty() ? "" : ",") + std::string("{\"name\":\"") + t.name + "\",\"shape\":" +
            t.shape + ",\"datatype\":\"" + t.datatype +
            "\",\"parameters\":{\"binary_data_size\":" + std::to_string(t.data.size()) + "}}";
  }
  return "\"inputs\":[" + json + "]";
}

class Binary : public ::testing::Test {
 protected:
  Response send(App& app, const std::string& json, const std::string& tail,
                const std::string& length = "") {
    const std::string said = length.empty() ? std::to_string(json.size()) : length;
    return ask(app, {Method::kPost, "/v2/models/bikes/infer", json + tail,
                     {{"Inference-Header-Content-Length", said},
                      {"Content-Type", "application/octet-stream"}}});
  }
  Response infer(const std::vector<Tensor>& tensors, const std::string& more = "") {
    std::string tail;
    for (const Tensor& t : tensors) tail += t.data;
    return send(app_, "{" + inputs_of(tensors) + more + "}", tail);
  }
  /// Two rows whose answers are 31 and 12.5.
  static std::vector<Tensor> two(const Tensor& temp) {
    return {temp, {"hour", "[2]", "INT32", raw<std::int32_t>({8, 13})},
            {"sky", "[2,1]", "BYTES", text({"rain", ""})},
            {"holiday", "[2]", "BOOL", std::string("\0\1", 2)}};
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  FakeService service_{regression_pipeline()};
  App app_{service_, {.rows_max = 1000}, {}, 1};
  FakeService classes_service_{binary_pipeline()};
  App classes_{classes_service_, {.rows_max = 1000}, {}, 1};
};

TEST_F(Binary, EachDatatypeOfAColumnGivesTheSame) {
  const std::vector<Tensor> rows = {
      {"temp", "[2]", "FP64", raw<double>({25.5, -1})},
      {"temp", "[2]", "FP32", raw<float>({25.5, -1})},
      {"temp", "[2]", "FP16", raw<std::uint16_t>({0x4E60, 0xBC00})},  // 25.5, -1
      {"temp", "[2]", "BF16", raw<std::uint16_t>({0x41CC, 0xBF80})},
      {"temp", "[2]", "INT8", raw<std::int8_t>({25, -1})},
      {"temp", "[2]", "INT16", raw<std::int16_t>({25, -1})},
      {"temp", "[2]", "INT64", raw<std::int64_t>({25, -1})},
      {"temp", "[2]", "UINT8", raw<std::uint8_t>({255, 0})},
      {"temp", "[2]", "UINT16", raw<std::uint16_t>({65535, 0})},
      {"temp", "[2]", "UINT32", raw<std::uint32_t>({4294967295U, 0})},
      {"temp", "[2,1]", "UINT64", raw<std::uint64_t>({~std::uint64_t{0}, 0})},
  };
  for (const Tensor& temp : rows) {
    const Response reply = infer(two(temp));
    ASSERT_EQ(reply.status, 200) << temp.datatype << reply.body;
    EXPECT_EQ(io::parse_json(reply.body)->at("outputs")[0].at("data"), Json::parse("[31,12.5]"))
        << temp.datatype;
    EXPECT_EQ(reply.type, "application/json");
  }
}

TEST_F(Binary, HalvesAreExact) {
  EXPECT_EQ(from_fp16(0x0000), 0.0);
  EXPECT_TRUE(std::signbit(from_fp16(0x8000)));
  EXPECT_EQ(from_fp16(0x0001), std::ldexp(1.0, -24));  // the least subnormal
  EXPECT_EQ(from_fp16(0x03FF), std::ldexp(1023.0, -24));
  EXPECT_EQ(from_fp16(0x0400), std::ldexp(1.0, -14));
  EXPECT_EQ(from_fp16(0x7BFF), 65504.0);
  EXPECT_EQ(from_fp16(0xFC00), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(from_fp16(0x7E00)));
  EXPECT_EQ(from_bf16(0x3F80), 1.0);
  EXPECT_EQ(from_bf16(0xC040), -3.0);
  EXPECT_TRUE(std::isnan(from_bf16(0x7FC0)));
}

TEST_F(Binary, NaNIsMissingAndInfinityIsRefused) {
  const double nan = std::nan("");
  const Response reply = infer(two({"temp", "[2]", "FP64", raw<double>({nan, nan})}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(app_.numbers().inputs.at("temp").missing, 2U);
  EXPECT_EQ(infer(two({"temp", "[2]", "FP32", raw<float>({HUGE_VALF, 0})})).status, 400);
}

TEST_F(Binary, OutputsInTheFormThatIsAskedFor) {
  const std::string x = inputs_of({{"x", "[2,2]", "FP32", raw<float>({-1, 0, 1, 0})}});
  const std::string tail = raw<float>({-1, 0, 1, 0});
  const std::string wishes = R"(,"parameters":{"binary_data_output":true},"outputs":[
    {"name":"raw_score"},{"name":"prediction"},
    {"name":"probabilities","parameters":{"binary_data":false}}])";
  const Response reply = send(classes_, "{" + x + wishes + "}", tail);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.type, "application/octet-stream");
  const std::size_t json = std::stoul(header(reply, "Inference-Header-Content-Length"));
  const Json outputs = io::parse_json(reply.body.substr(0, json))->at("outputs");
  EXPECT_EQ(outputs[0].at("name"), "raw_score");
  EXPECT_EQ(outputs[0].at("shape"), Json::parse("[2]"));
  EXPECT_EQ(outputs[0].at("parameters").at("binary_data_size"), 16);
  EXPECT_EQ(outputs[1].at("datatype"), "BYTES");
  EXPECT_EQ(outputs[2].at("data").size(), 4U);
  EXPECT_EQ(reply.body.substr(json), raw<double>({-1, 1}) + text({"DOWN", "UP"}));
}

TEST_F(Binary, AMatrixWithoutJson) {
  const std::string matrix = raw<double>({-1, 0, 1, 0});
  const Response reply = send(classes_, "", matrix, "0");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(io::parse_json(reply.body)->at("outputs")[0].at("data"),
            Json::parse(R"(["DOWN","UP"])"));
  EXPECT_EQ(send(classes_, "", matrix + "x", "0").status, 400);
  EXPECT_EQ(send(classes_, "", matrix.substr(8), "0").status, 400);
  EXPECT_EQ(send(classes_, "", "", "0").status, 200) << "no rows";
  EXPECT_EQ(send(classes_, "", std::string(1001 * 16, '\0'), "0").status, 413);
  EXPECT_EQ(send(app_, "", raw<double>({1, 1, 1, 1}), "0").status, 400) << "a text column";
}

TEST_F(Binary, WhatDoesNotFit) {
  const std::string good = raw<double>({25.5, -1});
  const auto temp = [](std::string shape, std::string type, std::string data) {
    return Tensor{"temp", std::move(shape), std::move(type), std::move(data)};
  };
  const struct {
    std::vector<Tensor> tensors;
    const char* what;
  } rows[] = {
      {two(temp("[2]", "FP64", good.substr(1))), "a byte too few"},
      {two(temp("[2]", "FP64", good + "x")), "a byte too many"},
      {two(temp("[2]", "FP32", good)), "another size"},
      {two(temp("[3]", "FP64", good)), "another shape"},
      {two(temp("[2]", "BYTES", text({"1", "2"}))), "another type"},
  };
  for (const auto& row : rows) {
    const Response reply = infer(row.tensors);
    EXPECT_EQ(reply.status, 400) << row.what << reply.body;
  }
  auto broken = two(temp("[2]", "FP64", good));
  const auto with = [&](std::size_t place, std::string data) {
    auto tensors = broken;
    tensors[place].data = std::move(data);
    return infer(tensors).status;
  };
  EXPECT_EQ(with(1, raw<std::int32_t>({8, 13})), 200);
  EXPECT_EQ(with(2, text({"rain"})), 400) << "a text too few";
  EXPECT_EQ(with(2, text({"rain", "x", "y"})), 400) << "a text too many";
  EXPECT_EQ(with(2, text({"rain"}) + raw<std::uint32_t>({~0U})), 400) << "a length that lies";
  EXPECT_EQ(with(2, text({"rain", "\xff"})), 400) << "no UTF-8";
  EXPECT_EQ(with(3, std::string("\0\2", 2)), 400) << "no BOOL";
  EXPECT_EQ(service_.log_written(), 2U);
}

TEST_F(Binary, WhatTheHeaderAndTheParametersSay) {
  const std::string x = inputs_of({{"x", "[1,2]", "FP64", raw<double>({1, 0})}});
  const std::string tail = raw<double>({1, 0});
  const auto status = [&](const std::string& json, const std::string& bytes,
                          const std::string& length = "") {
    return send(classes_, json, bytes, length).status;
  };
  EXPECT_EQ(status("{" + x + "}", tail), 200);
  EXPECT_EQ(status("{" + x + "}", tail + "x"), 400) << "bytes that belong to nobody";
  EXPECT_EQ(status("{" + x + "}", tail.substr(1)), 400);
  EXPECT_EQ(status("{" + x + "}", tail, "99999"), 400);
  EXPECT_EQ(status("{" + x + "}", tail, "-1"), 400);
  EXPECT_EQ(status("{" + x + "}", tail, "1x"), 400);
  EXPECT_EQ(status("{" + x + "}", tail, "18446744073709551616"), 400);
  EXPECT_EQ(status("{" + x + "}", tail, "3"), 400) << "JSON that is cut";
  const auto input = [](const std::string& more) {
    return R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64",)" + more + "}]}";
  };
  EXPECT_EQ(status(input(R"("parameters":{"binary_data_size":16},"data":[1,0])"), tail), 400);
  EXPECT_EQ(status(input(R"("parameters":{"binary_data_size":"16"})"), tail), 400);
  EXPECT_EQ(status(input(R"("parameters":{"binary_data_size":-16})"), tail), 400);
  EXPECT_EQ(status(input(R"("parameters":{"shared_memory_region":"r"})"), ""), 501);
  EXPECT_EQ(status(R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP16","data":[1,0]}]})", ""),
            400)
      << "FP16 in JSON";
  const std::string classification =
      R"(,"outputs":[{"name":"prediction","parameters":{"classification":2}}])";
  EXPECT_EQ(status("{" + x + classification + "}", tail), 501);
  EXPECT_EQ(status("{" + x + R"(,"outputs":[{"name":"contribution"}]})", tail), 400);
  EXPECT_EQ(status("{" + x + R"(,"outputs":[{"name":"prediction"},{"name":"prediction"}]})", tail),
            400);
}

TEST_F(Binary, WhatIsNotAnnouncedIsHintedAt) {
  const std::string json = "{" + inputs_of(two({"temp", "[2]", "FP64", raw<double>({1, 2})})) + "}";
  const auto hinted = [&](const std::string& body, std::vector<Header> headers) {
    const Response reply =
        ask(app_, {Method::kPost, "/v2/models/bikes/infer", body, std::move(headers)});
    EXPECT_EQ(reply.status, 400) << body;
    return reply.body.contains("Inference-Header-Content-Length");
  };
  const Header octets{"Content-Type", "application/octet-stream"};
  EXPECT_TRUE(hinted(json + raw<double>({1, 2}), {octets}));
  EXPECT_TRUE(hinted(json + raw<double>({1, 2}), {})) << "said to be JSON";
  EXPECT_TRUE(hinted(raw<double>({1, 2}), {octets})) << "a matrix alone";
  EXPECT_FALSE(hinted("{\"inputs\":[", {})) << "JSON that is broken";
}

TEST_F(Binary, ARequestMayLimitItsTime) {
  const std::string row = R"({"rows":[{"a":1,"b":0}],"parameters":{"timeout":)";
  const auto status = [&](const std::string& body) {
    return ask(classes_, {Method::kPost, "/v2/models/bikes/infer", body}).status;
  };
  EXPECT_EQ(status(row + "0}}"), 200);
  EXPECT_EQ(status(row + "3600000000}}"), 200);
  EXPECT_EQ(status(row + "-1}}"), 400);
  std::string many = R"({"parameters":{"timeout":1},"inputs":[{"name":"x","shape":[900,2],)"
                     R"("datatype":"FP64","data":[0)";
  for (int i = 1; i < 1800; ++i) many += ",0";
  EXPECT_EQ(status(many + "]}]}"), 504) << "900 rows take longer than a microsecond";
  EXPECT_EQ(classes_.numbers().versions.at(3).fail.count, 1U);
}

TEST_F(Binary, NumbersOutOfRangeAreCounted) {  // the reference holds 0 and 1 of each column
  ASSERT_EQ(infer(two({"temp", "[2]", "FP64", raw<double>({1, -1e9})})).status, 200);
  EXPECT_EQ(app_.numbers().inputs.at("temp").out_of_range, 1U);
  EXPECT_EQ(app_.numbers().inputs.at("hour").out_of_range, 2U);
  service_.deploy(4, regression_pipeline(1));  // its borders are looked up anew
  ASSERT_EQ(infer(two({"temp", "[2]", "FP64", raw<double>({0, 1})})).status, 200);
  EXPECT_EQ(app_.numbers().inputs.at("temp").out_of_range, 1U);
}

}  // namespace
}  // namespace rondo::api
