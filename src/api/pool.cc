// A queue and the threads that empty it.
#include "api/pool.h"

#include <fmt/format.h>

#include <optional>

namespace rondo::api {

Pool::Pool(std::size_t workers) {
  for (std::size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        fmt::format("api-pool-{}", i), [this, i](const Stop& stop) { work(stop, i); }));
  }
}

Pool::~Pool() {
  for (const auto& worker : workers_) worker->request_stop();
  tasks_.change([](std::deque<Task>& tasks) { tasks.clear(); });
  workers_.clear();
}

bool Pool::post(Task task, std::size_t most) {
  return tasks_.change([&](std::deque<Task>& tasks) {
    if (tasks.size() >= most) return false;
    tasks.push_back(std::move(task));
    return true;
  });
}

void Pool::work(const Stop& stop, std::size_t worker) {
  while (!stop.requested()) {
    const auto ready = [](const std::deque<Task>& tasks) { return !tasks.empty(); };
    const auto take = [](std::deque<Task>& tasks) -> std::optional<Task> {
      if (tasks.empty()) return std::nullopt;
      Task task = std::move(tasks.front());
      tasks.pop_front();
      return task;
    };
    if (const auto task = tasks_.wait(Span::millis(100), ready, take)) (*task)(worker);
  }
}

}  // namespace rondo::api
