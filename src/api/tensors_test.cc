// Traps of the inference protocol: shapes that lie, data that misfit, inputs that come twice. Each
// is refused before the first row is scored.
#include "api/tensors.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

std::string tensor(const char* name, const char* shape, const char* type, const char* data) {
  return std::string(R"({"name":")") + name + R"(","shape":)" + shape + R"(,"datatype":")" + type +
         R"(","data":)" + data + "}";
}

class Traps : public ::testing::Test {
 protected:
  Response infer(const std::string& inputs) {
    return ask(app_, {Method::kPost, "/v2/models/bikes/infer", R"({"inputs":[)" + inputs + "]}"});
  }
  void expect(const std::string& inputs, int status, const char* code) {
    const Response reply = infer(inputs);
    EXPECT_EQ(reply.status, status) << inputs << " -> " << reply.body;
    EXPECT_TRUE(reply.body.starts_with(std::string("{\"error\":\"") + code + ": "))
        << inputs << " -> " << reply.body;
    EXPECT_EQ(service_.log_written(), 0U) << inputs;
  }
  FakeService service_{binary_pipeline()};  // columns a and b
  App app_{service_, {.rows_max = 1000}, {}, 1};
};

TEST_F(Traps, ShapesThatLie) {
  const struct {
    const char* shape;
    const char* data;
    int status;
    const char* code;
  } rows[] = {
      {"[-1,2]", "[1,2]", 400, "invalid_shape"},
      {"[1152921504606846976,4]", "[1,2]", 400, "invalid_shape"},       // 2^60 x 4 overflows
      {"[1152921504606846976,2]", "[1,2]", 413, "too_large"},
      {"[9223372036854775808,2]", "[1,2]", 413, "too_large"},           // 2^63
      {"[18446744073709551616,2]", "[1,2]", 400, "invalid_shape"},      // 2^64
      {"[1,9223372036854775809]", "[1,2]", 400, "invalid_shape"},
      {"[1.5,2]", "[1,2]", 400, "invalid_shape"},
      {"[\"1\",2]", "[1,2]", 400, "invalid_shape"},
      {"[]", "[]", 400, "invalid_shape"},
      {"[1,2,1]", "[1,2]", 400, "invalid_shape"},
      {"2", "[1,2]", 400, "invalid_shape"},
      {"[1,3]", "[1,2,3]", 400, "invalid_shape"},
      {"[1,2]", "[1]", 400, "invalid_shape"},
      {"[1,2]", "[1,2,3]", 400, "invalid_shape"},
      {"[2,2]", "[[1,2],[3]]", 400, "invalid_shape"},
      {"[2,2]", "[[1,2],[3,4,5]]", 400, "invalid_shape"},
      {"[2,2]", "[[1,2],3,4]", 400, "invalid_shape"},
      {"[2,2]", "[[1,2]]", 400, "invalid_shape"},
      {"[1,2]", "[[[1,2]]]", 400, "invalid_shape"},
      {"[1,2]", "{}", 400, "invalid_shape"},
      {"[1001,2]", "[]", 413, "too_large"},
  };
  for (const auto& row : rows) {
    expect(tensor("x", row.shape, "FP64", row.data), row.status, row.code);
  }
}

TEST_F(Traps, InputsThatDoNotFitTheModel) {
  const std::string a = tensor("a", "[1]", "FP64", "[1]"), b = tensor("b", "[1]", "FP64", "[1]");
  expect(a, 400, "missing_column");
  expect(a + "," + b + "," + a, 400, "duplicate_key");
  expect(a + "," + b + "," + tensor("c", "[1]", "FP64", "[1]"), 400, "unknown_column");
  expect(a + "," + tensor("b", "[2]", "FP64", "[1,2]"), 400, "invalid_shape");
  expect(a + "," + tensor("b", "[1]", "BYTES", "[\"1\"]"), 400, "wrong_type");
  expect(a + "," + tensor("b", "[1]", "BOOL", "[true]"), 400, "wrong_type");
  expect(a + "," + tensor("b", "[1]", "FP65", "[1]"), 400, "wrong_type");
  expect(a + "," + tensor("b", "[1]", "FP64", "[\"1\"]"), 400, "wrong_type");
  expect(a + "," + tensor("b", "[1]", "INT8", "[128]"), 400, "wrong_type");
  expect(a + "," + tensor("b", "[1]", "INT8", "[1.5]"), 400, "wrong_type");
  expect(a + "," + tensor("b", "[1]", "UINT8", "[-1]"), 400, "wrong_type");
  expect(tensor("x", "[1,2]", "FP64", "[1,2]") + "," + a, 400, "invalid_shape");
  expect("", 400, "missing_column");
  expect("7", 400, "invalid_shape");
  expect(R"({"name":"a","shape":[1],"datatype":"FP64"})", 400, "invalid_shape");
}

TEST_F(Traps, BordersOfWholeNumbers) {
  const auto status = [&](const char* type, const char* value) {
    const std::string data = std::string("[") + value + "]";
    return infer(tensor("a", "[1]", type, data.c_str()) + "," + tensor("b", "[1]", "FP64", "[0]"))
        .status;
  };
  EXPECT_EQ(status("INT8", "127"), 200);
  EXPECT_EQ(status("INT8", "-128"), 200);
  EXPECT_EQ(status("INT8", "-129"), 400);
  EXPECT_EQ(status("UINT64", "18446744073709549568"), 200);  // the greatest that is a double too
  EXPECT_EQ(status("UINT64", "18446744073709551615"), 400);
  EXPECT_EQ(status("INT64", "9223372036854775808"), 400);
  EXPECT_EQ(status("INT64", "-9223372036854775808"), 200);
}

TEST_F(Traps, UnknownParametersAreIgnoredAndNoRowsAreNoError) {
  const std::string body =
      R"({"parameters":{"anything":[1]},"inputs":[{"name":"x","shape":[1,2],"datatype":"FP64",)"
      R"("parameters":{"content_type":"np"},"data":[1,0]}]})";
  EXPECT_EQ(ask(app_, {Method::kPost, "/v2/models/bikes/infer", body}).status, 200);
  const Response none = infer(tensor("x", "[0,2]", "FP64", "[]"));
  ASSERT_EQ(none.status, 200) << none.body;
  EXPECT_EQ(io::parse_json(none.body).value().at("outputs")[0].at("data"), Json::array());
}

}  // namespace
}  // namespace rondo::api
