// While `rondo up` reads a long store, its port answers already: how far that is, and the console,
// which shows it. Of a store that is read at once nobody notices anything.
#pragma once

#include "api/house.h"
#include "api/server.h"

namespace rondo::api {

class Opening {
 public:
  /// Listens after a moment. `options` as of the server that will follow; `told` is called with the
  /// port once it answers. A port that cannot be had is the following server's to tell.
  Opening(const ServerOptions& options, const Progress& progress,
          std::function<void(std::uint16_t port)> told);
  /// What the server that follows must be started with to take the port over; from now on nothing
  /// begins to listen here. End this once it answers.
  ServerOptions follow(ServerOptions options);

 private:
  std::unique_ptr<House> house_;
  std::unique_ptr<Server> server_;  // the worker's until it is joined
  Worker worker_;
};

}  // namespace rondo::api
