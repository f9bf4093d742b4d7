// Pictures are blocks; they stand last in a line, so that no width is counted from their bytes.
#include "cli/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/render.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kPicture = 20;       // characters of a histogram
constexpr std::size_t kNameWide = 24;
constexpr std::size_t kValueWide = 20;
constexpr std::size_t kPairs = 5;          // of correlated columns in the summary
constexpr double kStrong = 0.5;            // and how strongly at least
constexpr double kFar = 0.02;              // drift that is worth a line

std::string text_in(const Json& object, const char* key) {
  return object.at(key).get<std::string>();
}

double number_in(const Json& object, const char* key) { return object.at(key).get<double>(); }

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
}

/// A number as a person reads it, a time without what is zero at its end.
std::string value_text(const Json& column, const char* key) {
  if (!column.contains(key) || column.at(key).is_null()) return "-";
  const Json& value = column.at(key);
  if (value.is_number()) return number(value.get<double>());
  const auto text = value.get<std::string>();
  if (text.ends_with('s')) return number(std::stod(text) / 86'400) + " days";  // a span
  return text.substr(0, text.ends_with("T00:00:00Z") ? 10 : 16);
}

double rows_of(const Json& column) {
  return number_in(column, "count") + number_in(column, "missing");
}

std::vector<double> counts_of(const Json& column) {
  return column.at("histogram").at("counts").get<std::vector<double>>();
}

/// Of numbers and times how they are distributed, of all others what is commonest.
std::string picture(const Json& column) {
  if (column.contains("histogram")) return spark(counts_of(column), kPicture);
  std::string out;
  const Json& top = column.at("top");
  for (std::size_t i = 0; i < std::min<std::size_t>(3, top.size()); ++i) {
    out += fmt::format("{}{} {}", i == 0 ? "" : ", ", cut(text_in(top[i], "value"), 12),
                       percent(number_in(top[i], "count"), number_in(column, "count")));
  }
  return out;
}

std::string correlations_text(const Json& pairs, double least, std::size_t most) {
  std::string out;
  for (const Json& pair : pairs) {
    if (most == 0 || pair.at("r").is_null() || std::abs(number_in(pair, "r")) < least) break;
    out += fmt::format("{:+.3f}  {} and {}\n", number_in(pair, "r"), text_in(pair, "a"),
                       text_in(pair, "b"));
    --most;
  }
  return out;
}

std::string drifted_text(const Json& profile, bool color) {
  std::vector<std::vector<std::string>> lines;
  for (const Json& move : profile.at("drift")) {
    const double gaps = number_in(move, "missing_after") - number_in(move, "missing_before");
    if (number_in(move, "distance") < kFar && std::abs(gaps) < kFar) continue;
    lines.push_back({cut(text_in(move, "name"), kNameWide),
                     fmt::format("{:.4f}", number_in(move, "distance")),
                     percent(number_in(move, "missing_before"), 1),
                     percent(number_in(move, "missing_after"), 1)});
  }
  const std::string before = text_in(profile, "before");
  if (lines.empty()) return fmt::format("\nno column moved by {} since {}\n", kFar, before);
  return "\n" + table({"moved since " + before, "distance", "missing before", "after"}, lines,
                      color);
}

std::string bars(const Json& column) {
  const std::vector<double> counts = counts_of(column);
  const Json &low = column.at("histogram").at("low"), &high = column.at("histogram").at("high");
  const double most = std::max(1.0, *std::ranges::max_element(counts));
  std::string out = fmt::format("\nhistogram from {} to {}, {} of equal width\n",
                                value_text(column.at("histogram"), "low"),
                                value_text(column.at("histogram"), "high"),
                                counted(counts.size(), "bin"));
  std::vector<std::vector<std::string>> lines;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    std::string from = std::to_string(i + 1);
    if (low.is_number()) {
      const double share = static_cast<double>(i) / static_cast<double>(counts.size());
      from = number(low.get<double>() + share * (high.get<double>() - low.get<double>()));
    }
    const auto width = static_cast<std::size_t>(std::ceil(counts[i] / most * 40));
    lines.push_back({from, number(counts[i]), std::string(width, '#')});
  }
  return out + table({low.is_number() ? "from" : "bin", "rows", ""}, lines, false);
}

std::string quantiles_text(const Json& column, bool color) {
  std::vector<std::string> header = {"min"}, line = {value_text(column, "min")};
  for (const auto& [share, value] : column.at("quantiles").items()) {
    header.push_back(fmt::format("{:g} %", 100 * std::stod(share)));
    line.push_back(value_text(column.at("quantiles"), share.c_str()));
  }
  header.push_back("max");
  line.push_back(value_text(column, "max"));
  return "\n" + table(header, {line}, color);
}

std::string top_text(const Json& column, bool color) {
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : column.at("top")) {
    lines.push_back({cut(text_in(one, "value"), 2 * kValueWide),
                     number(number_in(one, "count")),
                     percent(number_in(one, "count"), number_in(column, "count"))});
  }
  return lines.empty() ? "" : "\n" + table({"commonest", "rows", "share"}, lines, color);
}

}  // namespace

const Json* find_column(const Json& profile, const std::string& name) {
  for (const Json& column : profile.at("columns")) {
    if (text_in(column, "name") == name) return &column;
  }
  return nullptr;
}

std::string profile_text(const Json& profile, bool color) {
  std::vector<std::vector<std::string>> lines;
  for (const Json& column : profile.at("columns")) {
    const auto median = [&]() -> std::string {
      return column.contains("quantiles") ? value_text(column.at("quantiles"), "0.5") : "";
    };
    const auto edge = [&](const char* key) {
      return column.contains(key) ? value_text(column, key) : std::string();
    };
    lines.push_back({cut(text_in(column, "name"), kNameWide), text_in(column, "type"),
                     percent(number_in(column, "missing"), rows_of(column)),
                     number(number_in(column, "distinct")), edge("min"), median(), edge("max"),
                     picture(column)});
  }
  const std::string head = fmt::format("{}: {}, {}", text_in(profile, "version"),
                                       counted(profile.at("rows").get<std::size_t>(), "row"),
                                       counted(lines.size(), "column"));
  std::string out = ink(Ink::kDim, head, color) + "\n";
  out += table({"column", "type", "missing", "distinct", "min", "median", "max", "distribution"},
               lines, color);
  if (const std::string pairs = correlations_text(profile.at("correlations"), kStrong, kPairs);
      !pairs.empty()) {
    out += "\ncorrelated\n" + pairs;
  }
  return profile.at("before").is_null() ? out : out + drifted_text(profile, color);
}

std::string column_text(const Json& profile, const Json& column, bool color) {
  const std::string name = text_in(column, "name");
  std::string out = ink(Ink::kBold, name, color) +
                    fmt::format("  {} in {}\n", text_in(column, "type"),
                                text_in(profile, "version"));
  out += fmt::format("{}, {} missing ({}), {} distinct\n",
                     counted(column.at("count").get<std::size_t>(), "value"),
                     number(number_in(column, "missing")),
                     percent(number_in(column, "missing"), rows_of(column)),
                     number(number_in(column, "distinct")));
  if (column.contains("quantiles")) {
    out += fmt::format("mean {}, sd {}\n", value_text(column, "mean"), value_text(column, "sd"));
    out += quantiles_text(column, color) + bars(column);
  }
  out += top_text(column, color);
  Json pairs = Json::array();
  for (const Json& pair : profile.at("correlations")) {
    if (pair.at("a") == name || pair.at("b") == name) pairs.push_back(pair);
  }
  if (const std::string some = correlations_text(pairs, 0, kPairs); !some.empty()) {
    out += "\ncorrelated\n" + some;
  }
  for (const Json& move : profile.at("drift")) {
    if (move.at("name") != name) continue;
    out += fmt::format("\ndrift since {}: distance {:.4f}, missing {} then, {} now\n",
                       text_in(profile, "before"), number_in(move, "distance"),
                       percent(number_in(move, "missing_before"), 1),
                       percent(number_in(move, "missing_after"), 1));
  }
  return out;
}

}  // namespace rondo::cli
