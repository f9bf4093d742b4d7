// The part of a report that is about data: a line a column of the newest dataset version, each with
// its gaps and a small picture of its values.
#include <fmt/format.h>

#include <algorithm>

#include "cli/render.h"
#include "cli/report.h"

namespace rondo::cli {
namespace {

constexpr double kBoxWide = 200, kBoxHigh = 36;
constexpr std::size_t kCommonest = 3;

std::string bar_of(double x, double width, double share, const std::string& title) {
  const double high = share * kBoxHigh;
  return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                     "fill=\"#1f6feb\"><title>{}</title></rect>",
                     x, kBoxHigh - high, std::max(width - 1, 0.5), high, escaped(title));
}

std::string box(const std::vector<double>& counts) {
  const double most = std::max(1.0, *std::ranges::max_element(counts));
  const double width = kBoxWide / static_cast<double>(counts.size());
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" style=\"width:{}px\">", kBoxWide,
                                kBoxHigh, kBoxWide);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    out += bar_of(static_cast<double>(i) * width, width, counts[i] / most,
                  counted_text(counts[i], "row"));
  }
  return out + "</svg>";
}

std::string distribution(const Json& column) {
  if (column.contains("histogram")) {
    return box(column.at("histogram").at("counts").get<std::vector<double>>());
  }
  std::string out;
  const Json& top = column.at("top");
  for (std::size_t i = 0; i < std::min(kCommonest, top.size()); ++i) {
    const double share = top[i].at("count").get<double>() / column.at("count").get<double>();
    out += fmt::format("{}{} {:.1f} %", i == 0 ? "" : ", ",
                       escaped(top[i].at("value").get<std::string>()), 100 * share);
  }
  return out;
}

std::string value_of(const Json& column, const char* key) {
  if (!column.contains(key) || column.at(key).is_null()) return "";
  const Json& value = column.at(key);
  return value.is_number() ? number(value.get<double>()) : escaped(value.get<std::string>());
}

}  // namespace

std::string data_section(const Json& profile) {
  if (profile.is_null()) return {};
  std::map<std::string, double> moved;
  for (const Json& move : profile.at("drift")) {
    moved[move.at("name").get<std::string>()] = move.at("distance").get<double>();
  }
  const bool before = !profile.at("before").is_null();
  std::string out = fmt::format("<h2>Data: {}, {}</h2><table><tr>",
                                escaped(profile.at("version").get<std::string>()),
                                counted(profile.at("rows").get<std::size_t>(), "row"));
  for (const char* title : {"column", "type", "missing", "distinct", "min", "mean", "median",
                            "max", "distribution"}) {
    out += fmt::format("<th>{}</th>", title);
  }
  if (before) {
    out += fmt::format("<th>moved since {}</th>", profile.at("before").get<std::string>());
  }
  out += "</tr>\n";
  for (const Json& column : profile.at("columns")) {
    const auto name = column.at("name").get<std::string>();
    const double missing = column.at("missing").get<double>();
    const double rows = std::max(1.0, missing + column.at("count").get<double>());
    out += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"n\">{:.1f} %</td>", escaped(name),
                       column.at("type").get<std::string>(), 100 * missing / rows);
    const Json quantiles = column.value("quantiles", Json::object());
    for (const std::string& text :
         {value_of(column, "distinct"), value_of(column, "min"), value_of(column, "mean"),
          value_of(quantiles, "0.5"), value_of(column, "max")}) {
      out += fmt::format("<td class=\"n\">{}</td>", text);
    }
    out += fmt::format("<td>{}</td>", distribution(column));
    if (before) {
      out += fmt::format("<td class=\"n\">{}</td>",
                         moved.contains(name) ? fmt::format("{:.4f}", moved[name]) : "new");
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

}  // namespace rondo::cli
