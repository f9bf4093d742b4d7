// plan: what the next turn would do, before it does it. Reading needs no lease and changes nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/plan.h"
#include "loop/session.h"

namespace rondo::cli {
namespace {

std::string took(const Json& cost) {
  if (cost.is_null()) return "unknown yet";
  return fmt::format("{}, {:.1f} CPU s", duration(cost.at("wall_s").get<double>() * 1000),
                     cost.at("cpu_s").get<double>());
}

std::string steps_table(const Json& steps, bool color) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& step : steps) {
    std::vector<std::string> results;
    for (const Json& end : step.at("may_end_in")) results.push_back(text_at(end, "result"));
    const bool watches = text_at(step, "stage") == loop::text_of(loop::Stage::kMonitoring).name;
    rows.push_back({text_at(step, "stage"), text_at(step, "runs"),
                    watches ? "-" : took(step.at("cost")),
                    fmt::format("{}", fmt::join(results, "; "))});
  }
  return table({"stage", "runs", "took before", "may end in"}, rows, color);
}

/// "Data Preparation: 34 more labelled rows, ..."; a line for what is reused.
void say_conditions(const Json& steps) {
  for (const Json& step : steps) {
    const std::string when = text_at(step, "when");
    if (!when.empty()) say(fmt::format("  {}: {}", text_at(step, "stage"), when));
    for (const Json& reuse : step.at("reuses")) {
      say(fmt::format("  {} reuses {}", text_at(step, "stage"), reuse.get<std::string>()));
    }
  }
}

std::string total_text(const Json& total) {
  const auto unknown = total.at("unknown").get<std::vector<std::string>>();
  const double wall = total.at("wall_s").get<double>();
  const std::string not_known =
      unknown.empty() ? "" : fmt::format("unknown yet of {}", fmt::join(unknown, ", "));
  if (wall <= 0) return not_known.empty() ? "nothing" : not_known;
  return fmt::format("{} and {:.1f} CPU s if every one of them runs{}", duration(wall * 1000),
                     total.at("cpu_s").get<double>(),
                     not_known.empty() ? "" : "; " + not_known);
}

void say_news(const Json& news) {
  std::vector<std::string> all;
  if (!news.at("source").is_null()) all.push_back(text_at(news, "source"));
  if (!news.at("unasked").is_null()) all.push_back(text_at(news, "unasked"));
  const auto labels = news.at("served_labels").get<std::int64_t>();
  if (labels > 0) all.push_back(counted(labels, "label") + " of predictions to collect");
  if (news.at("windows_to_judge").get<bool>()) {
    all.emplace_back("answers to judge first; what they show can ask for a cycle");
  }
  say(fmt::format("news      {}", all.empty() ? "none" : fmt::format("{}", fmt::join(all, "; "))));
}

void say_plan(const Json& plan, bool color) {
  say(fmt::format("now       {}", text_at(plan, "now")));
  say_news(plan.at("news"));
  if (const Json& decision = plan.at("decision"); !decision.is_null()) {
    say(fmt::format("a cycle?  {} (policy {})", text_at(decision, "reason"),
                    text_at(plan, "policy")));
  }
  if (!plan.at("held").is_null()) say(fmt::format("held      {}", text_at(plan, "held")));
  if (!plan.at("waits_for").is_null()) {
    say(fmt::format("waits     for {}", text_at(plan, "waits_for")));
  }
  const Json& steps = plan.at("steps");
  if (steps.empty()) {
    say("a turn would do nothing");
    return;
  }
  say(fmt::format("a turn    begins with {}{}: {}", text_at(plan, "begins"),
                  plan.at("resumes").get<bool>() ? ", which was begun before" : "",
                  text_at(plan, "reason")));
  say("");
  say(steps_table(steps, color));
  say_conditions(steps);
  say(fmt::format("cost      {}", total_text(plan.at("total"))));
}

}  // namespace

Result<int> run_plan(const Args& args) {
  Opened project = TRY(open_project(args));
  loop::Session session;
  session.project = args.project;
  session.config = std::move(project.config);
  session.store = std::move(project.store);
  const loop::State state = TRY(loop::read_state(*session.store->ledger));
  const loop::SourceNews news = TRY(loop::peek_files(session, state));
  const Json plan = TRY(loop::plan_view(*session.store, session.config, news, wall_clock_now()));
  if (args.json) say_json(plan);
  else say_plan(plan, args.color);
  return kOk;
}

}  // namespace rondo::cli
