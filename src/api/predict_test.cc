// Rows and tensors in, answers out: the same numbers by each protocol, and each mistake of a caller
// named with its code. Expected answers follow from the two trees of testing.h by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "api/rows.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

class Predict : public ::testing::Test {
 protected:
  Response predict(const std::string& body) {
    return ask(app_, {Method::kPost, "/api/v1/predict", body});
  }
  Response infer(const std::string& body, const std::string& path = "/v2/models/bikes/infer") {
    return ask(app_, {Method::kPost, path, body});
  }
  static Json json(const Response& response) { return io::parse_json(response.body).value(); }

  FakeService service_{regression_pipeline()};
  App app_{service_, {}, {}, 1};
};

constexpr const char* kRow = R"({"temp":25.5,"hour":8,"sky":"rain","holiday":false})";

TEST_F(Predict, RowsGiveAnswersIdsAndALog) {
  const Response reply = predict(R"({"rows":[)" + std::string(kRow) +
                                 R"(,{"holiday":true,"sky":null,"hour":13,"temp":-1}]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json predictions = json(reply).at("predictions");
  ASSERT_EQ(predictions.size(), 2U);
  EXPECT_EQ(predictions[0].at("value"), 31);
  EXPECT_EQ(predictions[1].at("value"), 12.5);
  EXPECT_EQ(predictions[0].at("model_version"), 3);
  EXPECT_FALSE(predictions[0].contains("probabilities"));
  const std::string id = predictions[1].at("id");
  EXPECT_TRUE(service_.ids().authentic(id));
  EXPECT_TRUE(id.ends_with(".1"));
  EXPECT_EQ(reply.headers[0],
            (std::pair<std::string_view, std::string>{"Rondo-Model-Version", "3"}));
  service_.logged.with([&](const auto& rows) {
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1].id, id);
    EXPECT_EQ(rows[1].value, 12.5);
    EXPECT_EQ(rows[1].time, kTestNow);
    const auto cells = model::decode_cells(rows[1].cells).value();
    EXPECT_EQ(cells[0].number, -1);
    EXPECT_EQ(cells[2].kind, model::Cell::Kind::kMissing);
    EXPECT_EQ(cells[3].number, 1);
  });
  EXPECT_EQ(app_.numbers().inputs.at("sky").missing, 1U);
  EXPECT_EQ(app_.numbers().versions.at(3).rows, 2U);
}

TEST_F(Predict, ADryRunLeavesNothingBehind) {
  Asking request{Method::kPost, "/api/v1/predict", R"({"rows":[)" + std::string(kRow) + "]}"};
  request.headers = {{"Content-Type", "application/json"}, {"rondo-dry-run", "true"}};
  EXPECT_EQ(ask(app_, request).status, 401) << "whoever may only ask cannot hide that";
  request.headers.push_back({"Rondo-Token", kAdminToken});
  const Response reply = ask(app_, request);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json(reply).at("predictions")[0].at("value"), 31);
  service_.logged.with([](const auto& rows) { EXPECT_TRUE(rows.empty()); });
  request.headers[1].value = "false";
  EXPECT_EQ(ask(app_, request).status, 200);
  service_.logged.with([](const auto& rows) { EXPECT_EQ(rows.size(), 1U); });
}

TEST_F(Predict, ATerseServerNamesColumnsToDeployersAlone) {
  Limits limits;
  limits.terse = true;
  App app(service_, limits, {}, 1);
  const struct {
    const char* why;
    const char* path;
    std::string body, says;
  } cases[] = {
      {"a wrong type", "/api/v1/predict",
       R"({"rows":[{"temp":25.5,"hour":8,"sky":7,"holiday":false}]})",
       "row 0: a value is not of its column's type"},
      {"a column that lacks", "/api/v1/predict", R"({"rows":[{"temp":25.5,"hour":8,"sky":"x"}]})",
       "row 0: a column of the model is missing"},
      {"one too many", "/api/v1/predict", R"({"rows":[{"tmp":25.5}]})",
       "row 0: there is a column that the model does not have"},
      {"one twice", "/api/v1/predict", R"({"rows":[{"temp":1,"temp":1}]})", "a name comes twice"},
      {"by tensors", "/v2/models/bikes/infer",
       R"({"inputs":[{"name":"temp","datatype":"FP64","shape":[1],"data":[1]}]})",
       "a column of the model is missing"},
      {"by values", "/v1/models/bikes:predict", R"({"instances":[[1]]})",
       "the rows are not arranged as this path takes them"},
      {"as a frame", "/invocations", R"({"dataframe_records":[{"hour":1}]})",
       "a column of the model is missing"},
  };
  for (const auto& one : cases) {
    Asking asking{Method::kPost, one.path, one.body};
    const Response reply = ask(app, asking);
    EXPECT_EQ(reply.status, 400) << one.why;
    EXPECT_NE(reply.body.find(one.says), std::string::npos) << one.why << ": " << reply.body;
    for (const char* column : {"temp", "hour", "sky", "holiday"}) {
      EXPECT_EQ(reply.body.find(column), std::string::npos) << one.why << ": " << reply.body;
    }
    asking.headers = {{"Content-Type", "application/json"}, {"Rondo-Token", kAdminToken}};
    EXPECT_EQ(ask(app, asking).body, ask(app_, asking).body) << one.why;
  }
  EXPECT_NE(predict("{").body.find("invalid_json"), std::string::npos);
}

TEST_F(Predict, EachRequestHasIdsOfItsOwn) {
  const std::string body = R"({"rows":[)" + std::string(kRow) + "]}";
  EXPECT_NE(json(predict(body)).at("predictions")[0].at("id"),
            json(predict(body)).at("predictions")[0].at("id"));
}

TEST_F(Predict, ATimeIsThatOfTheRowElseOfTheRequest) {
  const Response reply =
      predict(R"({"time":"2012-01-31T08:00:00Z","rows":[)" + std::string(kRow) +
              R"(,{"_time":"2012-02-01","temp":1,"hour":1,"sky":"rain","holiday":true}]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  service_.logged.with([&](const auto& rows) {
    EXPECT_EQ(rows[0].time, parse_time("2012-01-31T08:00:00Z").value());
    EXPECT_EQ(rows[1].time, parse_time("2012-02-01T00:00:00Z").value());
  });
}

TEST_F(Predict, MistakesOfACallerAreNamed) {
  const struct {
    const char* body;
    const char* code;
    const char* says;
  } rows[] = {
      {R"({"rows":[{"temp":1,"hour":1,"sky":"rain"}]})", "missing_column", "holiday"},
      {R"({"rows":[{"temp":1,"hour":1,"sky":"rain","holiday":true,"hum":2}]})", "unknown_column",
       "hum"},
      {R"({"rows":[{"temp":"1","hour":1,"sky":"rain","holiday":true}]})", "wrong_type", "temp"},
      {R"({"rows":[{"temp":1,"hour":1.5,"sky":"rain","holiday":true}]})", "wrong_type", "hour"},
      {R"({"rows":[{"temp":1,"hour":1,"sky":7,"holiday":true}]})", "wrong_type", "sky"},
      {R"({"rows":[{"temp":1,"hour":1,"sky":"rain","holiday":1}]})", "wrong_type", "holiday"},
      {R"({"rows":[{"temp":[1],"hour":1,"sky":"rain","holiday":true}]})", "wrong_type", "temp"},
      {R"({"rows":[{"temp":1,"temp":1,"hour":1,"sky":"rain","holiday":true}]})", "duplicate_key",
       "temp"},
      {R"({"rows":[],"rows":[]})", "duplicate_key", "rows"},
      {R"({"rows":[7]})", "invalid_shape", "row 0"},
      {R"({"rows":{}})", "invalid_shape", "array"},
      {R"({"row":[]})", "invalid_shape", "\"row\""},
      {R"([])", "invalid_shape", "object"},
      {R"({"rows":[],"time":"noon"})", "wrong_type", "time"},
      {R"({"rows":[)", "invalid_json", "JSON"},
      {R"({"rows":[NaNa]})", "invalid_json", "JSON"},
      {R"({"rows":[NaN]})", "invalid_shape", "row 0"},
      {"", "invalid_json", "JSON"},
  };
  for (const auto& row : rows) {
    const Response reply = predict(row.body);
    EXPECT_EQ(reply.status, 400) << row.body;
    const Json error = json(reply).at("error");
    EXPECT_EQ(error.at("code"), row.code) << row.body;
    EXPECT_NE(error.at("message").get<std::string>().find(row.says), std::string::npos)
        << row.body << " -> " << error.dump();
  }
  EXPECT_EQ(service_.log_written(), 0U) << "a refused request is not logged";
}

TEST_F(Predict, AMisspeltColumnGetsAHint) {
  const Response reply =
      predict(R"({"rows":[{"temp":1,"hour":1,"sky":"rain","hoilday":true}]})");
  EXPECT_NE(reply.body.find("did you mean \\\"holiday\\\"?"), std::string::npos) << reply.body;
}

TEST_F(Predict, NaNInJsonIsMissing) {  // as Python's json writes it unless told otherwise
  const auto value = [&](const std::string& temp, const std::string& sky) {
    const Response reply = predict(R"({"rows":[{"temp":)" + temp + R"(,"hour":8,"sky":")" + sky +
                                   R"(","holiday":false}]})");
    return reply.status == 200 ? json(reply).at("predictions")[0].at("value") : Json(reply.body);
  };
  EXPECT_EQ(value("NaN", "rain"), value("null", "rain"));
  EXPECT_EQ(value(" NaN ", R"(\"NaN)"), value("null", R"(\"NaN)"));
  service_.logged.with([](const auto& rows) {
    EXPECT_EQ(model::decode_cells(rows[2].cells).value()[2].text, "\"NaN");
  });
  EXPECT_NE(value("Infinity", "rain").dump().find("write null"), std::string::npos);
  EXPECT_EQ(predict(R"({"rows":[)").body.find("write null"), std::string::npos);
}

TEST_F(Predict, DepthIsLimitedButDeepIsNotInvalid) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(json(predict(nested(65))).at("error").at("code"), "invalid_shape");
  EXPECT_NE(predict(nested(65)).body.find("deeper than 64"), std::string::npos);
  EXPECT_EQ(predict(nested(64)).body.find("deeper"), std::string::npos);
  EXPECT_EQ(json(predict(std::string(100'000, '['))).at("error").at("code"), "invalid_json");
}

TEST_F(Predict, RowsAreLimited) {
  App small(service_, {.rows_max = 2}, {}, 1);
  const std::string row = kRow;
  const auto status = [&](const std::string& rows) {
    return ask(small, {Method::kPost, "/api/v1/predict", R"({"rows":[)" + rows + "]}"}).status;
  };
  EXPECT_EQ(status(row), 200);
  EXPECT_EQ(status(row + "," + row), 200);
  EXPECT_EQ(status(row + "," + row + "," + row), 413);
}

TEST_F(Predict, WithoutAModelItIsUnavailable) {
  FakeService empty(nullptr);
  App app(empty, {}, {}, 1);
  const Response reply = ask(app, {Method::kPost, "/api/v1/predict", R"({"rows":[]})"});
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(json(reply).at("error").at("code"), "unavailable");
  EXPECT_EQ(ask(app, {Method::kGet, "/health/ready"}).status, 503);
  EXPECT_EQ(ask(app, {Method::kGet, "/health/live"}).status, 200);
}

std::string tensor(const char* name, const char* shape, const char* type, const char* data) {
  return std::string(R"({"name":")") + name + R"(","shape":)" + shape + R"(,"datatype":")" + type +
         R"(","data":)" + data + "}";
}

std::string columns(const std::string& hour) {
  return R"({"id":"mine","inputs":[)" + tensor("temp", "[2]", "FP64", "[25.5,-1]") + "," + hour +
         "," + tensor("sky", "[2,1]", "BYTES", R"([["rain"],[null]])") + "," +
         tensor("holiday", "[2]", "BOOL", "[false,true]") + "]}";
}

TEST_F(Predict, TensorsGiveTheSameAsRows) {
  const Response reply = infer(columns(tensor("hour", "[2]", "INT32", "[8,13]")));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json out = json(reply);
  EXPECT_EQ(out.at("model_name"), "bikes");
  EXPECT_EQ(out.at("model_version"), "3");
  EXPECT_EQ(out.at("id"), "mine");
  const Json& output = out.at("outputs")[0];
  EXPECT_EQ(output.at("name"), "prediction");
  EXPECT_EQ(output.at("datatype"), "FP64");
  EXPECT_EQ(output.at("shape"), Json::parse("[2]"));
  EXPECT_EQ(output.at("data"), Json::parse("[31,12.5]"));
  const std::string id = out.at("parameters").at("prediction_id");
  service_.logged.with([&](const auto& rows) { EXPECT_EQ(rows[1].id, id + ".1"); });
}

TEST_F(Predict, InferTakesRowsToo) {
  const Response reply = infer(R"({"rows":[)" + std::string(kRow) + "]}");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json(reply).at("outputs")[0].at("data")[0], 31);
  EXPECT_EQ(json(reply).at("predictions")[0].at("value"), 31);
}

TEST_F(Predict, MistakesInTensorsAreNamed) {
  const struct {
    std::string hour;
    const char* code;
  } rows[] = {
      {tensor("hour", "[3]", "INT32", "[1,2,3]"), "invalid_shape"},
      {tensor("hour", "[2]", "INT32", "[1]"), "invalid_shape"},
      {tensor("hour", "[2]", "INT32", "[1,2,3]"), "invalid_shape"},
      {tensor("hour", "[-2]", "INT32", "[1,2]"), "invalid_shape"},
      {tensor("hour", "[1152921504606846976,4]", "INT32", "[1,2]"), "invalid_shape"},
      {tensor("hour", "[2]", "INT8", "[1,128]"), "wrong_type"},
      {tensor("hour", "[2]", "INT32", "[1,1.5]"), "wrong_type"},
      {tensor("hour", "[2]", "BYTES", R"(["1","2"])"), "wrong_type"},
      {tensor("hour", "[2]", "INT128", "[1,2]"), "wrong_type"},
      {tensor("temp", "[2]", "FP64", "[1,2]"), "duplicate_key"},
      {tensor("minute", "[2]", "FP64", "[1,2]"), "unknown_column"},
      {R"({"name":"hour"})", "invalid_shape"},
  };
  for (const auto& row : rows) {
    const Response reply = infer(columns(row.hour));
    EXPECT_EQ(reply.status, 400) << row.hour;
    const std::string error = json(reply).at("error");
    EXPECT_TRUE(error.starts_with(row.code)) << row.hour << " -> " << error;
  }
  const Response missing = infer(R"({"inputs":[)" + tensor("temp", "[1]", "FP64", "[1]") + "]}");
  EXPECT_TRUE(json(missing).at("error").get<std::string>().starts_with("missing_column"));
  const Response many = infer(columns(tensor("hour", "[99999999999]", "INT32", "[1]")));
  EXPECT_EQ(many.status, 413);
}

TEST_F(Predict, UnknownModelsAndVersionsAreNotFound) {
  const std::string body = R"({"rows":[)" + std::string(kRow) + "]}";
  EXPECT_EQ(infer(body, "/v2/models/cars/infer").status, 404);
  EXPECT_EQ(infer(body, "/v2/models/bikes/versions/9/infer").status, 404);
  EXPECT_EQ(infer(body, "/v2/models/bikes/versions/challenger/infer").status, 404);
  EXPECT_EQ(infer(body, "/v2/models/bikes/versions/3/infer").status, 200);
  EXPECT_EQ(infer(body, "/v2/models/bikes/versions/v3/infer").status, 200);
  EXPECT_EQ(infer(body, "/v2/models/bikes/versions/champion/infer").status, 200);
}

TEST(PredictClasses, AMatrixAndProbabilities) {
  FakeService service(binary_pipeline());
  App app(service, {}, {}, 1);
  const auto post = [&](const std::string& body) {
    return ask(app, {Method::kPost, "/v2/models/bikes/infer", body});
  };
  const double up = 1 / (1 + std::exp(-1.0));
  for (const char* data : {"[-1,0,1,0]", "[[-1,0],[1,0]]"}) {
    const Response reply = post(R"({"inputs":[)" + tensor("x", "[2,2]", "FP32", data) + "]}");
    ASSERT_EQ(reply.status, 200) << reply.body;
    const Json outputs = io::parse_json(reply.body).value().at("outputs");
    EXPECT_EQ(outputs[0].at("data"), Json::parse(R"(["DOWN","UP"])"));
    EXPECT_EQ(outputs[1].at("shape"), Json::parse("[2,2]"));
    EXPECT_NEAR(outputs[1].at("data")[3].get<double>(), up, 1e-12);
    EXPECT_NEAR(outputs[1].at("data")[0].get<double>(), up, 1e-12);
  }
  const Response asked = post(R"({"outputs":[{"name":"probabilities"}],"inputs":[)" +
                              tensor("x", "[1,2]", "FP32", "[1,0]") + "]}");
  EXPECT_EQ(io::parse_json(asked.body).value().at("outputs").size(), 1U);
  const Response ours = ask(app, {Method::kPost, "/api/v1/predict", R"({"rows":[{"a":2,"b":0}]})"});
  const Json row = io::parse_json(ours.body).value().at("predictions")[0];
  EXPECT_EQ(row.at("value"), "UP");
  EXPECT_NEAR(row.at("probabilities").at("UP").get<double>(), up, 1e-12);
}

TEST(PredictColumns, AHintSaysWhatTheNameIs) {
  table::Schema inputs;
  inputs.fields = {{"hr", table::Type::kInteger}, {"temp", table::Type::kNumber}};
  const std::string ignored[] = {"casual"}, late[] = {"registered"};
  const Outsiders outsiders{"cnt", "dteday + to_hours(hr)", ignored, late};
  const struct {
    const char *name, *hint;
  } rows[] = {{"cnt", "\"cnt\" is what the model predicts: leave it out"},
              {"dteday", "\"dteday\" is the row's clock: send its time as \"_time\""},
              {"casual", "\"casual\" is ignored by the model (`[prepare] ignore`): leave it out"},
              {"registered",
               "\"registered\" is known only with the label (`[prepare] late`): leave it out"},
              {"tmp", "did you mean \"temp\"?"},
              {"day", "the columns are: hr, temp"},  // no word of the clock's expression
              {"", "the columns are: hr, temp"}};
  for (const auto& row : rows) EXPECT_EQ(column_hint(row.name, inputs, outsiders), row.hint);
}

}  // namespace
}  // namespace rondo::api
