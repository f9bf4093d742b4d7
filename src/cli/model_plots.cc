// Planes with axes, and rows with something drawn behind their names.
#include "cli/model_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/card_text.h"
#include "cli/render.h"
#include "cli/report.h"

namespace rondo::cli {
namespace {

constexpr double kWide = 420, kHigh = 300, kLeft = 56, kBottom = 34, kTop = 12, kRight = 12;
constexpr const char* kBlue = "#1f6feb";
constexpr const char* kGrey = "#8c959f";

struct Range {
  double low = 1e300, high = -1e300;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// Never empty, with a little air.
  Range padded() const {
    if (low > high) return {0, 1};
    const double air = high > low ? (high - low) * 0.04 : std::max(std::abs(high) * 0.1, 1e-9);
    return {low - air, high + air};
  }
};

/// A plane with axes.
class Plane {
 public:
  Plane(Range across, Range up, const std::string& x_name, const std::string& y_name)
      : x_(across), y_(up) {
    out_ = fmt::format("<svg viewBox=\"0 0 {} {}\" style=\"max-width:{}px\" role=\"img\" "
                       "aria-label=\"{} by {}\">", kWide, kHigh, kWide, escaped(y_name),
                       escaped(x_name));
    for (int i = 0; i <= 4; ++i) {
      const double v = y_.low + (y_.high - y_.low) * i / 4;
      const double h = x_.low + (x_.high - x_.low) * i / 4;
      out_ += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#8884\" "
                          "stroke-width=\".5\"/><text x=\"2\" y=\"{:.1f}\">{}</text>"
                          "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                          kLeft, kWide - kRight, y(v), y(v), y(v) + 4, number(v), x(h),
                          kHigh - 18, number(h));
    }
    out_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>"
                        "<text x=\"{}\" y=\"10\">{}</text>", (kWide + kLeft) / 2, kHigh - 4,
                        escaped(x_name), kLeft, escaped(y_name));
  }
  double x(double v) const {
    return kLeft + (v - x_.low) / (x_.high - x_.low) * (kWide - kLeft - kRight);
  }
  double y(double v) const {
    return kTop + (y_.high - v) / (y_.high - y_.low) * (kHigh - kTop - kBottom);
  }
  void line(const std::vector<std::pair<double, double>>& points, const char* color,
            const char* dash = "") {
    std::string text;
    for (const auto& [a, b] : points) text += fmt::format("{:.1f},{:.1f} ", x(a), y(b));
    out_ += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" "
                        "stroke-dasharray=\"{}\" points=\"{}\"/>", color, dash, text);
  }
  void dot(double a, double b, const char* color, const std::string& title) {
    out_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.2\" fill=\"{}\"><title>{}"
                        "</title></circle>", x(a), y(b), color, escaped(title));
  }
  void bar(double a, double low, double high, const char* color) {
    out_ += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" "
                        "stroke=\"{3}\"/>", x(a), y(low), y(high), color);
  }
  std::string take() { return out_ + "</svg>"; }

 private:
  Range x_, y_;
  std::string out_;
};

std::string roc_picture(const Json& points) {
  Plane plane({0, 1}, {0, 1}, "share of the negative that is called positive",
              "share of the positive that is found");
  plane.line({{0, 0}, {1, 1}}, kGrey, "4 4");
  std::vector<std::pair<double, double>> line;
  for (const Json& point : points) {
    line.emplace_back(number_at(point, "false_positive"), number_at(point, "true_positive"));
  }
  plane.line(line, kBlue);
  return plane.take();
}

std::string tenths_picture(const Json& points) {
  Range range;
  for (const Json& point : points) {
    for (const char* key : {"answer", "truth", "low", "high"}) range.add(number_at(point, key));
  }
  const Range both = range.padded();
  Plane plane(both, both, "mean answer of a tenth of the rows", "mean truth");
  plane.line({{both.low, both.low}, {both.high, both.high}}, kGrey, "4 4");
  for (const Json& point : points) {
    plane.bar(number_at(point, "answer"), number_at(point, "low"), number_at(point, "high"), kBlue);
    plane.dot(number_at(point, "answer"), number_at(point, "truth"), kBlue,
              fmt::format("{} rows: answered {}, came {}", number(number_at(point, "rows")),
                          number(number_at(point, "answer")), number(number_at(point, "truth"))));
  }
  return plane.take();
}

std::string confusion_table(const Json& curve) {
  std::string out = "<table><tr><th>truth \\ answer</th>";
  for (const Json& name : curve.at("classes")) {
    out += fmt::format("<th>{}</th>", escaped(name.get<std::string>()));
  }
  out += "</tr>\n";
  for (std::size_t i = 0; i < curve.at("counts").size(); ++i) {
    const Json& line = curve.at("counts")[i];
    double rows = 0;
    for (const Json& count : line) rows += count.get<double>();
    out += fmt::format("<tr><th>{}</th>", escaped(curve.at("classes")[i].get<std::string>()));
    for (const Json& count : line) {
      const double share = rows > 0 ? count.get<double>() / rows : 0;
      out += fmt::format("<td class=\"n\" style=\"background:rgba(31,111,235,{:.2f})\">{}</td>",
                         0.6 * share, number(count.get<double>()));
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

/// Names at the left, something to the right of each.
std::string rows_picture(const std::vector<std::string>& names, double left,
                         const std::vector<std::string>& drawn) {
  const double high = 22 * static_cast<double>(names.size()) + 6;
  std::string out = fmt::format("<svg viewBox=\"0 0 760 {}\" style=\"max-width:760px\" "
                                "role=\"img\">", high);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double y = 22 * static_cast<double>(i) + 3;
    out += fmt::format("<g transform=\"translate(0 {})\"><text x=\"{}\" y=\"14\" "
                       "text-anchor=\"end\">{}</text>{}</g>", y, left - 8,
                       escaped(cut(names[i], 34)), drawn[i]);
  }
  return out + "</svg>";
}

}  // namespace

std::string curve_picture(const Json& curve) {
  const std::string kind = text_at(curve, "kind");
  if (kind == "roc") return roc_picture(curve.at("points"));
  return kind == "tenths" ? tenths_picture(curve.at("points")) : confusion_table(curve);
}

std::string reliability_picture(const Json& reliability) {
  Plane plane({0, 1}, {0, 1}, "probability that was said", "share that came");
  plane.line({{0, 0}, {1, 1}}, kGrey, "4 4");
  for (const Json& bin : reliability.at("bins")) {
    const double said = number_at(bin, "mean_probability");
    plane.bar(said, number_at(bin, "share_low"), number_at(bin, "share_high"), kBlue);
    plane.dot(said, number_at(bin, "share"), kBlue,
              fmt::format("{} rows: said {:.3f}, came {:.3f}", number(number_at(bin, "rows")), said,
                          number_at(bin, "share")));
  }
  return plane.take();
}

std::string gains_picture(const Json& rivals) {
  constexpr double kFrom = 220, kUntil = 600;
  double most = 1e-300;
  for (const Json& rival : rivals) {
    for (const char* key : {"low", "gain", "high"}) {
      const double end = std::abs(number_at(rival, key));
      if (std::isfinite(end)) most = std::max(most, end);
    }
  }
  const auto x = [&](double v) { return kFrom + (v / most + 1) / 2 * (kUntil - kFrom); };
  std::vector<std::string> names, drawn;
  for (const Json& rival : rivals) {
    names.push_back(text_at(rival, "name"));
    const double low = number_at(rival, "low"), high = number_at(rival, "high");
    const double gain = number_at(rival, "gain");
    const char* color = low > 0 ? "#2a9d55" : high < 0 ? "#cf222e" : "#d9822b";
    drawn.push_back(fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"0\" y2=\"22\" stroke=\"{1}\" "
        "stroke-dasharray=\"2 2\"/><line x1=\"{2:.1f}\" x2=\"{3:.1f}\" y1=\"10\" y2=\"10\" "
        "stroke=\"{4}\" stroke-width=\"2\"/><circle cx=\"{5:.1f}\" cy=\"10\" r=\"3.5\" "
        "fill=\"{4}\"/><text x=\"{6}\" y=\"14\">{7} ({8} to {9})</text>",
        x(0), kGrey, x(low), x(high), color, x(gain), kUntil + 10, number(gain), number(low),
        number(high)));
  }
  return rows_picture(names, kFrom, drawn);
}

std::string reasons_picture(const Json& reasons) {
  constexpr double kFrom = 240, kLongest = 420;
  std::vector<std::string> names, drawn;
  const Json& features = reasons.at("features");
  const double most = features.empty() ? 1 : std::max(number_at(features[0], "mean"), 1e-300);
  for (const Json& one : features) {
    if (names.size() == 20) break;
    names.push_back(text_at(one, "feature"));
    const double width = number_at(one, "mean") / most * kLongest;
    drawn.push_back(fmt::format("<rect x=\"{}\" y=\"3\" width=\"{:.1f}\" height=\"14\" "
                                "fill=\"{}\"/><text x=\"{:.1f}\" y=\"14\">{:.1f} %</text>", kFrom,
                                std::max(width, 0.5), kBlue, kFrom + width + 6,
                                100 * number_at(one, "share")));
  }
  return rows_picture(names, kFrom, drawn);
}

std::string search_picture(const Json& tried) {
  Range x, y;
  x.add(1);
  std::vector<std::pair<double, double>> best;
  double least = 1e300;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const double loss = number_at(tried[i], "loss");
    x.add(static_cast<double>(i + 1));
    if (tried[i].contains("ended") || !std::isfinite(loss)) continue;  // of a part of the folds
    y.add(loss);
    least = std::min(least, loss);
    best.emplace_back(static_cast<double>(i + 1), least);
  }
  Plane plane(x.padded(), y.padded(), "candidate", "loss out of fold");
  plane.line(best, kGrey);
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const double loss = number_at(tried[i], "loss");
    if (tried[i].contains("ended") || !std::isfinite(loss)) continue;
    plane.dot(static_cast<double>(i + 1), loss,
              io::get_or<int>(tried[i], "times", 0) > 0 ? "#2a9d55" : kBlue,
              fmt::format("{}: {}", text_at(tried[i], "origin"), number(loss)));
  }
  return plane.take();
}

}  // namespace rondo::cli
