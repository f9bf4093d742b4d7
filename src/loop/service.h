// A project at work: predictions are answered, logged under ids, labels are taken in, and the loop
// turns beside it. The API only translates; everything it may do to a project is here. Predictions
// go on whatever happens to the loop, the disk or the data.
#pragma once

#include "base/progress.h"
#include "base/worker.h"
#include "deploy/router.h"
#include "ledger/prediction_log.h"
#include "ledger/store.h"
#include "ledger/tokens.h"
#include "loop/config.h"
#include "loop/push_desk.h"
#include "loop/run.h"

namespace rondo::loop {

/// Numbers for /metrics that the loop knows; read without a lock on the loop.
struct LoopNumbers {
  Time last_progress;
  std::map<std::string, std::uint64_t> cycles_by_result, step_failures_by_stage,
      open_alerts_by_severity;
  Time newest_row;
  std::uint64_t late_labels = 0, store_bytes = 0, steps = 0;
  std::uint64_t skew_checked = 0, skew_mismatches = 0;
  bool resting = true, paused = false, lease_held = false;
  std::uint64_t promotions = 0, rollbacks = 0;  // over the life of the project
  std::int64_t guarded = 0;                     // the version whose guards these are; 0: none
  std::map<std::string, double> guard_evidence;
  std::uint64_t shadow_scored = 0, shadow_shed = 0;  // rows
  std::uint64_t history_bytes = 0, history_refused = 0;  // what lags read; facts it had no room for
  std::string alert;  // a degraded store or loop, as a sentence; empty: fine
  std::vector<std::string> alerts;  // all of them; `alert` is the first
};

struct ServiceOptions {
  io::Path project;           // folder with rondo.toml
  bool run_loop = true;
  std::string who = "up";
  Observer observer = nullptr;  // steps, signals, deployments: called in the loop's thread; and, by
                                // another, {"event":"alert","sentence","version"}: the champion
                                // does not answer, but `version` (0: none); empty: it does again
  Progress* progress = nullptr;  // of open(): facts that are folded, what lags read; lives as long
};

struct FeedbackItem {
  std::string id;
  Json label;
  std::optional<Time> time;
  bool correction = false;
};

struct FeedbackResult {
  std::uint64_t accepted = 0, duplicate = 0, unknown = 0, conflicting = 0;
  std::string receipt;  // digest of what was sent: the same again gives the same receipt
};

class Service {
 public:
  /// Opens the store, loads the champion (or the last good one, with an alert), rebuilds its
  /// history.
  static Result<std::unique_ptr<Service>> open(const ServiceOptions& options);
  virtual ~Service() = default;

  virtual const Config& config() const = 0;
  virtual std::string model_name() const = 0;
  /// False: it answers from a pipeline file, and store() may not be asked for.
  virtual bool has_store() const { return true; }
  virtual ledger::Store& store() = 0;
  /// Threads: any.
  virtual const deploy::Router& router() const = 0;
  /// A loaded version by number; loads it from the store when it is not the champion or the former.
  virtual Result<std::shared_ptr<const deploy::Deployed>> version(std::int64_t number) = 0;
  /// Every version of the registry, ascending; loaded or not.
  virtual Result<std::vector<std::int64_t>> versions() const = 0;
  /// Loads a version beside the ones that answer: in memory, no traffic but by its name. It stays
  /// until unload(). Errors: kNotFound, kCorrupt, kIo.
  virtual Result<void> load(std::int64_t version) = 0;
  /// Errors: kNotFound; kConflict for one that answers, or that is kept for a rollback.
  virtual Result<void> unload(std::int64_t version) = 0;
  virtual const ledger::PredictionIds& ids() const = 0;
  /// Queues what was answered, unless its ids' lot leaves it out. Threads: any. False: dropped and
  /// counted.
  virtual bool log(std::span<const ledger::Prediction> rows) = 0;
  /// The same, and calls `done` once, now or in the log's thread: whether the rows are on disk (or
  /// are not to be kept). When it returns false, `done` is never called.
  virtual bool log_durably(std::span<const ledger::Prediction> rows,
                           ledger::PredictionLog::Done done) = 0;
  virtual std::uint64_t log_written() const = 0;
  virtual std::uint64_t log_dropped() const = 0;
  virtual std::uint64_t log_left_out() const = 0;  // by [deploy] log
  virtual Time now() const = 0;
  /// Durable when it returns, all or nothing. Errors: kInvalidInput (a label that the champion's
  /// answers cannot be compared with), kUnavailable (503), kExhausted (507).
  virtual Result<FeedbackResult> feedback(std::span<const FeedbackItem> items) = 0;
  /// Rows for the source "push"; durable when it returns. Errors: as PushDesk::push(); kConflict
  /// when [collect] source has no "push", kUnavailable without the lease.
  virtual Result<PushResult> push(PushWish wish) = 0;
  /// What a person asks for; waits until the loop answered (at most 30 s). Errors: kConflict, ...
  virtual Result<Json> ask(const std::string& act, const Json& arguments, const std::string& who,
                           const std::string& why, const std::string& key) = 0;
  virtual LoopNumbers numbers() const = 0;
  /// Why the champion does not answer, as a sentence; empty: it does, or there is none.
  virtual std::string champion_alert() const { return {}; }
  /// Empty: there is none (yet).
  virtual std::string admin_token() const = 0;
  /// As they were at most a second ago; null while their file cannot be read. Threads: any.
  virtual std::shared_ptr<const ledger::Tokens> tokens() const = 0;
  /// Starts the loop's thread. Stopping: request_stop, then the destructor joins.
  virtual void start() = 0;
  virtual void stop() = 0;
};

/// For commands: does what is asked now when nobody holds the lease, else by a request to who does.
Result<Json> ask_project(const io::Path& project, const std::string& act, const Json& arguments,
                         const std::string& who, const std::string& why);

/// A model of another library, as a pipeline file, becomes a version of the project: its object
/// first, then the act `import`, whose answer names the "version". `about`: library, trees,
/// features. Errors: kConflict when it predicts another target or reads columns that the data of
/// the project do not have.
Result<Json> import_pipeline(const io::Path& project, const model::Pipeline& pipeline,
                             std::string_view file, Json about, const std::string& who);

}  // namespace rondo::loop
