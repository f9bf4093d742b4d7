// Expectations learnt from data. Each is met by the data that it was learnt from.
// Source: Schelter et al. 2018, "Automating Large-Scale Data Quality Verification", section 4.2,
// and the rules of Deequ 2: completeness, categories (also of 90 % of the rows), uniqueness, sign,
// type.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/words.h"
#include "prepare/expect.h"
#include "stats/intervals.h"
#include "stats/samples.h"

namespace rondo::prepare {
namespace {

using table::Column;
using table::Type;

constexpr double kLevel = 0.99;            // of the bounds on shares
constexpr double kOnce = 0.1;              // categories: values that occur once, of all values
constexpr double kCovered = 0.9;           // a list of categories covers this share of the rows
constexpr std::size_t kMostListed = 100;       // and is no longer
constexpr double kNearUnique = 0.08;
constexpr double kInRange = 0.99;
constexpr double kFar = 0.1;               // Jensen-Shannon; about .05 is chance in 1,000 rows
constexpr std::uint64_t kFewToCompare = 1000;
constexpr std::size_t kMostCompared = 20;  // categories
constexpr std::uint64_t kFewRows = 20;     // of fewer nothing follows

/// Rounded down to four digits, so that the share itself still fits.
double lower_bound(std::uint64_t part, std::uint64_t whole) {
  const double bound = stats::wilson({part, whole}, kLevel).low;
  return std::max(std::floor(bound * 1e4) / 1e4, 1e-4);
}

/// What is seen of one column.
struct Seen {
  const Column& column;
  std::string name;
  std::uint64_t rows = 0, there = 0;
  std::map<std::string, std::uint64_t> counts;  // of values, as text

  Seen(const Column& of, std::string named) : column(of), name(std::move(named)) {
    rows = column.size();
    const bool countable = column.type != Type::kNumber;
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (column.is_null(row)) continue;
      ++there;
      if (countable) ++counts[column.cell_text(row)];
    }
  }
  std::uint64_t once() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(counts, [](const auto& item) { return item.second == 1; }));
  }
};

bool is_near_unique(const Seen& seen) {
  if (seen.column.type != Type::kInteger && !table::is_text(seen.column.type)) return false;
  const double ratio = static_cast<double>(seen.counts.size()) / static_cast<double>(seen.there);
  return std::abs(1 - ratio) <= kNearUnique;
}

class Suggestions {
 public:
  void type(const Seen& seen) {
    const auto name = std::string(name_of(seen.column.type));
    add({{"column", seen.name}, {"type", name}}, fmt::format("every value is of type {}", name));
  }
  void completeness(const Seen& seen) {
    if (seen.there == seen.rows) {
      return add({{"column", seen.name}, {"present", true}}, "no value is missing");
    }
    if (seen.there == 0) return;
    const double share = static_cast<double>(seen.there) / static_cast<double>(seen.rows);
    add({{"column", seen.name}, {"present", true}, {"mostly", lower_bound(seen.there, seen.rows)}},
        fmt::format("{:.2f} % are there; what is asked is the lower bound of that, at 99 %",
                    100 * share));
  }
  void categories(const Seen& seen) {
    if (!table::is_text(seen.column.type)) return;
    std::vector<std::pair<std::uint64_t, std::string>> order;
    for (const auto& [value, count] : seen.counts) order.emplace_back(count, value);
    std::ranges::sort(order, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    const auto distinct = static_cast<double>(order.size());
    const bool closed = static_cast<double>(seen.once()) <= kOnce * distinct;
    if (closed && order.size() <= kMostListed) {
      return list(seen, order, order.size(), "no other value was seen, and few only once");
    }
    std::uint64_t covered = 0;
    std::size_t many = 0;
    while (many < order.size() && static_cast<double>(covered) <
                                      kCovered * static_cast<double>(seen.there)) {
      covered += order[many++].first;
    }
    if (many > kMostListed || 2 * many > order.size()) return;
    list(seen, order, many, "these make up nine rows in ten", lower_bound(covered, seen.there));
  }
  void uniqueness(const Seen& seen) {
    if (!is_near_unique(seen)) return;
    Json expect = {{"column", seen.name}, {"unique", true}};
    if (seen.once() < seen.there) expect["mostly"] = lower_bound(seen.once(), seen.there);
    add(std::move(expect), fmt::format("{} distinct values in {} rows",
                                       grouped(seen.counts.size()), grouped(seen.there)));
  }
  void range(const Seen& seen) {
    if (seen.column.type != Type::kNumber && seen.column.type != Type::kInteger) return;
    double least = INFINITY, most = -INFINITY;
    for (std::size_t row = 0; row < seen.column.size(); ++row) {
      if (seen.column.is_null(row)) continue;
      least = std::min(least, seen.column.as_double(row));
      most = std::max(most, seen.column.as_double(row));
    }
    if (!std::isfinite(least) || !std::isfinite(most)) return;
    if (least >= 0) {
      add({{"column", seen.name}, {"at_least", 0}}, "no value is negative");
    }
    add({{"column", seen.name}, {"between", {least, most}}, {"mostly", kInRange},
         {"else", "warn"}},
        "that is the range of what was seen; one in a hundred may lie beyond");
  }
  void length(const Seen& seen) {
    if (seen.column.type != Type::kText) return;
    std::size_t most = 0;
    for (const auto& [value, count] : seen.counts) most = std::max(most, value.size());
    add({{"column", seen.name}, {"length", {0, 2 * most}}, {"else", "warn"}},
        fmt::format("no text is longer than {} bytes; twice that is odd", most));
  }
  /// Tenths of a number's rows, or the categories' shares.
  void distribution(const Seen& seen) {
    if (seen.there < kFewToCompare) return;
    if (is_near_unique(seen)) return;  // numbers of rows only grow
    const bool number = seen.column.type == Type::kNumber || seen.column.type == Type::kInteger;
    Json expect = {{"column", seen.name}, {"distance", kFar}};
    Json shares = Json::array();
    const auto share = [&](double count) {
      shares.push_back(std::round(1e4 * count / static_cast<double>(seen.there)) / 1e4);
    };
    if (number) {
      std::vector<double> values;
      for (std::size_t row = 0; row < seen.column.size(); ++row) {
        if (!seen.column.is_null(row)) values.push_back(seen.column.as_double(row));
      }
      std::ranges::sort(values);
      std::vector<double> edges;
      for (int tenth = 1; tenth < 10; ++tenth) {
        const double edge = stats::quantile(values, tenth / 10.0);
        if (edge > values.front() && (edges.empty() || edge > edges.back())) edges.push_back(edge);
      }
      if (edges.empty()) return;
      auto from = values.begin();
      for (const double edge : edges) {
        const auto until = std::ranges::lower_bound(values, edge);
        share(static_cast<double>(until - from));
        from = until;
      }
      share(static_cast<double>(values.end() - from));
      expect["edges"] = edges;
    } else {
      if (seen.column.type != Type::kCategory || seen.counts.size() > kMostCompared) return;
      expect["values"] = Json::array();
      for (const auto& [value, count] : seen.counts) {
        expect["values"].push_back(value);
        share(static_cast<double>(count));
      }
    }
    expect["shares"] = std::move(shares);
    expect["else"] = "warn";
    add(std::move(expect), "these are the shares of its values now; at this distance they moved");
  }
  void volume(std::size_t rows) {
    add({{"rows", rows / 2}, {"else", "warn"}},
        fmt::format("there are {} rows; half of them would be odd", grouped(rows)));
  }
  std::vector<Suggestion> take() { return std::move(out_); }

 private:
  void add(Json expect, std::string reason) {
    out_.push_back({std::move(expect), std::move(reason)});
  }
  void list(const Seen& seen, const std::vector<std::pair<std::uint64_t, std::string>>& order,
            std::size_t many, std::string reason, double mostly = 1) {
    Json values = Json::array();
    for (std::size_t i = 0; i < many; ++i) values.push_back(order[i].second);
    Json expect = {{"column", seen.name}, {"in", std::move(values)}};
    if (mostly < 1) {
      expect["mostly"] = mostly;
      expect["else"] = "warn";
    }
    add(std::move(expect), std::move(reason));
  }
  std::vector<Suggestion> out_;
};

}  // namespace

std::vector<Suggestion> suggest(const table::Table& rows, const std::string& target) {
  Suggestions out;
  if (rows.rows() < kFewRows) return out.take();
  for (std::size_t c = 0; c < rows.columns(); ++c) {
    const std::string& name = rows.schema().fields[c].name;
    if (name == table::kTimeColumn) continue;
    const Seen seen(rows.column(c), name);
    if (seen.there < kFewRows) continue;
    out.type(seen);
    if (name != target) out.completeness(seen);  // labels come later
    out.categories(seen);
    out.uniqueness(seen);
    out.range(seen);
    out.length(seen);
    out.distribution(seen);
  }
  out.volume(rows.rows());
  return out.take();
}

}  // namespace rondo::prepare
