// The document says everything that the table of routes says, and every shape that it names is
// there.
#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "api/routes.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

/// Names behind every "$ref" of a document.
void collect(const Json& json, std::set<std::string>& out) {
  if (json.is_object() && json.contains("$ref")) {
    const std::string name = json.at("$ref");
    out.insert(name.substr(name.rfind('/') + 1));
  }
  if (!json.is_structured()) return;
  for (const Json& inner : json) collect(inner, out);
}

TEST(OpenApi, DescribesEachRoute) {
  FakeService service(regression_pipeline());
  App app(service, {}, {}, 1);
  const Response reply = ask(app, {Method::kGet, "/openapi.json"});
  ASSERT_EQ(reply.status, 200);
  const Json document = io::parse_json(reply.body).value();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  std::set<std::string> ids;
  std::size_t operations = 0;
  for (const auto& path : document.at("paths")) operations += path.size();
  EXPECT_EQ(operations, routes().size());
  for (const Route& route : routes()) {
    const Json& path = document.at("paths").at(std::string(route.path));
    const Json& operation = path.at(route.method == Method::kGet ? "get" : "post");
    EXPECT_EQ(operation.at("summary"), std::string(route.help));
    EXPECT_EQ(operation.at("x-role"), std::string(name_of(route.role)));
    EXPECT_TRUE(ids.insert(operation.at("operationId")).second) << route.path;
    EXPECT_EQ(operation.contains("requestBody"), route.method == Method::kPost) << route.path;
    const auto names = std::ranges::count(route.path, '{');
    const bool option = route.help.find('?') != route.help.npos;
    EXPECT_EQ(operation.value("parameters", Json::array()).size(),
              static_cast<std::size_t>(names + (option ? 1 : 0)))
        << route.path;
    EXPECT_EQ(operation.at("security").size(),
              route.role == Role::kViewer || route.role == Role::kPredictor ? 2U : 1U);
  }
}

TEST(OpenApi, EachShapeIsThereAndNamed) {
  const Json document = openapi("1", nullptr);
  std::set<std::string> named, there;
  collect(document, named);
  for (const auto& [name, schema] : document.at("components").at("schemas").items()) {
    there.insert(name);
  }
  EXPECT_GT(there.size(), 40U);
  EXPECT_EQ(named, there);
}

TEST(OpenApi, ARowHasTheColumnsOfTheChampion) {
  const auto pipeline = regression_pipeline();
  const Json row = openapi("1", &pipeline->transform().inputs()).at("components").at("schemas").at(
      "Row");
  EXPECT_EQ(row.at("required"), Json::parse(R"(["temp","hour","sky","holiday"])"));
  EXPECT_EQ(row.at("properties").at("hour"), Json::parse(R"({"type":["integer","null"]})"));
  EXPECT_EQ(row.at("properties").at("sky").at("type")[0], "string");
}

}  // namespace
}  // namespace rondo::api
