// The HTTP server of `rondo up`: one I/O thread a core, each with its own acceptor on the same
// port. Nothing that a client may send ends it. Beyond loopback it serves only when that was said
// aloud.
#pragma once

#include <memory>

#include "api/quota.h"
#include "loop/service.h"

namespace rondo::api {

/// How long a client may take.
struct Patience {
  Span handshake = Span::seconds(10);  // of TLS
  Span idle = Span::seconds(75);       // between two requests
  Span head = Span::seconds(10);       // for a whole head
  Span body = Span::seconds(10);       // in each such stretch 1 KiB/s must come
  Span write = Span::seconds(30);      // for a reader to take the next part of its reply
};

struct Limits;
class House;

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // port 0: any free one
  std::string grpc;                       // the same of the gRPC server; empty: none
  std::vector<std::string> hosts;         // Host names allowed beside localhost
  int threads = 0;                        // I/O threads; 0: one a core
  std::uint64_t body_max = 16ULL << 20;   // bytes
  std::uint64_t rows_max = 100'000;       // a request
  std::uint64_t in_flight_max = 1024;     // requests
  std::size_t queue_max = 256;            // of them, waiting for a worker of the pool
  Quota quota;                            // of each token
  std::uint64_t connections_max = 10'000;
  std::uint64_t handshakes_max = 1000;    // of TLS, at once
  io::Path tls;                           // folder with cert.pem and key.pem; empty: bare HTTP
  Patience patience;
  Span drain = Span::seconds(20);
  bool durable = false;        // a reply waits until its answers are on disk
  bool terse = false;          // a refused prediction names no column, but to a deployer
  bool insecure_bind = false;  // another address than loopback, without TLS
  bool takes_over = false;     // from another server of this program, at the same port
};

/// The `[deploy]` section as options. Errors: kInvalidInput for a size that is none.
Result<ServerOptions> server_options(const loop::DeployOptions& deploy);

/// When the certificate in a folder of `ServerOptions::tls` ends. Errors: as of Server::start.
Result<Time> certificate_end(const io::Path& folder);
/// Beyond this machine everything needs a token, and a token needs TLS, as others read on the way.
/// `anybody_known`: there is a token that others could show. Errors: kUnavailable for an address,
/// of HTTP or of gRPC, that others reach without; kInvalidInput for one that is none.
Result<void> check_reach(const ServerOptions& options, bool anybody_known);
Limits limits_of(const ServerOptions& options);

class Server {
 public:
  /// Listens when it returns. SIGPIPE must be ignored by the program.
  /// Errors: kInvalidInput (address, certificate, key), kNotFound (their files), kConflict (port in
  /// use), kUnavailable (not loopback without TLS or a token; gRPC is asked for and its module is
  /// not there).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                               loop::Service& service);
  /// The same for several projects. The house must outlive the server.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, House& house);
  virtual ~Server() = default;  // stops
  virtual std::uint16_t port() const = 0;
  virtual std::uint16_t grpc_port() const = 0;  // 0: there is no gRPC server
  virtual bool signs_itself() const = 0;        // the certificate: clients must be told of it
  /// Opens the administrator's session in a browser, once; a new one ends the former. Empty: there
  /// is no administrator, or there are several projects.
  virtual std::string login_code() = 0;
  /// Not ready at once; accepts 1 s more; answers what is in flight, with Connection: close;
  /// returns when all connections ended, or after `drain`. Further calls do nothing.
  virtual void stop() = 0;
};

}  // namespace rondo::api
