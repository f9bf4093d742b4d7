// A named thread that is joined by its destructor. The task looks at the Stop it is given; ending a
// Worker is asking it to stop and waiting. Counter is the only atomic number the program uses.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/stop.h"
#include "base/time.h"

namespace rondo {

class Worker {
 public:
  Worker() = default;
  /// Starts at once. Names are cut to 15 characters (the kernel's limit).
  Worker(std::string name, std::function<void(const Stop&)> task);
  Worker(Worker&&) noexcept = default;
  Worker& operator=(Worker&&) = delete;
  ~Worker();
  void request_stop() const noexcept { stop_.request(); }
  void join();

 private:
  Stop stop_;
  std::thread thread_;
};

/// A number that many threads count up. Threads: any. Cost: one relaxed add.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  void sub(std::uint64_t n = 1) noexcept { value_.fetch_sub(n, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }
  std::uint64_t next() noexcept { return value_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// From now on the calling thread runs after others that want its processor; it still gets a tenth
/// of one. A wish: where it cannot be fulfilled nothing happens.
void give_way();
/// From now on the calling thread has its processor as soon as it wakes up, before threads that
/// want long turns. It gets no more of it than before. A wish, as well.
void answer_first();
/// Between small parts of long work: a thread that gives way lets the others go first here.
void breathe();

/// How many threads can run at once: the processors that this process may use, at least 1.
std::size_t cores();
/// Of the machine, in bytes.
std::uint64_t physical_memory();

/// Sleeps; wakes when the stop is requested.
void sleep_for(Span span, const Stop& stop);
void sleep_for(Span span);

}  // namespace rondo
