// The program's side of gRPC: a call becomes the request of the REST protocol that says the same,
// and goes the same way: same checks, limits, bits, log and numbers.
#pragma once

#include "api/app.h"
#include "api/pool.h"
#include "api/rpc.h"
#include "api/tls.h"

namespace rondo::api {

/// Which of the app's scratches are whose, and how many may be connected.
struct RpcPlaces {
  std::size_t first = 0, threads = 1;  // of the module's threads
  std::size_t first_pool = 0;          // of the pool's workers
  std::uint64_t connections_max = 10'000;
};

/// What takes long is answered by `pool`, as for HTTP. `tls`: where certificates come from; null:
/// there is none.
std::unique_ptr<RpcHost> make_rpc_host(App& app, Pool& pool, const RpcPlaces& places,
                                       const TlsFiles* tls = nullptr);

/// Opens librondo_grpc.so, which stands beside the program, and serves. Errors: kUnavailable when
/// it is not there, kConflict when the address is in use.
Result<std::unique_ptr<RpcServer>> start_rpc(const RpcOptions& options, RpcHost& host);

}  // namespace rondo::api
