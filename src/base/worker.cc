// Starting, naming and joining threads: the only place that does.
#include "base/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/clock.h"
#include "base/cores.h"

namespace rondo {
namespace {

// Linux from 6.12 on takes a wish for the length of a turn. Who wakes up and wants a shorter one
// than the thread that runs has its processor at once, else often only at the next tick, after up
// to 4 ms: so who answers asks for the shortest, and who gives way for a long one.
constexpr std::uint64_t kShortNs = 100'000, kLongNs = 10'000'000;
constexpr int kLowNice = 10;
thread_local bool gives_way = false;
thread_local std::size_t most_cores = std::numeric_limits<std::size_t>::max();

void wish_for_turns(int nice, std::uint64_t length_ns) {
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime_ns, deadline_ns, period_ns;
  } wish{sizeof wish, SCHED_OTHER, 0, nice, 0, length_ns, 0, 0};
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &wish, 0U));
}

}  // namespace

Worker::Worker(std::string name, std::function<void(const Stop&)> task)
    : thread_([stop = stop_, task = std::move(task)] { task(stop); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

Worker::~Worker() {
  if (!thread_.joinable()) return;  // joined, or moved from: then it has no stop either
  stop_.request();
  join();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void give_way() {
  gives_way = true;
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowNice));
  wish_for_turns(kLowNice, kLongNs);
}

void answer_first() {
  wish_for_turns(::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())), kShortNs);
}

void breathe() {
  if (gives_way) ::sched_yield();
}

std::size_t cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::min(static_cast<std::size_t>(std::max(1, CPU_COUNT(&set))), most_cores);
}

FewerCores::FewerCores(std::size_t most) noexcept : before_(most_cores) {
  most_cores = std::max<std::size_t>(most, 1);
}
FewerCores::~FewerCores() { most_cores = before_; }

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void sleep_for(Span span, const Stop& stop) { stop.wait(span); }

void sleep_for(Span span) { std::this_thread::sleep_for(std::chrono::microseconds(span.us)); }

}  // namespace rondo
