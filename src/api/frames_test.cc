// The forms of a table in which MLflow, TensorFlow Serving and KServe V1 ask: each gives the same
// as our own rows, and each mistake has its status in the words of its protocol.
#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

// Two rows whose answers are 31 and 12.5.
constexpr const char* kColumns = R"("columns":["hour","temp","holiday","sky"])";
constexpr const char* kSplit = R"({"dataframe_split":{"columns":["hour","temp","holiday","sky"],
    "index":[7,9],"data":[[8,25.5,false,"rain"],[13,-1,true,null]]}})";
constexpr const char* kObjects = R"([{"temp":25.5,"hour":8,"sky":"rain","holiday":false},
    {"hour":13,"temp":-1,"sky":null,"holiday":true}])";
constexpr const char* kArrays = R"([[25.5,8,"rain",false],[-1,13,null,true]])";
constexpr const char* kLists = R"({"hour":[8,13],"temp":[25.5,-1],"sky":["rain",null],
    "holiday":[false,true]})";

class Frames : public ::testing::Test {
 protected:
  Response invoke(const std::string& body, std::string_view type = "application/json") {
    return ask(app_, {Method::kPost, "/invocations", body, {{"Content-Type", type}}});
  }
  Response predict(const std::string& body, const std::string& path = "/v1/models/bikes:predict") {
    return ask(app_, {Method::kPost, path, body});
  }
  static Json of(const Response& reply, const char* key) {
    const auto json = io::parse_json(reply.body);
    return reply.status == 200 && json && json->contains(key) ? json->at(key) : Json(reply.body);
  }
  static std::string member(const char* key, const char* value) {
    return std::string("{\"") + key + "\":" + value + "}";
  }
  const Json answers_ = Json::parse("[31,12.5]");

  FakeService service_{regression_pipeline()};
  App app_{service_, {.rows_max = 1000}, {}, 1};
  FakeService classes_service_{binary_pipeline()};
  App classes_{classes_service_, {}, {}, 1};
};

TEST_F(Frames, MlflowsForms) {
  EXPECT_EQ(of(invoke(kSplit), "predictions"), answers_);
  EXPECT_EQ(of(invoke(member("dataframe_records", kObjects)), "predictions"), answers_);
  EXPECT_EQ(of(invoke(member("instances", kObjects)), "predictions"), answers_);
  EXPECT_EQ(of(invoke(member("instances", kArrays)), "predictions"), answers_);
  EXPECT_EQ(of(invoke(member("inputs", kLists)), "predictions"), answers_);
  EXPECT_EQ(of(invoke(member("inputs", kArrays)), "predictions"), answers_);
  EXPECT_EQ(of(invoke("hour,temp,holiday,sky\n8,25.5,false,rain\n13.0,-1,True,\n", "text/csv"),
               "predictions"),
            answers_);
  EXPECT_EQ(of(invoke("\xEF\xBB\xBFhour,temp,holiday,\"sky\"\r\n8,25.5,false,\"rain\"\r\n"
                      "13,-1,true,\"a \"\"quoted\"\", one\"",
                      "text/csv; charset=utf-8"),
               "predictions"),
            answers_);
  service_.logged.with([&](const auto& rows) {
    const auto cells = model::decode_cells(rows.back().cells).value();
    EXPECT_EQ(cells[2].text, "a \"quoted\", one");
  });
  EXPECT_EQ(app_.numbers().inputs.at("sky").missing, 7U);
  EXPECT_EQ(app_.numbers().inputs.at("sky").unseen, 1U);
}

TEST_F(Frames, ServingsForms) {
  EXPECT_EQ(of(predict(member("instances", kObjects)), "predictions"), answers_);
  EXPECT_EQ(of(predict(member("instances", kArrays)), "predictions"), answers_);
  EXPECT_EQ(of(predict(member("inputs", kLists)), "outputs"), answers_);
  EXPECT_EQ(of(predict(R"({"signature_name":"x","instances":[]})"), "predictions"), Json::array());
  for (const char* path : {"/v1/models/bikes/versions/3:predict",
                           "/v1/models/bikes/labels/champion:predict"}) {
    EXPECT_EQ(of(predict(member("instances", kArrays), path), "predictions"), answers_) << path;
  }
  EXPECT_EQ(predict(member("instances", kArrays), "/v1/models/bikes/versions/9:predict").status,
            404);
  EXPECT_EQ(predict(member("instances", kArrays), "/v1/models/bikes/labels/x:predict").status, 404);
  EXPECT_EQ(predict(member("instances", kArrays), "/v1/models/cars:predict").status, 404);
  EXPECT_EQ(ask(app_, {Method::kPost, "/v1/models/bikes:predict", member("instances", kArrays),
                       {{"Content-Type", "application/x-www-form-urlencoded"}}})
                .status,
            200)
      << "curl -d";
}

TEST_F(Frames, AnotherOutput) {
  const auto post = [&](const char* path, const std::string& body) {
    return ask(classes_, {Method::kPost, path, body});
  };
  const std::string rows = R"({"instances":[[-1,0],[1,0]],)";
  EXPECT_EQ(of(post("/invocations", rows + R"("params":{"x":1}})"), "predictions"),
            Json::parse(R"(["DOWN","UP"])"));
  EXPECT_EQ(of(post("/invocations", rows + R"("params":{"output":"raw_score"}})"), "predictions"),
            Json::parse("[-1,1]"));
  const Json lists = of(post("/v1/models/bikes:predict",
                             rows + R"("parameters":{"output":"probabilities"}})"),
                        "predictions");
  ASSERT_EQ(lists.size(), 2U);
  EXPECT_NEAR(lists[1][1].get<double>(), 0.731058578630, 1e-9);  // 1 / (1 + e^-1)
  EXPECT_EQ(post("/invocations", rows + R"("params":{"output":"x"}})").status, 400);
  EXPECT_EQ(invoke(R"({"instances":[],"params":{"output":"probabilities"}})").status, 400);
}

TEST_F(Frames, ATimeIsThatOfTheRowElseOfTheRequest) {
  const char* split = R"({"dataframe_split":{"columns":["_time","hour","temp","holiday","sky"],
      "data":[["2012-02-01",8,25.5,false,"rain"]]},"params":{"time":"2013-01-01"}})";
  EXPECT_EQ(invoke(split).status, 200);
  const char* csv = "_time,hour,temp,holiday,sky\n2012-02-01,8,25.5,false,rain\n";
  EXPECT_EQ(invoke(csv, "text/csv").status, 200);
  const char* columns = R"({"inputs":{"_time":["2012-02-01"],"hour":[8],"temp":[1],"sky":["rain"],
      "holiday":[true]}})";
  EXPECT_EQ(invoke(columns).status, 200);
  const std::string body = std::string(R"({"params":{"time":"2012-02-01"},"instances":)") + kArrays;
  EXPECT_EQ(invoke(body + "}").status, 200);
  service_.logged.with([&](const auto& rows) {
    ASSERT_EQ(rows.size(), 5U);
    for (const auto& row : rows) EXPECT_EQ(row.time, parse_time("2012-02-01").value());
  });
}

TEST_F(Frames, MistakesInMlflowsWords) {
  const std::string two = R"({"instances":[],"inputs":[]})";
  const std::string data = std::string(R"({"dataframe_split":{)") + kColumns + R"(,"data":)";
  const struct {
    std::string body;
    const char* code;
  } rows[] = {
      {"{}", "invalid_shape"},
      {two, "invalid_shape"},
      {R"({"instances":[],"more":1})", "invalid_shape"},
      {R"({"instances":7})", "invalid_shape"},
      {R"({"instances":[7]})", "invalid_shape"},
      {R"({"instances":[[1,2]]})", "invalid_shape"},
      {R"({"instances":[["x",8,"rain",false]]})", "wrong_type"},
      {R"({"dataframe_split":{"data":[]}})", "invalid_shape"},
      {R"({"dataframe_split":{"columns":["hour"],"data":[]}})", "missing_column"},
      {R"({"dataframe_split":{"columns":["hour","hour"],"data":[]}})", "duplicate_key"},
      {R"({"dataframe_split":{"columns":["hour","huor"],"data":[]}})", "unknown_column"},
      {R"({"dataframe_split":{"columns":[7],"data":[]}})", "wrong_type"},
      {data + "[[8,25.5,false]]}}", "invalid_shape"},
      {data + "[{}]}}", "invalid_shape"},
      {R"({"inputs":{"hour":[1],"temp":[1,2],"sky":["a"],"holiday":[true]}})", "invalid_shape"},
      {R"({"inputs":{"hour":[1],"hour":[1]}})", "duplicate_key"},
      {R"({"inputs":{}})", "missing_column"},
      {R"({"inputs":{"hour":1}})", "invalid_shape"},
      {"{", "invalid_json"},
  };
  for (const auto& row : rows) {
    const Response reply = invoke(row.body);
    EXPECT_EQ(reply.status, 400) << row.body;
    const Json error = io::parse_json(reply.body).value();
    EXPECT_EQ(error.at("error_code"), "BAD_REQUEST");
    EXPECT_TRUE(error.at("message").get<std::string>().starts_with(row.code))
        << row.body << " -> " << reply.body;
  }
  EXPECT_EQ(service_.log_written(), 0U);
}

TEST_F(Frames, MistakesInCsv) {
  const std::string head = "hour,temp,holiday,sky\n";
  const auto status = [&](const std::string& body) { return invoke(body, "text/csv").status; };
  EXPECT_EQ(status(head), 200) << "no rows";
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("hour,temp\n1,2\n"), 400);
  EXPECT_EQ(status("hour,temp,holiday,sky,more\n"), 400);
  EXPECT_EQ(status(head + "8,25.5,false\n"), 400);
  EXPECT_EQ(status(head + "8,25.5,false,rain,1\n"), 400);
  EXPECT_EQ(status(head + "8,warm,false,rain\n"), 400);
  EXPECT_EQ(status(head + "8.5,1,false,rain\n"), 400);
  EXPECT_EQ(status(head + "08,1,false,rain\n"), 400) << "a number would lose the zero";
  EXPECT_EQ(status(head + "8,inf,false,rain\n"), 400);
  EXPECT_EQ(status(head + "8,1,0,rain\n"), 400);
  EXPECT_EQ(status(head + "8,1,false,\"rain\n"), 400) << "an open quote";
  EXPECT_EQ(status(head + "8,1,false,\"rain\"x\n"), 400);
  EXPECT_EQ(status(head + "8,1,false,\xff\n"), 400);
  EXPECT_EQ(status(head + "8,1,false,rain\n8,1,false,rain"), 200);
}

TEST_F(Frames, TypesOfABody) {
  for (const char* type : {"text/plain", "application/json; charset=latin-1", "text/csv; header=1",
                           "application/json; version=2", "application/octet-stream"}) {
    const Response reply = invoke(kSplit, type);
    EXPECT_EQ(reply.status, 415) << type;
    EXPECT_EQ(io::parse_json(reply.body)->at("error_code"), "BAD_REQUEST");
  }
  EXPECT_EQ(invoke(kSplit, "application/json; charset=UTF-8").status, 200);
  EXPECT_EQ(ask(app_, {Method::kGet, "/invocations"}).status, 405);
}

TEST_F(Frames, MistakesInServingsWords) {
  for (const char* body : {"{}", R"({"instances":[],"inputs":[]})", R"({"instances":[[1]]})"}) {
    const Response reply = predict(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_TRUE(io::parse_json(reply.body)->at("error").is_string()) << reply.body;
  }
}

TEST_F(Frames, StatusOfTheModel) {
  const auto get = [&](App& app, const char* path) { return ask(app, {Method::kGet, path}); };
  EXPECT_EQ(get(app_, "/v1/models").body, "{\"models\":[\"bikes\"]}\n");
  const Json status = io::parse_json(get(app_, "/v1/models/bikes").body).value();
  EXPECT_EQ(status.at("ready"), true);
  EXPECT_EQ(status.at("model_version_status"), Json::parse(R"([{"version":"3","state":"AVAILABLE",
      "status":{"error_code":"OK","error_message":""}}])"));
  EXPECT_EQ(get(app_, "/v1/models/bikes/versions/3").status, 200);
  EXPECT_EQ(get(app_, "/v1/models/bikes/labels/champion").status, 200);
  EXPECT_EQ(get(app_, "/v1/models/bikes/versions/9").status, 404);
  EXPECT_EQ(get(app_, "/v1/models/cars").status, 404);
  EXPECT_EQ(get(app_, "/health").body, "\n");
  FakeService empty(nullptr);
  App app(empty, {}, {}, 1);
  EXPECT_EQ(get(app, "/v1/models/bikes").status, 503);
  EXPECT_EQ(get(app, "/health").status, 503);
  const Response reply = ask(app, {Method::kPost, "/invocations", kSplit});
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(io::parse_json(reply.body)->at("error_code"), "TEMPORARILY_UNAVAILABLE");
}

}  // namespace
}  // namespace rondo::api
