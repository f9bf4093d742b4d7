// Who may ask for what. Loopback is no boundary for a browser, so the Host allowlist comes first,
// for every method; then where the page came from; then the token. A token travels in a header
// only.
#pragma once

#include <span>

#include "api/http.h"
#include "io/digest.h"

namespace rondo::api {

enum class Role : std::uint8_t { kViewer, kPredictor, kLabeler, kTrainer, kDeployer, kAdmin };
std::string_view name_of(Role role) noexcept;

/// Who asks: a set of roles. The administrator has all of them.
struct Principal {
  std::string_view who = "anonymous";
  std::uint32_t roles = 0;  // bits by Role
  bool has(Role role) const { return (roles >> static_cast<unsigned>(role) & 1U) != 0; }
};

class Access {
 public:
  /// Shape: hosts without port, as in `[deploy] hosts`; localhost, 127.0.0.1 and [::1] are added.
  Access(std::span<const std::string> hosts, std::string_view admin_token);

  /// Errors: 400 without exactly one Host header; 421 for a name that is not ours. `authority` is
  /// that of a target in absolute form, else empty.
  std::expected<void, Refusal> check_host(const Request& request, std::string_view authority) const;
  /// For requests that change something. Errors: 403 when a browser says that another site asks.
  std::expected<void, Refusal> check_origin(const Request& request) const;
  /// Anonymous on this machine is viewer and predictor, from elsewhere nothing.
  /// Errors: 401 for a token that is not ours. Constant time in the token.
  std::expected<Principal, Refusal> who_asks(const Request& request) const;
  /// Errors: 401 when a token is needed, 403 when the token's role is too low.
  static std::expected<void, Refusal> check_role(const Principal& who, Role needed);

 private:
  bool is_ours(std::string_view host) const;
  std::vector<std::string> hosts_;  // lower case
  io::Digest admin_;                // SHA-256 of the token
  bool has_admin_ = false;
};

/// "127.0.0.1:80" -> "127.0.0.1"; "[::1]:80" -> "[::1]"; empty for what is no host.
std::string_view without_port(std::string_view host) noexcept;
bool is_loopback(std::string_view address) noexcept;  // 127.0.0.0/8, ::1, localhost

}  // namespace rondo::api
