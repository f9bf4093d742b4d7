// A version's page: its card, to look at. Only what the facts hold; a part that they lack is left
// out, and what a reader may not conclude stands at the end.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cli/card_text.h"
#include "cli/model_plots.h"
#include "cli/render.h"
#include "cli/report.h"

namespace rondo::cli {
namespace {

Json part(const Json& object, const char* key) {
  return io::get_or<Json>(object, key, nullptr);
}

bool has(const Json& json) { return !json.is_null() && !json.empty(); }

std::string paragraph(const std::string& text) {
  return fmt::format("<p>{}</p>\n", escaped(text));
}

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? body : fmt::format("<h2>{}</h2>\n{}", escaped(title), body);
}

std::string text_of(const Json& value) {
  if (value.is_number()) return number(value.get<double>());
  return value.is_string() ? value.get<std::string>() : "-";
}

std::string lineage(const Json& card) {
  Json rows = Json::array();
  const auto add = [&](const char* what, const Json& value) {
    if (has(value) || value.is_number()) rows.push_back({{"what", what}, {"is", text_of(value)}});
  };
  add("dataset", part(card, "dataset"));
  add("labelled rows that trained it", part(card, "labelled"));
  add("trees", part(card, "trees"));
  add("features", part(card, "features"));
  add("pipeline (SHA-256)", part(card, "pipeline"));
  add("made", part(card, "created"));
  add("stage of life", part(card, "stage_of_life"));
  return html_table({{"what", ""}, {"is", ""}}, rows);
}

std::string verdict(const Json& evaluation) {
  std::string out = fmt::format(
      "<p><b>{} {}</b> ({} to {}) on {} test rows{}.</p>\n", escaped(text_at(evaluation, "metric")),
      number(number_at(evaluation, "value")), number(number_at(evaluation, "low")),
      number(number_at(evaluation, "high")), number(number_at(evaluation, "rows")),
      number_at(evaluation, "days") > 0
          ? fmt::format(" of {} days", number(number_at(evaluation, "days"))) : "");
  for (const Json& reason : io::get_or<Json>(part(evaluation, "verdict"), "reasons",
                                             Json::array())) {
    out += paragraph(reason.get<std::string>());
  }
  Json rivals = Json::array();
  if (has(part(evaluation, "champion"))) rivals.push_back(evaluation.at("champion"));
  for (const Json& one : io::get_or<Json>(evaluation, "baselines", Json::array())) {
    rivals.push_back(one);
  }
  if (rivals.empty()) return out;
  out += "<h3>Gain over each, on the same rows</h3>" + gains_picture(rivals);
  Json metrics = Json::array();
  const Json measured = io::get_or<Json>(evaluation, "metrics", Json::object());
  for (const auto& item : measured.items()) {
    metrics.push_back({{"metric", item.key()}, {"value", item.value()}});
  }
  return out + html_table({{"metric", "metric"}, {"value", "on the test rows"}}, metrics);
}

std::string slices(const Json& found) {
  if (!has(found)) return {};
  if (found.contains("why_not")) {
    return paragraph("No part was looked for: " + text_at(found, "why_not") + ".");
  }
  Json rows = Json::array();
  for (const Json& slice : found.at("slices")) {
    if (!slice.at("named").get<bool>()) continue;
    std::string where;
    for (const Json& one : slice.at("conditions")) {
      where += (where.empty() ? "" : " and ") + one.get<std::string>();
    }
    Json row = slice;
    row["where"] = where;
    rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    return paragraph(fmt::format("No part of one half of the test rows has a {} that is higher in "
                                 "the other half too.", text_at(found, "loss")));
  }
  return html_table({{"where", "where"}, {"rows", "rows"}, {"mean_loss", "loss there"},
                     {"loss_elsewhere", "elsewhere"}, {"adjusted", "p, corrected (Holm)"}}, rows);
}

std::string sanity(const Json& found, const std::string& metric) {
  if (!has(found)) return {};
  const Json& train = found.at("train");
  std::string out = paragraph(fmt::format(
      "{} on {} that trained it: {}; on the test rows: {}.", metric,
      counted(io::get_or<std::uint64_t>(train, "rows", 0), "row"),
      number(number_at(train, "value")), number(number_at(found, "test"))));
  const Json one = part(found, "carried");
  if (!has(one)) return out;
  return out + paragraph(fmt::format(
      "{} carries it: of what its loss grows by when columns are missing, one at a time, {:.0f} % "
      "is this one's.", text_at(one, "column"), 100 * number_at(one, "share")));
}

std::string worse_slices(const Json& found) {
  if (!has(found)) return {};
  if (found.contains("why_not")) {
    return paragraph("No part was looked for: " + text_at(found, "why_not") + ".");
  }
  Json rows = Json::array();
  for (const Json& slice : found.at("slices")) {
    if (!slice.at("worse").get<bool>()) continue;
    Json row = slice;
    row["where"] = fmt::format("{}", fmt::join(
        slice.at("conditions").get<std::vector<std::string>>(), " and "));
    rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    return paragraph(fmt::format("In no part of {:g} % of the test rows by more than {:g} % of its "
                                 "{}.", 100 * number_at(found, "least_share"),
                                 100 * number_at(found, "tolerance"), text_at(found, "loss")));
  }
  return html_table({{"where", "where"}, {"rows", "rows"}, {"challenger", "its loss there"},
                     {"champion", "what served"}, {"adjusted", "p, corrected (Holm)"}}, rows);
}

std::string rate_text(const Json& rate) {
  if (rate.is_null()) return "-";
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", number_at(rate, "value"), number_at(rate, "low"),
                     number_at(rate, "high"));
}

std::string parts(const Json& columns) {
  std::string out;
  for (const Json& column : columns.is_null() ? Json::array() : columns) {
    Json rows = Json::array();
    for (const Json& one : column.at("parts")) {
      Json row = one;
      for (const char* key : {"coverage", "positive"}) row[key] = rate_text(part(one, key));
      row["said"] = part(one, "mean_probability");
      row["judged"] = one.at("judged").get<bool>() ? "" : "too few rows";
      rows.push_back(std::move(row));
    }
    out += fmt::format("<h3>{}</h3>", escaped(text_at(column, "column"))) +
           html_table({{"where", "where"}, {"rows", "rows"}, {"mean_loss", "loss"},
                       {"coverage", "held by the interval"}, {"positive", "positive"},
                       {"said", "mean probability"}, {"judged", ""}}, rows);
  }
  return out;
}

std::string groups(const Json& fairness) {
  std::string out;
  for (const Json& one : fairness.is_null() ? Json::array() : fairness) {
    Json rows = Json::array();
    for (const Json& group : one.at("groups")) {
      rows.push_back({{"name", group.at("name")}, {"rows", group.at("rows")},
                      {"selected", rate_text(group.at("selected"))},
                      {"true_positive", rate_text(group.at("true_positive"))},
                      {"false_positive", rate_text(group.at("false_positive"))},
                      {"judged", group.at("judged").get<bool>() ? "" : "too few rows"}});
    }
    out += fmt::format("<h3>{}</h3>", escaped(text_at(one, "column"))) +
           html_table({{"name", "group"}, {"rows", "rows"}, {"selected", "answered positive"},
                       {"true_positive", "of the positive"},
                       {"false_positive", "of the negative"}, {"judged", ""}}, rows);
  }
  return out;
}

std::string interval(const Json& found) {
  if (!has(found)) return {};
  if (!found.contains("reach")) return paragraph("None: " + text_at(found, "reason") + ".");
  const bool quantiles = text_at(found, "around") == "quantiles";
  const std::string reach = number(number_at(found, "reach"));
  std::string out = paragraph(fmt::format(
      "An answer stands for {}, made for {:g} % of new labels, from {} rows that the model did not "
      "learn from ({}).",
      quantiles ? fmt::format("the lowest quantile - {0} to the highest + {0}", reach)
                : fmt::format("f - {0} to f + {0}", reach),
      100 * number_at(found, "coverage"), number(number_at(found, "rows")),
      quantiles ? "conformalized quantiles" : "split conformal"));
  Json rows = Json::array();
  const auto add = [&](const std::string& what, const Json& one) {
    rows.push_back({{"what", what}, {"rows", one.at("rows")}, {"value", one.at("value")},
                    {"low", one.at("low")}, {"high", one.at("high")}});
  };
  if (has(part(found, "inside"))) add("all test rows", found.at("inside"));
  for (const Json& one : io::get_or<Json>(found, "by_answer", Json::array())) {
    add(fmt::format("answers from {} to {}", number(number_at(one, "from")),
                    number(number_at(one, "to"))), one);
  }
  return out + html_table({{"what", "of"}, {"rows", "rows"}, {"value", "share inside"},
                           {"low", "low"}, {"high", "high"}}, rows);
}

std::string levels(const Json& found) {
  Json rows = Json::array();
  for (const Json& one : found) {
    const Json& below = one.at("below");
    rows.push_back({{"level", one.at("level")}, {"value", below.at("value")},
                    {"low", below.at("low")}, {"high", below.at("high")}});
  }
  return html_table({{"level", "level"}, {"value", "share of labels at or below"}, {"low", "low"},
                     {"high", "high"}}, rows);
}

std::string reasons_section(const Json& reasons) {
  if (!has(reasons)) return {};
  return paragraph(fmt::format("Mean size of each feature's contribution to the raw score, over {} "
                               "test rows (exact TreeSHAP).", number(number_at(reasons, "rows")))) +
         reasons_picture(reasons);
}

std::string robustness(const Json& found) {
  if (!has(found)) return {};
  return paragraph(fmt::format("What the mean {} of {} test rows, {}, grows by when a column is "
                               "missing, has noise of a tenth of its interquartile range, is a "
                               "thousand times itself, or has another row's category.",
                               text_at(found, "loss"), number(number_at(found, "rows")),
                               number(number_at(found, "mean_loss")))) +
         html_table({{"column", "column"}, {"missing", "missing"}, {"noise", "noise"},
                     {"scaled", "x 1,000"}, {"swapped", "swapped"}}, found.at("columns"));
}

std::string training(const Json& evidence) {
  if (!has(evidence)) return {};
  const Json tried = io::get_or<Json>(evidence, "tried", Json::array());
  const auto count = [&](const char* key, std::uint64_t otherwise) {
    return io::get_or<std::uint64_t>(evidence, key, otherwise);
  };
  std::string out = paragraph(fmt::format("{} over {}; {} together.",
                                          made_of(evidence, count("trees", 0)),
                                          learned_from(evidence),
                                          counted(count("members", 1), "candidate")));
  if (tried.empty()) return out;
  Json rows = Json::array();
  for (std::size_t i = 0; i < tried.size(); ++i) {
    Json row = {{"place", i + 1}};
    for (const char* key : {"origin", "loss", "rounds", "times", "cpu_s"}) {
      row[key] = part(tried[i], key);
    }
    for (const char* key : {"rate", "leaves", "min_leaf", "columns", "rows", "l2"}) {
      row[key] = part(part(tried[i], "options"), key);
    }
    rows.push_back(std::move(row));
  }
  return out + search_picture(tried) +
         html_table({{"place", "tried"}, {"origin", "origin"}, {"loss", "loss"},
                     {"rounds", "rounds"}, {"times", "weight"}, {"cpu_s", "CPU, s"},
                     {"rate", "rate"}, {"leaves", "leaves"}, {"min_leaf", "rows a leaf"},
                     {"columns", "columns"}, {"rows", "rows"}, {"l2", "l2"}}, rows);
}

std::string steps(const Json& card) {
  return html_table({{"step", "step"}, {"stage", "stage"}, {"result", "result"},
                     {"reason", "why"}}, card.at("steps"));
}

std::string limits(const Json& card, const Json& evaluation) {
  std::string out = "<ul>";
  const auto say = [&](const std::string& text) {
    out += fmt::format("<li>{}</li>\n", escaped(text));
  };
  const double smallest = number_at(part(evaluation, "verdict"), "smallest_detectable");
  if (std::isfinite(smallest)) {
    say(fmt::format("These rows could have shown a difference of {} in {}; a smaller one may be "
                    "there and was not seen.", number(smallest), text_at(evaluation, "metric")));
  }
  if (has(part(evaluation, "look")) || part(evaluation, "look").is_number()) {
    const double look = number_at(evaluation, "look");
    if (look > 1) {
      say(fmt::format("It is look {} at this champion: its error is smaller for it.",
                      number(look)));
    }
  }
  say("Measured on rows that it was not trained on; what is deployed is the same recipe, fitted "
      "once more through the newest label.");
  for (const Json& name : io::get_or<Json>(part(evaluation, "robustness"), "not_tried",
                                           Json::array())) {
    say(fmt::format("The column {} was not changed on purpose: no feature shows its cells.",
                    name.get<std::string>()));
  }
  if (card.at("imported").get<bool>()) say("It was trained elsewhere and was not judged here.");
  return out + "</ul>\n";
}

}  // namespace

std::string model_report(const Json& card, const Json& reasons) {
  const std::string name = fmt::format("{} v{}", text_at(card, "name"),
                                       number(number_at(card, "version")));
  const Json evaluation = io::get_or<Json>(card, "evaluation", Json::object());
  std::string out = page_head(name) + fmt::format("<h1>{}</h1>\n", escaped(name));
  if (!evaluation.empty()) out += verdict(evaluation);
  out += section("At a glance", sanity(part(evaluation, "sanity"), text_at(evaluation, "metric")));
  if (const Json curve = part(evaluation, "curve"); has(curve)) {
    out += section("Answers and truth", curve_picture(curve));
  }
  if (const Json found = part(evaluation, "reliability"); has(found)) {
    out += section("Do its probabilities mean what they say?",
                   reliability_picture(found) +
                       paragraph(fmt::format("Calibration error {:.3f}; Spiegelhalter's test "
                                             "p = {:.3g}.",
                                             number_at(found, "calibration_error"),
                                             number_at(found, "p"))));
  }
  if (const Json map = part(evaluation, "calibration"); has(map)) {
    out += paragraph(fmt::format("Map of the probabilities: {}. {}", text_at(map, "map"),
                                 text_at(map, "reason")));
  }
  if (const Json found = part(evaluation, "levels"); has(found)) {
    out += section("Are its quantiles where they say?", levels(found));
  }
  out += section("How wide an answer is", interval(part(evaluation, "interval")));
  out += section("Where it fails", slices(part(evaluation, "slices")));
  out += section("Where it is worse than what served",
                 worse_slices(part(evaluation, "worse_slices")));
  out += section("Parts by column", parts(part(evaluation, "by_slice")));
  out += section("Groups", groups(part(evaluation, "fairness")));
  out += section("Why it answers", reasons_section(reasons));
  out += section("When a column breaks", robustness(part(evaluation, "robustness")));
  if (const Json held = part(evaluation, "invariants"); has(held)) {
    out += section("Promises", html_table({{"invariant", "invariant"}, {"rows", "rows"},
                                           {"broken", "broken"}, {"share", "share"}}, held));
  }
  out += section("Training", training(part(card, "training")));
  out += section("Lineage", lineage(card));
  if (!card.at("steps").empty()) out += section("Steps", steps(card));
  out += section("What this does not say", limits(card, evaluation));
  return out + "</body></html>\n";
}

}  // namespace rondo::cli
