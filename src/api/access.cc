// Host, Origin, token, role: each check on its own, in the order of the header.
#include "api/access.h"

#include <fmt/format.h>

#include <algorithm>

namespace rondo::api {
namespace {

constexpr std::uint32_t bit(Role role) { return 1U << static_cast<unsigned>(role); }
constexpr std::uint32_t kEverything = 0x3f;

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

/// The token that was shown; empty: none. Errors: 401 for another scheme than Bearer.
std::expected<std::string_view, Refusal> shown_token(const Request& request) {
  if (const auto own = request.header("Rondo-Token")) return *own;
  const auto header = request.header("Authorization");
  if (!header) return std::string_view{};
  constexpr std::string_view kBearer = "Bearer ";
  if (header->size() > kBearer.size() && equal_fold(header->substr(0, kBearer.size()), kBearer)) {
    return header->substr(kBearer.size());
  }
  return std::unexpected(Refusal(401, "unauthorized",
                                 "the Authorization header is not \"Bearer TOKEN\"",
                                 "the token is in .rondo/token of the project")
                             .with("WWW-Authenticate", "Bearer"));
}

}  // namespace

std::string_view name_of(Role role) noexcept {
  constexpr std::string_view kNames[] = {"viewer",  "predictor", "labeler",
                                         "trainer", "deployer",  "admin"};
  return kNames[static_cast<std::size_t>(role)];
}

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

Access::Access(std::span<const std::string> hosts, std::string_view admin_token)
    : hosts_{"localhost", "127.0.0.1", "[::1]"},
      admin_(io::sha256(admin_token)),
      has_admin_(!admin_token.empty()) {
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
    Refusal refusal(400, "bad_request", "a request names exactly one Host");
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
  if (token->empty()) {
    const std::uint32_t roles = request.local ? bit(Role::kViewer) | bit(Role::kPredictor) : 0;
    return Principal{"anonymous", roles};
  }
  const io::Digest shown = io::sha256(*token);
  const auto text = [](const io::Digest& digest) {
    return std::string(digest.bytes.begin(), digest.bytes.end());
  };
  if (has_admin_ && io::equal_in_constant_time(text(shown), text(admin_))) {
    return Principal{"admin", kEverything};
  }
  return std::unexpected(Refusal(401, "unauthorized", "the token is not valid",
                                 "the token is in .rondo/token of the project")
                             .with("WWW-Authenticate", "Bearer"));
}

std::expected<void, Refusal> Access::check_role(const Principal& who, Role needed) {
  if (who.has(needed)) return {};
  if (who.who == "anonymous") {
    return std::unexpected(
        Refusal(401, "unauthorized", fmt::format("this needs a token ({})", name_of(needed)),
                "send \"Authorization: Bearer TOKEN\"; the token is in .rondo/token of the project")
            .with("WWW-Authenticate", "Bearer"));
  }
  return refuse(403, "forbidden", fmt::format("this needs the role {}", name_of(needed)),
                "the token in .rondo/token of the project has every role");
}

}  // namespace rondo::api
