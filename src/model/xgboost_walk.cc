// As src/predictor/cpu_predictor.cc and src/tree/regtree of XGBoost 3 say it: a value goes left
// when it is, as a float, below the condition; a category goes right when the node's set holds it;
// what is missing goes where the node sends it.
#include "model/xgboost_walk.h"

#include <cmath>
#include <cstdlib>

#include "model/foreign.h"

namespace rondo::model {
namespace {

class Walker {
 public:
  static Result<Walker> of(const Json& document, std::size_t outputs) {
    Walker out;
    const Json& learner = document.at("learner");
    TRY(out.read_base(learner, outputs));
    const Json& model = learner.at("gradient_booster").at("model");
    for (const Json& tree : model.at("trees")) out.trees_.push_back(tree_of(tree));
    out.output_of_ = model.at("tree_info").get<std::vector<std::size_t>>();
    return out;
  }

  void row(std::span<const double> features, std::span<double> sums,
           std::span<double> in_float) const {
    std::vector<float> single = base_float_;
    std::ranges::copy(base_, sums.begin());
    for (std::size_t i = 0; i < trees_.size(); ++i) {
      const float leaf = leaf_of(trees_[i], features);
      single[output_of_[i]] += leaf;
      sums[output_of_[i]] += static_cast<double>(leaf);
    }
    std::ranges::copy(single, in_float.begin());
  }

 private:
  struct Tree {
    std::vector<std::int64_t> left, right, feature;
    std::vector<float> condition;
    std::vector<bool> default_left, by_set;
    std::vector<std::vector<std::int64_t>> sets;  // of the nodes that have one
  };

  static std::vector<bool> truths(const Json& list) {
    std::vector<bool> out;
    for (const Json& one : list) out.push_back(one.is_boolean() ? one.get<bool>() : one != 0);
    return out;
  }

  static Tree tree_of(const Json& json) {
    Tree tree;
    json.at("left_children").get_to(tree.left);
    json.at("right_children").get_to(tree.right);
    json.at("split_indices").get_to(tree.feature);
    json.at("split_conditions").get_to(tree.condition);
    tree.default_left = truths(json.at("default_left"));
    tree.by_set.assign(tree.left.size(), false);
    tree.sets.resize(tree.left.size());
    if (!json.contains("split_type")) return tree;
    tree.by_set = truths(json.at("split_type"));
    const Json& nodes = json.at("categories_nodes");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto node = nodes[i].get<std::size_t>();
      const auto from = json.at("categories_segments")[i].get<std::size_t>();
      const auto size = json.at("categories_sizes")[i].get<std::size_t>();
      for (std::size_t k = from; k < from + size; ++k) {
        tree.sets[node].push_back(json.at("categories")[k].get<std::int64_t>());
      }
    }
    return tree;
  }

  static bool goes_left(const Tree& tree, std::size_t node, double value) {
    const auto x = static_cast<float>(value);
    if (std::isnan(x)) return tree.default_left[node];
    if (!tree.by_set[node]) return x < tree.condition[node];
    const auto category = static_cast<std::int64_t>(x);
    return std::ranges::find(tree.sets[node], category) == tree.sets[node].end();
  }

  static float leaf_of(const Tree& tree, std::span<const double> features) {
    std::size_t node = 0;
    while (tree.left[node] != -1) {
      const double value = features[static_cast<std::size_t>(tree.feature[node])];
      node = static_cast<std::size_t>(goes_left(tree, node, value) ? tree.left[node]
                                                                   : tree.right[node]);
    }
    return tree.condition[node];
  }

  /// The base score before the link: XGBoost has it in floats, where we round what doubles say.
  Result<void> read_base(const Json& learner, std::size_t outputs) {
    const auto name = learner.at("objective").at("name").get<std::string>();
    std::string text = learner.at("learner_model_param").at("base_score").get<std::string>();
    std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
    const char* at = text.c_str();
    while (*at != '\0') {
      char* end = nullptr;
      const float score = std::strtof(at, &end);
      if (end == at) return fail(Code::kInvalidInput, "XGBoost's base_score holds no number");
      at = *end == ',' ? end + 1 : end;
      const auto wide = static_cast<double>(score);
      const bool logistic = name == "binary:logistic" || name == "reg:logistic";
      const bool exponential =
          name == "count:poisson" || name == "reg:gamma" || name == "reg:tweedie";
      base_.push_back(logistic      ? -std::log(1 / wide - 1)
                      : exponential ? std::log(wide)
                                    : wide);
      base_.back() = 0.0 + static_cast<double>(static_cast<float>(base_.back()));  // never -0
      base_float_.push_back(logistic      ? -std::log(1.0F / score - 1.0F)
                            : exponential ? std::log(score)
                                          : score);
    }
    base_.resize(outputs, base_.empty() ? 0 : base_[0]);
    base_float_.resize(outputs, base_float_.empty() ? 0 : base_float_[0]);
    return {};
  }

  std::vector<double> base_;
  std::vector<float> base_float_;
  std::vector<Tree> trees_;
  std::vector<std::size_t> output_of_;
};

}  // namespace

Result<XgboostWalk> walk_xgboost(std::string_view bytes, std::size_t width, std::size_t outputs,
                                 std::span<const double> features) {
  const Json document = TRY(xgboost_document(bytes));
  const Walker walker = TRY(Walker::of(document, outputs));
  const std::size_t rows = features.size() / width;
  XgboostWalk out;
  out.sums.resize(rows * outputs);
  out.in_float.resize(rows * outputs);
  for (std::size_t row = 0; row < rows; ++row) {
    walker.row(features.subspan(row * width, width),
               std::span(out.sums).subspan(row * outputs, outputs),
               std::span(out.in_float).subspan(row * outputs, outputs));
  }
  return out;
}

}  // namespace rondo::model
