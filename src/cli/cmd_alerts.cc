// alerts: what monitoring found, by cause; ack and snooze, recorded with who and why; a test of the
// sinks.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/sinks.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

std::string about(const Json& alert) {
  const auto more = alert.at("more").get<std::size_t>();
  return fmt::format("{}{}", fmt::join(alert.at("subjects").get<std::vector<std::string>>(), ", "),
                     more == 0 ? std::string() : fmt::format(" and {} more", more));
}

std::string state_of(const Json& alert) {
  const std::string state = text_at(alert, "state");
  return state == "snoozed" ? "snoozed until " + text_at(alert.at("snoozed"), "until") : state;
}

/// Expected beside observed.
std::string budget_text(const Json& budget) {
  const double rate = budget.at("false_alarms_per_year").get<double>();
  if (budget.at("since").is_null()) {
    return fmt::format("no model was deployed yet; {} false alarms a year are allowed for",
                       number(rate));
  }
  const Json& opened = budget.at("opened");
  return fmt::format("{} of risk and {} of quality opened in {:.2f} years, since {}; "
                     "of false ones at most {:.2f} were to be expected ([monitor] "
                     "false_alarms_per_year = {}); {} opened, of false ones at most {:.2f} "
                     "(false_notices_per_year = {})",
                     counted(opened.at("risk").get<std::int64_t>(), "signal"),
                     opened.at("quality").get<std::int64_t>(), budget.at("years").get<double>(),
                     budget.at("since").get<std::string>(), budget.at("expected").get<double>(),
                     number(rate), counted(opened.at("drift").get<std::int64_t>(), "notice"),
                     budget.at("expected_notices").get<double>(),
                     number(budget.at("false_notices_per_year").get<double>()));
}

Result<int> list(const Args& args) {
  const Opened project = TRY(open_project(args));
  const Json view = TRY(loop::alerts_view(*project.store, project.config, args.has("--all")));
  if (args.json) {
    say_json(view);
    return kOk;
  }
  const Json& alerts = view.at("alerts");
  if (alerts.empty()) {
    say(args.has("--all") ? "there was no alert" : "no alert is open");
  } else {
    std::vector<std::vector<std::string>> rows;
    for (const Json& alert : alerts) {
      rows.push_back({text_at(alert, "id"), text_at(alert, "severity"), state_of(alert),
                      text_at(alert, "since"), text_at(alert, "seen"),
                      fmt::format("{}", alert.at("came").get<std::int64_t>()), about(alert)});
    }
    say(table({"alert", "severity", "state", "since", "seen", "came", "about"}, rows, args.color));
    for (const Json& alert : alerts) {
      if (text_at(alert, "state") == "closed") continue;
      say(fmt::format("{}: {}\n  next: {}", text_at(alert, "id"), text_at(alert, "sentence"),
                      text_at(alert, "next")));
    }
  }
  say(budget_text(view.at("budget")));
  return kOk;
}

Result<int> tell(const Args& args, const std::string& act, const Json& arguments) {
  const auto result = TRY(asked(args, act, arguments));
  if (!result) return kNothingToDo;
  if (args.json) {
    say_json(*result);
    return kOk;
  }
  const Json& alert = result->at("alert");
  say(fmt::format("{} ({}) is {}; it is told again when it gets graver", text_at(alert, "id"),
                  about(alert), state_of(alert)));
  return kOk;
}

/// Sends a test message to every sink.
Result<int> try_sinks(const Args& args) {
  const auto fs = io::real_fs();
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  const Json tried = loop::test_sinks(config, args.stop);
  bool good = true;
  for (const Json& one : tried) good = good && one.at("ok").get<bool>();
  if (args.json) {
    say_json(tried);
  } else {
    say("log: always on, as lines on the standard error of `rondo up`");
    for (const Json& one : tried) {
      say(fmt::format("{}: {}{}", text_at(one, "sink"),
                      one.at("ok").get<bool>() ? "" : "failed: ", text_at(one, "said")));
    }
  }
  if (tried.empty()) {
    report_error({Code::kConflict, "no sink beyond the log is set",
                  "write [alerts] webhook = \"https://...\", or email and smtp", {}, {}},
                 args.json);
    return kNothingToDo;
  }
  return good ? kOk : kFailed;
}

}  // namespace

Result<int> run_alerts(const Args& args) {
  const std::size_t count = args.words.size();
  if (count == 0) return list(args);
  const std::string& word = args.words[0];
  if (word == "ack" && count == 2) return tell(args, "ack", {{"alert", args.words[1]}});
  if (word == "snooze" && count == 3) {
    return tell(args, "snooze", {{"alert", args.words[1]}, {"for", args.words[2]}});
  }
  if (word == "test" && count == 1) return try_sinks(args);
  return report_usage(args, "alerts takes nothing, `ack ID`, `snooze ID SPAN` or `test`",
                      "rondo alerts snooze A57 7d --why \"the sensor is being replaced\"");
}

}  // namespace rondo::cli
