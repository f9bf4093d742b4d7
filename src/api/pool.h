// Workers for what touches disk or waits, so that no prediction stands behind it.
#pragma once

#include <deque>
#include <functional>
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
  /// Calls task(worker) on one of them. Threads: any.
  using Task = std::function<void(std::size_t worker)>;
  void post(Task task);

 private:
  void work(const Stop& stop, std::size_t worker);
  Guarded<std::deque<Task>> tasks_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace rondo::api
