// replay, backtest, report: living through the recorded history again, and showing what came of it.
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "cli/adopt.h"
#include "cli/render.h"
#include "cli/report.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "io/digest.h"
#include "loop/session.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

std::unexpected<Error> bad_fault(const std::string& text) {
  return fail(Code::kInvalidInput, fmt::format("--fault \"{}\" cannot be read", text),
              "write \"column=value from 2011-10-28 to 2011-11-27\"");
}

/// "cnt=0 from A to B" as {"column","value","from","to"}.
Result<Json> fault_of(const std::string& text) {
  if (text.empty()) return Json::object();
  const std::size_t equals = text.find('=');
  const std::size_t from = text.find(" from ");
  const std::size_t to = text.find(" to ");
  if (equals == std::string::npos || from == std::string::npos || to == std::string::npos ||
      !(equals < from && from < to)) {
    return bad_fault(text);
  }
  const auto trim = [](std::string s) {
    s.erase(0, s.find_first_not_of(' '));
    s.erase(s.find_last_not_of(' ') + 1);
    return s;
  };
  char* end = nullptr;
  const std::string number = trim(text.substr(equals + 1, from - equals - 1));
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0') return bad_fault(text);
  const std::string begin = trim(text.substr(from + 6, to - from - 6));
  const std::string until = trim(text.substr(to + 4));
  TRY(parse_time(begin));
  TRY(parse_time(until));
  return Json{{"column", trim(text.substr(0, equals))}, {"value", value}, {"from", begin},
              {"to", until}};
}

/// "0" is a span without a unit that says all that is needed.
Result<Span> delay_of(const std::string& text) {
  if (text == "0") return Span{};
  return TRY(during(parse_span(text), "reading --label-delay"));
}

Result<loop::ReplayOptions> replay_options(const Args& args) {
  loop::ReplayOptions options;
  options.project = args.project;
  options.into = args.get("--into");
  if (args.has("--from")) options.from = TRY(parse_time(args.get("--from")));
  if (args.has("--to")) options.to = TRY(parse_time(args.get("--to")));
  options.every = TRY(parse_span(args.get("--every", "1d")));
  if (options.every.us <= 0) return fail(Code::kInvalidInput, "--every must be above 0");
  options.policy = args.get("--policy", "own");
  options.fault = TRY(fault_of(args.get("--fault")));
  if (args.has("--label-delay")) options.label_delay = TRY(delay_of(args.get("--label-delay")));
  return options;
}

/// The metric of each day, as a line of blocks.
std::string by_day(const loop::ReplayResult& result) {
  std::vector<double> daily;
  for (const loop::ReplayDay& day : result.days) {
    loop::DayMean mean(result.metric);
    mean.add(day);
    daily.push_back(mean.value());
  }
  return spark(daily, 60);
}

struct Stretch {
  std::string title;
  Time from, to;
};

/// Whole, each year, and the stretch of --window.
Result<std::vector<Stretch>> stretches(const Args& args, const std::vector<loop::ReplayDay>& days) {
  std::vector<Stretch> out = {{"all", kBeginningOfTime, kEndOfTime}};
  std::map<int, bool> years;
  for (const loop::ReplayDay& day : days) years[civil(day.day).year] = true;
  for (const auto& [year, yes] : years) {
    out.push_back({std::to_string(year), TRY(parse_time(fmt::format("{}-01-01", year))),
                   TRY(parse_time(fmt::format("{}-01-01", year + 1)))});
  }
  const std::string window = args.get("--window");
  if (const std::size_t dots = window.find(".."); dots != std::string::npos) {
    out.push_back({window, TRY(parse_time(window.substr(0, dots))),
                   TRY(parse_time(window.substr(dots + 2)))});
  } else if (!window.empty()) {
    return fail(Code::kInvalidInput, fmt::format("--window \"{}\" cannot be read", window),
                "write 2011-10-28..2011-12-12");
  }
  return out;
}

std::vector<std::string> policy_row(const std::string& name, const loop::ReplayResult& one,
                                    const loop::BacktestResult& result,
                                    const std::vector<Stretch>& parts) {
  std::vector<std::string> row = {name};
  for (const Stretch& part : parts) {
    row.push_back(number(loop::DayMean(result.metric, one.days, part.from, part.to).value()));
  }
  return row;
}

/// Who chose its cycles in hindsight was never judged, refused or alarmed, and took no time.
std::vector<std::string> best_row(const loop::BacktestResult& result,
                                  const std::vector<Stretch>& parts, std::size_t width) {
  std::vector<std::string> row = policy_row("best possible", result.best->lived, result, parts);
  row.emplace_back("-");
  row.push_back(std::to_string(result.best->lived.cycles));
  row.resize(width - 3, "-");
  row.push_back(number(result.best->cost));
  row.emplace_back("0");
  row.emplace_back("1");
  return row;
}

std::string count_or_dash(const Json& told, const char* name) {
  const auto found = told.find(name);
  return found == told.end() ? "-" : std::to_string(found->get<std::int64_t>());
}

std::string policy_table(const loop::BacktestResult& result, const std::vector<Stretch>& parts,
                         bool color) {
  std::vector<std::string> header = {"policy"};
  for (const Stretch& part : parts) header.push_back(result.metric + " " + part.title);
  for (const char* title : {"worst week", "cycles", "promotions", "false cycles", "refusals",
                            "alarms", "CPU s"}) {
    header.emplace_back(title);
  }
  if (result.best) header.insert(header.end(), {"cost", "beyond the best", "cost/best"});
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < result.policies.size(); ++i) {
    const auto& [name, replayed] = result.policies[i];
    const Json& told = result.json.at("policies")[i];
    std::vector<std::string> row = policy_row(name, replayed, result, parts);
    const Json& worst = told.at("worst_week");
    row.push_back(worst.is_null() ? "-" : number(worst.at("value").get<double>()));
    row.push_back(std::to_string(replayed.cycles));
    row.push_back(std::to_string(replayed.promotions));
    row.push_back(count_or_dash(told, "false_cycles"));
    row.push_back(std::to_string(replayed.refusals));
    row.push_back(std::to_string(replayed.alarms));
    row.push_back(fmt::format("{:.1f}", replayed.cpu_s));
    if (result.best) {
      row.push_back(number(told.at("cost").get<double>()));
      row.push_back(number(told.at("regret").get<double>()));
      const Json& ratio = told.at("cost_ratio");
      row.push_back(ratio.is_null() ? "-" : fmt::format("{:.2f}", ratio.get<double>()));
    }
    rows.push_back(std::move(row));
  }
  if (result.best) rows.push_back(best_row(result, parts, header.size()));
  std::vector<std::string> naive = {"same hour last week"};
  for (const Stretch& part : parts) {
    const auto& days = result.policies.back().second.days;
    naive.push_back(number(loop::DayMean(result.metric, days, part.from, part.to)
                               .same_time_last_week()));
  }
  naive.resize(header.size(), "-");
  rows.push_back(std::move(naive));
  return table(header, rows, color);
}

/// What the best possible is the best of.
std::string best_sentence(const loop::BacktestResult& result) {
  const loop::BestPossible& best = *result.best;
  const Json& prices = result.json.at("best_possible").at("prices");
  const std::string who =
      best.of.empty() ? fmt::format("the cheapest schedule of the cycles of {}, {} models",
                                    best.grid, best.candidates)
                      : fmt::format("{}, which cost less than each schedule of the cycles of {}",
                                    best.of, best.grid);
  return fmt::format("best possible, in hindsight alone: {}; a cycle costs {}, a unit of loss {}",
                     who, number(prices.at("cost_of_cycle").get<double>()),
                     number(prices.at("cost_per_error").get<double>()));
}

/// "window" of each policy: {"from","to","rows","value","same_time_last_week"}.
void add_window(loop::BacktestResult& result, const Stretch& part) {
  for (std::size_t i = 0; i < result.policies.size(); ++i) {
    Json window =
        to_json(loop::DayMean(result.metric, result.policies[i].second.days, part.from, part.to));
    window["from"] = to_text(part.from);
    window["to"] = to_text(part.to);
    result.json["policies"][i]["window"] = std::move(window);
  }
}

/// What the table rests on.
void say_basis(const loop::BacktestResult& result, const loop::ReplayOptions& options) {
  say(rows_sentence(result));
  if (result.best) say(best_sentence(result));
  if (result.rows > 0) say(kFalseCycles);
  say("labels are those that were recorded: where an answer decides which label comes to be "
      "(credit, fraud), a replay cannot know");
  if (!result.note.empty()) say(result.note);
  if (options.label_delay) say(delay_sentence(*options.label_delay));
}

void say_backs(const loop::ReplayResult& result, bool color) {
  for (const Json& mark : result.marks) {
    const std::string kind = mark.at("kind").get<std::string>();
    const std::string day = mark.at("at").get<std::string>().substr(0, 10);
    const std::string text = mark.at("text").get<std::string>();
    if (kind == "alarm") say(ink(Ink::kRed, fmt::format("  {}  alarm    {}", day, text), color));
    if (kind == "refusal") say(fmt::format("  {}  refused  {} (rondo why {})", day, text,
                                           mark.at("step").dump()));
  }
}

}  // namespace

Result<int> run_replay(const Args& args) {
  const loop::ReplayOptions options = TRY(replay_options(args));
  if (options.into.empty()) {
    complain("error: replay needs --into DIR, a folder for the project that lives through it");
    return kUsage;
  }
  Display display(args.terminal && !args.json, args.color);
  const auto observer = [&](const Json& event) {
    if (!args.json) display(event);
  };
  const loop::ReplayResult result = TRY(loop::replay(options, args.stop, observer));
  display.end();
  const loop::DayMean mean(result.metric, result.days);
  if (args.json) {
    Json out = to_json(mean);
    out.update({{"metric", result.metric}, {"cycles", result.cycles},
                {"promotions", result.promotions}, {"refusals", result.refusals},
                {"alarms", result.alarms}, {"head", result.head}});
    if (!result.note.empty()) out["note"] = result.note;
    if (options.label_delay) out["label_delay"] = to_text(*options.label_delay);
    say_json(out);
    return kOk;
  }
  say(fmt::format("{} {} over {}; same hour last week {}; {}, {}, {}, {}, {:.1f} CPU s",
                  result.metric, number(mean.value()), counted_text(mean.rows(), "row"),
                  number(mean.same_time_last_week()), counted(result.cycles, "cycle"),
                  counted(result.promotions, "promotion"), counted(result.refusals, "refusal"),
                  counted(result.alarms, "alarm"), result.cpu_s));
  if (!result.note.empty()) say(result.note);
  if (options.label_delay) say(delay_sentence(*options.label_delay));
  say(result.metric + " by day  " + by_day(result));
  return kOk;
}

Result<int> run_backtest(const Args& args) {
  loop::BacktestOptions options;
  options.replay = TRY(replay_options(args));
  const bool scratch = options.replay.into.empty();
  const auto fs = io::real_fs();
  if (scratch) {
    options.replay.into = std::filesystem::temp_directory_path() /
                          fmt::format("rondo-backtest-{}", io::base64url(io::random_bytes(6)));
  }
  options.replay.durability = io::Durability::kProcess;
  std::string names = args.get("--policy", "never,cron:7d,own");
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    if (comma > at) options.policies.push_back(names.substr(at, comma - at));
    at = comma + 1;
  }
  if (options.policies.empty()) {
    return fail(Code::kInvalidInput, "--policy names no policy", "write never,cron:7d,own");
  }
  if (args.has("--adopt")) TRY(prepare_adoption(args, options));
  Display display(args.terminal && !args.json, args.color);
  const bool tells = args.json && args.has("--progress");
  std::map<std::string, int> told;  // hundredths of each policy
  const auto observer = [&](const Json& event) {
    if (!args.json) display(event);
    if (!tells || io::get_or<std::string>(event, "event", "") != "tick") return;
    const double done = io::get_or<double>(event, "done", 0);
    int& hundredth = told[io::get_or<std::string>(event, "policy", "")];
    if (static_cast<int>(100 * done) <= hundredth) return;
    hundredth = static_cast<int>(100 * done);
    complain(io::canonical({{"policy", event.at("policy")}, {"done", done}}));
  };
  auto replayed = loop::backtest(options, args.stop, observer);
  display.end();
  if (scratch) TRY(fs->remove_all(options.replay.into));
  loop::BacktestResult result = TRY(std::move(replayed));
  const auto parts = TRY(stretches(args, result.policies.front().second.days));
  if (args.has("--window")) add_window(result, parts.back());
  const auto& delayed = options.replay.label_delay;
  if (delayed) result.json["label_delay"] = to_text(*delayed);
  if (args.has("--report")) {
    const auto place = TRY(file_to_write(*fs, args.get("--report"), Taken::kReplaced));
    TRY(io::write_atomically(*fs, place, backtest_report(result)));
  }
  if (args.json) {
    const int code = args.has("--adopt") ? TRY(adopt(args, result)) : kOk;
    say_json(result.json);
    return code;
  }
  say(policy_table(result, parts, args.color));
  say_basis(result, options.replay);
  for (const auto& [name, one] : result.policies) {
    say(fmt::format("{:<12} {}", name, by_day(one)));
  }
  if (result.best) say(fmt::format("{:<12} {}", "best", by_day(result.best->lived)));
  for (const auto& [name, one] : result.policies) {
    if (one.alarms + one.refusals == 0 || name.starts_with("cron")) continue;
    say(fmt::format("\n{}:", name));
    say_backs(one, args.color);
  }
  if (args.has("--report")) say(fmt::format("report: {}", args.get("--report")));
  if (!args.has("--adopt")) return kOk;
  say("");
  return adopt(args, result);
}

}  // namespace rondo::cli
