// Connections for gRPC, taken here: gRPC 1.51 has no limit for them, and its own listener stops for
// good where descriptors run out (CVE-2023-4785). What is one too many is closed at once.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "api/rpc.h"

namespace rondo::wire {

/// A descriptor that is closed with it.
class Handle {
 public:
  explicit Handle(int number = -1) : number_(number) {}
  Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Handle();
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

class Acceptor {
 public:
  /// Listens. Null: the address is none, or is in use.
  static std::unique_ptr<Acceptor> open(const std::string& address);
  ~Acceptor() { stop(); }
  int port() const { return port_; }
  /// Gives what it accepts to gRPC, as many at once as `host` takes.
  void start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> taker,
             api::RpcHost& host);
  /// Accepts no more, counts no more.
  void stop();

 private:
  Acceptor(Handle listener, int port);
  void run();
  void accept_all();
  void take(Handle connection);
  void listen_again(bool on);

  Handle listener_, queue_, wake_;
  int port_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> taker_;
  api::RpcHost* host_ = nullptr;
  std::unordered_set<int> watched_;
  bool paused_ = false;
  std::thread thread_;
};

}  // namespace rondo::wire
