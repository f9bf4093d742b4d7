// Entry points of the loop for the command line: turn it until it rests, be a worker, live through
// history, compare policies.
#pragma once

#include <functional>
#include <optional>

#include "base/stop.h"
#include "io/faulty_fs.h"
#include "loop/config.h"

namespace rondo::loop {

class Shared;

/// Told while working: a step started or ended, progress within it, a decision. Only for display.
/// {"event": "step_started"|"progress"|"step_finished"|"decision"|"tick"|..., ...}
using Observer = std::function<void(const Json&)>;

struct RunResult {
  bool anything = false;       // false: nothing new, nothing appended
  std::string why;             // why it rests, a sentence
  bool refused = false;        // the gate kept or refused a challenger in this run (exit code 4)
  bool failed = false;
  bool stopped = false;        // somebody asked to stop before it came to rest
  std::optional<Error> error;  // what failed; the last good model goes on serving
};
struct RunOptions {
  io::Path project;
  // For tests: the disk that is written to, a record of SQLite's writes for power cuts, a clock
  // that stands still, and jobs in this process in place of workers.
  std::shared_ptr<io::Fs> fs = nullptr;
  std::shared_ptr<io::Record> record = nullptr;
  std::optional<Time> now = std::nullopt;
  bool workers = true;
  bool input = false;     // standard input may be read: it is no terminal
  std::string boot = {};  // leases of another boot are gone
};
/// Turns the loop until it rests. Errors: kConflict when another program holds the lease.
Result<RunResult> run_until_rest(const RunOptions& options, const Stop& stop,
                                 const Observer& observer);

/// `rondo worker`: one stage by the rank contract (environment RONDO_RUN, RONDO_STEP,
/// RONDO_ATTEMPT, RONDO_FENCE, RONDO_RANK, RONDO_WORLD, RONDO_PEERS, RONDO_IN, RONDO_OUT,
/// RONDO_DEADLINE). Returns the process's exit code; the outcome is in RONDO_OUT/outcome.json.
int work_as_rank(const Stop& stop);

struct ReplayOptions {
  io::Path project;
  io::Path into;                 // a project of its own; goes on where it stood when it exists
  std::optional<Time> from, to;  // first decision; end
  Span every = Span::days(1);
  std::string policy = "own";    // own | never | always | schedule:7d | cron:7d | performance
  Json fault = Json::object();   // {"column","value","from","to"}: rehearse a broken source
  io::Durability durability = io::Durability::kDisk;
  std::shared_ptr<Shared> shared;  // of a backtest; null: alone
  std::optional<Span> label_delay; // in place of [monitor] label_delay; 0: at once
};
/// The project's settings as a replay lives by them. Errors: as load_config().
Result<Config> replayed_config(io::Fs& fs, const ReplayOptions& options);
/// One judged day of the replay, for metric tables and plots.
struct ReplayDay {
  Time day;
  std::uint64_t rows = 0;
  double loss = 0;               // sum over the rows, against the true labels
  double naive = 0;              // the same of "same time one season before"
  std::uint64_t naive_rows = 0;
};
struct ReplayResult {
  std::string metric;            // "mae" | "rmse" | "error" | "log_loss" | "brier": less is better
  std::string note;              // why it is not the project's metric; empty: it is
  std::vector<ReplayDay> days;
  std::uint64_t answered = 0;    // rows of all days that a model answered
  std::int64_t cycles = 0, promotions = 0, refusals = 0, alarms = 0;
  double cpu_s = 0;
  std::string head;              // digest of the last fact
  std::vector<Time> cycle_times; // when each cycle began to train
  std::vector<Json> marks;       // alarms, refusals, deployments with time and reason, for plots
};
/// A replay's metric over some of its days. NaN without rows.
class DayMean {
 public:
  explicit DayMean(std::string_view metric) : root_(metric == "rmse") {}
  DayMean(std::string_view metric, const std::vector<ReplayDay>& days,
          Time from = kBeginningOfTime, Time to = kEndOfTime);
  void add(const ReplayDay& day, double weight = 1) noexcept;
  double rows() const noexcept { return rows_; }
  double value() const noexcept { return of(loss_, rows_); }
  double same_time_last_week() const noexcept { return of(naive_, naive_rows_); }

 private:
  double of(double sum, double rows) const noexcept;
  bool root_;
  double loss_ = 0, rows_ = 0, naive_ = 0, naive_rows_ = 0;
};
/// {"rows","value","same_time_last_week"}; null without rows.
Json to_json(const DayMean& mean);
Result<ReplayResult> replay(const ReplayOptions& options, const Stop& stop,
                            const Observer& observer);

/// The cheapest schedule of cycles in hindsight (loop/hindsight.h).
struct BestPossible {
  ReplayResult lived;            // as if a policy had had those cycles
  double cost = 0;               // of its errors and cycles, as Choice counts them
  std::string of;                // a policy that cost even less; empty: a schedule on the grid
  std::string grid;              // the crontab whose cycles are the grid: "cron:7d"
  std::size_t candidates = 0;    // models of the grid
};
struct BacktestOptions {
  ReplayOptions replay;               // `into` is a folder that gets one project a policy
  std::vector<std::string> policies;  // own, never, cron:7d, ...
};
struct BacktestResult {
  std::string metric, note;           // as of a replay
  std::uint64_t rows = 0;             // that every policy answered; all values are over these
  /// Their days are the ones on which every policy answered the same rows.
  std::vector<std::pair<std::string, ReplayResult>> policies;
  Json json;                          // as the contract for scripts says
  std::optional<BestPossible> best;   // none: no row was answered by all
};
Result<BacktestResult> backtest(const BacktestOptions& options, const Stop& stop,
                                const Observer& observer);

}  // namespace rondo::loop
