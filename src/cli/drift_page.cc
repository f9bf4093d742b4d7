// The page: the sentence, and a row a column with both files laid over each other. Widths and
// heights are rounded to tenths, so the same drift gives the same bytes on every machine.
#include <fmt/format.h>

#include <algorithm>

#include "cli/drift_text.h"
#include "cli/render.h"
#include "cli/report.h"

namespace rondo::cli {
namespace {

constexpr double kPlotWide = 240, kPlotHigh = 48;
constexpr const char* kThen = "#8c959f";  // the reference
constexpr const char* kNow = "#1f6feb";   // the current file

constexpr const char* kDriftHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Drift</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;
color:#1f2328;background:#fff}h1{font-size:1.4rem}table{border-collapse:collapse;width:100%;
font-size:13px}th,td{text-align:left;padding:4px 8px;border-bottom:1px solid #d0d7de;
vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
.moved{color:#9a6700;font-weight:600}.key{margin-right:1.2em}.dim{color:#57606a}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}
.moved{color:#d29922}.dim{color:#8b949e}}</style></head><body>
)";

double sum_of(const std::vector<double>& counts) {
  double sum = 0;
  for (const double count : counts) sum += count;
  return sum;
}

/// Shares of one file as bars over the same places as the other's.
struct Plot {
  std::vector<double> reference, current;  // shares
  std::vector<std::string> titles;
};

std::string bars_of(const Plot& plot) {
  double most = 1e-12;
  for (const auto* side : {&plot.reference, &plot.current}) {
    for (const double share : *side) most = std::max(most, share);
  }
  const double width = kPlotWide / static_cast<double>(plot.titles.size());
  std::string out = fmt::format("<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
                                "role=\"img\">", kPlotWide, kPlotHigh);
  for (std::size_t i = 0; i < plot.titles.size(); ++i) {
    out += fmt::format("<g><title>{}: {:.1f} %, then {:.1f} %</title>", escaped(plot.titles[i]),
                       100 * plot.reference[i], 100 * plot.current[i]);
    for (const auto& [share, color] : {std::pair(plot.reference[i], kThen),
                                       std::pair(plot.current[i], kNow)}) {
      const double high = share / most * kPlotHigh;
      out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                         "fill=\"{}\" fill-opacity=\".55\"/>",
                         static_cast<double>(i) * width, kPlotHigh - high,
                         std::max(width - 1, 0.5), high, color);
    }
    out += "</g>";
  }
  return out + "</svg>";
}

Plot shares_of(std::vector<double> reference, std::vector<double> current) {
  Plot plot;
  for (auto* side : {&reference, &current}) {
    const double whole = std::max(1.0, sum_of(*side));
    for (double& count : *side) count /= whole;
  }
  plot.reference = std::move(reference);
  plot.current = std::move(current);
  return plot;
}

std::string edge_text(const Json& edge) {
  if (edge.is_null()) return "";
  return edge.is_number() ? number(edge.get<double>()) : edge.get<std::string>();
}

std::string histogram_of(const Json& column) {
  const Json& histogram = column.at("histogram");
  Plot plot = shares_of(histogram.at("reference").get<std::vector<double>>(),
                        histogram.at("current").get<std::vector<double>>());
  if (plot.reference.empty()) return "";
  for (std::size_t i = 0; i < plot.reference.size(); ++i) {
    plot.titles.push_back(fmt::format("bin {} of {}", i + 1, plot.reference.size()));
  }
  return bars_of(plot) + fmt::format("<div class=\"dim\">{} to {}</div>",
                                     escaped(edge_text(histogram.at("low"))),
                                     escaped(edge_text(histogram.at("high"))));
}

std::string top_of(const Json& column) {
  const Json& top = column.at("top");
  if (top.empty()) return "";
  std::string names;
  const auto known = [&](const char* side) {
    const Json& cells = column.at(side);
    return std::max(1.0, cells.at("rows").get<double>() - cells.at("missing").get<double>());
  };
  Plot plot;
  for (const Json& value : top) {
    plot.titles.push_back(value.at("value").get<std::string>());
    plot.reference.push_back(value.at("reference").get<double>() / known("reference"));
    plot.current.push_back(value.at("current").get<double>() / known("current"));
    names += fmt::format("{}{}", names.empty() ? "" : ", ", escaped(cut(plot.titles.back(), 16)));
  }
  return bars_of(plot) + fmt::format("<div class=\"dim\">{}</div>", names);
}

std::string cell(const std::string& text, bool is_number = false) {
  return fmt::format("<td{}>{}</td>", is_number ? " class=\"n\"" : "", escaped(text));
}

std::string missing_of(const Json& cells) {
  const double rows = cells.at("rows").get<double>();
  return rows > 0 ? fmt::format("{:.1f} %", 100 * cells.at("missing").get<double>() / rows) : "-";
}

std::string row_of(const Json& column) {
  const bool moved = column.at("moved").get<bool>();
  const bool measured = !column.at("distance").is_null();
  return "<tr>" + cell(column.at("name").get<std::string>()) +
         cell(column.at("type").get<std::string>()) +
         cell(measured ? column.at("measure").get<std::string>() : "-") +
         cell(distance_text(column), true) +
         fmt::format("<td{}>{}</td>", moved ? " class=\"moved\"" : "",
                     moved ? "moved" : measured ? "as before" : "-") +
         cell(missing_of(column.at("reference")), true) +
         cell(missing_of(column.at("current")), true) + cell(change_text(column)) + "<td>" +
         (column.contains("histogram") ? histogram_of(column) : top_of(column)) + "</td></tr>\n";
}

}  // namespace

std::string drift_page(const Json& drift) {
  std::string out = kDriftHead;
  out += fmt::format("<h1>{}</h1>\n<p>", escaped(drift_sentence(drift)));
  for (const auto& [side, color] : {std::pair("reference", kThen), std::pair("current", kNow)}) {
    const Json& file = drift.at(side);
    out += fmt::format("<span class=\"key\"><span style=\"color:{}\">&#9632;</span> {}, {}</span>",
                       color, escaped(file.at("file").get<std::string>()),
                       counted(file.at("rows").get<std::uint64_t>(), "row"));
  }
  out += fmt::format("</p>\n<p class=\"dim\">{}</p>\n<table><tr>", escaped(drift_basis(drift)));
  for (const char* title : {"column", "type", "measure", "value", "verdict", "missing", "then",
                            "change", "both files"}) {
    out += fmt::format("<th>{}</th>", title);
  }
  out += "</tr>\n";
  for (const Json& column : drift.at("columns")) out += row_of(column);
  out += "</table>\n";
  for (const Json& remark : drift.at("remarks")) {
    out += fmt::format("<p class=\"dim\">{}</p>\n", escaped(remark.get<std::string>()));
  }
  return out + "</body></html>\n";
}

}  // namespace rondo::cli
