// XGBoost's model as JSON. Values are rounded to float before they are compared by "<", so a
// threshold becomes the greatest double that still rounds below it; a set of categories goes right
// where ours goes left; base scores become first trees of one leaf. Leaves are floats, added here
// in double precision where XGBoost adds in single.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "model/foreign.h"
#include "model/forest_build.h"

namespace rondo::model {
namespace {

std::unexpected<Error> refuse(const std::string& path, const std::string& what,
                              std::string hint = {}) {
  return fail(Code::kInvalidInput, "XGBoost's model, " + path + ": " + what, std::move(hint));
}

/// A member that must be there, with its path for messages.
struct Place {
  const Json* value = nullptr;
  std::string path{};

  Result<Place> at(const std::string& key) const {
    const auto found = value->is_object() ? value->find(key) : value->end();
    if (!value->is_object() || found == value->end()) return refuse(path, "it lacks " + key);
    return Place{&*found, path.empty() ? key : path + "." + key};
  }
  Result<std::string> text() const {
    if (!value->is_string()) return refuse(path, "it is no text");
    return value->get<std::string>();
  }
  /// XGBoost writes numbers of its parameters as texts.
  Result<std::size_t> count() const {
    const std::string digits = TRY(text());
    std::size_t out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
      return refuse(path, "\"" + digits.substr(0, 40) + "\" is no whole number");
    }
    return out;
  }
  Result<std::size_t> size() const {
    if (!value->is_array()) return refuse(path, "it is no array");
    return value->size();
  }
  std::string item(std::size_t i) const { return path + "[" + std::to_string(i) + "]"; }
  Result<std::int64_t> whole(std::size_t i) const {
    const Json& one = (*value)[i];
    if (one.is_boolean()) return one.get<bool>() ? 1 : 0;
    if (!one.is_number_integer()) return refuse(item(i), "it is no whole number");
    return one.get<std::int64_t>();
  }
  Result<float> real(std::size_t i) const {
    const Json& one = (*value)[i];
    if (!one.is_number()) return refuse(item(i), "it is no number");
    const auto x = static_cast<float>(one.get<double>());
    if (!std::isfinite(x)) return refuse(item(i), "it is not finite");
    return x;
  }
};

struct Objective {
  std::string_view name;
  Task task;
  Link link;
};
constexpr Objective kObjectives[] = {
    {"reg:squarederror", Task::kRegression, Link::kIdentity},
    {"reg:squaredlogerror", Task::kRegression, Link::kIdentity},
    {"reg:absoluteerror", Task::kRegression, Link::kIdentity},
    {"reg:pseudohubererror", Task::kRegression, Link::kIdentity},
    {"reg:quantileerror", Task::kRegression, Link::kIdentity},
    {"reg:logistic", Task::kRegression, Link::kSigmoid},
    {"reg:gamma", Task::kRegression, Link::kExp},
    {"reg:tweedie", Task::kRegression, Link::kExp},
    {"count:poisson", Task::kRegression, Link::kExp},
    {"binary:logistic", Task::kBinary, Link::kSigmoid},
    {"binary:logitraw", Task::kRegression, Link::kIdentity},
    {"multi:softprob", Task::kMulticlass, Link::kSoftmax},
    {"multi:softmax", Task::kMulticlass, Link::kSoftmax},
    {"rank:ndcg", Task::kRegression, Link::kIdentity},
    {"rank:map", Task::kRegression, Link::kIdentity},
    {"rank:pairwise", Task::kRegression, Link::kIdentity},
};

/// Which children a node has, by what XGBoost lists.
struct TreeLists {
  Place left, right, index, condition, default_left, hessian;
  std::vector<std::uint32_t> set_of;  // place in `sets` and one; 0: compares numbers
  std::vector<std::vector<std::uint32_t>> sets;
  std::size_t nodes = 0;
};

class XgboostReader {
 public:
  XgboostReader(const Json& document, ForeignModel& out) : root_{&document, ""}, out_(out) {}
  Result<void> read();

 private:
  Result<void> read_learner();
  Result<void> read_names(const Place& learner);
  Result<void> read_categories(const Place& model);
  Result<std::vector<double>> margins() const;
  Result<TreeLists> lists_of(const Place& tree) const;
  Result<void> read_sets(const Place& tree, TreeLists& lists) const;
  Result<ForestBuilder::Tree> read_tree(const Place& place);
  Result<void> add_split(const TreeLists& lists, std::size_t node, ForestBuilder::Tree& tree,
                         bool& swapped);
  Result<void> add_trees(const Place& model);

  Place root_;
  ForeignModel& out_;
  const Objective* objective_ = nullptr;
  std::size_t features_ = 0, outputs_ = 1;
  std::string base_;
  std::optional<ForestBuilder> builder_;
};

Result<void> XgboostReader::read_learner() {
  const Place learner = TRY(root_.at("learner"));
  const Place parameters = TRY(learner.at("learner_model_param"));
  features_ = TRY(TRY(parameters.at("num_feature")).count());
  const std::size_t classes = TRY(TRY(parameters.at("num_class")).count());
  base_ = TRY(TRY(parameters.at("base_score")).text());
  if (parameters.value->contains("num_target") &&
      TRY(TRY(parameters.at("num_target")).count()) > 1) {
    return refuse("learner.learner_model_param.num_target", "several targets are not supported");
  }
  out_.objective = TRY(TRY(TRY(learner.at("objective")).at("name")).text());
  for (const Objective& one : kObjectives) {
    if (one.name == out_.objective) objective_ = &one;
  }
  if (objective_ == nullptr) {
    return refuse("learner.objective.name", "\"" + out_.objective.substr(0, 60) +
                                                "\" is not supported",
                  "train with reg:..., count:poisson, binary:logistic or multi:softprob");
  }
  out_.task = objective_->task;
  if (out_.task == Task::kMulticlass) outputs_ = classes;
  return read_names(learner);
}

Result<void> XgboostReader::read_names(const Place& learner) {
  if (features_ < 1 || features_ > kMostFeatures) {
    return refuse("learner.learner_model_param.num_feature", "a model reads 1 to 16,384 features");
  }
  const auto texts = [&](const char* key) -> Result<std::vector<std::string>> {
    std::vector<std::string> out;
    if (!learner.value->contains(key) || learner.value->at(key).empty()) return out;
    const Place list = TRY(learner.at(key));
    if (TRY(list.size()) != features_) return refuse(list.path, "it has not one a feature");
    for (std::size_t i = 0; i < features_; ++i) {
      out.push_back(TRY(Place{&(*list.value)[i], list.item(i)}.text()));
    }
    return out;
  };
  out_.names = TRY(texts("feature_names"));
  const auto types = TRY(texts("feature_types"));
  for (std::size_t i = 0; i < features_; ++i) {
    if (out_.names.size() == i) out_.names.push_back("f" + std::to_string(i));
    out_.is_category.push_back(!types.empty() && types[i] == "c");
  }
  out_.categories.resize(features_);
  return {};
}

/// The texts that codes stand for, as XGBoost 3.1 and later keep them: all bytes of a feature in
/// one array, cut at offsets.
Result<void> XgboostReader::read_categories(const Place& model) {
  if (!model.value->contains("cats")) return {};
  const Place cats = TRY(model.at("cats"));
  if (!cats.value->is_object() || !cats.value->contains("enc")) return {};
  const Place all = TRY(cats.at("enc"));
  const std::size_t count = TRY(all.size());
  if (count != 0 && count != features_) return refuse(all.path, "it has not one a feature");
  for (std::size_t i = 0; i < count; ++i) {
    const Place one{&(*all.value)[i], all.item(i)};
    const bool texts = one.value->is_object() && one.value->contains("offsets");
    if (!out_.is_category[i] || !texts) continue;
    const Place offsets = TRY(one.at("offsets")), values = TRY(one.at("values"));
    const std::size_t ends = TRY(offsets.size()), bytes = TRY(values.size());
    std::int64_t from = 0;
    for (std::size_t k = 0; k < ends; ++k) {
      const std::int64_t to = TRY(offsets.whole(k));
      if (to < from || to > static_cast<std::int64_t>(bytes) || (k == 0 && to != 0)) {
        return refuse(offsets.item(k), "it is not ascending within the values");
      }
      std::string text;
      for (std::int64_t at = from; at < to; ++at) {
        text += static_cast<char>(TRY(values.whole(static_cast<std::size_t>(at))));
      }
      if (k > 0) out_.categories[i].texts.push_back(std::move(text));
      from = to;
    }
  }
  return {};
}

/// base_score ("5E-1", "[5E-1]", "[a,b,c]") before the link, one an output.
Result<std::vector<double>> XgboostReader::margins() const {
  const std::string path = "learner.learner_model_param.base_score";
  std::string_view rest = base_;
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  std::vector<double> out;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    float score = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), score);
    if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(score)) {
      return refuse(path, "\"" + base_.substr(0, 40) + "\" holds no number");
    }
    double margin = static_cast<double>(score);
    if (objective_->link == Link::kSigmoid) margin = -std::log(1 / margin - 1);
    if (objective_->link == Link::kExp) margin = std::log(margin);
    if (!std::isfinite(margin)) return refuse(path, "the link has no such answer");
    out.push_back(static_cast<double>(static_cast<float>(margin)));
  }
  if (out.size() == 1) out.resize(outputs_, out[0]);
  if (out.size() != outputs_) return refuse(path, "it has not one a class");
  return out;
}

Result<void> XgboostReader::read_sets(const Place& tree, TreeLists& lists) const {
  lists.set_of.assign(lists.nodes, 0);
  if (!tree.value->contains("split_type")) return {};
  const Place type = TRY(tree.at("split_type"));
  if (TRY(type.size()) != lists.nodes) return refuse(type.path, "it has not one a node");
  const Place nodes = TRY(tree.at("categories_nodes")), from = TRY(tree.at("categories_segments"));
  const Place sizes = TRY(tree.at("categories_sizes")), all = TRY(tree.at("categories"));
  const std::size_t count = TRY(nodes.size()), total = TRY(all.size());
  if (TRY(from.size()) != count || TRY(sizes.size()) != count) {
    return refuse(from.path, "it has not one a set");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t node = TRY(nodes.whole(i)), start = TRY(from.whole(i)),
                       size = TRY(sizes.whole(i));
    if (node < 0 || node >= static_cast<std::int64_t>(lists.nodes) ||
        lists.set_of[static_cast<std::size_t>(node)] != 0) {
      return refuse(nodes.item(i), "it names no node, or one twice");
    }
    if (start < 0 || size < 0 || start > static_cast<std::int64_t>(total) ||
        size > static_cast<std::int64_t>(total) - start) {
      return refuse(from.item(i), "it is beyond the categories");
    }
    std::vector<std::uint32_t> set;
    for (std::int64_t k = start; k < start + size; ++k) {
      const std::int64_t category = TRY(all.whole(static_cast<std::size_t>(k)));
      if (category < 0 || category >= 1 << 24) {
        return refuse(all.item(static_cast<std::size_t>(k)), "there is no such category");
      }
      set.push_back(static_cast<std::uint32_t>(category));
    }
    lists.sets.push_back(std::move(set));
    lists.set_of[static_cast<std::size_t>(node)] = static_cast<std::uint32_t>(lists.sets.size());
  }
  for (std::size_t i = 0; i < lists.nodes; ++i) {
    const bool inner = TRY(lists.left.whole(i)) >= 0;
    if (inner && (TRY(type.whole(i)) == 1) != (lists.set_of[i] != 0)) {
      return refuse(type.item(i), "a split by categories has no set, or another one has");
    }
  }
  return {};
}

Result<TreeLists> XgboostReader::lists_of(const Place& tree) const {
  TreeLists lists;
  lists.left = TRY(tree.at("left_children"));
  lists.right = TRY(tree.at("right_children"));
  lists.index = TRY(tree.at("split_indices"));
  lists.condition = TRY(tree.at("split_conditions"));
  lists.default_left = TRY(tree.at("default_left"));
  lists.hessian = TRY(tree.at("sum_hessian"));
  lists.nodes = TRY(lists.left.size());
  if (lists.nodes < 1 || lists.nodes > 2 * kMostLeaves - 1) {
    return refuse(lists.left.path, "a tree has 1 to 131,069 nodes");
  }
  for (const Place* list : {&lists.right, &lists.index, &lists.condition, &lists.default_left,
                            &lists.hessian}) {
    if (TRY(list->size()) != lists.nodes) return refuse(list->path, "it has not one a node");
  }
  TRY(read_sets(tree, lists));
  return lists;
}

/// XGBoost's set goes right, what is missing where the node says, and what is in no set left. Ours
/// goes left and all the rest, missing too, right: so sides are swapped where missing goes left,
/// and the set is turned over where it goes right. An unseen category counts as missing.
Result<void> XgboostReader::add_split(const TreeLists& lists, std::size_t node,
                                      ForestBuilder::Tree& tree, bool& swapped) {
  const std::int64_t feature = TRY(lists.index.whole(node));
  const bool missing_left = TRY(lists.default_left.whole(node)) != 0;
  if (feature < 0 || feature >= static_cast<std::int64_t>(features_)) {
    return refuse(lists.index.item(node), "there is no such feature");
  }
  const auto place = static_cast<std::size_t>(feature);
  tree.feature.push_back(static_cast<std::uint32_t>(feature));
  tree.default_left.push_back(missing_left ? 1 : 0);
  swapped = false;
  if (lists.set_of[node] == 0) {
    if (out_.is_category[place]) {
      return refuse(lists.index.item(node), "a feature of categories is compared as a number");
    }
    tree.rule.push_back(2);
    tree.cut.push_back(cut_below(TRY(lists.condition.real(node))));
    tree.set.push_back(0);
    return {};
  }
  out_.is_category[place] = true;
  const std::vector<std::uint32_t>& set = lists.sets[lists.set_of[node] - 1];
  std::size_t codes = out_.categories[place].texts.size();
  for (const std::uint32_t code : set) codes = std::max<std::size_t>(codes, code + 1);
  std::vector<std::uint32_t> words((codes + 31) / 32, 0);
  for (const std::uint32_t code : set) words[code / 32] |= 1U << code % 32;
  if (!missing_left) {
    for (std::size_t code = 0; code < codes; ++code) words[code / 32] ^= 1U << code % 32;
  }
  swapped = missing_left;
  tree.rule.push_back(3);
  tree.cut.push_back(0);
  tree.set.push_back(TRY(builder_->add_set(words)));
  return {};
}

Result<ForestBuilder::Tree> XgboostReader::read_tree(const Place& place) {
  const TreeLists lists = TRY(lists_of(place));
  ForestBuilder::Tree tree;
  struct Slot {
    std::int64_t node;
    std::size_t parent;
    bool right;
  };
  constexpr std::size_t kRoot = static_cast<std::size_t>(-1);
  std::vector<Slot> open = {{0, kRoot, false}};
  std::vector<bool> seen(lists.nodes, false);
  while (!open.empty()) {
    const Slot slot = open.back();
    open.pop_back();
    const auto node = static_cast<std::size_t>(slot.node);
    if (slot.node < 0 || node >= lists.nodes || seen[node]) {
      return refuse(lists.left.path, "node " + std::to_string(slot.node) +
                                         " is out of range, or has two parents");
    }
    seen[node] = true;
    const std::int64_t left = TRY(lists.left.whole(node)), right = TRY(lists.right.whole(node));
    const bool leaf = left == -1;
    const auto at = leaf ? ~static_cast<std::int32_t>(tree.leaves.size())
                         : static_cast<std::int32_t>(tree.left.size());
    if (slot.parent != kRoot) (slot.right ? tree.right : tree.left)[slot.parent] = at;
    if (leaf) {
      tree.leaves.push_back(static_cast<double>(TRY(lists.condition.real(node))));
      tree.covers.push_back(static_cast<double>(TRY(lists.hessian.real(node))));
      continue;
    }
    bool swapped = false;
    TRY(add_split(lists, node, tree, swapped));
    const std::size_t parent = tree.left.size();
    tree.left.push_back(0);
    tree.right.push_back(0);
    open.push_back({swapped ? left : right, parent, true});
    open.push_back({swapped ? right : left, parent, false});
  }
  return tree;
}

/// Trees by class, class after class within a round, behind one tree a class of its base score.
Result<void> XgboostReader::add_trees(const Place& model) {
  const Place trees = TRY(model.at("trees")), info = TRY(model.at("tree_info"));
  const std::size_t count = TRY(trees.size());
  if (TRY(info.size()) != count) return refuse(info.path, "it has not one a tree");
  std::vector<std::vector<std::size_t>> by_class(outputs_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t output = TRY(info.whole(i));
    if (output < 0 || output >= static_cast<std::int64_t>(outputs_)) {
      return refuse(info.item(i), "there is no such class");
    }
    by_class[static_cast<std::size_t>(output)].push_back(i);
  }
  for (const auto& one : by_class) {
    if (one.size() != by_class[0].size()) return refuse(info.path, "classes differ in trees");
  }
  for (const double margin : TRY(margins())) {
    ForestBuilder::Tree tree;
    tree.leaves = {margin};
    tree.covers = {1};
    TRY(builder_->add(tree));
  }
  for (std::size_t round = 0; round < by_class[0].size(); ++round) {
    for (const auto& one : by_class) {
      const Place tree{&(*trees.value)[one[round]], trees.item(one[round])};
      const ForestBuilder::Tree read = TRY(read_tree(tree));
      TRY(during(builder_->add(read), "reading " + tree.path));
    }
  }
  return {};
}

Result<void> XgboostReader::read() {
  TRY(read_learner());
  const Place booster = TRY(TRY(root_.at("learner")).at("gradient_booster"));
  const std::string name = TRY(TRY(booster.at("name")).text());
  if (name != "gbtree") {
    return refuse(booster.path + ".name", "the booster \"" + name.substr(0, 40) +
                                              "\" is not supported",
                  "train with booster=gbtree");
  }
  const Place model = TRY(booster.at("model"));
  TRY(read_categories(model));
  auto builder = ForestBuilder::start({features_, outputs_, objective_->link, 1.0});
  if (!builder) return refuse("learner", builder.error().message);
  builder_ = *std::move(builder);
  TRY(add_trees(model));
  auto forest = builder_->finish();
  if (!forest) return refuse("learner.gradient_booster.model", forest.error().message);
  out_.forest = *std::move(forest);
  return {};
}

}  // namespace

double cut_below(float threshold) {
  // What rounds to a float below is below the middle of both; the middle itself goes to the even
  // one of them.
  const float below = std::nextafter(threshold, -std::numeric_limits<float>::infinity());
  if (std::isinf(below)) return -std::numeric_limits<double>::max();
  const double middle = (static_cast<double>(below) + static_cast<double>(threshold)) / 2;
  if (static_cast<float>(middle) < threshold) return middle;
  return std::nextafter(middle, -std::numeric_limits<double>::infinity());
}

Result<ForeignModel> read_xgboost(const Json& document) {
  ForeignModel out;
  out.library = "XGBoost";
  TRY(XgboostReader(document, out).read());
  return out;
}

}  // namespace rondo::model
