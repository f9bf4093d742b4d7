// What a browser gets: the console's files by their rules, a session for a token or for the code
// of a link, and nothing that another site could make it do.
#include "api/console.h"

#include <gtest/gtest.h>

#include "api/events.h"
#include "api/house.h"
#include "api/testing.h"
#include "base/clock.h"
#include "io/compress.h"

namespace rondo::api {
namespace {

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (equal_fold(key, name)) return value;
  }
  return "";
}

class Console : public ::testing::Test {
 protected:
  Response get(std::string target, std::vector<Header> headers = {}, bool local = true) {
    return ask(app_, {Method::kGet, std::move(target), "", std::move(headers), local});
  }
  Response post(std::string target, std::string body, std::vector<Header> headers = {}) {
    return ask(app_, {Method::kPost, std::move(target), std::move(body), std::move(headers)});
  }
  /// "rondo_...=SECRET" of a reply that sets it.
  static std::string cookie_of(const Response& response) {
    const std::string all = header_of(response, "Set-Cookie");
    return all.substr(0, all.find(';'));
  }
  std::string signed_in() {
    return cookie_of(post("/api/v1/login", R"({"token":"a-token-for-tests"})"));
  }
  std::string word_of(const std::string& cookie) {
    const Json said = io::parse_json(get("/api/v1/session", {{"Cookie", cookie}}).body).value();
    return said.at("csrf");
  }

  FakeService service_{regression_pipeline()};
  App app_{service_, {}, {}, 1};
};

TEST_F(Console, PeopleGetThePageAndOthersAWord) {
  EXPECT_EQ(get("/").body, "{\"status\":\"alive\"}\n");
  const Response page = get("/", {{"Accept", "text/html,*/*;q=0.8"}});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.type, "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("<div id=\"app\"></div>"), std::string::npos);
  EXPECT_EQ(page.body.find("<style"), std::string::npos) << "nothing is inline";
  EXPECT_EQ(header_of(page, "Content-Security-Policy").find("default-src 'self';"), 0U);
}

TEST_F(Console, FilesAreCompressedForWhomTakesThatAndUnchangedOnesAreNotSentAgain) {
  for (const Asset& asset : console_assets()) {
    const std::string path = "/console/" + std::string(asset.name);
    const Response plain = get(path);
    ASSERT_EQ(plain.status, 200) << path;
    EXPECT_EQ(plain.type, asset.type);
    EXPECT_EQ(plain.body.size(), asset.size);
    EXPECT_EQ(header_of(plain, "Content-Encoding"), "");
    const Response packed = get(path, {{"Accept-Encoding", "br, gzip;q=0.8"}});
    EXPECT_EQ(header_of(packed, "Content-Encoding"), "gzip");
    EXPECT_EQ(io::decompress(packed.body, asset.size).value(), plain.body);
    const std::string tag = header_of(packed, "ETag");
    const Response same = get(path, {{"If-None-Match", "\"other\", " + tag}});
    EXPECT_EQ(same.status, 304) << path;
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(get(path, {{"If-None-Match", "W/\"0000\""}}).status, 200);
  }
  EXPECT_EQ(header_of(get("/console/app.js", {{"Accept-Encoding", "gzip;q=0"}}),
                      "Content-Encoding"), "");
  EXPECT_EQ(get("/console/none.js").status, 404);
  EXPECT_EQ(get("/console/..%2fserver.cc").status, 404);
}

TEST_F(Console, FromElsewhereThePageComesWithoutATokenAndItsNumbersDoNot) {
  EXPECT_EQ(get("/", {{"Accept", "text/html"}}, false).status, 200);
  EXPECT_EQ(get("/console/app.js", {}, false).status, 200);
  EXPECT_EQ(get("/api/v1/status", {}, false).status, 401);
  const Json said = io::parse_json(get("/api/v1/session", {}, false).body).value();
  EXPECT_EQ(said, Json::parse(R"({"csrf":"","project":"bikes","roles":[],"who":"anonymous"})"));
  EXPECT_EQ(get("/console/app.js", {{"Host", "evil.org"}}).status, 421) << "another name for us";
}

TEST_F(Console, ATokenBecomesACookieThatPagesCannotRead) {
  const Response in = post("/api/v1/login", R"({"token":"a-token-for-tests"})");
  ASSERT_EQ(in.status, 200) << in.body;
  const std::string set = header_of(in, "Set-Cookie");
  EXPECT_NE(set.find("; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict"), set.npos) << set;
  EXPECT_EQ(set.find("a-token-for-tests"), set.npos);
  const std::string cookie = cookie_of(in);
  const Json who =
      io::parse_json(get("/api/v1/session", {{"Cookie", "a=b; " + cookie}}).body).value();
  EXPECT_EQ(who.at("who"), "admin");
  EXPECT_EQ(post("/api/v1/login", R"({"token":"wrong"})").status, 401);
  EXPECT_EQ(post("/api/v1/login", "{}").status, 400);
  EXPECT_EQ(post("/api/v1/login", R"({"token":"a-token-for-tests","code":"x"})").status, 400);
  EXPECT_EQ(post("/api/v1/login", R"({"token":"a-token-for-tests"})",
                 {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
}

TEST_F(Console, AChangeByACookieNamesTheWordOfItsSession) {
  const std::string cookie = signed_in(), word = word_of(cookie);
  const std::string why = R"({"why":"a test"})";
  EXPECT_EQ(post("/api/v1/pause", why).status, 401);
  EXPECT_EQ(post("/api/v1/pause", why, {{"Cookie", cookie}}).status, 403);
  EXPECT_EQ(post("/api/v1/pause", why, {{"Cookie", cookie}, {"Rondo-Csrf", "other"}}).status, 403);
  const Response done = post("/api/v1/pause", why, {{"Cookie", cookie}, {"Rondo-Csrf", word}});
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(io::parse_json(done.body)->at("who"), "admin");
  EXPECT_EQ(post("/api/v1/pause", why, {{"Cookie", cookie}, {"Rondo-Csrf", word},
                                        {"Origin", "http://evil.org"}}).status, 403);
  EXPECT_EQ(get("/api/v1/status", {{"Cookie", cookie}}, false).status, 200) << "it only looks";
  EXPECT_EQ(post("/api/v1/logout", "{}", {{"Cookie", cookie}, {"Rondo-Csrf", word}}).status, 200);
  EXPECT_EQ(get("/api/v1/status", {{"Cookie", cookie}}, false).status, 401);
}

TEST_F(Console, ARevokedTokenEndsItsSessions) {
  const auto before = service_.held_tokens;
  service_.held_tokens = with_token(before, "ops", {Role::kViewer, Role::kTrainer});
  const std::string cookie =
      cookie_of(post("/api/v1/login", R"({"token":"the secret of ops"})"));
  EXPECT_EQ(io::parse_json(get("/api/v1/session", {{"Cookie", cookie}}).body)->at("who"), "ops");
  service_.held_tokens = before;
  EXPECT_EQ(io::parse_json(get("/api/v1/session", {{"Cookie", cookie}}).body)->at("who"),
            "anonymous");
}

TEST(Sessions, ALinkWorksOnceWithinItsHour) {
  Sessions sessions(io::sha256("a token"));
  const std::string first = sessions.new_code(0), second = sessions.new_code(0);
  EXPECT_FALSE(sessions.redeem(first, 1)) << "the second took its place";
  EXPECT_FALSE(sessions.redeem("", 1));
  EXPECT_TRUE(sessions.redeem(second, 1));
  EXPECT_FALSE(sessions.redeem(second, 1)) << "once";
  const std::string third = sessions.new_code(0);
  EXPECT_FALSE(sessions.redeem(third, Sessions::kCodeLife.us));
  EXPECT_FALSE(Sessions(io::sha256("")).redeem("", 0));
}

TEST(Sessions, TheyEndByTimeAndTheOldestGoesWhenThereAreTooMany) {
  Sessions sessions(io::sha256("a token"));
  std::vector<std::string> cookies;
  for (std::size_t i = 0; i <= Sessions::kMost; ++i) {
    cookies.push_back(sessions.cookie() + "=" +
                      sessions.open(io::sha256("t"), static_cast<std::int64_t>(i)));
  }
  const auto known = [&](const std::string& cookie, std::int64_t now) {
    Request request;
    request.headers = {{"Cookie", cookie}};
    return sessions.of(request, now).has_value();
  };
  EXPECT_FALSE(known(cookies.front(), 0));
  EXPECT_TRUE(known(cookies.back(), 0));
  EXPECT_FALSE(known(cookies.back(), Sessions::kLife.us + static_cast<std::int64_t>(
                                         Sessions::kMost)));
}

TEST_F(Console, OnlySoManyListen) {
  Limits limits;
  limits.listeners_max = 2;
  App app(service_, limits, {}, 1);
  const auto listen = [&] { return ask(app, {Method::kGet, "/api/v1/events"}); };
  Response first = listen();
  const Response second = listen();
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.type, "text/event-stream");
  const Response third = listen();
  EXPECT_EQ(third.status, 503);
  EXPECT_NE(third.body.find("2 listen already"), std::string::npos) << third.body;
  first.feed.reset();
  EXPECT_EQ(listen().status, 200) << "who ends makes room";
  app.draining.request();
  EXPECT_EQ(listen().status, 503);
}

TEST(Opening, WhatNeedsNoProjectIsAnsweredAndAllElseTellsHowFarItIs) {
  Progress progress;
  const auto house = House::opening(progress);
  App app(house->front(), {}, {}, 1);
  app.house = house.get();
  const auto get = [&](std::string target) {
    return ask(app, {Method::kGet, std::move(target), "", {{"Accept", "text/html"}}});
  };
  EXPECT_NE(get("/api/v1/status").body.find("is being opened\""), std::string::npos);
  progress.begin("facts", 12'000);
  progress.reach(3'000);
  EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(get("/console/app.js").status, 200);
  EXPECT_EQ(get("/health/live").status, 200);
  EXPECT_EQ(get("/p/toy/").status, 200) << "of several projects, a page by its name";
  EXPECT_EQ(get("/p/toy/console/app.js").status, 200);
  EXPECT_EQ(get("/p/toy/health/ready").status, 503);
  EXPECT_EQ(get("/p/toy/api/v1/status").status, 503);
  const Response ready = get("/health/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body,
            "{\"done\":3000,\"of\":12000,\"status\":\"starting\",\"what\":\"facts\"}\n");
  for (const char* path : {"/api/v1/status", "/api/v1/session", "/metrics", "/openapi.json"}) {
    const Response refused = get(path);
    EXPECT_EQ(refused.status, 503) << path;
    EXPECT_EQ(header_of(refused, "Retry-After"), "1") << path;
    const Json error = io::parse_json(refused.body)->at("error");
    EXPECT_EQ(error.at("code"), "starting");
    EXPECT_EQ(error.at("message"),
              "the project is being opened: 3,000 of 12,000 facts are read");
  }
  progress.reach(20'000);
  EXPECT_EQ(progress.look().done, 12'000U) << "more than were expected are all of them";
}

TEST(Events, WhatWasToldBeforeSomebodyFollowsIsToldThen) {
  Events events;
  const auto feed = events.listen("1");
  events.look("1", "nothing new");
  events.look("2", "one");
  events.look("3", "two");
  std::string heard;
  feed->follow([&](const std::string& text) { heard += text + " "; });
  EXPECT_EQ(heard, "two ") << "each stands for those before it";
  events.look("4", "three");
  EXPECT_EQ(heard, "two three ");
  EXPECT_EQ(events.listeners(), 1U);
}

}  // namespace
}  // namespace rondo::api
