// Server-sent events: a browser that waits is told that the ledger grew or that another model
// answers, and asks for what it shows. What an event says fits any of them, so one that is not
// taken yet stands for all that follow.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/http.h"
#include "base/guarded.h"
#include "base/worker.h"

namespace rondo::api {

class App;

/// One listener. Threads: any.
class Feed {
 public:
  using Tell = std::function<void(const std::string& text)>;
  /// Counts itself in `listeners` while it lives.
  explicit Feed(Counter& listeners) : listeners_(listeners) { listeners_.add(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  ~Feed() { listeners_.sub(); }
  void tell(const std::string& text);
  /// What was told before is told to `tell` now.
  void follow(Tell tell);

 private:
  struct State {
    std::string waits;
    Tell tell;
  };
  Counter& listeners_;
  Guarded<State> state_;
};

/// The listeners of one project.
class Events {
 public:
  /// `seen`: what there is to see now, in any words.
  std::shared_ptr<Feed> listen(const std::string& seen);
  /// Tells all when there is something else to see than before.
  void look(const std::string& seen, const std::string& text);
  std::uint64_t listeners() const { return count_.get(); }

 private:
  struct State {
    std::string seen;  // by those who listen
    std::vector<std::weak_ptr<Feed>> feeds;
  };
  Counter count_;
  Guarded<State> state_;
};

/// Looks ten times a second whether a project that somebody listens to has changed.
class Teller {
 public:
  /// `front` as Server has it; must outlive it.
  explicit Teller(App& front);

 private:
  void look();
  App& front_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace rondo::api
