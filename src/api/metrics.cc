// The text of /metrics, in the exposition format of Prometheus. A family is named once, with its
// help and type, and every line carries the model's name. What is not known yet has no line.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "api/numbers.h"

namespace rondo::api {
namespace {

/// Backslash, quote and line feed escaped, as a label's value must be.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

class Page {
 public:
  explicit Page(std::string_view model) : model_(escaped(model)) {}

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(out_), "# HELP rondo_{} {}\n# TYPE rondo_{} {}\n", name, help,
                   name, type);
  }
  /// One line of the family. `labels` as `a="b",c="d"`, may be empty.
  template <class Number>
  void line(Number value, std::string_view labels = {}, std::string_view suffix = {}) {
    fmt::format_to(std::back_inserter(out_), "rondo_{}{}{{model=\"{}\"{}{}}} {}\n", name_, suffix,
                   model_, labels.empty() ? "" : ",", labels, value);
  }
  void counts(std::string_view label, const std::map<std::string, std::uint64_t>& values) {
    for (const auto& [name, count] : values) {
      line(count, fmt::format("{}=\"{}\"", label, escaped(name)));
    }
  }
  /// A histogram; nothing when it is empty.
  void times(const Times& times, const std::string& label) {
    const std::uint64_t sum = times.count();
    if (sum == 0) return;
    std::uint64_t below = 0;
    for (std::size_t b = 0; b < kBuckets.size(); ++b) {
      below += times.buckets[b];
      line(below, fmt::format("{},le=\"{}\"", label, kBuckets[b]), "_bucket");
    }
    line(sum, label + ",le=\"+Inf\"", "_bucket");
    line(times.seconds, label, "_sum");
    line(sum, label, "_count");
  }
  void when(Time time) {
    if (time.us > 0) line(static_cast<double>(time.us) * 1e-6);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string model_, name_, out_;
};

void write_requests(Page& page, const MetricsPage& from) {
  page.family("http_requests_total", "counter", "Requests answered, by route and status.");
  for (std::size_t r = 0; r < from.numbers.routes.size(); ++r) {
    for (std::size_t s = 0; s < std::size(kStatuses); ++s) {
      const std::uint64_t count = from.numbers.routes[r].by_status[s];
      if (count == 0) continue;
      page.line(count, fmt::format("route=\"{}\",code=\"{}\"", escaped(from.route_names[r]),
                                   kStatuses[s]));
    }
  }
  page.family("request_seconds", "histogram",
              "Time from the whole head of a request to its reply.");
  for (std::size_t r = 0; r < from.numbers.routes.size(); ++r) {
    page.times(from.numbers.routes[r].by_time,
               fmt::format("route=\"{}\"", escaped(from.route_names[r])));
  }
  page.family("shed_total", "counter", "Requests and connections sent away for load, by reason.");
  for (std::size_t i = 0; i < std::size(kShedNames); ++i) {
    page.line(from.numbers.shed[i], fmt::format("reason=\"{}\"", kShedNames[i]));
  }
  page.family("in_flight", "gauge", "Requests that are being answered.");
  page.line(from.in_flight);
  page.family("connections", "gauge", "Open connections.");
  page.line(from.connections);
  page.family("certificate_end_timestamp_seconds", "gauge", "When the TLS certificate ends.");
  page.when(from.certificate_ends);
}

void write_inputs(Page& page, const Numbers& numbers) {
  using Input = Numbers::Input;
  const auto write = [&](std::string_view name, std::string_view help,
                         std::uint64_t Input::*count) {
    page.family(name, "counter", help);
    for (const auto& [column, input] : numbers.inputs) {
      if (input.*count != 0) page.line(input.*count, "column=\"" + escaped(column) + "\"");
    }
  };
  write("input_missing_total", "Missing values in answered rows, by column.", &Input::missing);
  write("input_unseen_total", "Values that training never saw, by column.", &Input::unseen);
  write("input_out_of_range_total", "Numbers below or above all of training, by column.",
        &Input::out_of_range);
  page.family("join_missing_total", "counter",
              "Answered rows for which another table had nothing within its ttl, by table.");
  for (const auto& [table, rows] : numbers.unjoined) {
    page.line(rows, "table=\"" + escaped(table) + "\"");
  }
}

void write_history(Page& page, const loop::LoopNumbers& loop) {
  page.family("history_bytes", "gauge", "The memory of what lags, windows and joins read, about.");
  page.line(loop.history_bytes);
  page.family("history_refused_total", "counter",
              "Values of new entities that [prepare] state_max left no room for.");
  page.line(loop.history_refused);
}

void write_rollout(Page& page, const loop::LoopNumbers& loop) {
  page.family("swaps_total", "counter", "Versions that took over, and that were taken back.");
  page.line(loop.promotions, "result=\"promoted\"");
  page.line(loop.rollbacks, "result=\"rolled_back\"");
  page.family("guard_evidence", "gauge",
              "Evidence of harm by the newer version of a rollout; a guard fires at 400.");
  for (const auto& [guard, evidence] : loop.guard_evidence) {
    page.line(evidence, fmt::format("version=\"{}\",guard=\"{}\"", loop.guarded, guard));
  }
  page.family("shadow_rows_total", "counter", "Rows of a rollout, scored by both versions or not.");
  page.line(loop.shadow_scored, "result=\"scored\"");
  page.line(loop.shadow_shed, "result=\"shed\"");
}

void write_predictions(Page& page, const MetricsPage& from) {
  page.family("predictions_total", "counter",
              "Rows answered, by the version that scored them and why it did.");
  for (const auto& [version, numbers] : from.numbers.versions) {
    for (std::size_t arm = 0; arm < numbers.by_arm.size(); ++arm) {
      if (numbers.by_arm[arm] == 0) continue;
      page.line(numbers.by_arm[arm],
                fmt::format("version=\"{}\",arm=\"{}\"", version, ledger::kArmNames[arm]));
    }
  }
  page.family("score_seconds", "histogram", "Time of scoring the rows of a request, by version.");
  for (const auto& [version, numbers] : from.numbers.versions) {
    page.times(numbers.by_time, fmt::format("version=\"{}\"", version));
  }
  page.family("deployment_share", "gauge", "Share of the unnamed requests that a version answers.");
  if (from.champion != 0) page.line(1 - from.share, fmt::format("version=\"{}\"", from.champion));
  if (from.challenger != 0) page.line(from.share, fmt::format("version=\"{}\"", from.challenger));
  write_history(page, from.loop);
  write_rollout(page, from.loop);
  page.family("log_records_total", "counter",
              "Answers by what became of their record: left_out by the share that is kept, dropped "
              "for want of room.");
  page.line(from.log_written, "result=\"written\"");
  page.line(from.log_dropped, "result=\"dropped\"");
  page.line(from.log_left_out, "result=\"left_out\"");
  page.family("skew_checked_total", "counter", "Answers that were scored again as a batch.");
  page.line(from.loop.skew_checked);
  page.family("skew_mismatches_total", "counter", "Of those, the ones with another bit.");
  page.line(from.loop.skew_mismatches);
  page.family("feedback_total", "counter",
              "Labels sent for prediction ids, by what became of them.");
  const loop::FeedbackResult& feedback = from.numbers.feedback;
  page.line(feedback.accepted, "result=\"accepted\"");
  page.line(feedback.duplicate, "result=\"duplicate\"");
  page.line(feedback.unknown, "result=\"unknown\"");
  page.line(feedback.conflicting, "result=\"conflicting\"");
  page.family("pushed_rows_total", "counter", "Rows that were pushed, by what became of them.");
  page.line(from.numbers.pushed.accepted, "result=\"accepted\"");
  page.line(from.numbers.pushed.duplicate, "result=\"duplicate\"");
  page.line(from.numbers.pushed.rejected, "result=\"rejected\"");
  write_inputs(page, from.numbers);
}

void write_loop(Page& page, const loop::LoopNumbers& loop) {
  page.family("loop_last_progress_timestamp_seconds", "gauge",
              "When the loop last recorded a fact.");
  page.when(loop.last_progress);
  page.family("newest_row_timestamp_seconds", "gauge", "Event time of the newest collected row.");
  page.when(loop.newest_row);
  page.family("steps_total", "counter", "Steps finished over the life of the project.");
  page.line(loop.steps);
  page.family("cycles_total", "counter", "Cycles ended, by result.");
  page.counts("result", loop.cycles_by_result);
  page.family("step_failures_total", "counter", "Steps that failed for good, by stage.");
  page.counts("stage", loop.step_failures_by_stage);
  page.family("open_alerts", "gauge", "Alerts that are open, by severity.");
  page.counts("severity", loop.open_alerts_by_severity);
  if (loop.open_alerts_by_severity.empty()) page.line(0, "severity=\"quality\"");
  page.family("late_labels_total", "counter", "Labels that came later than the label delay.");
  page.line(loop.late_labels);
  page.family("store_bytes", "gauge", "Size of the ledger's database on disk.");
  page.line(loop.store_bytes);
  page.family("loop_resting", "gauge", "1 while the loop has nothing to do.");
  page.line(loop.resting ? 1 : 0);
  page.family("loop_paused", "gauge", "1 while a person holds the loop.");
  page.line(loop.paused ? 1 : 0);
  page.family("lease_held", "gauge", "1 while this program may append facts.");
  page.line(loop.lease_held ? 1 : 0);
  page.family("degraded", "gauge", "1 while something is wrong; the console says what.");
  page.line(loop.alert.empty() ? 0 : 1);
}

}  // namespace

void Times::add(Span took) {
  std::size_t bucket = 0;
  const double measured = took.in_seconds();
  while (bucket < kBuckets.size() && measured > kBuckets[bucket]) ++bucket;
  ++buckets[bucket];
  seconds += measured;
}

void Times::add(const Times& other) {
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  seconds += other.seconds;
}

std::uint64_t Times::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void Taken::add(Span took) {
  ++count;
  us += took.us;
}

void Taken::add(const Taken& other) {
  count += other.count;
  us += other.us;
}

void RouteNumbers::add(int status, Span took) {
  std::size_t place = 0;
  while (place + 1 < std::size(kStatuses) && kStatuses[place] != status) ++place;
  ++by_status[place];
  by_time.add(took);
}

void RouteNumbers::add(const RouteNumbers& other) {
  for (std::size_t i = 0; i < by_status.size(); ++i) by_status[i] += other.by_status[i];
  by_time.add(other.by_time);
}

void VersionNumbers::add(const VersionNumbers& other) {
  rows += other.rows;
  for (std::size_t i = 0; i < by_arm.size(); ++i) by_arm[i] += other.by_arm[i];
  last = std::max(last, other.last);
  success.add(other.success);
  fail.add(other.fail);
  queue.add(other.queue);
  input.add(other.input);
  infer.add(other.infer);
  output.add(other.output);
  by_time.add(other.by_time);
}

void Numbers::add(const Numbers& other) {
  if (routes.size() < other.routes.size()) routes.resize(other.routes.size());
  for (std::size_t i = 0; i < other.routes.size(); ++i) routes[i].add(other.routes[i]);
  for (const auto& [version, numbers] : other.versions) versions[version].add(numbers);
  for (const auto& [column, input] : other.inputs) {
    inputs[column].missing += input.missing;
    inputs[column].unseen += input.unseen;
    inputs[column].out_of_range += input.out_of_range;
  }
  for (const auto& [table, rows] : other.unjoined) unjoined[table] += rows;
  for (std::size_t i = 0; i < shed.size(); ++i) shed[i] += other.shed[i];
  feedback.accepted += other.feedback.accepted;
  feedback.duplicate += other.feedback.duplicate;
  feedback.unknown += other.feedback.unknown;
  feedback.conflicting += other.feedback.conflicting;
  pushed.accepted += other.pushed.accepted;
  pushed.duplicate += other.pushed.duplicate;
  pushed.rejected += other.pushed.rejected;
}

std::string merged(std::span<const std::string> pages) {
  if (pages.size() == 1) return pages.front();
  std::vector<std::string> heads;  // by family, in the order of the first page
  std::map<std::string, std::string, std::less<>> lines;
  for (const std::string& page : pages) {
    std::string_view rest = page;
    std::string head;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      rest.remove_prefix(line.size());
      if (line.starts_with("# HELP ")) {
        head = line;
      } else if (line.starts_with("# TYPE ")) {
        head += line;
        if (lines.try_emplace(head).second) heads.push_back(head);
      } else {
        lines[head] += line;
      }
    }
  }
  std::string out;
  for (const std::string& head : heads) out += head + lines[head];
  return out;
}

std::string to_text(const MetricsPage& from) {
  Page page(from.model);
  page.family("build_info", "gauge", "1; the labels name the program.");
  page.line(1, fmt::format("version=\"{}\",kernel=\"{}\"", escaped(from.version), from.kernel));
  write_requests(page, from);
  write_predictions(page, from);
  write_loop(page, from.loop);
  return page.take();
}

}  // namespace rondo::api
