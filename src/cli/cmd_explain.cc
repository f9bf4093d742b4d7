// models explain: what a version goes by, over the rows it was measured on or for rows of a file.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/words.h"
#include "cli/confined.h"
#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "io/scratch.h"
#include "loop/card.h"
#include "loop/explain_view.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kFeaturesShown = 20, kRowsShown = 5, kReasonsShown = 8;
constexpr const char* kLines = "rows.jsonl";
constexpr double kBar = 30;

std::string bar(double share) {
  std::string out;
  for (int i = 0; i < static_cast<int>(std::lround(share * kBar)); ++i) out += "\xE2\x96\x88";
  return out;
}

Result<int> explain_all(const Args& args, const Opened& project, std::int64_t version) {
  const Json found = TRY(loop::explain_view(*project.store, version));
  if (args.json) {
    say_json(found);
    return kOk;
  }
  say(fmt::format("v{}: mean size of each feature's contribution to the raw score, {}", version,
                  counted(found.at("rows").get<std::uint64_t>(), "test row")));
  std::vector<std::vector<std::string>> rows;
  const Json& features = found.at("features");
  const double most = features.empty() ? 1 : features[0].at("share").get<double>();
  for (const Json& one : features) {
    if (rows.size() == kFeaturesShown) break;
    const double share = one.at("share").get<double>();
    rows.push_back({text_at(one, "feature"), number(one.at("mean").get<double>()),
                    fmt::format("{:.1f} %", 100 * share), bar(most > 0 ? share / most : 0)});
  }
  say(table({"feature", "mean", "share", ""}, rows, args.color));
  if (features.size() > rows.size()) {
    say(fmt::format("and {} more (--json has all)", features.size() - rows.size()));
  }
  return kOk;
}

/// One answered row with its reasons, the greatest first.
void say_row(const Json& row, const Args& args) {
  std::string head = row.contains("row") ? "row " + row.at("row").dump() : std::string();
  constexpr std::array kTold = {"row", "prediction", "probabilities", "quantiles", "contributions",
                                "base_score", "model_version"};
  for (const auto& item : row.items()) {  // what is left are the columns of the key
    if (std::ranges::find(kTold, item.key()) != kTold.end()) continue;
    const Json& value = item.value();
    head += fmt::format("{}{} {}", head.empty() ? "" : ", ", item.key(),
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  const Json& answer = row.at("prediction");
  say(ink(Ink::kBold, fmt::format("{}: {}", head, answer.is_number()
                                                      ? number(answer.get<double>())
                                                      : answer.get<std::string>()), args.color));
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const Json& reasons, const Json& base, const std::string& of) {
    std::vector<std::pair<std::string, double>> order;
    for (const auto& item : reasons.items()) {
      order.emplace_back(item.key(), item.value().get<double>());
    }
    std::ranges::stable_sort(order, std::ranges::greater(), [](const auto& one) {
      return std::abs(one.second);
    });
    double rest = 0, all = base.get<double>();
    for (std::size_t i = 0; i < order.size(); ++i) {
      all += order[i].second;
      if (i < kReasonsShown) rows.push_back({of, order[i].first, number(order[i].second)});
      else rest += order[i].second;
    }
    if (order.size() > kReasonsShown) rows.push_back({of, "all others", number(rest)});
    rows.push_back({of, "base", number(base.get<double>())});
    rows.push_back({of, "raw score", number(all)});
  };
  const Json& reasons = row.at("contributions");
  const Json& base = row.at("base_score");
  const bool several = base.is_object();
  const Json bases = several ? base : Json{{"", base}};
  for (const auto& item : bases.items()) {
    add(several ? reasons.at(item.key()) : reasons, item.value(), item.key());
  }
  say(table({"", "column", "adds"}, rows, args.color));
}

/// `predict --explain` of the file; of its lines the first as tables.
Result<int> explain_rows(const Args& args, std::int64_t version) {
  Args predict = args;
  predict.words = {args.get("--row")};
  predict.values = {{"--model", fmt::format("v{}", version)}, {"--explain", ""}};
  if (args.json) return run_predict(predict);
  if (const auto folder = confined_with()) {
    predict.values["-o"] = (io::Path(*folder) / kLines).string();
    TRY(predict_quietly(predict));
    return kOk;
  }
  const io::Scratch scratch;
  predict.values["-o"] = (scratch / kLines).string();
  const int code = TRY(run_confined(args, scratch.path().string(), TRY(predict_reach(predict)),
                                    args.get("--row"), "please report a file that does that"));
  if (code != kOk) return code;
  const std::string text = TRY(io::real_fs()->read(scratch / kLines));
  std::size_t from = 0, rows = 0;
  for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    if (++rows > kRowsShown) continue;
    if (rows > 1) say("");
    say_row(TRY(io::parse_json(text.substr(from, end - from), "a line")), args);
  }
  if (rows > kRowsShown) {
    say(fmt::format("\nand {} more rows (--json has all)", grouped(rows - kRowsShown)));
  }
  return kOk;
}

}  // namespace

Result<int> run_explain(const Args& args) {
  const std::string name = args.words.size() > 1 ? args.words[1] : "";
  std::int64_t version = 0;
  {
    const Opened project = TRY(open_project(args));
    version = TRY(loop::version_named(*project.store, name));
    if (!args.has("--row")) return explain_all(args, project, version);
  }
  return explain_rows(args, version);
}

}  // namespace rondo::cli
