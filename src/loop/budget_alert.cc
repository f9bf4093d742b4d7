// The budget of cycles as an alert: open while a cycle is wanted and the month has none left, told
// once however often the same answer is written down. It ends when a training starts, which is what
// the budget counts (a collection is never damped), or when no cycle is wanted any more.
#include <fmt/format.h>

#include "base/words.h"
#include "loop/alerts.h"
#include "loop/lifecycle.h"

namespace rondo::loop {
namespace {

using monitor::Signal;

constexpr const char* kCycles = "cycles";

Signal news(const ledger::Fact& fact, bool open) {
  Signal signal;
  signal.kind = kBudget;
  signal.subject = kCycles;
  signal.since = signal.seen = fact.at;
  signal.open = open;
  return signal;
}

/// Of a decision or a step of monitoring that ended: what was answered, and its numbers.
struct Answer {
  std::string reason;
  Json numbers;
};

std::optional<Answer> answer_of(const ledger::Fact& fact) {
  const auto text = [&](const char* key) {
    return io::get_or<std::string>(fact.body, key, "");
  };
  const auto numbers = [&](const char* key) {
    return io::get_or<Json>(fact.body, key, Json::object());
  };
  if (fact.kind == "decision" && text("about") == "cycle" && text("answer") == "no") {
    return Answer{text("reason"), numbers("numbers")};
  }
  const bool monitored = fact.kind == "step_finished" &&
                         text("stage") == text_of(Stage::kMonitoring).name &&
                         text("result") == "performs well";
  if (monitored) return Answer{text("reason"), numbers("evidence")};
  return std::nullopt;
}

}  // namespace

std::optional<Signal> budget_news(const ledger::Fact& fact) {
  if (fact.kind == "step_started") {
    const bool trains =
        io::get_or<std::string>(fact.body, "stage", "") == text_of(Stage::kTraining).name;
    return trains ? std::optional(news(fact, false)) : std::nullopt;
  }
  const std::optional<Answer> answer = answer_of(fact);
  if (!answer || !answer->numbers.is_object()) return std::nullopt;
  const Json& numbers = answer->numbers;
  const auto number = [&](const char* key) { return io::get_or<double>(numbers, key, 0); };
  const bool wanted = numbers.contains("wanted");
  const bool cycles = numbers.contains("cycles_per_month");
  if (wanted && (cycles || numbers.contains("budget_s"))) {
    Signal signal = news(fact, true);
    signal.value = number(cycles ? "cycles_in_30_days" : "predicted_cpu_s");
    signal.threshold = number(cycles ? "cycles_per_month" : "budget_s");
    if (signal.value < signal.threshold) return std::nullopt;
    signal.evidence = signal.threshold > 0 ? signal.value / signal.threshold : 1;
    signal.sentence = fmt::format(
        "BUDGET {}, since {}: a cycle is wanted, and the budget of the month is spent: {}; it is "
        "wanted because {}",
        signal.subject, to_text(signal.since),
        cycles ? fmt::format("{} cycles in 30 days of {} ([loop] cycles_per_month)",
                             rounded(signal.value), rounded(signal.threshold))
               : fmt::format("cycles took {} CPU-seconds in 30 days of {} ([loop] cpu_per_month)",
                             rounded(signal.value), rounded(signal.threshold)),
        io::get_or<std::string>(numbers, "wanted", ""));
    return signal;
  }
  // Something else forbids a cycle, or nobody asked: whether one is wanted is not known.
  const bool unknown = wanted || numbers.contains("challenger") ||
                       answer->reason.find("the loop is paused") != std::string::npos;
  return unknown ? std::nullopt : std::optional(news(fact, false));
}

}  // namespace rondo::loop
