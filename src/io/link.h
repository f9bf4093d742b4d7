// A connection that goes out, plain or by TLS, for the few messages that this program sends of
// itself. Every wait has an end: the link's deadline, or a stop. Certificates are verified against
// the system's (SSL_CERT_FILE and SSL_CERT_DIR name others), for the host that was asked for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/stop.h"
#include "io/address.h"

namespace rondo::io {

class Link {
 public:
  /// Connects and shakes hands. `at_most` holds for all that is done with the link, together.
  /// Errors: kUnavailable, naming host and port; kCancelled when a stop was requested.
  static Result<Link> open(const Address& to, Span at_most, const Stop& stop);
  Link(Link&&) noexcept;
  Link& operator=(Link&&) noexcept;
  ~Link();

  /// Errors: as of open().
  Result<void> send(std::string_view bytes);
  /// The next line without its end. Errors: as of open(); kExhausted for one beyond 8 KiB.
  Result<std::string> line();

 private:
  struct State;
  explicit Link(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
