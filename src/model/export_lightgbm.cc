// LightGBM's text, as its own SaveModelToString writes it; what only training reads is left out.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/export.h"
#include "model/forest_build.h"

namespace rondo::model {
namespace {

template <class T>
std::string joined(const std::vector<T>& values) {
  std::string out;
  for (const T value : values) {
    if (!out.empty()) out += ' ';
    if constexpr (std::is_same_v<T, double>) out += fmt::format("{:.17g}", value);
    else out += fmt::format("{}", value);
  }
  return out;
}

Result<std::string> objective_of(const Pipeline& pipeline, const ForestBuilder::Head& head) {
  switch (head.link) {
    case Link::kIdentity: return std::string("regression");
    case Link::kExp: return std::string("poisson");
    case Link::kSoftmax: return fmt::format("multiclass num_class:{}", head.outputs);
    case Link::kAscending:
      return fail(Code::kInvalidInput, "LightGBM's text has no model of several quantiles",
                  "`rondo export V --to onnx` writes all of them");
    case Link::kSigmoid: break;
  }
  if (pipeline.parts().task == Task::kBinary) {
    return fmt::format("binary sigmoid:{:.17g}", head.sigmoid);
  }
  if (head.sigmoid == 1) return std::string("cross_entropy");
  return fail(Code::kInvalidInput, "LightGBM's text has no regression behind a stretched sigmoid");
}

/// Blanks and what LightGBM takes for syntax become "_"; each name once.
std::vector<std::string> plain_names(const Transform& transform) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (std::string name : transform.feature_names()) {
    for (char& c : name) {
      if (std::string_view(" \t\r\n,:[]{}\"").find(c) != std::string_view::npos) c = '_';
    }
    const std::string begun = name;
    for (int i = 2; !seen.insert(name).second; ++i) name = fmt::format("{}_{}", begun, i);
    out.push_back(std::move(name));
  }
  return out;
}

std::string infos_of(const Pipeline& pipeline) {
  const auto cuts = pipeline.parts().forest.cuts();
  std::string out;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const Step& step = pipeline.transform().steps()[i];
    std::string info = "none";
    if (step.is_category()) {
      const std::size_t codes = std::max<std::size_t>(step.categories.size(), 1);
      info = "0";
      for (std::size_t code = 1; code < codes; ++code) info += fmt::format(":{}", code);
    } else if (!cuts[i].empty()) {
      info = fmt::format("[{:.17g}:{:.17g}]", cuts[i].front(), cuts[i].back());
    }
    out += (i == 0 ? "" : " ") + info;
  }
  return out;
}

/// Rows that reached each node, from those of the leaves. Children stand behind their parents.
std::vector<double> reached(const ForestBuilder::Tree& tree) {
  std::vector<double> out(tree.left.size());
  for (std::size_t i = out.size(); i-- > 0;) {
    for (const std::int32_t child : {tree.left[i], tree.right[i]}) {
      out[i] += child < 0 ? tree.covers[static_cast<std::size_t>(~child)]
                          : out[static_cast<std::size_t>(child)];
    }
  }
  return out;
}

std::string tree_text(const ForestBuilder::Tree& tree, const Loose& forest, std::size_t number) {
  std::vector<double> thresholds = tree.cut;
  std::vector<int> decisions;
  std::vector<std::uint32_t> ends = {0}, words;
  for (std::size_t i = 0; i < tree.left.size(); ++i) {
    const bool set = tree.rule[i] == 3;
    decisions.push_back((set ? 1 : tree.rule[i] << 2) | (tree.default_left[i] != 0 ? 2 : 0));
    if (!set) continue;
    const auto& own = forest.sets[tree.set[i]];
    thresholds[i] = static_cast<double>(ends.size() - 1);
    words.insert(words.end(), own.begin(), own.end());
    ends.push_back(static_cast<std::uint32_t>(words.size()));
  }
  std::string out = fmt::format("Tree={}\nnum_leaves={}\nnum_cat={}\n", number, tree.leaves.size(),
                                ends.size() - 1);
  const auto line = [&](const char* key, const std::string& values) {
    out += fmt::format("{}={}\n", key, values);
  };
  line("split_feature", joined(tree.feature));
  line("split_gain", joined(std::vector<int>(tree.left.size(), 0)));
  line("threshold", joined(thresholds));
  line("decision_type", joined(decisions));
  line("left_child", joined(tree.left));
  line("right_child", joined(tree.right));
  line("leaf_value", joined(tree.leaves));
  if (!tree.left.empty() && !tree.covers.empty() && std::ranges::all_of(tree.covers, is_count)) {
    line("leaf_count", joined(tree.covers));
    line("internal_count", joined(reached(tree)));
  }
  if (ends.size() > 1) {
    line("cat_boundaries", joined(ends));
    line("cat_threshold", joined(words));
  }
  return out + "is_linear=0\nshrinkage=1\n\n\n";
}

}  // namespace

Result<void> check_no_neighbours(const Forest& forest) {
  if (forest.neighbours().empty()) return {};
  return fail(Code::kInvalidInput,
              "the model answers in part by rows of its training that it keeps, which neither "
              "LightGBM's text nor ONNX can hold",
              "train with [train] learners = [\"trees\", \"linear\", \"forest\"], or score with "
              "rondo predict or serve FILE");
}

Result<std::string> to_lightgbm(const Pipeline& pipeline) {
  TRY(check_no_neighbours(pipeline.parts().forest));
  const Loose forest = take_apart(pipeline.parts().forest);
  if (!forest.terms.empty()) {
    return fail(Code::kInvalidInput,
                "the model is linear in part, and LightGBM's text has only trees",
                "export to onnx, or train with [train] learners = [\"trees\"]");
  }
  std::string trees;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < forest.trees.size(); ++i) {
    const std::string tree = tree_text(forest.trees[i], forest, i);
    sizes.push_back(tree.size());
    trees += tree;
  }
  Json categories = Json::array();
  for (const Step& step : pipeline.transform().steps()) {
    if (!step.is_category()) continue;
    std::vector<std::string> names = step.categories;
    for (std::size_t i = 0; i < step.seconds.size(); ++i) names[i] += " & " + step.seconds[i];
    categories.push_back(std::move(names));
  }
  return fmt::format(
      "tree\nversion=v4\nnum_class={0}\nnum_tree_per_iteration={0}\nlabel_index=0\n"
      "max_feature_idx={1}\nobjective={2}\nfeature_names={3}\nfeature_infos={4}\n"
      "tree_sizes={5}\n\n{6}end of trees\n\nfeature_importances:\n\nparameters:\n"
      "end of parameters\n\npandas_categorical:{7}\n",
      forest.head.outputs, forest.head.features - 1, TRY(objective_of(pipeline, forest.head)),
      fmt::join(plain_names(pipeline.transform()), " "), infos_of(pipeline), joined(sizes), trees,
      categories.empty() ? "null" : io::canonical(categories));
}

Json feature_list(const Transform& transform) {
  const Json all = transform.to_json();
  Json out = Json::array();
  for (std::size_t i = 0; i < transform.steps().size(); ++i) {
    const Step& step = transform.steps()[i];
    Json one = all.at("steps")[i];
    one["column"] = step.input >= 0
                        ? Json(transform.inputs().fields[static_cast<std::size_t>(step.input)].name)
                        : Json(nullptr);
    if (step.other >= 0) {
      one["other"] = transform.inputs().fields[static_cast<std::size_t>(step.other)].name;
    }
    one.erase("input");
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::string> made_features(const Transform& transform) {
  std::vector<std::string> out;
  for (const Step& step : transform.steps()) {
    const bool as_it_is = step.kind == Step::Kind::kNumber || step.kind == Step::Kind::kCategory;
    if (!as_it_is) out.push_back(step.feature);
  }
  return out;
}

}  // namespace rondo::model
