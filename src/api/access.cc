// Host, Origin, token, role: each check on its own, in the order of the header.
#include "api/access.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace rondo::api {
namespace {

constexpr const char* kWhereTokensAre =
    "the administrator's token is in .rondo/token of the project; `rondo token list` lists others";

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

std::unexpected<Refusal> unauthorized(std::string message, std::string hint) {
  return std::unexpected(Refusal(401, "unauthorized", std::move(message), std::move(hint))
                             .with("WWW-Authenticate", "Bearer"));
}

std::expected<Principal, Refusal> holder_of(const ledger::Token* token, Time now) {
  if (token == nullptr) return unauthorized("the token is not valid", kWhereTokensAre);
  if (!token->expired(now)) return Principal{token->name, token->roles};
  std::string roles;
  for (const std::string& role : token->roles.names()) roles += " --role " + role;
  return unauthorized(
      fmt::format("the token \"{}\" expired at {}", token->name, to_text(*token->expires)),
      fmt::format("make another: `rondo token revoke {}`, then `rondo token create {}{}`",
                  token->name, token->name, roles));
}

/// The token that was shown; empty: none. Errors: 401 for another scheme than Bearer.
std::expected<std::string_view, Refusal> shown_token(const Request& request) {
  if (const auto own = request.header("Rondo-Token")) return *own;
  const auto header = request.header("Authorization");
  if (!header) return std::string_view{};
  constexpr std::string_view kBearer = "Bearer ";
  if (header->size() > kBearer.size() && equal_fold(header->substr(0, kBearer.size()), kBearer)) {
    return header->substr(kBearer.size());
  }
  return unauthorized("the Authorization header is not \"Bearer TOKEN\"", kWhereTokensAre);
}

/// A cookie comes with whatever asks, so a change must also name what only our own pages know.
std::expected<void, Refusal> check_word(const Request& request, std::string_view word) {
  if (request.method == Method::kGet || request.method == Method::kHead) return {};
  const auto named = request.header("Rondo-Csrf");
  if (named && io::equal_in_constant_time(*named, word)) return {};
  return refuse(403, "forbidden", "a change by a cookie names its session in Rondo-Csrf",
                "GET /api/v1/session says the word; programs show a token instead");
}

}  // namespace

std::string_view without_port(std::string_view host) noexcept {
  std::size_t end = 0;
  if (host.starts_with('[')) {
    end = host.find(']');
    if (end == host.npos) return {};
    ++end;
  } else {
    while (end < host.size() && is_name_character(host[end])) ++end;
  }
  const std::string_view rest = host.substr(end);
  if (rest.empty()) return host.substr(0, end);
  const bool port = rest[0] == ':' && rest.size() <= 6 &&
                    std::ranges::all_of(rest.substr(1),
                                         [](char c) { return c >= '0' && c <= '9'; });
  return port ? host.substr(0, end) : std::string_view{};
}

bool is_loopback(std::string_view address) noexcept {
  if (address == "::1" || address == "[::1]" || equal_fold(address, "localhost")) return true;
  return address.starts_with("127.") &&
         std::ranges::all_of(address, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

Access::Access(std::span<const std::string> hosts, std::string_view admin_token,
               std::function<Holders()> holders)
    : hosts_{"localhost", "127.0.0.1", "[::1]"},
      admin_(io::sha256(admin_token)),
      has_admin_(!admin_token.empty()),
      holders_(std::move(holders)),
      sessions_(std::make_unique<Sessions>(admin_)) {
  for (const std::string& host : hosts) hosts_.push_back(lowered(without_port(host)));
}

bool Access::is_ours(std::string_view host) const {
  const std::string_view name = without_port(host);
  return !name.empty() &&
         std::ranges::any_of(hosts_,
                              [&](const std::string& ours) { return equal_fold(ours, name); });
}

std::expected<void, Refusal> Access::check_host(const Request& request,
                                                std::string_view authority) const {
  const auto count = std::ranges::count_if(
      request.headers, [](const Header& header) { return equal_fold(header.name, "Host"); });
  if (count != 1) {
    Refusal refusal(400, "bad_request", "a request names exactly one Host",
                    "send one header like \"Host: localhost:8080\"");
    refusal.close = true;
    return std::unexpected(std::move(refusal));
  }
  std::string_view host = *request.header("Host");
  if (is_ours(host)) {
    if (authority.empty() || is_ours(authority)) return {};
    host = authority;
  }
  return refuse(421, "misdirected", fmt::format("this server does not answer for \"{}\"", host),
                "ask localhost, or add the name to `[deploy] hosts` in rondo.toml");
}

std::expected<void, Refusal> Access::check_origin(const Request& request) const {
  const auto no = [] {
    return refuse(403, "forbidden", "a page of another site may change nothing here",
                  "call the API from a program, or from a page that this server sent");
  };
  if (const auto site = request.header("Sec-Fetch-Site")) {
    if (*site != "same-origin" && *site != "none") return no();
  }
  const auto origin = request.header("Origin");
  if (!origin) return {};
  const std::size_t scheme = origin->find("://");
  const std::string_view authority = scheme == origin->npos ? "" : origin->substr(scheme + 3);
  const auto host = request.header("Host");
  if (!host || authority.empty() || !equal_fold(authority, *host)) return no();
  return {};
}

std::expected<Principal, Refusal> Access::who_asks(const Request& request) const {
  auto token = shown_token(request);
  if (!token) return std::unexpected(std::move(token).error());
  if (!token->empty()) return holder(io::sha256(*token));
  const auto session = sessions_->of(request, monotonic_us());
  if (session) {
    // A token that was revoked, or has expired, ends what it opened.
    auto who = holder(session->token);
    if (who) {
      TRY(check_word(request, session->word));
      return who;
    }
  }
  return Principal{"anonymous", request.local ? Roles{Role::kViewer, Role::kPredictor} : Roles{}};
}

std::expected<Principal, Refusal> Access::holder(const io::Digest& shown) const {
  const auto text = [](const io::Digest& digest) {
    return std::string(digest.bytes.begin(), digest.bytes.end());
  };
  if (has_admin_ && io::equal_in_constant_time(text(shown), text(admin_))) {
    return Principal{"admin", {Role::kAdmin}};
  }
  const Holders holders = holders_();
  if (holders.tokens == nullptr) {
    return std::unexpected(Refusal(503, "unavailable", "the tokens of this project cannot be read",
                                   "`rondo fsck` says what is wrong with them")
                               .with("Retry-After", "1"));
  }
  return holder_of(holders.tokens->match(shown), holders.now);
}

std::expected<void, Refusal> Access::check_role(const Principal& who, Role needed) {
  if (who.roles.has(needed)) return {};
  const std::string made =
      fmt::format("`rondo token create NAME --role {}` makes one", name_of(needed));
  if (who.who == "anonymous") {
    return unauthorized(fmt::format("this needs a token with the role {}", name_of(needed)),
                        "send \"Authorization: Bearer TOKEN\"; " + made);
  }
  return refuse(403, "forbidden",
                fmt::format("this needs the role {}; the token \"{}\" has {}", name_of(needed),
                            who.who, who.roles.text()),
                "use a token that has it: " + made);
}

}  // namespace rondo::api
