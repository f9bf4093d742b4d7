// The text of /metrics, in the exposition format of Prometheus. A family is named once, with its
// help and type, and every line carries the model's name. What is not known yet has no line.
#include <fmt/format.h>

#include <iterator>

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
    const RouteNumbers& route = from.numbers.routes[r];
    const std::string label = fmt::format("route=\"{}\"", escaped(from.route_names[r]));
    std::uint64_t sum = 0;
    for (const std::uint64_t count : route.by_time) sum += count;
    if (sum == 0) continue;
    std::uint64_t below = 0;
    for (std::size_t b = 0; b < kBuckets.size(); ++b) {
      below += route.by_time[b];
      page.line(below, fmt::format("{},le=\"{}\"", label, kBuckets[b]), "_bucket");
    }
    page.line(sum, label + ",le=\"+Inf\"", "_bucket");
    page.line(route.seconds, label, "_sum");
    page.line(sum, label, "_count");
  }
  page.family("in_flight", "gauge", "Requests that are being answered.");
  page.line(from.in_flight);
  page.family("connections", "gauge", "Open connections.");
  page.line(from.connections);
}

void write_predictions(Page& page, const MetricsPage& from) {
  page.family("predictions_total", "counter", "Rows answered, by the version that scored them.");
  for (const auto& [version, rows] : from.numbers.predictions) {
    page.line(rows, fmt::format("version=\"{}\"", version));
  }
  page.family("log_records_total", "counter", "Predictions handed to the log: written or dropped.");
  page.line(from.log_written, "result=\"written\"");
  page.line(from.log_dropped, "result=\"dropped\"");
  page.family("feedback_total", "counter",
              "Labels sent for prediction ids, by what became of them.");
  const loop::FeedbackResult& feedback = from.numbers.feedback;
  page.line(feedback.accepted, "result=\"accepted\"");
  page.line(feedback.duplicate, "result=\"duplicate\"");
  page.line(feedback.unknown, "result=\"unknown\"");
  page.line(feedback.conflicting, "result=\"conflicting\"");
  page.family("input_missing_total", "counter", "Missing values in answered rows, by column.");
  for (const auto& [column, input] : from.numbers.inputs) {
    if (input.missing != 0) page.line(input.missing, "column=\"" + escaped(column) + "\"");
  }
  page.family("input_unseen_total", "counter", "Values that training never saw, by column.");
  for (const auto& [column, input] : from.numbers.inputs) {
    if (input.unseen != 0) page.line(input.unseen, "column=\"" + escaped(column) + "\"");
  }
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
  page.family("open_alerts", "gauge", "Signals that are open, by severity.");
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
  page.family("degraded", "gauge", "1 while something is wrong that /api/v1/status names.");
  page.line(loop.alert.empty() ? 0 : 1);
}

}  // namespace

void RouteNumbers::add(int status, Span took) {
  std::size_t place = 0;
  while (place + 1 < std::size(kStatuses) && kStatuses[place] != status) ++place;
  ++by_status[place];
  std::size_t bucket = 0;
  const double measured = took.in_seconds();
  while (bucket < kBuckets.size() && measured > kBuckets[bucket]) ++bucket;
  ++by_time[bucket];
  seconds += measured;
}

void RouteNumbers::add(const RouteNumbers& other) {
  for (std::size_t i = 0; i < by_status.size(); ++i) by_status[i] += other.by_status[i];
  for (std::size_t i = 0; i < by_time.size(); ++i) by_time[i] += other.by_time[i];
  seconds += other.seconds;
}

void Numbers::add(const Numbers& other) {
  if (routes.size() < other.routes.size()) routes.resize(other.routes.size());
  for (std::size_t i = 0; i < other.routes.size(); ++i) routes[i].add(other.routes[i]);
  for (const auto& [version, rows] : other.predictions) predictions[version] += rows;
  for (const auto& [column, input] : other.inputs) {
    inputs[column].missing += input.missing;
    inputs[column].unseen += input.unseen;
  }
  feedback.accepted += other.feedback.accepted;
  feedback.duplicate += other.feedback.duplicate;
  feedback.unknown += other.feedback.unknown;
  feedback.conflicting += other.feedback.conflicting;
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
