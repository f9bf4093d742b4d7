// What differs between `run`, `up` and a replay, behind one interface, so that the same conductor
// turns the loop in all of them: where news comes from, what may be known, who answers predictions.
#pragma once

#include "loop/policy.h"
#include "model/pipeline.h"

namespace rondo::loop {

/// What the source has beyond the cursor.
struct SourceNews {
  bool changed = false;
  std::optional<std::int64_t> labelled;  // usable labelled rows, where they can be counted cheaply
  std::string what;                      // "data/may.csv grew by 2,311 bytes"
  std::optional<Time> touched;           // when the newest file with news was written last
  bool may_wait = false;                 // a few pushed rows and nothing else: more may come
};

class World {
 public:
  virtual ~World() = default;
  /// Looks without reading rows. Errors: kNotFound (a file that is named), kIo.
  virtual Result<SourceNews> peek(const State& state) = 0;
  /// Replay: only what was known by then is collected. None: everything that is there.
  virtual std::optional<Time> as_of() const { return std::nullopt; }
  virtual Json fault() const { return Json::object(); }
  /// Another version is champion, or rows were put into or out of quarantine: load, switch, rebuild
  /// the histories. Called after the commit; must be repeatable. Errors: kCorrupt when no version
  /// can be loaded.
  virtual Result<void> changed(const State& state) = 0;
  /// The pipeline of a version that this world has in memory; null: who needs it loads it.
  virtual std::shared_ptr<const model::Pipeline> loaded(std::int64_t) const { return nullptr; }
  /// Everything that was answered so far is readable in the log.
  virtual Result<void> flush() { return {}; }
  /// Wait for news at Monitoring (`up`, replay) or end when nothing is due (`run`).
  virtual bool stays() const = 0;
  /// Whether a new version may get shares of the traffic first: somebody serves here, or will.
  virtual bool rolls_out() const { return false; }
  /// Handles what people asked for since the last call.
  virtual Result<void> requests() { return {}; }
};

}  // namespace rondo::loop
