// Workers for what touches disk or waits, so that no prediction stands behind it.
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "base/worker.h"

namespace rondo::api {

class Pool {
 public:
  /// Starts `workers` threads.
  explicit Pool(std::size_t workers);
  /// What waits is dropped, what runs is awaited.
  ~Pool();
  /// Calls task(worker) on one of them. False: so many wait already that it is not taken.
  /// Threads: any.
  using Task = std::function<void(std::size_t worker)>;
  bool post(Task task, std::size_t most = std::numeric_limits<std::size_t>::max());

 private:
  void work(const Stop& stop, std::size_t worker);
  Guarded<std::deque<Task>> tasks_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace rondo::api
