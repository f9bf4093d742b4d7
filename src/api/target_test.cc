// What a request names: forms of targets, patterns, escapes, options behind the question mark.
#include "api/target.h"

#include <gtest/gtest.h>

namespace rondo::api {
namespace {

TEST(Target, EachFormOfATarget) {
  const struct {
    const char* target;
    const char* authority;
    const char* path;
    const char* query;
  } rows[] = {
      {"/v2", "", "/v2", ""},
      {"/api/v1/history?last=3", "", "/api/v1/history", "last=3"},
      {"/a?b?c", "", "/a", "b?c"},
      {"/?", "", "/", ""},
      {"http://localhost:8080/v2?x=1", "localhost:8080", "/v2", "x=1"},
      {"https://[::1]/v2", "[::1]", "/v2", ""},
      {"http://localhost", "localhost", "/", ""},
      {"http://localhost?x", "localhost", "", "x"},
      {"*", "", "*", ""},
      {"", "", "", ""},
  };
  for (const auto& row : rows) {
    const Target target = parse_target(row.target);
    EXPECT_EQ(target.authority, row.authority) << row.target;
    EXPECT_EQ(target.path, row.path) << row.target;
    EXPECT_EQ(target.query, row.query) << row.target;
  }
}

TEST(Target, PatternsTakeWholeSegments) {
  const struct {
    const char* pattern;
    const char* path;
    bool fits;
    const char* first;
    const char* second;
  } rows[] = {
      {"/v2", "/v2", true, "", ""},
      {"/v2", "/v2/", false, "", ""},
      {"/v2/", "/v2", false, "", ""},
      {"/v2/models/{model}", "/v2/models/bikes", true, "bikes", ""},
      {"/v2/models/{model}", "/v2/models/", false, "", ""},
      {"/v2/models/{model}", "/v2/models/a/b", false, "", ""},
      {"/v2/models/{model}", "/v2/models/a%2Fb", true, "a/b", ""},
      {"/v2/models/{model}", "/v2/models/%C3%A4", true, "\xC3\xA4", ""},
      {"/v2/models/{model}", "/v2/models/%4", false, "", ""},
      {"/v2/models/{model}", "/v2/models/%zz", false, "", ""},
      {"/v2/models/{model}", "/v2/models/a%00b", false, "", ""},
      {"/v2/models/{model}/ready", "/v2/models/bikes/ready", true, "bikes", ""},
      {"/v2/models/{model}/ready", "/v2/models/bikes/Ready", false, "", ""},
      {"/m/{a}/v/{b}/x", "/m/1/v/2/x", true, "1", "2"},
      {"/m/{a}/v/{b}/x", "/m/1/v//x", false, "", ""},
      {"/api", "/api%2F", false, "", ""},
      {"/v1/models/{model}:predict", "/v1/models/bikes:predict", true, "bikes", ""},
      {"/v1/models/{model}:predict", "/v1/models/a%3Ab:predict", true, "a:b", ""},
      {"/v1/models/{model}:predict", "/v1/models/bikes", false, "", ""},
      {"/v1/models/{model}:predict", "/v1/models/:predict", false, "", ""},
      {"/v1/models/{model}", "/v1/models/bikes:predict", false, "", ""},
  };
  for (const auto& row : rows) {
    Params params;
    ASSERT_EQ(matches(row.pattern, row.path, &params), row.fits) << row.pattern << " " << row.path;
    if (!row.fits) continue;
    EXPECT_EQ(params[0], row.first) << row.path;
    EXPECT_EQ(params[1], row.second) << row.path;
  }
}

TEST(Target, ANameIsOneSegment) {
  EXPECT_EQ(encoded("bikes-2.1_x~"), "bikes-2.1_x~");
  EXPECT_EQ(encoded("a/b:c \xC3\xA4%"), "a%2Fb%3Ac%20%C3%A4%25");
  EXPECT_EQ(decoded(encoded("a/b:c <\xC3\xA4>%2F?#")), "a/b:c <\xC3\xA4>%2F?#");
}

TEST(Target, OptionsAreDecodedOnce) {
  EXPECT_EQ(query_value("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_value("a=1&b=2", "c"), std::nullopt);
  EXPECT_EQ(query_value("ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_value("a", "a"), "");
  EXPECT_EQ(query_value("a=", "a"), "");
  EXPECT_EQ(query_value("a=x+y%2B%25", "a"), "x y+%");
  EXPECT_EQ(query_value("a=%2", "a"), std::nullopt);
  EXPECT_EQ(query_value("", "a"), std::nullopt);
  EXPECT_EQ(query_value("&&a=1&a=2", "a"), "1");
}

}  // namespace
}  // namespace rondo::api
