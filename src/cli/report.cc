// Pages made of tables and one kind of picture: weekly error as a line, events as marks above it.
#include "cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/render.h"

namespace rondo::cli {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 260;
constexpr double kLeft = 52;
constexpr double kTop = 46;
constexpr const char* kBestPossible = "best possible";
constexpr const char* kColors[] = {"#888888", "#d9822b", "#1f6feb", "#2a9d55", "#8250df"};

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>)";
constexpr const char* kStyle = R"(</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;
color:#1f2328;background:#fff}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:left;padding:3px 8px;
border-bottom:1px solid #d0d7de;vertical-align:top}td.n{text-align:right;
font-variant-numeric:tabular-nums}svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;
fill:#57606a}.key{display:inline-block;margin-right:1.2em}.dot{display:inline-block;width:.8em;
height:.8em;border-radius:50%;margin-right:.4em}.alert{border-left:4px solid #cf222e;
padding-left:.8em}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}
text{fill:#8b949e}}</style></head><body>
)";

struct Point {
  double day, value;
};

std::vector<Point> weekly(const std::string& metric, const std::vector<loop::ReplayDay>& days) {
  std::map<std::int64_t, loop::DayMean> weeks;
  for (const loop::ReplayDay& day : days) {
    weeks.try_emplace(day_of(day.day) / 7, metric).first->second.add(day);
  }
  std::vector<Point> out;
  for (const auto& [week, mean] : weeks) {
    if (mean.rows() > 0) out.push_back({static_cast<double>(week) * 7 + 3.5, mean.value()});
  }
  return out;
}

struct Scale {
  double first, last, most;
  double x(double day) const {
    return kLeft + (day - first) / std::max(1.0, last - first) * (kWidth - kLeft - 10);
  }
  double y(double value) const {
    return kTop + (1 - value / most) * (kHeight - kTop - 24);
  }
};

Scale scale_of(const std::vector<std::vector<Point>>& lines) {
  Scale scale{1e18, -1e18, 1e-12};
  for (const auto& line : lines) {
    for (const Point& p : line) {
      scale.first = std::min(scale.first, p.day);
      scale.last = std::max(scale.last, p.day);
      scale.most = std::max(scale.most, p.value * 1.05);
    }
  }
  if (scale.first > scale.last) scale.first = scale.last = 0;  // no point at all
  return scale;
}

std::string axes(const Scale& scale) {
  std::string out;
  for (int i = 0; i <= 4; ++i) {
    const double value = scale.most * i / 4;
    const double y = scale.y(value);
    out += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#8888\" "
                       "stroke-width=\".5\"/><text x=\"4\" y=\"{:.1f}\">{}</text>",
                       kLeft, kWidth - 10, y, y, y + 4, number(value));
  }
  const int steps = 8;
  for (int i = 0; i <= steps; ++i) {
    const double day = scale.first + (scale.last - scale.first) * i / steps;
    const Time at{static_cast<std::int64_t>(day) * Span::days(1).us};
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>", scale.x(day) - 26, kHeight - 6,
                       to_text(at).substr(0, 10));
  }
  return out;
}

std::string polyline(const Scale& scale, const std::vector<Point>& points, const char* color) {
  std::string path;
  for (const Point& p : points) {
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", scale.x(p.day),
                        scale.y(p.value));
  }
  return fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" points=\"{}\"/>",
                     color, path);
}

/// Deployments as green ticks, refusals as amber diamonds, alarms as red triangles.
std::string marks(const Scale& scale, const std::vector<Json>& list) {
  std::string out;
  for (const Json& mark : list) {
    const auto at = parse_time(mark.at("at").get<std::string>());
    const std::string kind = mark.at("kind").get<std::string>();
    if (!at || kind == "back") continue;
    const double x = scale.x(static_cast<double>(at->us) / 86'400e6);
    const std::string title =
        fmt::format("<title>{} {}: {}</title>", mark.at("at").get<std::string>().substr(0, 10),
                    kind, escaped(mark.at("text").get<std::string>()));
    if (kind == "deployment") {
      out += fmt::format("<path d=\"M{0:.1f} 34v8\" stroke=\"#2a9d55\" "
                         "stroke-width=\"2\">{1}</path>",
                         x, title);
    } else if (kind == "refusal") {
      out += fmt::format("<path d=\"M{0:.1f} 17l5 5-5 5-5-5z\" fill=\"#d9822b\">{1}</path>",
                         x, title);
    } else {
      out += fmt::format("<path d=\"M{0:.1f} 2l5 9h-10z\" fill=\"#cf222e\">{1}</path>", x, title);
    }
  }
  return out;
}

std::string picture(const loop::BacktestResult& result) {
  std::vector<std::vector<Point>> lines;
  std::vector<std::string> names;
  for (const auto& item : result.policies) {
    lines.push_back(weekly(result.metric, item.second.days));
    names.push_back(item.first);
  }
  if (result.best) {
    lines.push_back(weekly(result.metric, result.best->lived.days));
    names.emplace_back(kBestPossible);
  }
  const Scale scale = scale_of(lines);
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} by "
                                "week\">", kWidth, kHeight, result.metric);
  svg += axes(scale);
  std::string key;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const char* color = kColors[i % std::size(kColors)];
    svg += polyline(scale, lines[i], color);
    key += fmt::format("<span class=\"key\"><span class=\"dot\" style=\"background:{}\"></span>{}"
                       "</span>", color, escaped(names[i]));
  }
  const auto own = std::find_if(result.policies.begin(), result.policies.end(),
                                [](const auto& p) { return p.first == "own"; });
  svg += marks(scale, (own == result.policies.end() ? result.policies.back() : *own).second.marks);
  return key + svg + "</svg><p>" + result.metric +
         " by week. Above it, for the project's own policy: alarms (red triangles), refusals "
         "(amber diamonds), deployments (green ticks).</p>";
}

/// The policies, and what was best in hindsight.
Json policy_rows(const loop::BacktestResult& result) {
  Json rows = result.json.at("policies");
  if (!result.best) return rows;
  Json best = result.json.at("best_possible");
  best["policy"] = kBestPossible;
  best["regret"] = 0;
  best["cost_ratio"] = 1;
  rows.push_back(std::move(best));
  return rows;
}

std::string cell(const Json& value) {
  if (value.is_number()) {
    return fmt::format("<td class=\"n\">{}</td>", number(value.get<double>()));
  }
  const std::string text = value.is_string() ? value.get<std::string>()
                           : value.is_null() ? "-" : value.dump();
  return "<td>" + escaped(text) + "</td>";
}

}  // namespace

std::string page_head(std::string_view title) {
  return kHead + escaped(title) + kStyle;
}

std::string html_table(const std::vector<std::pair<const char*, const char*>>& columns,
                       const Json& rows) {
  std::string out = "<table><tr>";
  for (const auto& column : columns) out += fmt::format("<th>{}</th>", column.second);
  out += "</tr>\n";
  for (const Json& row : rows) {
    out += "<tr>";
    for (const auto& column : columns) {
      const auto found = row.find(column.first);
      out += cell(found == row.end() ? Json(nullptr) : *found);
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string delay_sentence(Span delay) {
  if (delay == Span{}) return "labels came with their rows (--label-delay 0)";
  return fmt::format("labels came {} after their rows (--label-delay)", to_text(delay));
}

std::string rows_sentence(const loop::BacktestResult& result) {
  std::string answered;
  bool same = true;
  for (const auto& [name, one] : result.policies) {
    answered += fmt::format("{}{} {}", answered.empty() ? "" : ", ", name,
                            number(static_cast<double>(one.answered)));
    same = same && one.answered == result.rows;
  }
  return fmt::format("{} over {} rows that all of them answered{}", result.metric,
                     number(static_cast<double>(result.rows)),
                     same ? "" : fmt::format(" (each: {})", answered));
}

std::string backtest_report(const loop::BacktestResult& result) {
  std::string out =
      page_head("Rondo") + "<h1>Backtest: the same history under several policies</h1>";
  out += picture(result);
  out += "<h2>Policies</h2>";
  out += html_table({{"policy", "policy"}, {"value", result.metric.c_str()},
                     {"low", "2.5 %"},
                     {"high", "97.5 %"}, {"cycles", "cycles"}, {"promotions", "promotions"},
                     {"false_cycles", "false cycles"}, {"refusals", "refusals"},
                     {"alarms", "alarms"}, {"cost", "cost"}, {"regret", "beyond the best"},
                     {"cost_ratio", "cost/best"}},
                    policy_rows(result));
  out += fmt::format("<p>{}; {}. {}</p>", escaped(rows_sentence(result)), kFalseCycles,
                     escaped(result.note));
  if (const auto said = result.json.find("label_delay"); said != result.json.end()) {
    const auto delay = parse_span(said->get<std::string>());
    if (delay) out += fmt::format("<p>{}.</p>", escaped(delay_sentence(*delay)));
  }
  for (const auto& [name, one] : result.policies) {
    out += fmt::format("<h2>What happened under {}</h2>", escaped(name));
    Json rows = one.marks;
    out += html_table({{"at", "time"}, {"kind", "what"}, {"text", "why"}, {"step", "step"}}, rows);
  }
  return out + "</body></html>\n";
}

std::string project_report(const ProjectPage& page) {
  const Json& status = page.status;
  std::string out = page_head("Rondo");
  out += fmt::format("<h1>{}</h1><p>{}</p>", escaped(status.at("project").get<std::string>()),
                     escaped(status.at("performs").get<std::string>()));
  for (const Json& alert : status.at("alerts")) {
    out += fmt::format("<p class=\"alert\">{}</p>", escaped(alert.get<std::string>()));
  }
  out += fmt::format("<p>Stage: {}. Waiting for {}.</p>",
                     escaped(status.at("stage").get<std::string>()),
                     escaped(status.at("waiting_for").get<std::string>()));
  out += fmt::format("<p>Tracker: {}</p>", escaped(tracker_line(status.at("tracker"), false, 20)));
  out += "<h2>Process</h2>" +
         html_table({{"step", "step"}, {"stage", "current stage"}, {"action", "action"},
                     {"result", "result"}, {"next", "next stage"}, {"started", "time"},
                     {"reason", "why"}}, page.history);
  out += "<h2>Models</h2>" + html_table({{"version", "version"}, {"stage_of_life", "life"},
                                         {"metrics", "metrics"}, {"labelled", "trained on"},
                                         {"created", "created"}}, page.models);
  out += shifts_section(page.shifts);
  out += data_section(page.profile);
  out += "<h2>Signals</h2>" + html_table({{"at", "time"}, {"kind", "kind"}, {"subject", "subject"},
                                          {"sentence", "what"}}, page.signals);
  out += "<h2>Decisions, newest first</h2>" +
         html_table({{"at", "time"}, {"answer", "answer"}, {"reason", "why"}}, page.decisions);
  return out + "</body></html>\n";
}

}  // namespace rondo::cli
