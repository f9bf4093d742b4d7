// Walking and storing; evaluate/ grows it.
#include "model/risk_tree.h"

#include <algorithm>

namespace rondo::model {
namespace {

constexpr std::size_t kMostNodes = 31;  // depth 4

Result<RiskTree::Node> node_from(const Json& json) {
  RiskTree::Node node;
  if (!json.contains("column")) {
    node.share = TRY(io::get<double>(json, "share"));
    node.risk = TRY(io::get<double>(json, "risk"));
    return node;
  }
  node.column = TRY(io::get<std::string>(json, "column"));
  if (json.contains("value")) node.value = TRY(io::get<std::string>(json, "value"));
  else node.cut = TRY(io::get<double>(json, "cut"));
  node.left = TRY(io::get<std::uint32_t>(json, "left"));
  node.right = TRY(io::get<std::uint32_t>(json, "right"));
  return node;
}

Json node_json(const RiskTree::Node& node) {
  if (node.column.empty()) return {{"share", node.share}, {"risk", node.risk}};
  Json out = {{"column", node.column}, {"left", node.left}, {"right", node.right}};
  if (node.value) out["value"] = *node.value;
  else out["cut"] = node.cut;
  return out;
}

}  // namespace

std::vector<std::size_t> RiskTree::leaf_numbers() const {
  std::vector<std::size_t> numbers = {0};
  for (const Node& node : nodes) {
    numbers.push_back(numbers.back() + (node.column.empty() ? 1 : 0));
  }
  return numbers;
}

Json RiskTree::to_json() const {
  Json list = Json::array();
  for (const Node& node : nodes) list.push_back(node_json(node));
  return {{"nodes", std::move(list)}, {"rows", rows}};
}

Result<RiskTree> RiskTree::from_json(const Json& json) {
  const auto wrong = fail(Code::kInvalidInput, "the tree of the risk is none");
  RiskTree tree;
  tree.rows = TRY(io::get<std::uint64_t>(json, "rows"));
  const Json list = TRY(io::get<Json>(json, "nodes"));
  if (!list.is_array() || list.empty() || list.size() > kMostNodes) return wrong;
  for (const Json& one : list) {
    Node node = TRY(node_from(one));
    const auto at = static_cast<std::uint32_t>(tree.nodes.size());
    const bool leaf = node.column.empty();
    const bool shares = node.share >= 0 && node.share <= 1 && node.risk >= 0 && node.risk <= 1;
    const bool behind = node.left > at && node.right > at && node.left < list.size() &&
                        node.right < list.size();
    if (leaf ? !shares : !behind) return wrong;
    tree.nodes.push_back(std::move(node));
  }
  return tree;
}

RiskLeaves::RiskLeaves(const RiskTree& tree, std::span<const std::string> columns) : tree_(tree) {
  for (const RiskTree::Node& node : tree.nodes) {
    place_.push_back(static_cast<std::size_t>(std::ranges::find(columns, node.column) -
                                              columns.begin()));
  }
}

std::size_t RiskLeaves::leaf_of(std::span<const Cell> cells) const {
  std::size_t at = 0;
  while (!tree_.nodes[at].column.empty()) {
    const RiskTree::Node& node = tree_.nodes[at];
    bool left = false;
    if (place_[at] < cells.size()) {
      const Cell& cell = cells[place_[at]];
      left = node.value ? cell.kind == Cell::Kind::kText && cell.text == *node.value
                        : cell.kind == Cell::Kind::kNumber && cell.number <= node.cut;
    }
    at = left ? node.left : node.right;
  }
  return at;
}

}  // namespace rondo::model
