// Lanes take the next number until none is left.
#include "base/lanes.h"

#include <algorithm>
#include <exception>
#include <vector>

#include "base/worker.h"

namespace rondo {

void side_by_side(std::size_t count, std::size_t lanes,
                  const std::function<void(std::size_t)>& work) {
  std::vector<std::exception_ptr> thrown(count);
  Counter next, failed;
  const auto lane = [&](const Stop&) {
    for (std::size_t i = next.next(); i < count && failed.get() == 0; i = next.next()) {
      try {
        work(i);
      } catch (...) {
        thrown[i] = std::current_exception();
        failed.add();
      }
    }
  };
  {
    std::vector<Worker> others;
    for (std::size_t i = 1; i < std::min(lanes, count); ++i) others.emplace_back("lane", lane);
    lane({});
  }
  for (const std::exception_ptr& one : thrown) {
    if (one) std::rethrow_exception(one);
  }
}

}  // namespace rondo
