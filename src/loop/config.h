// rondo.toml, merged with every default: the one source of label_delay, split, test and the rest.
// Each mistake is named with file, line, column and key, all at once.
#pragma once

#include "collect/collect.h"
#include "evaluate/evaluate.h"
#include "io/fs.h"
#include "monitor/watcher.h"
#include "prepare/prepare.h"
#include "train/train.h"

namespace rondo::loop {

struct ProjectOptions {
  std::string name;
  std::string target;
  std::string task = "auto";
};
struct DeployOptions {
  std::string listen = "127.0.0.1:8080";
  std::vector<std::string> hosts;
  std::int64_t threads = 0;
  std::string name;
  std::string approve = "auto";
  std::int64_t shadow_rows = 0;
  std::vector<double> canary;
  std::int64_t canary_rows = 1000;
  Span canary_time = Span::seconds(600);
  std::int64_t canary_labels = 0;
  std::int64_t prove_labels = 0;
  std::string split_by;
  double guard_errors = 0.001;
  double guard_latency = 1.5;
  double guard_loss = 0.01;
  Span rollback_window = Span::days(7);
  double log = 1;
  std::string log_ack = "queued";
  Span log_keep = Span::days(90);
  std::string log_size = "20GiB";
  std::string body_max = "16MiB";
  std::int64_t rows_max = 100000;
  std::int64_t in_flight_max = 1024;
  double quota_requests = 0;
  double quota_rows = 0;
  Span quota_burst = Span::seconds(10);
  Span drain = Span::seconds(20);
  std::string errors = "full";
  std::string grpc;
  std::string tls;
};
struct LoopOptions {
  std::string policy = "performance";
  double new_data = 0.1;
  Span every = Span::days(30);
  double cost_of_cycle = 200;
  Span cool_down = Span::days(1);
  std::int64_t cycles_per_month = 10;
  Span cpu_per_month = Span::hours(20);
  std::int64_t attempts = 3;
  Span step_deadline = Span::hours(1);
};

struct AlertOptions {
  std::string page = "risk";
  std::string webhook;
  std::vector<std::string> email;
  std::string smtp;
  Span remind = Span::days(1);
};

template <class Visitor>
void describe(Visitor& v, ProjectOptions& o) {
  using io::Key;
  v(Key{"name", "of the project and its model; default: the folder's name"}, o.name);
  v(Key{"target", "the column to predict"}, o.target);
  v(Key{"task", "follows from the target unless given", 0, 0, "auto|regression|binary|multiclass"},
    o.task);
}
template <class Visitor>
void describe(Visitor& v, DeployOptions& o) {
  using io::Key;
  v(Key{"listen", "address and port of `rondo up`"}, o.listen);
  v(Key{"grpc", "address and port of the gRPC server, as \"127.0.0.1:8081\"; empty: off"}, o.grpc);
  v(Key{"tls", "folder with cert.pem and key.pem, for HTTPS and gRPC; empty: no TLS"},
    o.tls);
  v(Key{"hosts", "Host names allowed beside localhost"}, o.hosts);
  v(Key{"threads", "I/O threads; 0: one a core", 0, 1024}, o.threads);
  v(Key{"name", "in URLs; empty: the project's"}, o.name);
  v(Key{"approve", "who says yes to a good model", 0, 0, "auto|ask"}, o.approve);
  v(Key{"shadow_rows",
        "rows that a new model scores unseen at least; its first share comes once no harm is shown",
        0, 1e12},
    o.shadow_rows);
  v(Key{"canary", "percent that a new model serves first; []: it takes over at once", 0, 100},
    o.canary);
  v(Key{"canary_rows",
        "rows that it answers at least at each share; the next comes once no harm is shown", 1,
        1e12},
    o.canary_rows);
  v(Key{"canary_time", "and at least so long", 0, 1e9}, o.canary_time);
  v(Key{"canary_labels", "mature labels at each share; 0: they can stop it, not delay it", 0, 1e12},
    o.canary_labels);
  v(Key{"prove_labels",
        "labelled requests in which a challenger that the gate cannot tell from the old model may "
        "prove itself, unseen; 0: it is dropped",
        0, 1e12},
    o.prove_labels);
  v(Key{"split_by", "input column that keeps a caller with one version; empty: each request alone"},
    o.split_by);
  v(Key{"guard_errors", "share of rows that a new model may fail beyond the old one's", 0, 0.5},
    o.guard_errors);
  v(Key{"guard_latency", "how many times the old model's scoring time is slow", 1, 1000},
    o.guard_latency);
  v(Key{"guard_loss", "mean loss of a row, in [0, 1], tolerated beyond the old model's", 0, 0.5},
    o.guard_loss);
  v(Key{"rollback_window",
        "after a promotion the former model scores on unseen, labels can bring it back; 0s: off",
        0, 1e9},
    o.rollback_window);
  v(Key{"log", "share of the answered requests that are kept for labels and replays", 0, 1}, o.log);
  v(Key{"log_ack", "\"durable\": a reply waits until its answers are on disk", 0, 0,
        "queued|durable"},
    o.log_ack);
  v(Key{"log_keep", "how long answers are kept, at least label_delay and a window", 0, 1e10},
    o.log_keep);
  v(Key{"log_size", "the log's size beyond which the oldest answers go, as \"20GiB\""}, o.log_size);
  v(Key{"body_max", "largest request body, as \"16MiB\""}, o.body_max);
  v(Key{"rows_max", "rows a request", 1, 1e8}, o.rows_max);
  v(Key{"in_flight_max", "requests at once", 1, 1e6}, o.in_flight_max);
  v(Key{"quota_requests", "requests a second that each token may make; 0: no quota", 0, 1e9},
    o.quota_requests);
  v(Key{"quota_rows", "rows a second that are answered to each token; 0: no quota", 0, 1e12},
    o.quota_rows);
  v(Key{"quota_burst", "what a token left unused for so long it may use at once", 1, 86400},
    o.quota_burst);
  v(Key{"drain", "time to answer what is in flight at SIGTERM", 0, 3600}, o.drain);
  v(Key{"errors", "\"terse\": a refused prediction names no column, but to a deployer", 0, 0,
        "full|terse"},
    o.errors);
}
template <class Visitor>
void describe(Visitor& v, LoopOptions& o) {
  using io::Key;
  v(Key{"policy",
        "when a cycle starts: never, always, schedule, drift, performance, cost, cron:7d"},
    o.policy);
  v(Key{"new_data", "a cycle too when labelled rows grew by this share; 0: off", 0, 1e6},
    o.new_data);
  v(Key{"every", "for \"schedule\"", 60, 1e10}, o.every);
  v(Key{"cost_of_cycle",
        "for \"cost\": what a cycle costs, in the unit of [monitor] cost_per_error", 0, 1e18},
    o.cost_of_cycle);
  v(Key{"cool_down", "rest between two cycles, at least", 0, 1e10}, o.cool_down);
  v(Key{"cycles_per_month", "past it the decision is \"no\"", 1, 1e6}, o.cycles_per_month);
  v(Key{"cpu_per_month", "predicted CPU time of cycles in 30 days", 1, 1e9}, o.cpu_per_month);
  v(Key{"attempts", "tries at a step before it is failed", 1, 100}, o.attempts);
  v(Key{"step_deadline", "time that one attempt may take", 1, 1e7}, o.step_deadline);
}
template <class Visitor>
void describe(Visitor& v, AlertOptions& o) {
  using io::Key;
  v(Key{"page", "lowest severity that goes to webhook and e-mail", 0, 0, "risk|quality|drift"},
    o.page);
  v(Key{"webhook", "address that gets a POST for each alert: https, or http on loopback"},
    o.webhook);
  v(Key{"email", "who gets a letter for each alert"}, o.email);
  v(Key{"smtp", "their mail server, as \"smtps://mail.example.org:465\""}, o.smtp);
  v(Key{"remind", "pace of repeating an alert that nobody acknowledged; 0s: never", 0, 1e9},
    o.remind);
}

struct Config {
  ProjectOptions project;
  collect::Options collect;
  prepare::Options prepare;
  train::Options train;
  evaluate::Options evaluate;
  DeployOptions deploy;
  monitor::Options monitor;
  LoopOptions loop;
  AlertOptions alerts;

  std::string file = "rondo.toml";         // where it was read from, and where each key stands
  std::map<std::string, io::Place> places;

  /// Every key of every section with its value.
  Json to_json() const;
  std::string model_name() const;  // deploy.name or project.name
};

/// Every value that cannot be, in the file itself. Errors: kInvalidInput.
Result<void> check_values(const Config& config);
/// Errors: kNotFound (with "rondo init" as the hint), kInvalidInput with every mistake.
Result<Config> load_config(io::Fs& fs, const io::Path& project);
Result<Config> parse_config(std::string_view toml, const std::string& file,
                            const std::string& folder_name);
/// The configuration against what the source has: columns that are named, the task, the metric.
/// Errors: kInvalidInput with every mistake.
Result<void> check_source(const Config& config, const table::Schema& columns,
                          const table::Table& rows);

/// How many of the newest rows are a test: min(share, span).
struct TestRows {
  double share = 0.2;
  Span longest = Span::days(14);
};
/// Of "auto", "20%" (or "0.2") or "14d". Errors: kInvalidInput.
Result<TestRows> test_rows(const std::string& text);

struct Listen {
  std::string host;  // an address: 127.0.0.1, ::1
  std::uint16_t port = 0;
};
/// "127.0.0.1:8080". Errors: kInvalidInput.
Result<Listen> parse_listen(std::string_view text);

/// Every key with section, default and help, as Json rows {"section","key","default","help"}.
Json config_keys();

}  // namespace rondo::loop
