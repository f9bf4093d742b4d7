// Many callers and one thread that works for them: it takes whatever waits as one group, in the
// order of arrival, and tells each its outcome only when all of the group is done. So one sync
// serves everybody who waited for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/worker.h"

namespace rondo {

template <class Wish, class Outcome>
class Gather {
 public:
  using Group = std::vector<const Wish*>;
  /// An outcome for each of a group, which is never empty. Threads: the one of the gatherer.
  using Work = std::function<std::vector<Outcome>(const Group&)>;

  /// `most`: how many may wait. `after` runs when a group was told, so that nobody waits for it.
  Gather(std::string name, std::size_t most, Work work, std::function<void()> after = [] {})
      : most_(most), work_(std::move(work)), after_(std::move(after)),
        worker_(std::move(name), [this](const Stop&) { serve(); }) {}
  Gather(const Gather&) = delete;
  Gather& operator=(const Gather&) = delete;
  /// Finishes what waits.
  ~Gather() {
    queue_.change([](Queue& queue) { queue.closing = true; });
    worker_.join();
  }

  /// Returns when it is done; none: too many wait already. Threads: any.
  std::optional<Outcome> ask(Wish wish) {
    const auto job = std::make_shared<Job>(std::move(wish));
    const bool queued = queue_.change([&](Queue& queue) {
      if (queue.closing || queue.jobs.size() >= most_) return false;
      queue.jobs.push_back(job);
      return true;
    });
    while (queued) {
      auto outcome = job->outcome.wait(
          kLook, [](const auto& value) { return value.has_value(); },
          [](auto& value) { return std::move(value); });
      if (outcome) return outcome;
    }
    return std::nullopt;
  }

 private:
  static constexpr Span kLook = Span::seconds(60);
  struct Job {
    explicit Job(Wish what) : wish(std::move(what)) {}
    const Wish wish;
    Guarded<std::optional<Outcome>> outcome;
  };
  struct Queue {
    std::vector<std::shared_ptr<Job>> jobs;
    bool closing = false;
  };

  void serve() {
    for (;;) {
      bool closing = false;
      const auto jobs = queue_.wait(
          kLook, [](const Queue& queue) { return queue.closing || !queue.jobs.empty(); },
          [&](Queue& queue) {
            closing = queue.closing;
            return std::exchange(queue.jobs, {});
          });
      if (jobs.empty() && closing) return;
      if (jobs.empty()) continue;
      Group group;
      for (const auto& job : jobs) group.push_back(&job->wish);
      auto outcomes = work_(group);
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        jobs[i]->outcome.change([&](auto& value) { value.emplace(std::move(outcomes[i])); });
      }
      after_();
    }
  }

  const std::size_t most_;
  const Work work_;
  const std::function<void()> after_;
  Guarded<Queue> queue_;
  Worker worker_;  // last: it uses the others
};

}  // namespace rondo
