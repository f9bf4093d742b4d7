// A backtest that somebody asked for over the API: one at a time, in a process of its own that
// gives way to answers, and that ends with this one. What came of the last is kept until the next
// begins.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "base/worker.h"
#include "io/json.h"

namespace rondo::api {

class Backtests {
 public:
  struct Wish {
    std::filesystem::path project;        // the folder with rondo.toml
    std::vector<std::string> policies;
    std::string from;                     // empty: where a replay begins by itself
  };
  /// Ends what runs.
  ~Backtests();
  /// Errors: kConflict while one runs. Threads: any, as of the others.
  Result<void> start(Wish wish);
  /// False: none runs.
  bool stop();
  /// {"state": "none"|"running"|"done"|"failed"|"stopped","policies","from"?,"began","ended"?,
  /// "progress":{policy: share of its history},"result"?: as `rondo backtest --json` prints it,
  /// "why"?: it failed}.
  Json view() const;

 private:
  struct Held {
    Json shown = {{"state", "none"}};
    std::unique_ptr<Worker> worker;
  };
  void run(const Wish& wish, const Stop& stop);
  void note_progress(const std::filesystem::path& file);
  std::string live(const Wish& wish, const Stop& stop, Json& result);

  mutable Guarded<Held> held_;
};

}  // namespace rondo::api
