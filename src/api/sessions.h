// Browsers that signed in. A token, or the code of a link that works once, is exchanged for a
// cookie that no page can read; what changes something by it also names a word that only our own
// pages were told. In memory alone: a restart ends them all, and a revoked token its own.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "api/http.h"
#include "base/guarded.h"
#include "base/time.h"
#include "io/digest.h"

namespace rondo::api {

class Sessions {
 public:
  static constexpr std::size_t kMost = 1000;               // then the oldest ends
  static constexpr Span kLife = Span::days(7);
  static constexpr Span kCodeLife = Span::seconds(3600);

  /// `admin`: digest of the administrator's token. It tells the cookies of two projects on one
  /// machine apart, as browsers do not by port.
  explicit Sessions(const io::Digest& admin);

  struct Session {
    io::Digest token;  // whose it is; looked up again at each request
    std::string word;  // what changes must name
    std::int64_t ends_us = 0;
  };
  /// The value of the cookie.
  std::string open(const io::Digest& token, std::int64_t now_us);
  /// The session that a request's cookie names. Threads: any, as all here.
  std::optional<Session> of(const Request& request, std::int64_t now_us) const;
  void end(const Request& request);

  /// A code that opens the administrator's session once, within kCodeLife. A new one ends the
  /// former.
  std::string new_code(std::int64_t now_us);
  bool redeem(std::string_view code, std::int64_t now_us);
  const io::Digest& admin() const { return admin_; }

  /// "rondo_1a2b3c4d".
  const std::string& cookie() const { return cookie_; }

 private:
  struct State {
    std::map<io::Digest, Session> all;  // by the digest of the cookie
    std::optional<io::Digest> code;
    std::int64_t code_ends_us = 0;
  };
  std::optional<io::Digest> shown(const Request& request) const;

  io::Digest admin_;
  std::string cookie_;
  Guarded<State> state_;
};

}  // namespace rondo::api
