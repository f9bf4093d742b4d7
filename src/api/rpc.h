// The border between the program and its gRPC module: the module speaks the wire's protocol, the
// program answers. Plain values and two interfaces, so that neither is linked with the other;
// librondo_grpc.so is opened only when `[deploy] grpc` is set.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::api {

/// Who asks, by the call's metadata; empty: not said.
struct RpcCaller {
  std::string_view authorization, token, split_key, dry_run;
  bool local = false;  // the peer is on this machine (loopback)
};

/// A tensor with its values as bytes: little-endian, BOOL 1 byte, BYTES u32 length and bytes.
struct RpcInput {
  std::string_view name, datatype;
  std::span<const std::int64_t> shape;
  std::string_view bytes;
  bool shared_memory = false;  // asked for; refused
};
struct RpcWish {
  std::string_view name;
  bool classification = false, shared_memory = false;  // asked for; refused
};
struct RpcInfer {
  std::string_view model, version, id;
  std::string_view time;         // parameters.time
  std::int64_t timeout_us = -1;  // what is left of the deadline, from now; below 0: none
  std::vector<RpcInput> inputs;
  std::vector<RpcWish> outputs;
};

/// The outcome of a call as HTTP has it: 200, or what was wrong.
struct RpcOutcome {
  int status = 200;
  std::string message;
  bool too_much = false;           // sent away for load, or for a quota
  std::int64_t again_after_s = 0;  // when it may come again; 0: not said
};
/// A certificate chain and its key, in PEM. `number` counts them from 1; 0: none was read yet.
struct RpcPair {
  std::uint64_t number = 0;
  std::string chain, key;
};
struct RpcOutput {
  std::string_view name, datatype;
  std::vector<std::int64_t> shape;
  std::string_view bytes;
};
/// Views point into `body`, those of the model and the id into what was asked.
struct RpcAnswer {
  std::string body;
  std::string_view model, version, id, prediction;
  std::vector<RpcOutput> outputs;
};

/// What the program does for the module. Threads: each call names the thread of the module that
/// makes it, below `RpcOptions::threads`; no two at once use one number.
class RpcHost {
 public:
  using Then = std::function<void(const RpcOutcome&, const RpcAnswer&)>;
  using Said = std::function<void(const RpcOutcome&, const std::string& json)>;
  virtual ~RpcHost() = default;
  /// A thread of the module calls it once, before it answers anything.
  virtual void begin_to_answer() = 0;
  /// Calls `then` once: in this thread before it returns, or in another one where the answer takes
  /// long or waits for the log. `who` and `asked`, and what they point to, must live until then.
  virtual void infer(std::size_t thread, const RpcCaller& who, const RpcInfer& asked,
                     const Then& then) = 0;
  /// Any other call as its path of the REST protocol; `body` of a POST, null: a GET. The JSON of
  /// the reply, or what was wrong. Else as infer().
  virtual void ask(std::size_t thread, const RpcCaller& who, const std::string& path,
                   const std::string* body, const Said& said) = 0;
  /// Whether a model answers and the program is not about to end. Threads: any.
  virtual bool ready() = 0;
  /// A connection more. False: it is one too many, and not counted. Threads: one.
  virtual bool connected() = 0;
  virtual void disconnected() = 0;
  /// Puts the newest certificate there. False: `known` is the newest. Threads: any.
  virtual bool renew(RpcPair& known) = 0;
};

struct RpcOptions {
  std::string listen;  // "127.0.0.1:8081"
  std::size_t threads = 4;
  std::uint64_t message_max = 16ULL << 20;  // bytes
  std::uint64_t streams_max = 1024;         // calls at once of a connection
  std::uint64_t idle_ms = 75'000;           // a connection without a call ends then
  bool tls = false;                         // with RpcHost::renew's certificate
};

class RpcServer {
 public:
  virtual ~RpcServer() = default;  // stops at once
  virtual int port() const = 0;
  /// Not ready at once; takes no new call; gives the ones that run so long.
  virtual void stop(std::int64_t drain_us) = 0;
};

/// What the module gives out under the name kRpcStart. Null with a sentence in `*wrong`.
using RpcStart = RpcServer* (*)(const RpcOptions& options, RpcHost& host, std::string* wrong);
inline constexpr const char* kRpcStart = "rondo_grpc_start_4";

}  // namespace rondo::api
