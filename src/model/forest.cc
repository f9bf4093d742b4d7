// Scoring: which leaf each tree answers with, and their sum.
//
// A node asks "is x <= cut?", but what x means depends on the node's missing rule. So the rule
// leaves the node: a *plane* is a feature seen through one rule and default direction. Once a row,
// each plane's value is worked out (a missing value that goes left becomes -infinity, which is
// below every cut; one that goes right NaN, which is not), and then every node of every tree is one
// load, one comparison and one indexed load of a child: no branch depends on data. One walk is a
// chain of some five dependent loads a level and would leave the processor idle, so eight walks run
// interleaved: eight trees for one row, or eight rows for one tree. A finished walk stays where it
// is (leaves are negative) until the slowest of the eight is done.
//
// A set of categories is a row of bits, tested beside the comparison: its cut is -infinity, so the
// comparison says no; a node that compares numbers names the empty set, so the bit says no; left is
// where either says yes. Forests without sets leave the bits out.
//
// walk() is the plain statement of LightGBM's rules that all of this must equal; it serves the rare
// forest with more planes than fit on the stack.
//
// Leaves are added in the order of trees from 0.0, one sum a class, whatever the order of walks:
// the sum has LightGBM's bits. A batch goes through in blocks of rows, so that a tree stays in the
// first cache for a whole block, and the planes of a block in the second.
#include "model/forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/words.h"
#include "model/neighbours.h"
#include "stats/portable.h"

namespace rondo::model {
namespace {

constexpr std::uint32_t kNoCode = 0xffffffff;
constexpr double kZero = 1e-35F;             // LightGBM's: what is nearer to 0 is 0
constexpr std::size_t kStackPlanes = 1'024;  // beyond it rows walk without planes
constexpr std::size_t kBlock = 256;          // rows
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNever = std::numeric_limits<double>::quiet_NaN();  // <= nothing

}  // namespace

LinearTerm scaled(LinearTerm term, double weight) {
  for (double* value : {&term.slope, &term.missing, &term.mean}) *value *= weight;
  for (double& value : term.by_code) value *= weight;
  return term;
}

double Forest::value_of(const Plane& plane, double x) noexcept {
  if (std::fabs(x) <= kZero) x = 0;
  const double missing = plane.default_left ? -kInfinity : kNever;
  switch (plane.rule) {
    case Rule::kNone: return std::isnan(x) ? 0 : x;
    case Rule::kZero: return std::isnan(x) || x == 0 ? missing : x;
    case Rule::kNaN: return std::isnan(x) ? missing : x;
    case Rule::kCategory: return 0;
  }
  return x;
}

/// Truncated as LightGBM does; NaN, negative and what no int can hold is in no set.
std::uint32_t Forest::code_of(const Plane& plane, double x) noexcept {
  if (plane.rule != Rule::kCategory || !(x > -1.0 && x < 2147483648.0)) return kNoCode;
  return static_cast<std::uint32_t>(x);
}

bool Forest::is_member(std::uint32_t set, std::uint32_t code) const noexcept {
  // Codes beyond the set's words, kNoCode too, meet the word of 0 behind them.
  const std::uint32_t word = std::min(code / 32, sets_[set]);
  return (sets_[set + 1 + word] >> (code % 32) & 1) != 0;
}

std::int32_t Forest::walk(std::int32_t root, std::span<const double> features) const noexcept {
  while (root >= 0) {
    const Node& node = nodes_[static_cast<std::size_t>(root)];
    const Plane& plane = planes_[node.plane];
    const double x = features[plane.feature];
    const bool left = node.set != 0 ? is_member(node.set, code_of(plane, x))
                                    : value_of(plane, x) <= node.cut;
    root = node.child[left ? 0 : 1];
  }
  return root;
}

void Forest::see(std::span<const double> features, double* values,
                 std::uint32_t* codes) const noexcept {
  for (std::size_t i = 0; i < planes_.size(); ++i) {
    const double x = features[planes_[i].feature];
    values[i] = value_of(planes_[i], x);
    if (has_sets()) codes[i] = code_of(planes_[i], x);
  }
}

/// Goes on from `at` until each lane stands on a leaf.
template <bool kSets>
void Forest::descend(const Lanes<Seen>& rows, Lanes<std::int32_t>& at) const noexcept {
  const Node* const nodes = nodes_.data();
  std::int32_t all = -1;  // negative once all lanes are
  for (const std::int32_t one : at) all &= one;
  while (all >= 0) {
    all = -1;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::int32_t here = at[lane];
      const Node& node = nodes[here < 0 ? 0 : here];
      bool left = rows[lane].value[node.plane] <= node.cut;
      if constexpr (kSets) left |= is_member(node.set, rows[lane].code[node.plane]);
      const std::int32_t next = node.child[left ? 0 : 1];
      at[lane] = here < 0 ? here : next;
      all &= at[lane];
    }
  }
}

void Forest::raw(std::span<const double> features, std::span<double> out) const noexcept {
  CHECK(features.size() == features_ && out.size() == outputs_, "a row fits its forest");
  std::fill(out.begin(), out.end(), 0.0);
  if (planes_.size() > kStackPlanes) {
    for (std::size_t i = 0; i < roots_.size(); ++i) {
      out[i % outputs_] += leaf_values_[static_cast<std::size_t>(~walk(roots_[i], features))];
    }
    add_terms(features, out);
    return;
  }
  std::array<double, kStackPlanes> values;
  std::array<std::uint32_t, kStackPlanes> codes;
  see(features, values.data(), codes.data());
  Lanes<Seen> rows;
  rows.fill({values.data(), codes.data()});
  std::size_t output = 0;
  for (std::size_t from = 0; from < roots_.size(); from += kLanes) {
    const std::size_t count = std::min(kLanes, roots_.size() - from);
    Lanes<std::int32_t> at;
    at.fill(-1);
    std::copy_n(roots_.begin() + static_cast<std::ptrdiff_t>(from), count, at.begin());
    has_sets() ? descend<true>(rows, at) : descend<false>(rows, at);
    for (std::size_t lane = 0; lane < count; ++lane) {
      out[output] += leaf_values_[static_cast<std::size_t>(~at[lane])];
      if (++output == outputs_) output = 0;
    }
  }
  add_terms(features, out);
}

void Forest::add_tree(std::size_t tree, std::span<const Seen> rows, double* out) const noexcept {
  for (std::size_t from = 0; from < rows.size(); from += kLanes) {
    const std::size_t count = std::min(kLanes, rows.size() - from);
    Lanes<Seen> seen;
    seen.fill(rows[from]);
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(from), count, seen.begin());
    Lanes<std::int32_t> at;
    at.fill(roots_[tree]);
    has_sets() ? descend<true>(seen, at) : descend<false>(seen, at);
    for (std::size_t lane = 0; lane < count; ++lane) {
      out[(from + lane) * outputs_] += leaf_values_[static_cast<std::size_t>(~at[lane])];
    }
  }
}

void Forest::raw_batch(std::span<const double> features, std::size_t rows,
                       std::span<double> out) const noexcept {
  CHECK(features.size() == rows * features_ && out.size() == rows * outputs_,
        "a batch fits its forest");
  std::fill(out.begin(), out.end(), 0.0);
  const std::size_t planes = planes_.size();
  std::vector<double> values(std::min(rows, kBlock) * planes);
  std::vector<std::uint32_t> codes(has_sets() ? values.size() : 0);
  std::vector<Seen> seen(std::min(rows, kBlock));
  for (std::size_t from = 0; from < rows; from += kBlock) {
    const std::size_t count = std::min(kBlock, rows - from);
    for (std::size_t i = 0; i < count; ++i) {
      double* const value = values.data() + i * planes;
      std::uint32_t* const code = codes.data() + (has_sets() ? i * planes : 0);
      see(features.subspan((from + i) * features_, features_), value, code);
      seen[i] = {value, code};
    }
    for (std::size_t tree = 0; tree < roots_.size(); ++tree) {
      add_tree(tree, std::span(seen).first(count), out.data() + from * outputs_ + tree % outputs_);
    }
  }
  add_terms_batch(features, rows, out);
}

void Forest::add_terms_batch(std::span<const double> features, std::size_t rows,
                             std::span<double> sums) const noexcept {
  for (std::size_t row = 0; row < rows && !terms_.empty(); ++row) {
    add_linear(features.subspan(row * features_, features_),
               sums.subspan(row * outputs_, outputs_));
  }
  add_neighbours(features, sums);
}

void Forest::add_neighbours(std::span<const double> features,
                            std::span<double> sums) const noexcept {
  for (const NeighbourTerm& term : neighbours_) term.rows->add(features, term.weight, sums);
}

void Forest::link(std::span<double> scores) const noexcept {
  if (link_ == Link::kSigmoid) {
    for (double& score : scores) score = 1.0 / (1.0 + stats::portable_exp(-sigmoid_ * score));
  }
  if (link_ == Link::kExp) {
    for (double& score : scores) score = stats::portable_exp(score);
  }
  if (link_ == Link::kAscending) {
    for (std::size_t from = 0; from + outputs_ <= scores.size(); from += outputs_) {
      std::ranges::sort(scores.subspan(from, outputs_));
    }
  }
  if (link_ != Link::kSoftmax) return;
  for (std::size_t from = 0; from + outputs_ <= scores.size(); from += outputs_) {
    const auto row = scores.subspan(from, outputs_);
    const double greatest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& score : row) sum += score = stats::portable_exp(score - greatest);
    for (double& score : row) score /= sum;
  }
}

std::string Forest::text() const {
  const auto counted = [](std::size_t count, const char* what) {
    return grouped(count) + " " + what + (count == 1 ? "" : "s");
  };
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : " and ") + part; };
  if (!nodes_.empty() || (terms_.empty() && neighbours_.empty())) add(counted(trees(), "tree"));
  if (!terms_.empty()) add("a linear model of " + counted(terms_.size(), "term"));
  for (const NeighbourTerm& term : neighbours_) {
    add(grouped(term.rows->parts().k) + " neighbours among " + counted(term.rows->rows(), "row"));
  }
  return out;
}

Forest Forest::head(std::size_t iterations) const {
  const std::size_t count = std::min(std::max<std::size_t>(iterations, 1) * outputs_, trees());
  Forest out = *this;
  out.nodes_.resize(node_from(count));
  out.leaf_values_.resize(leaf_from_[count]);
  if (has_covers()) out.covers_.resize(leaf_from_[count]);
  out.leaf_from_.resize(count + 1);
  out.roots_.resize(count);
  return out;
}

std::vector<std::uint64_t> Forest::split_counts() const {
  std::vector<std::uint64_t> counts(features_, 0);
  for (const Node& node : nodes_) ++counts[planes_[node.plane].feature];
  return counts;
}

std::vector<std::uint64_t> Forest::category_counts() const {
  std::vector<std::uint64_t> counts(features_, 0);
  for (const Node& node : nodes_) {
    if (node.set == 0) continue;
    const std::uint32_t words = sets_[node.set];
    std::uint64_t greatest = 1;  // even an empty set says that the feature is read as a code
    if (words > 0) {
      greatest = words * 32ULL - static_cast<unsigned>(std::countl_zero(sets_[node.set + words]));
    }
    auto& count = counts[planes_[node.plane].feature];
    count = std::max(count, greatest);
  }
  for (const LinearTerm& term : terms_) {
    counts[term.feature] = std::max<std::uint64_t>(counts[term.feature], term.by_code.size());
  }
  for (const NeighbourTerm& term : neighbours_) {
    for (const Neighbours::Column& column : term.rows->parts().columns) {
      if (column.kind != Neighbours::Column::Kind::kCode) continue;
      counts[column.feature] = std::max<std::uint64_t>(counts[column.feature], column.code + 1);
    }
  }
  return counts;
}

std::vector<std::vector<double>> Forest::cuts() const {
  std::vector<std::vector<double>> found(features_);
  for (const Node& node : nodes_) {
    if (node.set == 0 && std::isfinite(node.cut)) {
      found[planes_[node.plane].feature].push_back(node.cut);
    }
  }
  for (const LinearTerm& term : terms_) {
    std::vector<double>& ends = found[term.feature];
    if (!term.is_category()) ends.insert(ends.end(), {term.low, term.high});
  }
  for (const NeighbourTerm& term : neighbours_) {
    for (const Neighbours::Column& column : term.rows->parts().columns) {
      if (column.kind != Neighbours::Column::Kind::kNumber) continue;
      found[column.feature].insert(found[column.feature].end(), {column.low, column.high});
    }
  }
  for (std::vector<double>& cuts : found) {
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  }
  return found;
}

}  // namespace rondo::model
