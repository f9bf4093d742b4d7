// Lanes take the next number until none is left.
#include "train/lanes.h"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <vector>

#include "base/worker.h"

namespace rondo::train {

Result<void> side_by_side(std::size_t count, std::size_t lanes,
                          const std::function<Result<void>(std::size_t)>& fit) {
  std::vector<std::optional<Error>> errors(count);
  Counter next, failed;
  const auto work = [&] {
    for (std::size_t i = next.next(); i < count; i = next.next()) {
      if (failed.get() > 0) return;
      try {
        if (auto done = fit(i); !done) errors[i] = std::move(done.error());
      } catch (const std::bad_alloc&) {
        errors[i] = fail(Code::kExhausted, "training ran out of memory",
                         "give it fewer rows or columns, or a machine with more memory").error();
      } catch (const std::exception& error) {
        errors[i] = fail(Code::kInvalidInput, std::string("training failed: ") + error.what())
                        .error();
      }
      if (errors[i]) failed.add();
    }
  };
  {
    std::vector<Worker> others;
    for (std::size_t lane = 1; lane < std::min(lanes, count); ++lane) {
      others.emplace_back("fit", [&work](const Stop&) { work(); });
    }
    work();
  }
  for (std::optional<Error>& error : errors) {
    if (error) return std::unexpected(*std::move(error));
  }
  return {};
}

}  // namespace rondo::train
