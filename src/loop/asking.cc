// Labels that fit, numbers of a state, and requests of commands: asked of the project itself, or of
// whoever holds its lease.
#include "loop/asking.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"
#include "loop/requests.h"
#include "loop/session.h"
#include "loop/watch.h"

namespace rondo::loop {
namespace {

constexpr Span kAnswerAtMost = Span::seconds(30);
constexpr std::size_t kClassesShown = 10;

}  // namespace

Result<void> demand_fitting(std::span<const FeedbackItem> items,
                            const model::Pipeline::Parts& parts) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (label_number(items[i].label, parts)) continue;
    const std::string label =
        items[i].label.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 80);
    if (model::is_number(parts.task)) {
      return fail(Code::kInvalidInput,
                  fmt::format("label {}: the target is a number, not {}", i, label),
                  "nothing of this was taken");
    }
    const std::size_t shown = std::min(parts.classes.size(), kClassesShown);
    return fail(Code::kInvalidInput, fmt::format("label {}: {} is no class of the model", i, label),
                fmt::format("its classes are {}{}; nothing of this was taken",
                            fmt::join(std::span(parts.classes).first(shown), ", "),
                            shown < parts.classes.size() ? ", ..." : ""));
  }
  return {};
}

Result<FeedbackResult> take_labels(
    ledger::Ledger& ledger, std::span<const FeedbackItem> items, Time now,
    const std::function<Result<bool>(const std::string&)>& is_answered) {
  FeedbackResult result;
  std::vector<ledger::Label> labels;
  io::Hasher receipt;
  for (const FeedbackItem& item : items) {
    const Json line = {{"id", item.id}, {"label", item.label}, {"correction", item.correction},
                       {"time", item.time ? Json(to_text(*item.time)) : Json(nullptr)}};
    receipt.add(io::canonical(line));
    if (!TRY(is_answered(item.id))) {
      ++result.unknown;
      continue;
    }
    labels.push_back({item.id, item.label, item.time.value_or(now), now, 1, item.correction});
  }
  if (!labels.empty()) {
    const ledger::LabelCounts counts = TRY(ledger.add_labels(labels));
    result.accepted = counts.accepted;
    result.duplicate = counts.duplicate;
    result.conflicting = counts.conflicting;
  }
  result.receipt = receipt.finish().brief();
  return result;
}

void add_state(const State& now, LoopNumbers& numbers) {
  if (numbers.alert.empty() && now.problem_step != 0) {
    numbers.alert = fmt::format("step {} ({}): {}", now.problem_step, now.problem_stage,
                                now.problem);
  }
  if (numbers.alerts.empty() && !numbers.alert.empty()) numbers.alerts.push_back(numbers.alert);
  numbers.last_progress = now.last_at;
  for (const auto& [name, count] : now.cycles_by_result) {
    numbers.cycles_by_result[name] = static_cast<std::uint64_t>(count);
  }
  for (const auto& [name, count] : now.failures_by_stage) {
    numbers.step_failures_by_stage[name] = static_cast<std::uint64_t>(count);
  }
  for (const Alert& alert : now.alerts.open) {
    ++numbers.open_alerts_by_severity[std::string(name_of(alert.severity))];
  }
  numbers.promotions = static_cast<std::uint64_t>(now.promotions);
  numbers.rollbacks = static_cast<std::uint64_t>(now.rollbacks);
  numbers.newest_row = now.newest_row;
  numbers.steps = static_cast<std::uint64_t>(now.steps);
  numbers.paused = now.paused;
  numbers.resting = !now.open || now.open->stage == Stage::kMonitoring;
}

/// What the loop said, or its refusal as an error.
Result<Json> granted(Json said) {
  if (!said.contains("error")) return said;
  const Json& error = said.at("error");
  const auto code = io::get_or<std::string>(error, "code", "");
  return fail(code == name_of(Code::kNotFound)       ? Code::kNotFound
              : code == name_of(Code::kInvalidInput) ? Code::kInvalidInput
                                                     : Code::kConflict,
              io::get_or<std::string>(error, "message", "refused"),
              io::get_or<std::string>(error, "hint", ""));
}

/// That there was nothing to do is no error for who asks from the command line.
Result<Json> granted_or_nothing(Json said) {
  if (!said.contains("error") || !said.at("error").contains("nothing")) return granted(said);
  return said;
}

Result<Json> wait_for_answer(ledger::Ledger& ledger, std::int64_t id) {
  for (Span waited; waited < kAnswerAtMost; waited.us += 10'000) {
    const std::optional<ledger::Request> request = TRY(ledger.request(id));
    if (request && request->result) {
      const Json& result = *request->result;
      return result;
    }
    sleep_for(Span::millis(10));
  }
  return fail(Code::kUnavailable, "the loop did not answer within 30 s; the request is kept",
              "`rondo status` shows what it is doing");
}

Result<Json> ask_loop(ledger::Ledger& ledger, ledger::Request request, bool loop_here) {
  if (!loop_here && !TRY(ledger.lease_holder())) {
    return fail(Code::kUnavailable, "no loop is there that could decide: this server has --no-loop",
                "give the command in the project's folder (`rondo promote` and its like), or start "
                "`rondo up` without --no-loop");
  }
  if (request.key.empty()) request.key = io::base64url(io::random_bytes(12));
  const ledger::Request asked = TRY(ledger.ask(request));
  return granted(TRY(wait_for_answer(ledger, asked.id)));
}

std::string log_sentence(const std::optional<Error>& problem, std::uint64_t dropped,
                         Time last) {
  std::string sentence;
  if (problem) sentence = "the prediction log cannot be written: " + problem->line();
  if (dropped > 0) {
    sentence += fmt::format("{}{} answers found no room in the prediction log, the last at {}",
                            sentence.empty() ? "" : "; ", dropped, to_text(last));
  }
  return sentence;
}

Result<Json> ask_project(const io::Path& project, const std::string& act, const Json& arguments,
                         const std::string& who, const std::string& why) {
  ledger::Request request;
  request.key = io::base64url(io::random_bytes(12));
  request.act = act;
  request.arguments = arguments;
  request.who = who;
  request.why = why;
  auto session = open_session({.project = project, .create = false, .holder = act});
  if (session) {
    const ledger::Request asked = TRY((*session)->store->ledger->ask(request));
    const RealClock clock(not_before((*session)->desk->look()));
    const auto doubt = clock_doubt((*session)->desk->look(), clock.now());
    TRY(handle_open(*(*session)->desk, clock.now(), doubt));
    return granted_or_nothing(TRY(wait_for_answer(*(*session)->store->ledger, asked.id)));
  }
  if (session.error().code != Code::kConflict) return std::unexpected(session.error());
  const auto store =
      TRY(ledger::Store::open(io::real_fs(), store_folder(project), ledger::OpenOptions{}));
  const ledger::Request asked = TRY(store->ledger->ask(request));
  return granted_or_nothing(TRY(wait_for_answer(*store->ledger, asked.id)));
}

}  // namespace rondo::loop
