// A code is known by three things together: it is a number that people use as one, it is repeated,
// and no other value comes near it.
#include "collect/guess_codes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>

#include "table/contract.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::Type;

constexpr std::array<double, 12> kCodes = {-99,  -200,  -999,  -9999, -99999, -32768,
                                           999,  9999,  99999, 999999, -999999, -9};
constexpr std::size_t kFewest = 3;
constexpr double kShare = 0.005;  // of the rows
constexpr double kFar = 0.2;      // of the code, to the next value

struct Edge {
  double value = 0, next = 0;  // the outermost value and the one beside it
  std::size_t count = 0;       // of the outermost
};

/// The edge on the side of `sign`: 1 greatest, -1 least.
Edge edge_of(const Column& column, double sign) {
  Edge edge{-INFINITY, -INFINITY, 0};
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) continue;
    const double value = sign * column.as_double(row);
    if (value > edge.value) {
      edge = {value, edge.value, 1};
    } else if (value == edge.value) {
      ++edge.count;
    } else {
      edge.next = std::max(edge.next, value);
    }
  }
  return {sign * edge.value, sign * edge.next, edge.count};
}

std::optional<double> code_of(const Column& column) {
  for (const double sign : {-1.0, 1.0}) {
    const Edge edge = edge_of(column, sign);
    const double least = std::max<double>(kFewest, kShare * static_cast<double>(column.size()));
    if (std::ranges::find(kCodes, edge.value) == kCodes.end()) continue;
    if (static_cast<double>(edge.count) < least || !std::isfinite(edge.next)) continue;
    if (std::abs(edge.value - edge.next) >= kFar * std::abs(edge.value)) return edge.value;
  }
  return std::nullopt;
}

/// Letters, digits and signs that mean something: "<=50K." and " <=50k" become "<=50k".
std::string skeleton(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool before_digit =
        i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0;
    const bool point = c == '.' || c == ',' || c == '-';  // "-1" is not "1", nor "1.5" "15"
    if (std::isspace(c) != 0 || c == '_' || (point && !before_digit)) continue;
    if (c == ';' || c == ':' || c == '!' || c == '?' || c == '\'' || c == '"') continue;
    out.push_back(static_cast<char>(std::tolower(c)));
  }
  return out;
}

}  // namespace

std::vector<MissingCode> guess_codes(const table::Table& rows) {
  std::map<double, std::vector<std::string>> found;
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    const table::Field& field = rows.schema().fields[i];
    if (field.name == table::kTimeColumn) continue;
    if (field.type != Type::kNumber && field.type != Type::kInteger) continue;
    if (const auto code = code_of(rows.column(i))) found[*code].push_back(field.name);
  }
  std::vector<MissingCode> codes;
  for (auto& [code, columns] : found) {
    codes.push_back({fmt::format("{:.0f}", code), std::move(columns)});
  }
  return codes;
}

std::vector<std::pair<std::string, std::string>> twins_among(
    const std::vector<std::string>& texts) {
  std::map<std::string, std::string> first;
  std::vector<std::pair<std::string, std::string>> twins;
  for (const std::string& text : texts) {
    const auto [at, fresh] = first.try_emplace(skeleton(text), text);
    if (!fresh) twins.emplace_back(at->second, text);
  }
  return twins;
}

}  // namespace rondo::collect
