// Target encoding. What serves knows every training label; a training row must not know its own, or
// a column of many values would look like the answer and be worth nothing afterwards.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "prepare/features.h"

namespace rondo::prepare {
namespace {

constexpr double kWeight = 10;               // a: labels that the mean of all counts for
constexpr std::size_t kFolds = 5;
constexpr std::size_t kMostCategories = 50'000;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t kNoGroup = std::numeric_limits<std::uint32_t>::max();

struct Sum {
  double sum = 0, count = 0;
  void add(double label) {
    sum += label;
    count += 1;
  }
};

/// The category of each used row by number; kNoGroup where it is missing.
struct Groups {
  std::vector<std::uint32_t> of;             // a used row
  std::vector<std::string> names;
};

Groups groups_of(const Draft& draft, const table::Column& column) {
  Groups groups;
  std::unordered_map<std::string, std::uint32_t> places;
  const bool text = table::is_text(column.type);
  std::vector<std::uint32_t> by_code(text ? column.dictionary.size() : 0, kNoGroup);
  const auto place_of = [&](const std::string& name) {
    const auto [at, fresh] = places.emplace(name, static_cast<std::uint32_t>(groups.names.size()));
    if (fresh) groups.names.push_back(name);
    return at->second;
  };
  for (const std::size_t row : draft.used) {
    std::uint32_t group = kNoGroup;
    if (!column.is_null(row) && text) {
      std::uint32_t& known = by_code[static_cast<std::size_t>(column.codes[row])];
      if (known == kNoGroup) known = place_of(std::string(column.text(row)));
      group = known;
    } else if (!column.is_null(row) && std::isfinite(column.as_double(row))) {
      group = place_of(shortest(column.as_double(row)));
    }
    groups.of.push_back(group);
  }
  return groups;
}

/// What is averaged, of a place in draft.used: the label, or with many classes whether it is one.
struct LabelOf {
  const Draft& draft;
  std::uint32_t index;                       // of the class
  double operator()(std::size_t i) const {
    if (draft.task != model::Task::kMulticlass) return draft.label[i];
    return draft.label[i] == static_cast<double>(index) ? 1 : 0;
  }
};

/// Sums of each category and of all, over these places in draft.used.
struct Sums {
  std::vector<Sum> category;
  Sum all;
  void add(std::uint32_t group, double label) {
    all.add(label);
    if (group != kNoGroup) category[group].add(label);
  }
  double mean() const { return all.sum / all.count; }
  /// NaN when nothing is known.
  double encoded(std::uint32_t group) const {
    if (all.count == 0) return kUnknown;
    if (group == kNoGroup) return mean();
    return (category[group].sum + kWeight * mean()) / (category[group].count + kWeight);
  }
};

std::vector<double> by_folds(const Draft& draft, const Groups& groups,
                             std::span<const std::size_t> folds, const LabelOf& label_of) {
  // Added up once a fold: a difference of sums would know the own label in its last bits.
  std::vector<Sums> others(kFolds, Sums{std::vector<Sum>(groups.names.size()), {}});
  for (const std::size_t i : draft.train) {
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
      if (fold != folds[i]) others[fold].add(groups.of[i], label_of(i));
    }
  }
  std::vector<double> out(draft.used.size(), kUnknown);
  for (const std::size_t i : draft.train) out[i] = others[folds[i]].encoded(groups.of[i]);
  return out;
}

std::vector<double> by_time(const Job& job, const Draft& draft, const Groups& groups,
                            const LabelOf& label_of) {
  std::vector<std::size_t> order = draft.train;
  const auto time_of = [&](std::size_t i) { return job.times[draft.used[i]]; };
  std::ranges::stable_sort(order, {}, time_of);
  Sums known{std::vector<Sum>(groups.names.size()), {}};
  std::vector<double> out(draft.used.size(), kUnknown);
  std::size_t learned = 0;
  for (const std::size_t i : order) {
    const Time now = time_of(i);
    for (; learned < order.size(); ++learned) {
      const std::size_t other = order[learned];
      if (time_of(other) >= now || time_of(other) + job.situation.label_delay > now) break;
      known.add(groups.of[other], label_of(other));
    }
    out[i] = known.encoded(groups.of[i]);
  }
  return out;
}

}  // namespace

std::size_t encodings_a_column(const Draft& draft) {
  return draft.task == model::Task::kMulticlass ? draft.classes.size() : 1;
}

std::vector<std::size_t> folds_of(const Job& job, const Draft& draft) {
  const std::vector<std::string> keys = keys_of(job);
  const std::uint64_t salt = job.seed.derive("folds").value;
  std::vector<std::size_t> folds;
  for (const std::size_t row : draft.used) {
    std::uint64_t hash = 0xcbf29ce484222325 ^ salt;
    for (const char c : keys[row]) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    folds.push_back(mixed(hash) % kFolds);
  }
  return folds;
}

Encoding fit_encoding(const Draft& draft, const table::Column& column, std::uint32_t index) {
  const Groups groups = groups_of(draft, column);
  const LabelOf label_of{draft, index};
  Sums sums{std::vector<Sum>(groups.names.size()), {}};
  for (const std::size_t i : draft.train) sums.add(groups.of[i], label_of(i));
  std::vector<std::size_t> order(groups.names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t group) { return sums.category[group].count == 0; });
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const Sum &x = sums.category[a], &y = sums.category[b];
    return x.count != y.count ? x.count > y.count : groups.names[a] < groups.names[b];
  });
  if (order.size() > kMostCategories) order.resize(kMostCategories);
  Encoding out;
  out.mean = sums.mean();
  for (const std::size_t group : order) {
    out.categories.push_back(groups.names[group]);
    out.values.push_back(sums.encoded(static_cast<std::uint32_t>(group)));
  }
  return out;
}

std::vector<double> encoded_apart(const Job& job, const Draft& draft,
                                  const table::Column& column, std::uint32_t index,
                                  std::span<const std::size_t> folds) {
  const Groups groups = groups_of(draft, column);
  const LabelOf label_of{draft, index};
  return job.situation.has_clock ? by_time(job, draft, groups, label_of)
                                 : by_folds(draft, groups, folds, label_of);
}

}  // namespace rondo::prepare
