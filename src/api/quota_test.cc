// Quotas on a clock that the test moves: what a token may ask for over time, whoever else asks, and
// what it is told when it has asked for more.
#include "api/quota.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr const char* kBody =
    R"({"rows":[{"temp":25.5,"hour":8,"sky":"rain","holiday":false},)"
    R"({"temp":1,"hour":1,"sky":"rain","holiday":true}]})";

TEST(Quota, ABucketFillsEvenlyAndOwesWhatWasTakenBeyond) {
  Bucket bucket;
  const Span burst = Span::seconds(5);
  const auto wait = [&](double amount, std::int64_t us) {
    return bucket.wait_for(amount, 2, burst, us).us;
  };
  const struct {
    const char* why;
    std::int64_t at, take;
    double need;
    std::int64_t wait_us;
  } rows[] = {
      {"it is full at first: 2 a second for 5 seconds", 0, 10, 10, 0},
      {"now it is empty", 0, 0, 1, 500'000},
      {"a second brings two", 1, 2, 2, 0},
      {"and those are gone", 1, 0, 1, 500'000},
      {"an earlier clock brings nothing", 0, 0, 1, 500'000},
      {"more than it can hold is waited for until it is full", 1, 0, 1000, 5 * kSecond},
      {"rest fills it to the brim and no further", 100, 110, 10, 0},
      {"100 are owed, and one more is wanted", 100, 0, 1, 50'500'000},
      {"half of the debt is paid", 125, 0, 1, 25'500'000},
      {"paid off", 151, 0, 1, 0},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(wait(row.need, row.at * kSecond), row.wait_us) << row.why;
    bucket.take(static_cast<double>(row.take), 2, burst, row.at * kSecond);
  }
}

TEST(Quota, ASlowRateStillLetsOneThrough) {
  Bucket bucket;
  const Span burst = Span::seconds(1);
  EXPECT_EQ(bucket.wait_for(1, 0.1, burst, 0).us, 0);
  bucket.take(1, 0.1, burst, 0);
  EXPECT_EQ(bucket.wait_for(1, 0.1, burst, 0).us, 10 * kSecond);
}

class QuotaOfTokens : public ::testing::Test {
 protected:
  QuotaOfTokens() {
    auto tokens = with_token(service_.held_tokens, "ada", {Role::kPredictor, Role::kViewer});
    service_.held_tokens = with_token(tokens, "bob", {Role::kPredictor});
  }
  static Header token(const std::string& name) {
    static std::map<std::string, std::string> values;
    values[name] = "Bearer the secret of " + name;
    return {"Authorization", values[name]};
  }
  static Response predict(App& app, std::int64_t at, std::vector<Header> headers = {},
                          const std::string& body = kBody,
                          const std::string& path = "/api/v1/predict") {
    return ask(app, {Method::kPost, path, body, std::move(headers), true, at * kSecond});
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  FakeService service_{regression_pipeline()};
};

TEST_F(QuotaOfTokens, RequestsOfATokenAreCountedAndItIsToldWhenToComeAgain) {
  App app(service_, {.quota = {.requests = 0.5, .burst = Span::seconds(6)}}, {}, 1);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(predict(app, 0, {token("ada")}).status, 200) << i;
  const Response over = predict(app, 0, {token("ada")});
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(header(over, "Retry-After"), "2");
  EXPECT_NE(over.body.find(R"("code":"quota")"), std::string::npos) << over.body;
  EXPECT_NE(over.body.find(R"(the token \"ada\" has used up its 0.5 requests a second)"),
            std::string::npos) << over.body;
  EXPECT_EQ(predict(app, 0, {token("bob")}).status, 200) << "each has a quota of its own";
  EXPECT_EQ(predict(app, 0).status, 200) << "and so have all who show none";
  EXPECT_EQ(predict(app, 1, {token("ada")}).status, 429);
  EXPECT_EQ(predict(app, 2, {token("ada")}).status, 200) << "what was refused was not counted";
  EXPECT_EQ(predict(app, 2, {token("ada")}).status, 429);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(predict(app, 2, {admin()}).status, 200);
}

TEST_F(QuotaOfTokens, RowsAreOwedUntilTheyArePaid) {
  App app(service_, {.quota = {.rows = 0.25, .burst = Span::seconds(4)}}, {}, 1);
  ASSERT_EQ(predict(app, 0, {token("ada")}).status, 200) << "two rows where one was left";
  const Response over = predict(app, 0, {token("ada")});
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(header(over, "Retry-After"), "8") << "4 s for the row that is owed, 4 s for one more";
  EXPECT_EQ(predict(app, 7, {token("ada")}).status, 429);
  EXPECT_EQ(predict(app, 8, {token("ada")}, R"({"rows":[{}]})").status, 400);
  EXPECT_EQ(predict(app, 8, {token("ada")}).status, 200) << "what gets no answer costs no row";
  EXPECT_EQ(predict(app, 9, {token("ada")}).status, 429);
}

TEST_F(QuotaOfTokens, EachProtocolHasItsWordsAndHealthLabelsAndNumbersHaveNone) {
  App app(service_, {.quota = {.requests = 0.01, .burst = Span::seconds(1)}}, {}, 1);
  ASSERT_EQ(predict(app, 0).status, 200);
  const struct {
    const char* path;
    const char* body;
    const char* words;
  } rows[] = {
      {"/api/v1/predict", kBody, R"({"error":{"code":"quota")"},
      {"/v2/models/bikes/infer", kBody, R"({"error":"quota: who shows no token)"},
      {"/invocations", "{}", R"({"error_code":"RESOURCE_EXHAUSTED")"},
      {"/v1/models/bikes:predict", "{}", R"({"error":"quota: )"},
  };
  for (const auto& row : rows) {
    const Response over = predict(app, 0, {}, row.body, row.path);
    EXPECT_EQ(over.status, 429) << row.path;
    EXPECT_EQ(header(over, "Retry-After"), "100") << row.path;
    EXPECT_EQ(over.body.substr(0, std::string_view(row.words).size()), row.words);
  }
  const auto get = [&](const char* path) {
    return ask(app, {Method::kGet, path, "", {}, true, 0});
  };
  EXPECT_EQ(get("/api/v1/status").status, 429);
  EXPECT_EQ(get("/v2").status, 429);
  for (const char* path : {"/health/ready", "/v2/health/ready", "/ping"}) {
    EXPECT_EQ(get(path).status, 200) << path;
  }
  const std::string numbers = get("/metrics").body;
  EXPECT_NE(numbers.find("rondo_shed_total{model=\"bikes\",reason=\"quota\"} 6\n"),
            std::string::npos) << numbers;
}

TEST_F(QuotaOfTokens, WithoutAQuotaNobodyIsCounted) {
  App app(service_, {}, {}, 1);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(predict(app, 0, {token("ada")}).status, 200);
}

}  // namespace
}  // namespace rondo::api
