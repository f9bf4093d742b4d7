// data lineage: where a prediction, a version or a dataset comes from.
#include <fmt/format.h>

#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "loop/lineage.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kBrief = 12;  // digits of a digest

std::string prediction_text(const Json& p) {
  const std::string said = p.at("answer").is_null() ? number(p.at("value").get<double>())
                                                    : text_at(p, "answer");
  const std::string label = p.at("label").is_null() ? "no label yet"
                                                    : "the label is " + p.at("label").dump();
  return fmt::format("prediction {}  {} for {}, answered {}; {}\n", text_at(p, "id"), said,
                     text_at(p, "time"), text_at(p, "answered"), label);
}

std::string version_text(const Json& v) {
  std::string steps;
  for (const Json& step : v.at("steps")) {
    steps += fmt::format("{}{} {}", steps.empty() ? "" : ", ", step.at("step").dump(),
                         text_at(step, "stage"));
  }
  std::string out = fmt::format("version {}  pipeline {}, trained on {}", text_at(v, "name"),
                                text_at(v, "pipeline").substr(0, kBrief),
                                counted(v.at("labelled").get<std::size_t>(), "labelled row"));
  if (!v.at("label_until").is_null()) out += " through " + text_at(v, "label_until");
  out += "\n";
  if (!steps.empty()) out += "  made by steps " + steps + "\n";
  return out;
}

std::string dataset_text(const Json& lineage, bool color) {
  const Json& d = lineage.at("dataset");
  std::string out = fmt::format("dataset {}  {}, digest {}, contract {}, committed {}\n",
                                text_at(d, "name"),
                                counted(d.at("rows").get<std::size_t>(), "row"),
                                text_at(d, "digest").substr(0, kBrief), d.at("contract").dump(),
                                text_at(d, "committed"));
  const Json tables = lineage.value("tables", Json::object());
  for (const auto& [name, side] : tables.items()) {
    out += fmt::format("  joined with table {} {}: {}, digest {}\n", name, text_at(side, "version"),
                       counted(side.at("rows").get<std::size_t>(), "row"),
                       text_at(side, "digest").substr(0, kBrief));
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& s : lineage.at("segments")) {
    const bool served = s.at("served").get<bool>();
    rows.push_back({text_at(s, "file").substr(0, kBrief), number(s.at("rows").get<double>()),
                    s.at("from").is_null() ? "-" : text_at(s, "from"),
                    s.at("until").is_null() ? "-" : text_at(s, "until"), text_at(s, "came_with"),
                    served ? "predictions that got their label"
                           : text_at(s, "reason").substr(0, text_at(s, "reason").find("; "))});
  }
  return out + table({"segment", "rows", "from", "until", "came with", "what it was"}, rows, color);
}

}  // namespace

Result<int> show_lineage(const Args& args, const std::string& subject) {
  const Opened project = TRY(open_project(args));
  const Json lineage = TRY(loop::lineage_view(*project.store, project.config, subject));
  if (args.json) {
    say_json(lineage);
    return kOk;
  }
  std::string out;
  if (lineage.contains("prediction")) out += prediction_text(lineage.at("prediction"));
  if (lineage.contains("version")) out += version_text(lineage.at("version"));
  if (lineage.contains("dataset")) out += dataset_text(lineage, args.color);
  say(out);
  if (lineage.contains("version")) {
    say(fmt::format("`rondo reproduce {}` makes it again; ",
                    text_at(lineage.at("version"), "name")) +
        (lineage.contains("dataset")
             ? fmt::format("`rondo data show {} --origin` names the file of each row",
                           text_at(lineage.at("dataset"), "name"))
             : std::string("its data were never here")));
  }
  return kOk;
}

}  // namespace rondo::cli
