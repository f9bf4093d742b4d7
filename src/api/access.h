// Who may ask for what. Loopback is no boundary for a browser, so the Host allowlist comes first,
// for every method; then where the page came from; then the token. A token travels in a header
// only; a browser may exchange it for a cookie (sessions.h).
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "api/http.h"
#include "api/sessions.h"
#include "io/digest.h"
#include "ledger/tokens.h"

namespace rondo::api {

using ledger::name_of;
using ledger::Role;
using ledger::Roles;

/// Who asks. The name of a token is what acts are recorded under.
struct Principal {
  std::string who = "anonymous";
  Roles roles{};
};

/// Who may ask at this moment, beside the administrator. Tokens are null while they cannot be read.
struct Holders {
  std::shared_ptr<const ledger::Tokens> tokens;
  Time now;  // of the project's clock
};

class Access {
 public:
  /// Shape: hosts without port, as in `[deploy] hosts`; localhost, 127.0.0.1 and [::1] are added.
  /// `holders` is asked when a request shows a token that is not the administrator's.
  Access(std::span<const std::string> hosts, std::string_view admin_token,
         std::function<Holders()> holders);

  /// Errors: 400 without exactly one Host header; 421 for a name that is not ours. `authority` is
  /// that of a target in absolute form, else empty.
  std::expected<void, Refusal> check_host(const Request& request, std::string_view authority) const;
  /// For requests that change something. Errors: 403 when a browser says that another site asks.
  std::expected<void, Refusal> check_origin(const Request& request) const;
  /// Anonymous on this machine is viewer and predictor, from elsewhere nothing.
  /// Errors: 401 for a token that is not ours or has expired, 503 while tokens cannot be read.
  /// Constant time in the token.
  /// By a cookie (Sessions) as well; then 403 for a change that does not name the session's word.
  std::expected<Principal, Refusal> who_asks(const Request& request) const;
  /// Whose token has this digest. Errors: as who_asks().
  std::expected<Principal, Refusal> holder(const io::Digest& shown) const;
  Sessions& sessions() const { return *sessions_; }
  /// Errors: 401 when a token is needed, 403 when the token's role is too low.
  static std::expected<void, Refusal> check_role(const Principal& who, Role needed);

 private:
  bool is_ours(std::string_view host) const;
  std::vector<std::string> hosts_;  // lower case
  io::Digest admin_;                // SHA-256 of the token
  bool has_admin_ = false;
  std::function<Holders()> holders_;
  std::unique_ptr<Sessions> sessions_;
};

/// "127.0.0.1:80" -> "127.0.0.1"; "[::1]:80" -> "[::1]"; empty for what is no host.
std::string_view without_port(std::string_view host) noexcept;
bool is_loopback(std::string_view address) noexcept;  // 127.0.0.0/8, ::1, localhost

}  // namespace rondo::api
