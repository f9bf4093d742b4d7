// A forest as one node of ONNX, linear terms as products of matrices, then what makes answers of
// raw scores. Source: ONNX 1.16, onnx.proto3; ai.onnx.ml version 5, TreeEnsemble.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "model/export.h"
#include "model/forest_build.h"
#include "model/onnx_map.h"
#include "model/onnx_message.h"

namespace rondo::model {
namespace {

constexpr std::int64_t kIrVersion = 10, kOpset = 21, kMlOpset = 5;
constexpr std::uint8_t kLeq = 0, kMember = 6;                          // nodes_modes
constexpr std::int64_t kSum = 1, kNone = 0;

std::string floats(const std::vector<float>& values) {
  return tensor(kFloat, {values.size()}, raw_bytes(values));
}

/// The greatest float that is not above: a float is at most x where it is at most that.
float rounded_down(double x) {
  const auto near = static_cast<float>(x);
  if (static_cast<double>(near) <= x) return near;
  return std::nextafter(near, -std::numeric_limits<float>::infinity());
}

/// The attributes of TreeEnsemble, node by node of all trees.
struct Ensemble {
  std::vector<std::int64_t> roots, features, yes, no, yes_leaf, no_leaf, missing_yes, targets;
  std::string modes;
  std::vector<float> splits, weights, members;
};

std::unexpected<Error> zeros(std::size_t tree) {
  return fail(Code::kInvalidInput,
              fmt::format("tree {}: ONNX cannot send 0 the way of missing values, as it does",
                          tree),
              "train without zero_as_missing, or export to lightgbm");
}

void add_node(Ensemble& out, std::uint32_t feature, float split, std::uint8_t mode, bool missing) {
  out.features.push_back(feature);
  out.splits.push_back(split);
  out.modes.push_back(static_cast<char>(mode));
  out.missing_yes.push_back(missing ? 1 : 0);
}

void add_children(Ensemble& out, std::int64_t yes, bool yes_leaf, std::int64_t no, bool no_leaf) {
  out.yes.push_back(yes);
  out.yes_leaf.push_back(yes_leaf ? 1 : 0);
  out.no.push_back(no);
  out.no_leaf.push_back(no_leaf ? 1 : 0);
}

Result<void> add_split(Ensemble& out, const Loose& forest, const ForestBuilder::Tree& tree,
                       std::size_t node, std::size_t number) {
  const double cut = tree.cut[node];
  const bool left = tree.default_left[node] != 0;
  switch (tree.rule[node]) {
    case 0: add_node(out, tree.feature[node], rounded_down(cut), kLeq, 0 <= cut); return {};
    case 1:
      if ((0 <= cut) != left) return zeros(number);
      add_node(out, tree.feature[node], rounded_down(cut), kLeq, left);
      return {};
    case 2: add_node(out, tree.feature[node], rounded_down(cut), kLeq, left); return {};
    default: break;
  }
  add_node(out, tree.feature[node], 0, kMember, false);
  const auto& words = forest.sets[tree.set[node]];
  for (std::size_t code = 0; code < 32 * words.size(); ++code) {
    const bool member = (words[code / 32] >> (code % 32) & 1U) != 0;
    if (member) out.members.push_back(static_cast<float>(code));
  }
  out.members.push_back(std::numeric_limits<float>::quiet_NaN());  // ends a set
  return {};
}

Result<void> add_tree(Ensemble& out, const Loose& forest, std::size_t number) {
  const ForestBuilder::Tree& tree = forest.trees[number];
  const auto node_from = static_cast<std::int64_t>(out.features.size());
  const auto leaf_from = static_cast<std::int64_t>(out.weights.size());
  const bool stretched = forest.head.link == Link::kSigmoid;
  std::vector<double> leaves = tree.leaves;
  out.roots.push_back(node_from);
  if (tree.left.empty()) {  // a tree has a node there: both ways lead to the same answer
    leaves.push_back(leaves.front());
    add_node(out, 0, 0, kLeq, false);
    add_children(out, leaf_from, true, leaf_from + 1, true);
  }
  const auto place = [&](std::int32_t child) {
    return child < 0 ? leaf_from + ~child : node_from + child;
  };
  for (std::size_t i = 0; i < tree.left.size(); ++i) {
    TRY(add_split(out, forest, tree, i, number));
    add_children(out, place(tree.left[i]), tree.left[i] < 0, place(tree.right[i]),
                 tree.right[i] < 0);
  }
  for (const double leaf : leaves) {
    out.weights.push_back(static_cast<float>(stretched ? leaf * forest.head.sigmoid : leaf));
    out.targets.push_back(static_cast<std::int64_t>(number % forest.head.outputs));
  }
  return {};
}

/// The linear terms, all at once: a column a term, and one a category of a term.
class Lines {
 public:
  explicit Lines(const Loose& forest)
      : outputs_(forest.head.outputs), times_(forest.head.sigmoid) {
    for (const LinearTerm& term : forest.terms) add(term);
  }
  /// From "features" and "trees_score" to "raw_score".
  void put(Message& graph) const {
    const std::size_t numbers = feature_.size(), codes = code_.size();
    const auto constant = [&](std::string_view name, std::initializer_list<std::size_t> shape,
                              const std::vector<float>& values) {
      put_floats(graph, name, shape, values);
    };
    const auto node = [&](const char* op, std::initializer_list<std::string_view> from,
                          std::string_view to, const std::vector<std::string>& attributes = {}) {
      put_node(graph, op, from, to, attributes);
    };
    const auto columns = attribute("axis", std::int64_t{1}), to_float = attribute("to", kToFloat);
    put_integers(graph, "line_feature", feature_);
    constant("line_low", {numbers}, low_);
    constant("line_high", {numbers}, high_);
    constant("line_center", {numbers}, center_);
    constant("line_slope", {numbers, outputs_}, slope_);
    constant("line_missing", {numbers, outputs_}, missing_);
    node("Gather", {"features", "line_feature"}, "line_x", {columns});
    node("IsNaN", {"line_x"}, "line_nan");
    node("Where", {"line_nan", "line_center", "line_x"}, "line_known");
    node("Max", {"line_known", "line_low"}, "line_above");
    node("Min", {"line_above", "line_high"}, "line_within");
    node("Sub", {"line_within", "line_center"}, "line_off");
    node("MatMul", {"line_off", "line_slope"}, "line_sum");
    node("Cast", {"line_nan"}, "line_lacks", {to_float});
    node("MatMul", {"line_lacks", "line_missing"}, "line_missing_sum");
    if (codes == 0) {
      node("Sum", {"trees_score", "line_sum", "line_missing_sum"}, "raw_score");
      return;
    }
    put_integers(graph, "code_feature", code_feature_);
    constant("code", {codes}, code_);
    constant("code_adds", {codes, outputs_}, adds_);
    node("Gather", {"features", "code_feature"}, "code_x", {columns});
    node("Equal", {"code_x", "code"}, "code_is");
    node("Cast", {"code_is"}, "code_counts", {to_float});
    node("MatMul", {"code_counts", "code_adds"}, "code_sum");
    node("Sum", {"trees_score", "line_sum", "line_missing_sum", "code_sum"}, "raw_score");
  }

 private:
  static constexpr std::int64_t kToFloat = 1;
  void add_row(std::vector<float>& table, std::size_t output, double value) const {
    table.resize(table.size() + outputs_);
    table[table.size() - outputs_ + output] = static_cast<float>(value * times_);
  }
  void add(const LinearTerm& term) {
    // A missing category is a line without a slope. Where x is missing it stands at the center,
    // which may lie outside of the ends.
    const double there = std::clamp(term.center, term.low, term.high) - term.center;
    feature_.push_back(term.feature);
    low_.push_back(static_cast<float>(term.low));
    high_.push_back(static_cast<float>(term.high));
    center_.push_back(static_cast<float>(term.center));
    add_row(slope_, term.output, term.slope);
    add_row(missing_, term.output, term.missing - term.slope * there);
    for (std::size_t k = 0; k < term.by_code.size(); ++k) {
      code_feature_.push_back(term.feature);
      code_.push_back(static_cast<float>(k));
      add_row(adds_, term.output, term.by_code[k]);
    }
  }

  std::size_t outputs_;
  double times_;
  std::vector<std::int64_t> feature_, code_feature_;
  std::vector<float> low_, high_, center_, slope_, missing_, code_, adds_;
};

std::string graph_of(const Ensemble& trees, const Loose& forest, const Answering& answering) {
  const ForestBuilder::Head& head = forest.head;
  std::vector<std::string> attributes = {
      attribute("aggregate_function", kSum),
      attribute("leaf_targetids", trees.targets),
      tensor_attribute("leaf_weights", floats(trees.weights)),
      attribute("n_targets", static_cast<std::int64_t>(head.outputs)),
      attribute("nodes_falseleafs", trees.no_leaf),
      attribute("nodes_falsenodeids", trees.no),
      attribute("nodes_featureids", trees.features),
      attribute("nodes_missing_value_tracks_true", trees.missing_yes),
      tensor_attribute("nodes_modes", tensor(kUint8, {trees.modes.size()}, trees.modes)),
      tensor_attribute("nodes_splits", floats(trees.splits)),
      attribute("nodes_trueleafs", trees.yes_leaf),
      attribute("nodes_truenodeids", trees.yes),
      attribute("post_transform", kNone),
      attribute("tree_roots", trees.roots)};
  if (!trees.members.empty()) {
    attributes.push_back(tensor_attribute("membership_values", floats(trees.members)));
  }
  Message out;
  const bool plain = forest.terms.empty();
  out.bytes(1, node_message("TreeEnsemble", {"features"}, plain ? "raw_score" : "trees_score",
                            "ai.onnx.ml", attributes));
  if (!plain) Lines(forest).put(out);
  put_answer(out, head.link, head.outputs, answering.calibration);
  out.bytes(2, "rondo");
  out.bytes(11, value_info("features", head.features));
  out.bytes(12, value_info("prediction", head.outputs));
  out.bytes(12, value_info("raw_score", head.outputs));
  return out.take();
}

}  // namespace

Result<std::string> to_onnx(const Pipeline& pipeline) {
  TRY(check_no_neighbours(pipeline.parts().forest));
  const Loose forest = take_apart(pipeline.parts().forest);
  Ensemble trees;
  for (std::size_t i = 0; i < forest.trees.size(); ++i) TRY(add_tree(trees, forest, i));
  Message out;
  out.number(1, static_cast<std::uint64_t>(kIrVersion));
  out.bytes(2, "rondo");
  out.bytes(7, graph_of(trees, forest, pipeline.parts().answering));
  out.bytes(8, opset("", kOpset));
  out.bytes(8, opset("ai.onnx.ml", kMlOpset));
  Answering left = pipeline.parts().answering;
  left.calibration = {};  // it is in the graph, and is not to be applied twice
  const Json about[] = {feature_list(pipeline.transform()), Json(pipeline.parts().classes),
                        Json(pipeline.parts().levels), left.to_json()};
  const char* const names[] = {"features", "classes", "levels", "answering"};
  for (std::size_t i = 0; i < std::size(about); ++i) {
    Message entry;
    entry.bytes(1, names[i]);
    entry.bytes(2, io::canonical(about[i]));
    out.bytes(14, entry.take());
  }
  return out.take();
}

}  // namespace rondo::model
