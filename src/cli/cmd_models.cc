// models: the versions, one version's card, two versions side by side.
#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "cli/card_text.h"
#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/card.h"
#include "loop/views.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kTriedShown = 8;

std::string version_name(const Json& card) {
  return card.at("version").is_null() ? "-" : fmt::format("v{}", card.at("version").get<int>());
}

void say_steps(const Json& card, const Args& args) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& step : card.at("steps")) {
    rows.push_back({fmt::to_string(step.at("step").get<int>()), text_at(step, "stage"),
                    text_at(step, "result"),
                    step.contains("seconds") ? duration(number_at(step, "seconds") * 1e3) : "-",
                    cut(text_at(step, "reason"), 90)});
  }
  if (!rows.empty()) say(table({"step", "stage", "result", "took", "because"}, rows, args.color));
}

std::string metrics_text(const Json& metrics) {
  std::string out;
  for (const auto& item : metrics.items()) {
    if (!item.value().is_number()) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", item.key(),
                       number(item.value().get<double>()));
  }
  return out.empty() ? "-" : out;
}

/// The configuration of a candidate as it reads best.
std::string options_text(const Json& options) {
  const std::string learner = text_at(options, "learner");
  if (learner == "linear" || learner == "neighbours") return "no options";
  return fmt::format("rate {}, {} leaves of {} rows, columns {}, rows {}, l2 {}",
                     number(number_at(options, "rate")), number(number_at(options, "leaves")),
                     number(number_at(options, "min_leaf")), number(number_at(options, "columns")),
                     number(number_at(options, "rows")), number(number_at(options, "l2")));
}

std::string pairs_text(const Json& table) {
  std::string text;
  for (const auto& [name, value] : table.items()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, number(value.get<double>()));
  }
  return text;
}

/// What was asked of the trees.
void say_wishes(const Json& training) {
  if (const std::string weight = text_at(training, "weight"); !weight.empty()) {
    say(fmt::format("a row counts as much as its {} says, in metrics too", weight));
  }
  if (training.contains("class_weight")) {
    say(fmt::format("classes were learned with the weights {}; probabilities are put right",
                    pairs_text(training.at("class_weight"))));
  }
  if (training.contains("monotone")) {
    say(fmt::format("answers never fall (1) or rise (-1) with: {}",
                    pairs_text(training.at("monotone"))));
  }
}

void say_training(const Json& training, const Args& args) {
  if (training.empty()) return;
  heading("Training", args);
  const auto count = [&](const char* key) { return io::get_or<std::uint64_t>(training, key, 0); };
  const auto members = io::get_or<std::uint64_t>(training, "members", 1);
  std::string made;
  if (members > 1) made = fmt::format("{} candidates together: ", members);
  made += made_of(training, count("trees"));
  if (const auto learner = text_at(training, "learner");
      learner != "linear" && learner != "neighbours") {
    made += fmt::format(", {}, {} leaves", counted(count("rounds"), "round"),
                        number(number_at(training, "leaves")));
  }
  say(made + ", from " + learned_from(training));
  say_wishes(training);
  const Json tried = io::get_or<Json>(training, "tried", Json::array());
  if (tried.empty()) return;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < tried.size(); ++i) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    // A loss of one fold is no loss of all.
    return std::pair(tried[i].contains("ended"), number_at(tried[i], "loss"));
  });
  say(fmt::format("{} on {} folds, by {}:", counted(tried.size(), "candidate"),
                  io::get_or<int>(training, "folds", 0), text_at(training, "loss")));
  std::vector<std::vector<std::string>> rows;
  for (const std::size_t i : order) {
    if (rows.size() == kTriedShown) break;
    const Json& one = tried[i];
    const auto times = io::get_or<std::uint64_t>(one, "times", 0);
    rows.push_back({fmt::to_string(i + 1), text_at(one, "origin"), number(number_at(one, "loss")),
                    number(number_at(one, "rounds")), times == 0 ? "" : fmt::to_string(times),
                    options_text(one.at("options"))});
  }
  say(table({"tried", "origin", "loss", "rounds", "weight", "with"}, rows, args.color));
  if (tried.size() > rows.size()) say(fmt::format("and {} more", tried.size() - rows.size()));
}

void say_evaluation(const Json& evaluation, const Args& args) {
  if (evaluation.empty()) return;
  heading("Evaluation", args);
  say(fmt::format("{} {} ({}) on {}{}", text_at(evaluation, "metric"),
                  number(number_at(evaluation, "value")), interval_text(evaluation),
                  counted(io::get_or<std::uint64_t>(evaluation, "rows", 0), "row"),
                  number_at(evaluation, "days") > 0
                      ? " of " + counted(io::get_or<std::uint64_t>(evaluation, "days", 0), "day")
                      : std::string()));
  std::vector<std::vector<std::string>> rows;
  const auto beside = [&](const Json& rival) {
    rows.push_back({text_at(rival, "name"), number(number_at(rival, "value")),
                    number(number_at(rival, "challenger")), number(number_at(rival, "gain")),
                    interval_text(rival), number(number_at(rival, "rows"))});
  };
  if (evaluation.contains("champion")) beside(evaluation.at("champion"));
  for (const Json& rival : io::get_or<Json>(evaluation, "baselines", Json::array())) beside(rival);
  if (!rows.empty()) {
    say(table({"beside", "it has", "this one", "gain", "interval", "rows"}, rows, args.color));
  }
  const Json verdict = io::get_or<Json>(evaluation, "verdict", Json::object());
  for (const Json& reason : io::get_or<Json>(verdict, "reasons", Json::array())) {
    say("verdict: " + reason.get<std::string>());
  }
  if (verdict.contains("smallest_detectable")) {
    say(fmt::format("these rows could have shown a difference of {}",
                    number(number_at(verdict, "smallest_detectable"))));
  }
}

Result<int> show(const Args& args, const Opened& project) {
  const std::string name = args.words.size() > 1 ? args.words[1] : "";
  const std::int64_t version = TRY(loop::version_named(*project.store, name));
  const Json card = TRY(loop::card_view(*project.store, project.config, version));
  if (args.json) {
    say_json(card);
    return kOk;
  }
  say(ink(Ink::kBold, fmt::format("{} {}", text_at(card, "name"), version_name(card)), args.color) +
      fmt::format("  {}, made {}", text_at(card, "stage_of_life"), text_at(card, "created")));
  say(fmt::format("{} of {} trained it; {} over {}; pipeline {}",
                  counted(io::get_or<std::uint64_t>(card, "labelled", 0), "labelled row"),
                  text_at(card, "dataset"),
                  made_of(part_of(card, "training"), io::get_or<std::uint64_t>(card, "trees", 0)),
                  counted(io::get_or<std::uint64_t>(card, "features", 0), "feature"),
                  text_at(card, "pipeline").substr(0, 12)));
  if (card.at("imported").get<bool>()) {
    say("it was trained elsewhere: `rondo why v" + fmt::to_string(version) + "` says how it came");
    return kOk;
  }
  say_training(part_of(card, "training"), args);
  const Json evaluation = part_of(card, "evaluation");
  say_evaluation(evaluation, args);
  say_findings(evaluation, args);
  heading("Steps", args);
  say_steps(card, args);
  return kOk;
}

std::string value_text(const Json& value) {
  if (value.is_number()) return number(value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "-" : value.dump();
}

Result<int> diff(const Args& args, const Opened& project) {
  if (args.words.size() < 2) {
    return report_usage(args, "models diff needs two versions", "rondo models diff v1 v2");
  }
  const std::int64_t before = TRY(loop::version_named(*project.store, args.words[1]));
  const std::int64_t after =
      TRY(loop::version_named(*project.store, args.words.size() > 2 ? args.words[2] : ""));
  const Json found = TRY(loop::card_diff(*project.store, project.config, before, after));
  if (args.json) {
    say_json(found);
    return kOk;
  }
  const std::string a = fmt::format("v{}", before), b = fmt::format("v{}", after);
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const Json& row, const char* what) {
    rows.push_back({text_at(row, what), value_text(row.at("before")), value_text(row.at("after"))});
  };
  for (const Json& row : found.at("metrics")) add(row, "metric");
  for (const Json& row : found.at("training")) add(row, "what");
  for (const char* key : {"dataset", "labelled"}) {
    const Json was = io::get_or<Json>(found.at("before"), key, nullptr);
    const Json is = io::get_or<Json>(found.at("after"), key, nullptr);
    if (was != is) rows.push_back({key, value_text(was), value_text(is)});
  }
  say(rows.empty() ? "nothing that a card tells differs" : table({"", a, b}, rows, args.color));
  for (const auto& [key, word] : {std::pair("added", "only " + b), {"removed", "only " + a}}) {
    const auto names = found.at("features").at(key).get<std::vector<std::string>>();
    if (!names.empty()) say(fmt::format("{} reads {}", word, fmt::join(names, ", ")));
  }
  const Json& met = found.at("compared");
  say(met.is_null()
          ? fmt::format("their metrics are of different rows: {} was not compared with {}", b, a)
          : fmt::format("on the same {}: gain {} ({})",
                        counted(io::get_or<std::uint64_t>(met, "rows", 0), "row"),
                        number(number_at(met, "gain")), interval_text(met)));
  return kOk;
}

Result<int> list(const Args& args, const Opened& project) {
  const Json models = TRY(loop::models_view(*project.store, project.config));
  if (args.json) {
    say_json(models);
    return kOk;
  }
  if (models.empty()) {
    say("no version yet: a good first model becomes v1 (`rondo run`, `rondo why`)");
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& m : models) {
    rows.push_back({version_name(m), text_at(m, "stage_of_life"), metrics_text(m.at("metrics")),
                    value_text(io::get_or<Json>(m, "labelled", nullptr)), text_at(m, "dataset"),
                    text_at(m, "created"), value_text(io::get_or<Json>(m, "step", nullptr))});
  }
  say(table({"version", "life", "metrics", "trained on", "dataset", "created", "step"}, rows,
            args.color));
  return kOk;
}

}  // namespace

Result<int> run_models(const Args& args) {
  const std::string what = args.words.empty() ? "" : args.words[0];
  if (what == "explain") return run_explain(args);
  const Opened project = TRY(open_project(args));
  if (what == "show") return show(args, project);
  if (what == "diff") return diff(args, project);
  if (what.empty()) return list(args, project);
  return report_usage(args, fmt::format("models does not know \"{}\"", what),
                      "rondo models, rondo models show v3, rondo models diff v2 v3, "
                      "rondo models explain v3");
}

}  // namespace rondo::cli
