// Codes and metadata that every kind of call has.
#include "calls.h"

#include <limits>

namespace rondo::wire {
namespace {

grpc::StatusCode code_of(int status) {
  switch (status) {
    case 400: return grpc::StatusCode::INVALID_ARGUMENT;
    case 401: return grpc::StatusCode::UNAUTHENTICATED;
    case 403: return grpc::StatusCode::PERMISSION_DENIED;
    case 404: return grpc::StatusCode::NOT_FOUND;
    case 409: return grpc::StatusCode::FAILED_PRECONDITION;
    case 413:
    case 429:
    case 507: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 501: return grpc::StatusCode::UNIMPLEMENTED;
    case 503: return grpc::StatusCode::UNAVAILABLE;
    case 504: return grpc::StatusCode::DEADLINE_EXCEEDED;
    default: return grpc::StatusCode::INTERNAL;
  }
}

}  // namespace

grpc::Status status_of(const api::RpcOutcome& outcome) {
  if (outcome.status == 200) return grpc::Status::OK;
  // UNAVAILABLE is for who shall find another server; this one is there, and has enough to do.
  if (outcome.too_much) return {grpc::StatusCode::RESOURCE_EXHAUSTED, outcome.message};
  return {code_of(outcome.status), outcome.message};
}

void say_when(grpc::ServerContext& context, const api::RpcOutcome& outcome) {
  if (outcome.again_after_s <= 0) return;
  context.AddTrailingMetadata("grpc-retry-pushback-ms",
                              std::to_string(outcome.again_after_s * 1000));
}

api::RpcCaller caller_of(const grpc::ServerContext& context) {
  api::RpcCaller who;
  const auto& metadata = context.client_metadata();
  const auto find = [&](const char* name) {
    const auto found = metadata.find(name);
    return found == metadata.end()
               ? std::string_view()
               : std::string_view(found->second.data(), found->second.size());
  };
  who.authorization = find("authorization");
  who.token = find("rondo-token");
  who.split_key = find("rondo-split-key");
  who.dry_run = find("rondo-dry-run");
  const std::string peer = context.peer();
  who.local = peer.starts_with("ipv4:127.") || peer.starts_with("ipv6:[::1]") ||
              peer.starts_with("ipv6:%5B::1%5D") || peer.starts_with("unix:");
  return who;
}

std::int64_t left_us(const grpc::ServerContext& context) {
  if (context.raw_deadline().tv_sec == std::numeric_limits<std::int64_t>::max()) return -1;
  const auto left = context.deadline() - Clock::now();
  return std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(left).count(), 0);
}

grpc::Status too_late() {
  return {grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline has passed"};
}

}  // namespace rondo::wire
