// Who may ask for what: Host, origin, token and role, each by hand, and then every route of the
// table by every kind of caller.
#include "api/access.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

constexpr const char* kToken = "Bearer a-token-for-tests";

Holders nobody() { return {std::make_shared<ledger::Tokens>(), kTestNow}; }

int host_status(std::vector<Header> headers, std::string_view authority = {}) {
  const std::string hosts[] = {"Example.org:443"};
  const Access access(hosts, kAdminToken, nobody);
  Request request;
  request.headers = std::move(headers);
  const auto checked = access.check_host(request, authority);
  return checked ? 200 : checked.error().status;
}

TEST(Access, OnlyOwnHostsAreAnswered) {
  for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]",
                           "[::1]:80", "example.org", "EXAMPLE.org:9"}) {
    EXPECT_EQ(host_status({{"Host", host}}), 200) << host;
  }
  for (const char* host : {"evil.org", "localhost.evil.org", "localhost:x", "localhost:123456",
                           "user@localhost", "localhost/", "", "[::1", "127.0.0.1.", "127.0.0.2"}) {
    EXPECT_EQ(host_status({{"Host", host}}), 421) << host;
  }
  EXPECT_EQ(host_status({}), 400);
  EXPECT_EQ(host_status({{"Host", "localhost"}, {"hOST", "localhost"}}), 400);
  EXPECT_EQ(host_status({{"Host", "localhost"}}, "evil.org"), 421) << "absolute form";
  EXPECT_EQ(host_status({{"Host", "localhost"}}, "localhost:8080"), 200);
}

TEST(Access, AnotherSiteMayChangeNothing) {
  const Access access({}, kAdminToken, nobody);
  const auto status = [&](std::vector<Header> headers) {
    Request request;
    request.headers = std::move(headers);
    request.headers.push_back({"Host", "localhost:8080"});
    const auto checked = access.check_origin(request);
    return checked ? 200 : checked.error().status;
  };
  EXPECT_EQ(status({}), 200) << "a program";
  EXPECT_EQ(status({{"Sec-Fetch-Site", "same-origin"}}), 200);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "none"}}), 200);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "same-site"}}), 403);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"Origin", "http://localhost:8080"}}), 200);
  EXPECT_EQ(status({{"Origin", "http://LOCALHOST:8080"}}), 200);
  EXPECT_EQ(status({{"Origin", "http://localhost:9090"}}), 403);
  EXPECT_EQ(status({{"Origin", "http://evil.org"}}), 403);
  EXPECT_EQ(status({{"Origin", "null"}}), 403);
}

TEST(Access, TokensAndRoles) {
  const Access access({}, kAdminToken, nobody);
  const auto asks = [&](std::vector<Header> headers, bool local) {
    Request request;
    request.headers = std::move(headers);
    request.local = local;
    return access.who_asks(request);
  };
  EXPECT_EQ(asks({}, true)->roles.text(), "viewer, predictor");
  EXPECT_EQ(asks({}, false)->roles.text(), "");
  for (const Header header : {Header{"Authorization", kToken}, Header{"authorization", kToken},
                              Header{"Authorization", "bearer a-token-for-tests"},
                              Header{"Rondo-Token", kAdminToken}}) {
    const auto who = asks({header}, false);
    ASSERT_TRUE(who.has_value()) << header.value;
    EXPECT_TRUE(who->roles.has(Role::kAdmin) && who->roles.has(Role::kDeployer));
  }
  for (const char* bad : {"Bearer wrong", "Basic YTpi", "Bearer", "Bearer ", "a-token-for-tests",
                          "Bearer a-token-for-tests2", "Bearer a-token-for-test"}) {
    const auto who = asks({{"Authorization", bad}}, true);
    ASSERT_FALSE(who.has_value()) << bad;
    EXPECT_EQ(who.error().status, 401);
  }
  const Access none({}, "", nobody);
  Request request;
  request.headers = {{"Rondo-Token", ""}};
  EXPECT_FALSE(none.who_asks(request)->roles.has(Role::kAdmin)) << "no token is no administrator";
  const Principal viewer{"somebody", {Role::kViewer}};
  EXPECT_EQ(Access::check_role(viewer, Role::kTrainer).error().status, 403);
  EXPECT_TRUE(Access::check_role(viewer, Role::kViewer).has_value());
}

/// The status and the sentences of a refusal; "" when the name is known.
std::string asked_by(const Access& access, const std::string& secret, std::string* who = nullptr) {
  Request request;
  const std::string header = "Bearer " + secret;
  request.headers = {{"Authorization", header}};
  request.local = false;
  const auto asked = access.who_asks(request);
  if (asked && who != nullptr) *who = asked->who + ": " + asked->roles.text();
  return asked ? "" : std::to_string(asked.error().status) + " " + asked.error().message;
}

TEST(Access, NamedTokensHaveTheirRolesUntilTheyEndOrAreRevoked) {
  Holders holders = nobody();
  const Access access({}, kAdminToken, [&] { return holders; });
  EXPECT_EQ(asked_by(access, "the secret of ci"), "401 the token is not valid");
  holders.tokens = with_token(holders.tokens, "ci", {Role::kLabeler});
  holders.tokens = with_token(holders.tokens, "ops", {Role::kTrainer, Role::kViewer},
                              kTestNow + Span::days(1));
  std::string who;
  EXPECT_EQ(asked_by(access, "the secret of ci", &who), "");
  EXPECT_EQ(who, "ci: labeler");
  EXPECT_EQ(asked_by(access, "the secret of ops", &who), "");
  EXPECT_EQ(who, "ops: viewer, trainer");
  EXPECT_EQ(asked_by(access, "the secret of op"), "401 the token is not valid");
  holders.now = holders.now + Span::days(1);
  EXPECT_EQ(asked_by(access, "the secret of ops"),
            "401 the token \"ops\" expired at 2012-02-24T12:26:40Z");
  EXPECT_EQ(asked_by(access, "the secret of ci"), "") << "it has no end";
  holders = nobody();
  EXPECT_EQ(asked_by(access, "the secret of ci"), "401 the token is not valid") << "revoked";
  holders.tokens = nullptr;
  EXPECT_EQ(asked_by(access, "the secret of ci"), "503 the tokens of this project cannot be read");
  EXPECT_EQ(asked_by(access, std::string(kAdminToken)), "") << "the administrator's is elsewhere";
}

TEST(Access, ARefusalNamesTheRoleAndTheHolder) {
  const auto refused = Access::check_role({"ci", {Role::kLabeler, Role::kViewer}}, Role::kDeployer);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status, 403);
  EXPECT_EQ(refused.error().message,
            "this needs the role deployer; the token \"ci\" has viewer, labeler");
  const auto nameless = Access::check_role({"anonymous", {}}, Role::kLabeler);
  EXPECT_EQ(nameless.error().status, 401);
  EXPECT_EQ(nameless.error().message, "this needs a token with the role labeler");
}

TEST(Access, LoopbackAddresses) {
  for (const char* yes : {"127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"}) {
    EXPECT_TRUE(is_loopback(yes)) << yes;
  }
  for (const char* no : {"128.0.0.1", "0.0.0.0", "127.evil.org", "::2", ""}) {
    EXPECT_FALSE(is_loopback(no)) << no;
  }
}

/// The path with its names filled in.
std::string path_of(const Route& route) {
  std::string path(route.path);
  for (std::size_t at = path.find('{'); at != path.npos; at = path.find('{')) {
    path.replace(at, path.find('}') - at + 1, "x");
  }
  return path;
}

/// 0: admitted.
int status_of(App& app, Method method, const std::string& path, std::vector<Header> headers,
              bool local = true, std::uint64_t length = 2) {
  Request request;
  request.method = method;
  request.target = path;
  request.headers = std::move(headers);
  request.local = local;
  const Admission admission = admit(app, request, {length, false}, 0);
  return admission.refusal ? admission.refusal->status : 0;
}

TEST(Access, OnlyFilesAndTheWayToSignInAreForEverybody) {
  std::string names;
  for (const Route& route : routes()) {
    if (route.manners.whose == Whose::kAnybody) names += std::string(route.path) + " ";
  }
  EXPECT_EQ(names, "/ /console/{file} /api/v1/session /api/v1/login /api/v1/logout ");
}

TEST(Access, EachRouteByEachCaller) {
  FakeService service(nullptr);
  App app(service, {}, {}, 1);
  const Header host{"Host", "localhost"}, json{"Content-Type", "application/json"};
  for (const Route& route : routes()) {
    const std::string path = path_of(route);
    const bool open = route.role == Role::kViewer || route.role == Role::kPredictor;
    const auto status = [&](std::vector<Header> more, bool local) {
      more.push_back(json);
      return status_of(app, route.method, path, std::move(more), local);
    };
    EXPECT_EQ(status({host}, true), open ? 0 : 401) << path;
    const bool anybody = route.manners.whose == Whose::kAnybody;
    EXPECT_EQ(status({host}, false), anybody ? 0 : 401) << path;
    EXPECT_EQ(status({host, {"Authorization", kToken}}, true), 0) << path;
    EXPECT_EQ(status({host, {"Authorization", kToken}}, false), 0) << path;
    EXPECT_EQ(status({host, {"Authorization", "Bearer wrong"}}, true), 401) << path;
    EXPECT_EQ(status({{"Host", "evil.org"}, {"Authorization", kToken}}, true), 421) << path;
    EXPECT_EQ(status({{"Authorization", kToken}}, true), 400) << path;
    const bool changes = route.method == Method::kPost;
    EXPECT_EQ(status({host, {"Authorization", kToken}, {"Origin", "http://evil.org"}}, true),
              changes ? 403 : 0)
        << path;
  }
}

TEST(Access, EachRouteByEachRole) {
  FakeService service(nullptr);
  constexpr Role kEach[] = {Role::kViewer,  Role::kPredictor, Role::kLabeler,
                            Role::kTrainer, Role::kDeployer,  Role::kAdmin};
  for (const Role role : kEach) {
    service.held_tokens =
        with_token(service.held_tokens, std::string(name_of(role)), {role});
  }
  service.held_tokens = with_token(service.held_tokens, "old", {Role::kAdmin}, kTestNow);
  App app(service, {}, {}, 1);
  for (const Route& route : routes()) {
    const auto status = [&](std::string_view name, bool local) {
      const std::string header = fmt::format("Bearer the secret of {}", name);
      return status_of(app, route.method, path_of(route),
                       {{"Host", "localhost"},
                        {"Content-Type", "application/json"},
                        {"Authorization", header}},
                       local);
    };
    for (const bool local : {true, false}) {
      for (const Role role : kEach) {
        const bool may = role == route.role || role == Role::kAdmin ||
                         route.manners.whose == Whose::kAnybody;
        EXPECT_EQ(status(name_of(role), local), may ? 0 : 403)
            << route.path << " by " << name_of(role);
      }
      EXPECT_EQ(status("old", local), 401) << route.path;
      EXPECT_EQ(status("nobody", local), 401) << route.path;
    }
  }
}

TEST(Access, EachRouteRefusesOtherMethodsTypesAndSizes) {
  FakeService service(nullptr);
  App app(service, {.body_max = 100'000}, {}, 1);
  const Header host{"Host", "localhost"}, token{"Authorization", kToken};
  for (const Route& route : routes()) {
    const std::string path = path_of(route);
    const bool get = route.method == Method::kGet;
    EXPECT_EQ(status_of(app, Method::kOther, path, {host, token}), 405) << path;
    EXPECT_EQ(status_of(app, get ? Method::kPost : Method::kGet, path, {host, token}), 405) << path;
    if (get) {
      EXPECT_EQ(status_of(app, Method::kHead, path, {host, token}), 0) << path;
    }
    const auto typed = [&](const char* type) {
      return status_of(app, route.method, path, {host, token, {"Content-Type", type}});
    };
    for (const char* good : {"application/json", "Application/JSON; charset=UTF-8",
                             "application/json;charset=\"utf-8\""}) {
      EXPECT_EQ(typed(good), 0) << path << " " << good;
    }
    const bool reads = route.manners.body != Body::kNone;
    for (const char* bad : {"text/plain", "application/x-www-form-urlencoded",
                            "application/json; charset=latin1", "application/jsonp", ""}) {
      const bool form = route.manners.body == Body::kJsonForm &&
                        std::string_view(bad) == "application/x-www-form-urlencoded";
      EXPECT_EQ(typed(bad), reads && !form ? 415 : 0) << path << " " << bad;
    }
    const bool must = route.manners.body == Body::kJson || route.manners.body == Body::kTable ||
                      route.manners.body == Body::kRows;
    EXPECT_EQ(status_of(app, route.method, path, {host, token}), must ? 415 : 0)
        << path << ": a form of another site can send no type of JSON";
    const std::uint64_t most = route.manners.size == Size::kLarge ? 100'000 : kSmallBody;
    const Header json{"Content-Type", "application/json"};
    EXPECT_EQ(status_of(app, route.method, path, {host, token, json}, true, most), 0) << path;
    EXPECT_EQ(status_of(app, route.method, path, {host, token, json}, true, most + 1), 413) << path;
    EXPECT_EQ(status_of(app, route.method, path, {host, token, json, {"Expect", "200-ok"}}), 417)
        << path;
    if (!reads) continue;
    for (const auto& [encoding, status] :
         {std::pair("gzip", 0), {"br", 415}, {"gzip, gzip", 415}}) {
      const Header said{"Content-Encoding", encoding};
      EXPECT_EQ(status_of(app, route.method, path, {host, token, json, said}), status) << path;
    }
  }
  EXPECT_EQ(status_of(app, Method::kGet, "/nowhere", {host, token}), 404);
}

TEST(Access, WhatIsShedIsCounted) {
  FakeService service(regression_pipeline());
  App full(service, {.in_flight_max = 0}, {}, 1), free(service, {}, {}, 1);
  EXPECT_EQ(ask(full, {Method::kGet, "/v2"}).status, 503);
  EXPECT_EQ(full.numbers().shed[static_cast<std::size_t>(Shed::kInFlight)], 1U);
  Request request;
  request.target = "/v2";
  request.headers = {{"Host", "localhost"}};
  request.crowded = true;
  const Admission crowded = admit(free, request, {}, 0);
  ASSERT_TRUE(crowded.refusal.has_value());
  EXPECT_EQ(answer(free, free.scratch(0), crowded, request).status, 503);
  EXPECT_EQ(free.numbers().shed[static_cast<std::size_t>(Shed::kLag)], 1U);
  request.target = "/v2/health/live";
  EXPECT_FALSE(admit(free, request, {}, 0).refusal.has_value()) << "health is never shed";
}

TEST(Access, LoadIsShedButNeverHealthMetricsOrFeedback) {
  FakeService service(nullptr);
  App app(service, {.in_flight_max = 0}, {}, 1);
  const Header host{"Host", "localhost"}, token{"Authorization", kToken};
  const Header json{"Content-Type", "application/json"};
  for (const Route& route : routes()) {
    const bool kept = route.path == "/metrics" || route.path == "/api/v1/feedback" ||
                      route.path == "/api/v1/rows" || route.path == "/ping" ||
                      route.path == "/version" ||
                      route.path.find("health") != std::string_view::npos;
    EXPECT_EQ(status_of(app, route.method, path_of(route), {host, token, json}), kept ? 0 : 503)
        << route.path;
  }
}

}  // namespace
}  // namespace rondo::api
