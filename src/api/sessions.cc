// Cookies and codes are random and kept as digests, so that looking one up tells nothing by time.
#include "api/sessions.h"

#include <algorithm>

namespace rondo::api {
namespace {

std::string fresh_secret() { return io::base64url(io::random_bytes(32)); }

}  // namespace

Sessions::Sessions(const io::Digest& admin)
    : admin_(admin),
      cookie_("rondo_" + io::sha256("cookie of " + admin.hex()).hex().substr(0, 8)) {}

std::string Sessions::open(const io::Digest& token, std::int64_t now_us) {
  std::string secret = fresh_secret();
  state_.with([&](State& state) {
    std::erase_if(state.all, [&](const auto& one) { return one.second.ends_us <= now_us; });
    if (state.all.size() >= kMost) {
      state.all.erase(std::ranges::min_element(
          state.all, {}, [](const auto& one) { return one.second.ends_us; }));
    }
    state.all[io::sha256(secret)] = {token, fresh_secret(), now_us + kLife.us};
  });
  return secret;
}

/// The digest of our cookie's value, if it is there.
std::optional<io::Digest> Sessions::shown(const Request& request) const {
  for (const Header& header : request.headers) {
    if (!equal_fold(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view one = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (one.starts_with(' ')) one.remove_prefix(1);
      if (one.starts_with(cookie_) && one.substr(cookie_.size()).starts_with('=')) {
        return io::sha256(one.substr(cookie_.size() + 1));
      }
    }
  }
  return std::nullopt;
}

std::optional<Sessions::Session> Sessions::of(const Request& request, std::int64_t now_us) const {
  const auto digest = shown(request);
  if (!digest) return std::nullopt;
  return state_.with([&](const State& state) -> std::optional<Session> {
    const auto found = state.all.find(*digest);
    if (found == state.all.end() || found->second.ends_us <= now_us) return std::nullopt;
    return found->second;
  });
}

void Sessions::end(const Request& request) {
  const auto digest = shown(request);
  if (!digest) return;
  state_.with([&](State& state) { state.all.erase(*digest); });
}

std::string Sessions::new_code(std::int64_t now_us) {
  std::string code = fresh_secret();
  state_.with([&](State& state) {
    state.code = io::sha256(code);
    state.code_ends_us = now_us + kCodeLife.us;
  });
  return code;
}

bool Sessions::redeem(std::string_view code, std::int64_t now_us) {
  const io::Digest digest = io::sha256(code);
  return state_.with([&](State& state) {
    const bool good = state.code == digest && now_us < state.code_ends_us;
    if (good) state.code.reset();
    return good;
  });
}

}  // namespace rondo::api
