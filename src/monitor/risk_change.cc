// Counts and losses by leaf and window; a cause is read off when an alarm asks for it.
#include "monitor/risk_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/seed.h"

namespace rondo::monitor {
namespace {

constexpr std::size_t kWindows = 60, kFewestWindows = 5;
constexpr int kDraws = 200;
constexpr double kShareSteps = 1e4;
constexpr double kWide = 1.96;

/// Of two parts that add up to a rise; one that is below 0 hides some of the other.
double share_of(double part, double other) {
  if (part <= 0) return 0;
  return other <= 0 ? 1 : part / (part + other);
}

}  // namespace

RiskChange::RiskChange(const model::Reference& reference) : tree_(reference.tree) {
  if (tree_.nodes.empty()) return;
  std::vector<std::string> columns;
  for (const model::ColumnReference& column : reference.columns) columns.push_back(column.name);
  walk_.emplace(tree_, columns);
  number_ = tree_.leaf_numbers();
  for (std::size_t node = 0; node < tree_.nodes.size(); ++node) {
    if (tree_.nodes[node].column.empty()) leaves_.push_back(node);
  }
  now_.resize(leaves_.size());
}

void RiskChange::add(const Judged& row, double loss) {
  if (!walk_) return;
  Leaf& leaf = now_[number_[walk_->leaf_of(row.cells)]];
  leaf.rows += 1;
  leaf.loss += loss;
}

void RiskChange::close(OpenSignals::Window window) {
  if (!walk_) return;
  const bool any = std::ranges::any_of(now_, [](const Leaf& leaf) { return leaf.rows > 0; });
  if (any) windows_.push_back({window.from, window.until, now_});
  if (windows_.size() > kWindows) windows_.pop_front();
  std::ranges::fill(now_, Leaf{});
}

RiskChange::Parts RiskChange::parts_of(std::span<const Window* const> windows) const {
  std::vector<Leaf> sums(leaves_.size());
  double rows = 0;
  for (const Window* window : windows) {
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i].rows += window->leaves[i].rows;
      sums[i].loss += window->leaves[i].loss;
      rows += window->leaves[i].rows;
    }
  }
  Parts parts;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const model::RiskTree::Node& leaf = tree_.nodes[leaves_[i]];
    const double share = sums[i].rows / rows;
    parts.shares.push_back(std::round(kShareSteps * share) / kShareSteps);
    parts.mix += (share - leaf.share) * leaf.risk;
    if (sums[i].rows > 0) parts.concept_part += share * (sums[i].loss / sums[i].rows - leaf.risk);
  }
  return parts;
}

Json RiskChange::cause(Time since) const {
  std::vector<const Window*> windows;
  double rows = 0;
  for (const Window& window : windows_) {
    if (window.until <= since) continue;
    windows.push_back(&window);
    for (const Leaf& leaf : window.leaves) rows += leaf.rows;
  }
  const Window unfinished{since, kEndOfTime, now_};
  for (const Leaf& leaf : now_) rows += leaf.rows;
  if (std::ranges::any_of(now_, [](const Leaf& leaf) { return leaf.rows > 0; })) {
    windows.push_back(&unfinished);
  }
  if (windows.empty()) return nullptr;
  const Parts parts = parts_of(windows);
  if (!(parts.mix + parts.concept_part > 0)) return nullptr;
  const double share = share_of(parts.concept_part, parts.mix);
  Json out = {{"concept", share}, {"mix", 1 - share}, {"error", nullptr}, {"rows", rows},
              {"shares", parts.shares}};
  if (windows.size() < kFewestWindows) return out;
  Chance chance(Seed{static_cast<std::uint64_t>(since.us)}.derive("cause"));
  std::vector<const Window*> drawn(windows.size());
  double sum = 0, squares = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    for (const Window*& one : drawn) one = windows[chance.below(windows.size())];
    const Parts again = parts_of(drawn);
    const double one = share_of(again.concept_part, again.mix);
    sum += one;
    squares += one * one;
  }
  const double mean = sum / kDraws;
  out["error"] = kWide * std::sqrt(std::max(0.0, squares / kDraws - mean * mean));
  return out;
}

Json RiskChange::state() const {
  if (!walk_) return nullptr;
  const auto leaves_json = [](const std::vector<Leaf>& leaves) {
    Json out = Json::array();
    for (const Leaf& leaf : leaves) {
      out.push_back(leaf.rows);
      out.push_back(leaf.loss);
    }
    return out;
  };
  Json windows = Json::array();
  for (const Window& window : windows_) {
    windows.push_back({window.from.us, window.until.us, leaves_json(window.leaves)});
  }
  return {{"now", leaves_json(now_)}, {"windows", std::move(windows)}};
}

/// A watcher of before had none.
Result<void> RiskChange::read(const Json& state) {
  if (state.is_null() || !walk_) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's losses by leaf have another shape");
  const auto read_leaves = [&](const Json& json, std::vector<Leaf>& leaves) {
    if (!json.is_array() || json.size() != 2 * leaves_.size()) return false;
    leaves.assign(leaves_.size(), Leaf{});
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (!json[2 * i].is_number() || !json[2 * i + 1].is_number()) return false;
      leaves[i] = {json[2 * i].get<double>(), json[2 * i + 1].get<double>()};
    }
    return true;
  };
  if (!read_leaves(io::get_or<Json>(state, "now", nullptr), now_)) return wrong;
  const Json windows = io::get_or<Json>(state, "windows", nullptr);
  if (!windows.is_array() || windows.size() > kWindows) return wrong;
  windows_.clear();
  for (const Json& one : windows) {
    const bool shaped = one.is_array() && one.size() == 3 && one[0].is_number_integer() &&
                        one[1].is_number_integer();
    Window window;
    if (!shaped || !read_leaves(one[2], window.leaves)) return wrong;
    window.from.us = one[0].get<std::int64_t>();
    window.until.us = one[1].get<std::int64_t>();
    windows_.push_back(std::move(window));
  }
  return {};
}

std::string cause_text(const Json& cause) {
  std::vector<std::string> said;
  if (cause.contains("concept")) {
    const auto percent = [&](const char* key) {
      return std::lround(100 * cause.at(key).get<double>());
    };
    const std::string error =
        cause.at("error").is_null() ? "" : fmt::format(" (+-{})", percent("error"));
    said.push_back(fmt::format("{} %{} concept, {} % mix", percent("concept"), error,
                               percent("mix")));
  }
  const auto columns = io::get_or<std::vector<std::string>>(cause, "columns", {});
  if (!columns.empty()) {
    said.push_back(fmt::format("columns that moved: {}", fmt::join(columns, ", ")));
  }
  return fmt::format("{}", fmt::join(said, "; "));
}

}  // namespace rondo::monitor
