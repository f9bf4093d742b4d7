// Opening the gRPC module: at the first use alone, since linking gRPC would cost every start of the
// program time and every idle one memory.
#include <dlfcn.h>
#include <fmt/format.h>

#include "api/rpc_host.h"

#ifndef RONDO_GRPC_MODULE
#define RONDO_GRPC_MODULE ""
#endif

namespace rondo::api {
namespace {

Result<RpcStart> open_module() {
  std::string sought;
  for (const char* place : {"$ORIGIN/../lib/rondo/librondo_grpc.so", RONDO_GRPC_MODULE}) {
    if (*place == '\0') continue;
    // Never unloaded: gRPC keeps threads and static state.
    void* handle = dlopen(place, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      sought += fmt::format("{}{}", sought.empty() ? "" : ", ", dlerror());
      continue;
    }
    if (auto start = reinterpret_cast<RpcStart>(dlsym(handle, kRpcStart))) return start;
    return fail(Code::kUnavailable, fmt::format("{} is that of another version", place),
                "install program and module together");
  }
  return fail(Code::kUnavailable, fmt::format("gRPC cannot be served: {}", sought),
              "install librondo_grpc.so beside the program, or leave [deploy] grpc empty");
}

}  // namespace

Result<std::unique_ptr<RpcServer>> start_rpc(const RpcOptions& options, RpcHost& host) {
  static const auto start = open_module();
  if (!start) return std::unexpected(start.error());
  std::string wrong;
  if (RpcServer* server = (*start)(options, host, &wrong)) {
    return std::unique_ptr<RpcServer>(server);
  }
  return fail(Code::kConflict, wrong, "choose another address: [deploy] grpc");
}

}  // namespace rondo::api
