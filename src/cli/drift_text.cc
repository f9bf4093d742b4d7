// The table is for all columns; below it stand the numbers of those that moved.
#include "cli/drift_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/render.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kDriftName = 28;    // characters of a column's name
constexpr std::size_t kDriftValue = 24;   // and of a value
constexpr std::size_t kInFull = 8;        // columns that moved, with their numbers
constexpr std::size_t kShares = 5;        // values of a category

std::string word(const Json& object, const char* key) {
  return object.at(key).get<std::string>();
}

std::string part_text(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
}

double known_rows(const Json& cells) {
  return cells.at("rows").get<double>() - cells.at("missing").get<double>();
}

std::string missing_text(const Json& cells) {
  return part_text(cells.at("missing").get<double>(), cells.at("rows").get<double>());
}

/// A number or a moment, as a person reads it.
std::string told(const Json& cells, const char* key) {
  if (!cells.contains(key) || cells.at(key).is_null()) return "-";
  const Json& value = cells.at(key);
  if (value.is_number()) return number(value.get<double>());
  const auto text = value.get<std::string>();
  return text.substr(0, text.ends_with("T00:00:00Z") ? 10 : 16);
}

std::string chance_text(const Json& column) {
  const Json& p = column.contains("p_holm") ? column.at("p_holm") : column.at("p");
  if (p.is_null()) return "-";
  const double value = p.get<double>();
  if (value < 1e-12) return "<1e-12";
  return value < 1e-3 ? fmt::format("{:.1e}", value) : fmt::format("{:.4f}", value);
}

std::string verdict_text(const Json& column, bool color) {
  if (column.at("distance").is_null()) return "-";
  if (!column.at("moved").get<bool>()) return "as before";
  return ink(Ink::kYellow, "moved", color);
}

std::string names_text(const Json& names) {
  std::string out;
  for (const Json& name : names) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", cut(name.get<std::string>(), kDriftName));
  }
  return out;
}

/// New and lost values in one phrase each.
std::string only_text(const Json& column) {
  std::string out;
  for (const char* kind : {"new", "lost"}) {
    if (!column.contains(kind) || column.at(kind).at("count") == 0) continue;
    const Json& only = column.at(kind);
    const auto count = only.at("count").get<std::size_t>();
    const auto first = cut(only.at("values")[0].get<std::string>(), kDriftValue);
    out += fmt::format("; {} {}{}", kind, first,
                       count > 1 ? fmt::format(" and {} more", count - 1) : "");
  }
  return out;
}

std::string numbers_behind(const Json& column, bool color) {
  std::vector<std::vector<std::string>> rows;
  for (const char* side : {"reference", "current"}) {
    const Json& cells = column.at(side);
    const Json quantiles = cells.value("quantiles", Json::object());
    rows.push_back({side, counted(cells.at("rows").get<std::uint64_t>(), "row"),
                    missing_text(cells), told(cells, "mean"), told(cells, "sd"),
                    told(cells, "min"), told(quantiles, "0.05"), told(quantiles, "0.5"),
                    told(quantiles, "0.95"), told(cells, "max")});
  }
  return table({"", "rows", "missing", "mean", "sd", "min", "5 %", "median", "95 %", "max"}, rows,
               color);
}

std::string shares_behind(const Json& column, bool color) {
  std::vector<std::vector<std::string>> rows;
  const Json& top = column.at("top");
  const double before = known_rows(column.at("reference"));
  const double after = known_rows(column.at("current"));
  for (std::size_t i = 0; i < std::min(kShares, top.size()); ++i) {
    rows.push_back({cut(word(top[i], "value"), kDriftValue),
                    part_text(top[i].at("reference").get<double>(), before),
                    part_text(top[i].at("current").get<double>(), after)});
  }
  return table({"value", "reference", "current"}, rows, color);
}

std::string behind(const Json& columns, bool color) {
  std::string out;
  std::size_t shown = 0;
  for (const Json& column : columns) {
    if (!column.at("moved").get<bool>() || shown++ == kInFull) break;
    out += "\n" + ink(Ink::kBold, cut(word(column, "name"), kDriftName), color) +
           (word(column, "type") == "text" ? ", the lengths of its texts" : "") + "\n" +
           (column.contains("top") ? shares_behind(column, color) : numbers_behind(column, color));
  }
  return out;
}

/// What could not be read.
std::string unread_text(const Json& drift) {
  std::string out;
  for (const Json& column : drift.at("columns")) {
    for (const char* side : {"reference", "current"}) {
      const auto unread = column.at(side).at("unread").get<std::uint64_t>();
      if (unread == 0) continue;
      out += fmt::format("\n{} of {} in {} {} no {}, and taken as missing",
                         counted(unread, "cell"), cut(word(column, "name"), kDriftName),
                         word(drift.at(side), "file"), unread == 1 ? "is" : "are",
                         word(column, "type"));
    }
  }
  for (const Json& remark : drift.at("remarks")) out += "\n" + remark.get<std::string>();
  return out.empty() ? out : out + "\n";
}

}  // namespace

std::string drift_sentence(const Json& drift) {
  const auto moved = drift.at("moved").get<std::uint64_t>();
  const Json& columns = drift.at("columns");
  std::string out = fmt::format("{} of {} moved", moved, counted(columns.size(), "column"));
  if (moved > 0) out += ", first " + cut(word(columns[0], "name"), kDriftName);
  if (!drift.at("gone").empty()) out += "; gone: " + names_text(drift.at("gone"));
  if (!drift.at("come").empty()) out += "; new: " + names_text(drift.at("come"));
  return out;
}

std::string drift_basis(const Json& drift) {
  const auto like = word(drift, "like");
  if (like == "own") {
    return "moved: a Jensen-Shannon distance (0 to 1) of the threshold or more, which chance "
           "explains in less than 5 % over all columns";
  }
  if (like == "nannyml") return "by the conventions of NannyML, as one chunk";
  if (like == "tfdv") return "by the conventions of TensorFlow Data Validation";
  const Json& dataset = drift.at("dataset_moved");
  return std::string("by the conventions of Evidently: the dataset ") +
         (dataset.get<bool>() ? "drifted, as half of its columns did"
                              : "did not drift, as less than half of its columns did");
}

std::string distance_text(const Json& column) {
  const Json& distance = column.at("distance");
  if (distance.is_null()) return "-";
  const double value = distance.get<double>();
  const bool small = value > 0 && value < 1e-3;
  return small ? fmt::format("{:.1e}", value) : fmt::format("{:.4f}", value);
}

std::string change_text(const Json& column) {
  if (!word(column, "why").empty()) return word(column, "why");
  const Json &before = column.at("reference"), &after = column.at("current");
  if (!column.contains("widest")) {
    return fmt::format("{} {} to {}", word(column, "type") == "text" ? "mean length" : "mean",
                       told(before, "mean"), told(after, "mean"));
  }
  const Json& widest = column.at("widest");
  if (widest.is_null()) return "no value";
  return fmt::format("{} {} to {}", cut(word(widest, "value"), kDriftValue),
                     part_text(widest.at("reference").get<double>(), known_rows(before)),
                     part_text(widest.at("current").get<double>(), known_rows(after))) +
         only_text(column);
}

std::string drift_text(const Json& drift, bool color) {
  const Json &before = drift.at("reference"), &after = drift.at("current");
  std::string out = fmt::format("{}, {}, to {}, {}\n{}\n{}\n\n", word(before, "file"),
                                counted(before.at("rows").get<std::uint64_t>(), "row"),
                                word(after, "file"),
                                counted(after.at("rows").get<std::uint64_t>(), "row"),
                                ink(Ink::kBold, drift_sentence(drift), color),
                                ink(Ink::kDim, drift_basis(drift), color));
  std::vector<std::vector<std::string>> rows;
  const bool own = word(drift, "like") == "own";
  for (const Json& column : drift.at("columns")) {
    std::vector<std::string> row = {cut(word(column, "name"), kDriftName), word(column, "type")};
    if (!own) row.push_back(column.at("distance").is_null() ? "-" : word(column, "measure"));
    row.push_back(distance_text(column));
    if (own) row.push_back(chance_text(column));
    for (std::string& text : std::vector{verdict_text(column, color),
                                         missing_text(column.at("reference")),
                                         missing_text(column.at("current")),
                                         change_text(column)}) {
      row.push_back(std::move(text));
    }
    rows.push_back(std::move(row));
  }
  std::vector<std::string> header = {"column", "type"};
  if (!own) header.push_back("measure");
  header.push_back(own ? "distance" : "value");
  if (own) header.push_back("p");
  for (const char* name : {"verdict", "missing", "then", "change"}) header.push_back(name);
  out += table(header, rows, color) + behind(drift.at("columns"), color);
  return out + unread_text(drift);
}

}  // namespace rondo::cli
