// The program's side of gRPC: a call becomes the request of the REST protocol that says the same,
// and goes the same way: same checks, limits, bits, log and numbers.
#pragma once

#include "api/app.h"
#include "api/rpc.h"
#include "api/tls.h"

namespace rondo::api {

/// Answers with the app's scratches from `first` on, one a thread. `tls`: where certificates come
/// from; null: there is none.
std::unique_ptr<RpcHost> make_rpc_host(App& app, std::size_t first, std::size_t threads,
                                       const TlsFiles* tls = nullptr);

/// Opens librondo_grpc.so, which stands beside the program, and serves. Errors: kUnavailable when
/// it is not there, kConflict when the address is in use.
Result<std::unique_ptr<RpcServer>> start_rpc(const RpcOptions& options, RpcHost& host);

}  // namespace rondo::api
