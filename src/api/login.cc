// POST /api/v1/login, /api/v1/logout, GET /api/v1/session: how a browser comes to act for a token.
#include <fmt/format.h>

#include <array>

#include "api/handlers.h"
#include "api/json_in.h"
#include "base/clock.h"

namespace rondo::api {
namespace {

/// Where the cookie goes: to this project alone. Secure where the connection is.
std::string cookie_of(const Call& call, std::string_view value, Span life) {
  const std::string_view base = call.request.target.substr(0, call.request.base);
  const bool secure = call.app.tls.with([](const App::Tls& tls) { return tls.ends.us != 0; });
  return fmt::format("{}={}; Path={}/; Max-Age={}; HttpOnly; SameSite=Strict{}",
                     call.app.access().sessions().cookie(), value, base, life.us / 1'000'000,
                     secure ? "; Secure" : "");
}

Response told(const Call& call, const Principal& who, std::string_view word) {
  Json roles = Json::array();
  for (const std::string& role : who.roles.names()) roles.push_back(role);
  Response response;
  response.body = io::canonical({{"who", who.who}, {"roles", roles}, {"csrf", word},
                                 {"project", call.app.service().model_name()}}) +
                  "\n";
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

Reply get_session(Call& call) {
  const auto session = call.app.access().sessions().of(call.request, monotonic_us());
  return told(call, call.who, session ? std::string_view(session->word) : std::string_view());
}

Reply post_login(Call& call) {
  constexpr std::array<std::string_view, 2> kNames = {"token", "code"};
  std::array<std::optional<Element>, kNames.size()> found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kNames, found, Others::kRefused));
  if (found[0].has_value() == found[1].has_value()) {
    return bad_shape("the body has either \"token\" or \"code\"",
                     "the administrator's token is in .rondo/token of the project");
  }
  Sessions& sessions = call.app.access().sessions();
  const std::int64_t now_us = monotonic_us();
  io::Digest token = sessions.admin();
  if (found[0]) {
    token = io::sha256(TRY(text_of(*found[0], "\"token\"")));
  } else if (!sessions.redeem(TRY(text_of(*found[1], "\"code\"")), now_us)) {
    return refuse(401, "unauthorized", "the link was used already, or is too old",
                  "show a token: the administrator's is in .rondo/token of the project");
  }
  const Principal who = TRY(call.app.access().holder(token));
  Response response = told(call, who, "");
  response.headers.emplace_back("Set-Cookie",
                                cookie_of(call, sessions.open(token, now_us), Sessions::kLife));
  return response;
}

Reply post_logout(Call& call) {
  call.app.access().sessions().end(call.request);
  Response response;
  response.body = "{}\n";
  response.headers.emplace_back("Set-Cookie", cookie_of(call, "", Span{}));
  return response;
}

}  // namespace rondo::api
