// Columns by window: a picture of the whole history, and when each column was farthest out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/render.h"
#include "cli/report.h"
#include "io/digest.h"
#include "io/png.h"
#include "model/bins.h"

namespace rondo::cli {
namespace {

using model::ShiftScale;
constexpr std::size_t kFarthest = 12;

/// Pale where nothing moved, red where every row did, by the square root: a tenth of the rows is
/// much already. Grey: not judged, or still learning.
std::vector<io::Rgb> palette(double steps) {
  std::vector<io::Rgb> colours;
  for (int value = 0; value < 256; ++value) {
    if (value >= ShiftScale::kUnjudged) {
      colours.push_back({190, 190, 190});
      continue;
    }
    const double much = std::sqrt(std::min(1.0, value / steps));
    const auto mixed = [&](int from, int to) {
      return static_cast<std::uint8_t>(std::lround(from + (to - from) * much));
    };
    colours.push_back({mixed(238, 176), mixed(238, 32), mixed(234, 32)});
  }
  return colours;
}

struct Farthest {
  std::string column, from;
  std::uint8_t beyond = 0;
};

}  // namespace

std::string shifts_section(const Json& shifts) {
  const Json& windows = shifts.at("windows");
  const auto columns = shifts.at("columns").get<std::vector<std::string>>();
  if (windows.empty() || columns.empty()) return {};
  const double steps = shifts.at("steps").get<double>();
  const std::size_t width = windows.size();
  std::vector<std::uint8_t> pixels(width * columns.size(), ShiftScale::kUnjudged);
  std::vector<Farthest> far;
  for (const std::string& column : columns) far.push_back({column, "", 0});
  for (std::size_t x = 0; x < width; ++x) {
    const auto bytes = io::from_base64url(windows[x].at("beyond").get<std::string>());
    for (std::size_t y = 0; bytes && y < std::min(columns.size(), bytes->size()); ++y) {
      const auto value = static_cast<std::uint8_t>((*bytes)[y]);
      pixels[y * width + x] = value;
      if (value >= ShiftScale::kUnjudged || value <= far[y].beyond) continue;
      far[y].beyond = value;
      far[y].from = windows[x].at("from").get<std::string>();
    }
  }
  const std::string png =
      io::png_of(static_cast<std::uint32_t>(width), pixels, palette(steps));
  std::string text = io::base64url(png);  // a picture's address wants the other two letters
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  std::string out = fmt::format(
      "<h2>Columns by window</h2><p>The share of rows where no window of the training had them: "
      "pale none, red all, grey not judged. {} of {}, from {} to {}; a row of the picture a "
      "column, from the top: {}.</p><img alt=\"columns by window\" "
      "src=\"data:image/png;base64,{}\" "
      "style=\"width:100%;height:{}px;image-rendering:pixelated\">",
      counted(width, "window"), escaped(shifts.at("clock").get<std::string>()),
      escaped(windows.front().at("from").get<std::string>()),
      escaped(windows.back().at("until").get<std::string>()),
      escaped(fmt::format("{}", fmt::join(columns, ", "))), text,
      std::max<std::size_t>(60, 12 * columns.size()));
  std::ranges::stable_sort(far, std::ranges::greater(), &Farthest::beyond);
  Json rows = Json::array();
  for (const Farthest& one : far) {
    if (one.beyond == 0 || rows.size() == kFarthest) break;
    rows.push_back({{"column", one.column},
                    {"share", fmt::format("{:.0f} %", 100 * one.beyond / steps)},
                    {"from", one.from}});
  }
  if (rows.empty()) return out + "<p>No column was out of its place in any window.</p>";
  return out + html_table({{"column", "column"}, {"share", "rows out of place, at most"},
                           {"from", "in the window from"}}, rows);
}

}  // namespace rondo::cli
