// LightGBM's model text (versions v3 and v4) into a Forest. LightGBM's own loader indexes by
// numbers that it never checked; here every list has the length that the tree says, every number is
// read whole, and ForestBuilder checks what they mean. What we do not score in the same bits
// (linear trees, averaged forests, other links) is refused by name.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "model/forest_build.h"

namespace rondo::model {
namespace {

using Values = std::map<std::string_view, std::string_view>;

std::unexpected<Error> refuse(std::string message, std::string hint = {}) {
  return fail(Code::kInvalidInput, "LightGBM's model text: " + message, std::move(hint));
}

/// The next line, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// "key=value" lines up to an empty one. Errors: a key that comes twice.
Result<Values> take_block(std::string_view& text, const std::string& where) {
  Values values;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const std::size_t equals = line.find('=');
    const bool bare = equals == std::string_view::npos;
    const std::string_view key = line.substr(0, equals);
    if (!values.emplace(key, bare ? std::string_view{} : line.substr(equals + 1)).second) {
      return refuse(where + ": \"" + std::string(key.substr(0, 40)) + "\" stands there twice");
    }
  }
  return values;
}

template <class T>
Result<T> number(std::string_view text, const std::string& what) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return refuse(what + ": \"" + std::string(text.substr(0, 40)) + "\" is no such number");
  }
  return value;
}

template <class T>
Result<T> required(const Values& values, std::string_view key, const std::string& where) {
  const auto found = values.find(key);
  const std::string what = where + ": " + std::string(key);
  if (found == values.end()) return refuse(what + " is missing");
  return number<T>(found->second, what);
}

/// Exactly `count` numbers with blanks between.
template <class T>
Result<std::vector<T>> list(const Values& values, std::string_view key, std::size_t count,
                            const std::string& where) {
  const std::string what = where + ": " + std::string(key);
  const auto found = values.find(key);
  if (found == values.end()) {
    if (count == 0) return std::vector<T>{};
    return refuse(what + " is missing");
  }
  std::vector<T> out;
  std::string_view rest = found->second;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty()) break;
    const std::string_view token = rest.substr(0, rest.find(' '));
    rest.remove_prefix(token.size());
    if (out.size() == count) return refuse(what + " has more than " + std::to_string(count) +
                                           " numbers");
    out.push_back(TRY(number<T>(token, what)));
  }
  if (out.size() != count) {
    return refuse(what + " has " + std::to_string(out.size()) + " numbers, not " +
                  std::to_string(count));
  }
  return out;
}

/// The words of "binary sigmoid:1".
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

Result<void> read_objective(std::string_view text, std::size_t classes, ForestBuilder::Head& head) {
  constexpr std::array<std::string_view, 8> kPlain = {
      "regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank",
      "rank_xendcg"};
  constexpr std::array<std::string_view, 3> kExponential = {"poisson", "gamma", "tweedie"};
  const auto words = words_of(text);
  const std::string name(words.empty() ? std::string_view{} : words.front());
  std::map<std::string_view, std::string_view> options;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t colon = words[i].find(':');
    options[words[i].substr(0, colon)] =
        colon == std::string_view::npos ? std::string_view{} : words[i].substr(colon + 1);
  }
  for (const std::string_view plain : kPlain) {
    if (name != plain || options.contains("sqrt")) continue;
    head.link = Link::kIdentity;
    return {};
  }
  if (std::ranges::find(kExponential, name) != kExponential.end()) {
    head.link = Link::kExp;
    return {};
  }
  if (name == "cross_entropy") {
    head.link = Link::kSigmoid;
    return {};
  }
  if (name == "binary") {
    head.link = Link::kSigmoid;
    head.sigmoid = TRY(required<double>(options, "sigmoid", "objective"));
    return {};
  }
  if (name == "multiclass") {
    head.link = Link::kSoftmax;
    if (TRY(required<std::size_t>(options, "num_class", "objective")) != classes) {
      return refuse("objective and num_class name different numbers of classes");
    }
    return {};
  }
  return refuse("the objective \"" + std::string(text.substr(0, 60)) + "\" is not supported",
                "train with regression, poisson, gamma, tweedie, cross_entropy, binary, multiclass "
                "or lambdarank");
}

Result<ForestBuilder::Head> read_header(std::string_view& text) {
  if (take_line(text) != "tree") return refuse("its first line is not \"tree\"");
  const Values values = TRY(take_block(text, "header"));
  const auto version = values.find("version");
  if (version == values.end() || (version->second != "v3" && version->second != "v4")) {
    return refuse("header: only versions v3 and v4 are known");
  }
  if (values.contains("average_output")) {
    return refuse("averaged forests (boosting=rf) are not supported", "train with boosting=gbdt");
  }
  const auto classes = TRY(required<std::size_t>(values, "num_class", "header"));
  const auto greatest = TRY(required<std::size_t>(values, "max_feature_idx", "header"));
  if (greatest >= kMostFeatures) return refuse("header: more than 16,384 features");
  ForestBuilder::Head head;
  head.features = greatest + 1;
  head.outputs = TRY(required<std::size_t>(values, "num_tree_per_iteration", "header"));
  if (head.outputs != classes) {
    return refuse("header: num_class and num_tree_per_iteration differ");
  }
  const auto objective = values.find("objective");
  if (objective == values.end()) return refuse("header: objective is missing");
  TRY(read_objective(objective->second, classes, head));
  return head;
}

/// decision_type: bit 0 categories, bit 1 default left, bits 2 and 3 the missing rule.
Result<void> read_decision(std::uint8_t bits, ForestBuilder::Tree& tree, const std::string& where) {
  const unsigned rule = bits >> 2;
  if (rule > 2) return refuse(where + ": decision_type " + std::to_string(bits) + " is unknown");
  tree.rule.push_back((bits & 1) != 0 ? std::uint8_t{3} : static_cast<std::uint8_t>(rule));
  tree.default_left.push_back((bits & 2) != 0 ? 1 : 0);
  return {};
}

/// The sets of categories of a tree, by the index that its nodes carry in `threshold`.
Result<std::vector<std::uint32_t>> read_sets(const Values& values, const std::string& where,
                                             std::size_t nodes, ForestBuilder& builder) {
  const auto count = TRY(required<std::size_t>(values, "num_cat", where));
  std::vector<std::uint32_t> sets;
  if (count == 0) return sets;
  if (count > nodes) return refuse(where + ": more sets of categories than nodes");
  const auto ends = TRY(list<std::uint32_t>(values, "cat_boundaries", count + 1, where));
  const auto words = TRY(list<std::uint32_t>(values, "cat_threshold", ends.back(), where));
  if (ends.front() != 0) return refuse(where + ": cat_boundaries does not start at 0");
  for (std::size_t i = 0; i < count; ++i) {
    if (ends[i + 1] < ends[i] || ends[i + 1] > words.size()) {
      return refuse(where + ": cat_boundaries is not ascending");
    }
    sets.push_back(
        TRY(builder.add_set(std::span(words).subspan(ends[i], ends[i + 1] - ends[i]))));
  }
  return sets;
}

Result<ForestBuilder::Tree> read_tree(const Values& values, const std::string& where,
                                      ForestBuilder& builder) {
  const auto leaves = TRY(required<std::size_t>(values, "num_leaves", where));
  if (leaves < 1 || leaves > kMostLeaves) return refuse(where + ": it has 1 to 65,535 leaves");
  const auto linear = values.find("is_linear");
  if (linear != values.end() && linear->second != "0") {
    return refuse(where + ": linear trees are not supported", "train with linear_tree=false");
  }
  const std::size_t nodes = leaves - 1;
  const auto sets = TRY(read_sets(values, where, nodes, builder));
  ForestBuilder::Tree tree;
  tree.feature = TRY(list<std::uint32_t>(values, "split_feature", nodes, where));
  tree.cut = TRY(list<double>(values, "threshold", nodes, where));
  tree.left = TRY(list<std::int32_t>(values, "left_child", nodes, where));
  tree.right = TRY(list<std::int32_t>(values, "right_child", nodes, where));
  tree.leaves = TRY(list<double>(values, "leaf_value", leaves, where));
  if (leaves == 1) {
    tree.covers = {1};  // its one leaf takes every row
  } else if (values.contains("leaf_count")) {
    tree.covers = TRY(list<double>(values, "leaf_count", leaves, where));
  }
  const auto decisions = TRY(list<std::uint8_t>(values, "decision_type", nodes, where));
  for (std::size_t i = 0; i < nodes; ++i) {
    TRY(read_decision(decisions[i], tree, where));
    tree.set.push_back(0);
    if (tree.rule[i] != 3) continue;
    const double index = tree.cut[i];
    if (!(index >= 0 && index < static_cast<double>(sets.size()))) {
      return refuse(where + ": node " + std::to_string(i) + " names no set of categories");
    }
    tree.set[i] = sets[static_cast<std::size_t>(index)];
  }
  return tree;
}

}  // namespace

Result<Forest> Forest::from_lightgbm(std::string_view text) {
  const auto head = TRY(read_header(text));
  auto builder = TRY(ForestBuilder::start(head));
  for (std::size_t count = 0;; ++count) {
    if (text.empty()) return refuse("it ends before \"end of trees\"");
    std::string_view line = take_line(text);
    if (line.empty()) {
      --count;
      continue;
    }
    if (line == "end of trees") break;
    const std::string where = "tree " + std::to_string(count);
    if (line != "Tree=" + std::to_string(count)) return refuse(where + " does not start there");
    const Values values = TRY(take_block(text, where));
    auto tree = TRY(read_tree(values, where, builder));
    TRY(during(builder.add(tree), "reading " + where + " of LightGBM's model text"));
  }
  return builder.finish();
}

}  // namespace rondo::model
