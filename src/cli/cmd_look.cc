// status, history, why, config: reading needs no lease and changes nothing.
#include <fmt/format.h>

#include "base/words.h"
#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/views.h"
#include "model/loss.h"

namespace rondo::cli {
namespace {

std::string text(const Json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? number(found->get<double>()) : found->dump();
}

/// Of a text that lists what it speaks of below.
std::string first_line(const std::string& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string::npos) return text;
  const std::string line = text.substr(0, end);
  return line.ends_with(':') ? line.substr(0, end - 1) + "; `rondo why` lists them" : line;
}

/// "; expected AUC 0.84, F1 0.61, precision 0.7, recall 0.55", of two classes.
std::string expected_text(const Json& estimate) {
  std::string out;
  const Json expected = io::get_or<Json>(estimate, "expected", Json::object());
  for (const auto& [key, name] : {std::pair("auc", "AUC"), std::pair("f1", "F1"),
                                  std::pair("precision", "precision"),
                                  std::pair("recall", "recall")}) {
    if (!expected.contains(key) || expected.at(key).is_null()) continue;
    out += fmt::format("{} {} {}", out.empty() ? "; expected" : ",", name,
                       rounded(expected.at(key).get<double>()));
  }
  return out;
}

/// "error about 0.14 (0.11 to 0.17) in 240 answers until ..., without labels: if ...".
std::string estimate_line(const Json& estimate) {
  const auto of = [&](const char* key) { return rounded(estimate.at(key).get<double>()); };
  const auto compared = estimate.at("compared").get<std::int64_t>();
  if (estimate.at("violated").get<bool>()) {
    return fmt::format("assumption violated: in {} windows with labels errors were off by {} on "
                       "average, so nothing is said of those without",
                       compared, of("off"));
  }
  const auto loss = model::loss_from(text(estimate, "loss")).value_or(model::Loss::kError);
  const char* unchanged = "a probability means what it meant";
  if (io::get_or<bool>(estimate, "weighted", false)) {
    unchanged = "a probability means to each kind of rows what it meant";
  }
  if (!model::of_classes(loss)) unchanged = "rows of a kind are answered as well as";
  return fmt::format("{} about {} ({} to {}) in {} until {}, without labels: if {} on the test{}{}",
                     model::words_of(loss), of("value"), of("low"), of("high"),
                     counted(estimate.at("rows").get<std::int64_t>(), "answer"),
                     text(estimate, "until"),
                     unchanged,
                     compared == 0 ? std::string("; no labels came to check that")
                                   : fmt::format("; checked on {} with labels",
                                                 counted(compared, "window")),
                     expected_text(estimate));
}

/// "; unevenly: 12 % of answers over 0.8 had one, 95 % of those up to 0.1, ...".
std::string uneven_text(const Json& watch) {
  const Json shares = io::get_or<Json>(watch, "labels_by_answer", Json::object());
  if (!io::get_or<bool>(shares, "uneven", false)) return {};
  const auto group = [&shares](const char* which) {
    const Json& one = shares.at("groups").at(shares.at(which).get<std::size_t>());
    const double percent = 100 * one.at("labelled").get<double>() / one.at("rows").get<double>();
    std::string where;
    if (!one.at("from").is_null()) where += " over " + rounded(one.at("from").get<double>());
    if (!one.at("to").is_null()) where += " up to " + rounded(one.at("to").get<double>());
    return fmt::format("{} % of answers{}", rounded(percent), where);
  };
  return fmt::format("; unevenly: {} had one, {}; what is proved holds for those that have one",
                     group("least"), group("greatest"));
}

/// How many labels had come by the age at which answers are judged; empty before the first.
std::string labels_line(const Json& watch) {
  const auto due = io::get_or<std::int64_t>(watch, "labels_due", 0);
  if (due == 0) return {};
  const auto came = io::get_or<std::int64_t>(watch, "labels_in_time", 0);
  const Span delay{static_cast<std::int64_t>(io::get_or<double>(watch, "label_delay_s", 0) * 1e6)};
  constexpr double kInTime = 0.95;  // as loop::label_remark() has it
  const bool late = static_cast<double>(came) < kInTime * static_cast<double>(due);
  return fmt::format("labels   {} of {} had theirs at the age of {}, when they are judged{}{}",
                     grouped(static_cast<std::uint64_t>(came)), counted(due, "answer"),
                     to_text(delay),
                     late ? "; `rondo check` names the delay that would do" : "",
                     uneven_text(watch));
}

}  // namespace

Result<int> run_status(const Args& args) {
  const Opened project = TRY(open_project(args));
  Json status = TRY(loop::status_view(*project.store, project.config));
  loop::add_damage(status, TRY(loop::champion_damage(*project.store)));
  if (args.json) {
    say_json(status);
    return kOk;
  }
  const bool resting = status.at("resting").get<bool>();
  say(fmt::format("{}  {}", ink(Ink::kBold, status.at("project").get<std::string>(), args.color),
                  status.at("performs").get<std::string>()));
  say(fmt::format("stage    {}{}", status.at("stage").get<std::string>(),
                  resting ? " (resting)" : ""));
  say(fmt::format("tracker  {}", tracker_line(status.at("tracker"), args.color)));
  say(fmt::format("waits    for {}", status.at("waiting_for").get<std::string>()));
  if (const std::string labels = labels_line(status.at("watch")); !labels.empty()) say(labels);
  say(fmt::format("so far   {} in {}, {}, {} labelled, policy {}",
                  counted(status.at("steps").get<std::int64_t>(), "step"),
                  counted(status.at("cycles").get<std::int64_t>(), "cycle"),
                  counted(status.at("rows").get<std::int64_t>(), "row"),
                  text(status, "labelled"), text(status, "policy")));
  if (const Json& rollout = status.at("rollout"); !rollout.is_null()) {
    const std::string reason =
        rollout.at("reason").is_null() ? "" : rollout.at("reason").get<std::string>();
    say("rollout  " +
        (rollout.at("phase") == "stands in"
             ? reason
             : fmt::format("v{} has {:g} % beside v{}{}{}", text(rollout, "challenger"),
                           rollout.at("share_percent").get<double>(), text(rollout, "champion"),
                           reason.empty() ? "" : ": ", reason)));
  }
  if (const Json& watch = status.at("watch"); watch.contains("estimate")) {
    say("estimate " + estimate_line(watch.at("estimate")));
  }
  for (const Json& alert : status.at("alerts")) {
    const std::string sentence = alert.get<std::string>();
    say(ink(Ink::kRed, "alert    " + first_line(sentence), args.color));
  }
  return kOk;
}

Result<int> run_history(const Args& args) {
  const auto last = positive(args.get("--last"));
  if (args.has("--last") && !last) {
    return report_usage(args, fmt::format("--last is a number of steps above 0, not \"{}\"",
                                          args.get("--last")),
                        "rondo history --last 12");
  }
  const Opened project = TRY(open_project(args));
  if (args.has("--facts")) {
    for (const ledger::Fact& fact : TRY(project.store->ledger->facts(0))) {
      say(io::canonical(fact.to_json()));
    }
    return kOk;
  }
  const Json history = TRY(loop::history_view(*project.store, last.value_or(0)));
  if (args.json) say_json(history);
  else say(process_table(history, args.color));
  return kOk;
}

Result<int> run_why(const Args& args) {
  const Opened project = TRY(open_project(args));
  const bool again = args.has("--again");
  const Json why =
      TRY(loop::why_view(*project.store, args.words.empty() ? "" : args.words[0], again));
  if (args.json) say_json(why);
  else say(why.at("paragraph").get<std::string>());
  const bool other = again && std::ranges::any_of(why.at("again"), [](const Json& one) {
    return !one.at("same").get<bool>();
  });
  return other ? kFailed : kOk;
}

Result<int> run_config(const Args& args) {
  const auto fs = io::real_fs();
  const loop::Config config = TRY(loop::load_config(*fs, args.project));
  const Json values = config.to_json();
  if (args.json) {
    say_json(values);
    return kOk;
  }
  std::string section;
  for (const Json& key : loop::config_keys()) {
    const std::string of = key.at("section").get<std::string>();
    const std::string name = key.at("key").get<std::string>();
    if (of != section) say(fmt::format("{}[{}]", section.empty() ? "" : "\n", of));
    section = of;
    const Json& value = values.at(of).at(name);
    const bool own = value != key.at("default");
    const std::string setting = value.is_null()
                                    ? fmt::format("# {} =", name)  // TOML has no word for none
                                    : fmt::format("{} = {}", name, io::to_toml(value));
    say(ink(own ? Ink::kBold : Ink::kPlain,
            fmt::format("{:<32} # {}", setting, key.at("help").get<std::string>()), args.color));
  }
  return kOk;
}

Result<int> run_version(const Args& args) {
  if (args.json) say_json({{"version", RONDO_VERSION}});
  else say(fmt::format("rondo {}", RONDO_VERSION));
  return kOk;
}

}  // namespace rondo::cli
