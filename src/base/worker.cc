// Starting, naming and joining threads: the only place that does.
#include "base/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace rondo {
namespace {

constexpr std::uint64_t kTurnNs = 100'000;  // of a thread that gives way
thread_local bool gives_way = false;

}  // namespace

Worker::Worker(std::string name, std::function<void(const Stop&)> task)
    : thread_([stop = stop_, task = std::move(task)] { task(stop); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

Worker::~Worker() {
  stop_.request();
  join();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void give_way() {
  gives_way = true;
  constexpr int kNice = 10;
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
  // Kernels from 6.12 on also take a slice: after a tenth of a millisecond whoever wakes up goes
  // first. Others do not read it.
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime_ns, deadline_ns, period_ns;
  } wish{sizeof wish, SCHED_OTHER, 0, kNice, 0, kTurnNs, 0, 0};
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &wish, 0U));
}

void breathe() {
  if (gives_way) ::sched_yield();
}

std::size_t cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void sleep_for(Span span, const Stop& stop) { stop.wait(span); }

void sleep_for(Span span) { std::this_thread::sleep_for(std::chrono::microseconds(span.us)); }

}  // namespace rondo
