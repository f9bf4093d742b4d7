// TLS for the gRPC server, with a certificate that the program renews while it runs: gRPC asks for
// the newest one before each handshake.
#pragma once

#include <grpcpp/grpcpp.h>

#include "api/rpc.h"

namespace rondo::wire {

/// The credentials of a server that is stopped before `host` and the result go.
std::shared_ptr<grpc::ServerCredentials> renewed_credentials(api::RpcHost& host);

}  // namespace rondo::wire
