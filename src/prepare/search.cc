// [prepare] features = "auto": families of features are tried one after the other, and what lowers
// the loss on inner rows by more than its standard error stays. A learner of this folder judges, so
// that a preparation stays one job without LightGBM, and the price is bounded: at most 16,384 rows,
// 64 columns, 32 candidates a fit, three fits a family.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "prepare/candidates.h"
#include "prepare/features.h"
#include "prepare/learner.h"

namespace rondo::prepare {
namespace {

constexpr std::size_t kMostRows = 16'384;
constexpr std::size_t kMostColumns = 64;
constexpr std::size_t kScreened = 32;        // candidates of a family that a fit sees
constexpr std::size_t kFew = 8;
constexpr double kLeastShare = 0.002;        // of all gain that a kept feature must have
constexpr double kInnerShare = 0.2;
constexpr std::size_t kFewestCheck = 100;
constexpr std::size_t kFewestDays = 5;       // with fewer, rows are taken as independent

/// A wish and its columns in the family's matrix.
struct Tried {
  Wish wish;
  std::vector<BinnedColumn> columns;
  double worth = 0;
};

struct Gain {
  double mean = 0, error = 0;
};

class Search {
 public:
  Search(const Job& job, const Draft& draft) : job_(job), draft_(draft) {}
  Found run();

 private:
  bool choose_rows();
  void thin();
  void choose_columns();
  std::vector<Tried> tried_of(const std::vector<Wish>& wishes) const;
  Answered ask(const std::vector<Tried>& more) const;
  void try_family(const Family& family);
  Time time_of(std::size_t row) const { return job_.times[thinned_.used[row]]; }
  Gain gain_over(const Answered& other) const;
  std::size_t columns_of(const std::vector<Tried>& tried) const;
  void keep_useful(std::vector<Tried>& tried, const Answered& answer, std::size_t most) const;
  void prefer_few(std::vector<Tried>& tried, Answered& answer) const;

  const Job& job_;
  const Draft& draft_;
  std::vector<std::size_t> places_;          // in draft.used
  Draft thinned_;                            // these rows alone, all of them training
  std::vector<std::size_t> rows_;            // places in thinned_.used: all
  Question question_;
  std::vector<BinnedColumn> base_;
  std::vector<double> importance_;           // of each feature of the draft
  std::vector<Tried> kept_;
  Answered now_;
  Found found_;
};

/// Candidates are fitted on these rows, so that their price does not grow with the data.
void Search::thin() {
  const std::size_t all = draft_.train.size(), count = std::min(all, kMostRows);
  for (std::size_t i = 0; i < count; ++i) places_.push_back(draft_.train[i * all / count]);
  thinned_.task = draft_.task;
  thinned_.classes = draft_.classes;
  thinned_.split = draft_.split;
  for (const std::size_t place : places_) {
    thinned_.train.push_back(thinned_.used.size());
    thinned_.used.push_back(draft_.used[place]);
    thinned_.label.push_back(draft_.label[place]);
  }
  rows_ = thinned_.train;
}

bool Search::choose_rows() {
  thin();
  question_.task = draft_.task;
  question_.label = thinned_.label;
  const auto count = static_cast<std::uint32_t>(rows_.size());
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  if (job_.situation.has_clock) {
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return time_of(i); });
    const auto fit = static_cast<std::ptrdiff_t>(std::ceil(count * (1 - kInnerShare)));
    question_.fit.assign(order.begin(), order.begin() + fit);
    question_.check.assign(order.begin() + fit, order.end());
  } else {
    const std::vector<std::size_t> folds = folds_of(job_, thinned_);
    for (const std::uint32_t i : order) {
      (folds[i] == 0 ? question_.check : question_.fit).push_back(i);
    }
  }
  return question_.check.size() >= kFewestCheck && question_.fit.size() > question_.check.size();
}

/// The features of the draft; the 64 that tell most alone when they are more.
void Search::choose_columns() {
  const std::vector<double> residual = centered(question_);
  const std::size_t features = draft_.transform.features();
  std::vector<BinnedColumn> all;
  std::vector<double> values(places_.size());
  for (std::size_t column = 0; column < features; ++column) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      values[i] = draft_.matrix.row(places_[i])[column];
    }
    all.push_back(binned(values, draft_.transform.steps()[column].is_category(), question_.fit));
    importance_.push_back(explained(all.back(), question_.fit, residual));
  }
  std::vector<std::size_t> order(features);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](auto i) { return importance_[i]; });
  order.resize(std::min(features, kMostColumns));
  for (const std::size_t column : order) base_.push_back(std::move(all[column]));
  now_ = ask({});
  std::ranges::fill(importance_, 0.0);
  for (std::size_t i = 0; i < order.size(); ++i) importance_[order[i]] = now_.gain[i];
}

Answered Search::ask(const std::vector<Tried>& more) const {
  std::vector<const BinnedColumn*> columns;
  for (const BinnedColumn& column : base_) columns.push_back(&column);
  for (const std::vector<Tried>* list : {&kept_, &more}) {
    for (const Tried& tried : *list) {
      for (const BinnedColumn& column : tried.columns) columns.push_back(&column);
    }
  }
  return boost(question_, columns);
}

std::vector<Tried> Search::tried_of(const std::vector<Wish>& wishes) const {
  const model::Transform transform = fit_wishes(job_, thinned_, wishes);
  const model::Matrix matrix = made_values(job_, thinned_, transform, rows_);
  std::vector<Tried> tried;
  std::vector<double> values(rows_.size());
  std::size_t column = 0;
  for (const Wish& wish : wishes) {
    tried.push_back({wish, {}, 0});
    for (const std::size_t end = column + wish.features(thinned_); column < end; ++column) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = matrix.row(i)[column];
      const bool categorical = transform.steps()[column].is_category();
      tried.back().columns.push_back(binned(values, categorical, question_.fit));
      tried.back().worth = std::max(
          tried.back().worth, explained(tried.back().columns.back(), question_.fit, now_.residual));
    }
  }
  std::ranges::stable_sort(tried, std::ranges::greater(), &Tried::worth);
  if (tried.size() > kScreened) tried.resize(kScreened);
  std::erase_if(tried, [](const Tried& each) { return each.worth <= 0; });
  return tried;
}

/// A day is one observation when there is a clock; rows of a day share its weather and its faults.
Gain Search::gain_over(const Answered& other) const {
  std::map<std::int64_t, std::pair<double, double>> groups;
  for (std::size_t i = 0; i < question_.check.size(); ++i) {
    const bool days = job_.situation.has_clock && !job_.orders_only;
    auto& [sum, count] = groups[days ? day_of(time_of(question_.check[i]))
                                     : static_cast<std::int64_t>(i)];
    sum += now_.loss[i] - other.loss[i];
    count += 1;
  }
  if (groups.size() < kFewestDays) return {0, 1};
  double mean = 0, squares = 0;
  const auto n = static_cast<double>(groups.size());
  for (const auto& [day, group] : groups) mean += group.first / group.second / n;
  for (const auto& [day, group] : groups) {
    const double apart = group.first / group.second - mean;
    squares += apart * apart;
  }
  return {mean, std::sqrt(squares / (n - 1) / n)};
}

std::size_t Search::columns_of(const std::vector<Tried>& tried) const {
  std::size_t count = 0;
  for (const Tried& each : tried) count += each.columns.size();
  return count;
}

/// Of the last candidates those that the trees used.
void Search::keep_useful(std::vector<Tried>& tried, const Answered& answer,
                         std::size_t most) const {
  const double total = std::accumulate(answer.gain.begin(), answer.gain.end(), 0.0);
  std::size_t at = base_.size() + columns_of(kept_);
  for (Tried& each : tried) {
    each.worth = 0;
    for (std::size_t i = 0; i < each.columns.size(); ++i) each.worth += answer.gain[at++];
  }
  std::ranges::stable_sort(tried, std::ranges::greater(), &Tried::worth);
  if (tried.size() > most) tried.resize(most);
  std::erase_if(tried, [&](const Tried& each) { return each.worth < kLeastShare * total; });
}

/// The best few of them, unless all of them do better.
void Search::prefer_few(std::vector<Tried>& tried, Answered& answer) const {
  const std::vector<Tried> few(tried.begin(), tried.begin() + static_cast<std::ptrdiff_t>(kFew));
  Answered other = ask(few);
  if (other.mean_loss() > answer.mean_loss()) return;
  tried = few;
  answer = std::move(other);
}

void Search::try_family(const Family& family) {
  if (family.wishes.empty()) return;
  std::vector<Tried> tried = tried_of(family.wishes);
  const std::size_t screened = tried.size();
  Answered answer;
  if (!tried.empty()) answer = ask(tried);
  if (!tried.empty()) keep_useful(tried, answer, family.most);
  if (!tried.empty() && tried.size() < screened) answer = ask(tried);
  if (tried.size() > kFew) prefer_few(tried, answer);
  Json told = {{"family", family.name}, {"tried", family.wishes.size()}, {"kept", Json::array()}};
  if (!tried.empty()) {
    const Gain gain = gain_over(answer);
    told["loss"] = answer.mean_loss();
    told["gain"] = gain.mean;
    told["standard_error"] = gain.error;
    if (gain.mean > gain.error) {
      for (Tried& each : tried) {
        told["kept"].push_back(each.wish.feature(job_.situation.target));
        found_.wishes.push_back(each.wish);
        kept_.push_back(std::move(each));
      }
      now_ = std::move(answer);
    }
  }
  found_.told["families"].push_back(std::move(told));
}

Found Search::run() {
  found_.told = {{"families", Json::array()}};
  if (!choose_rows()) {
    found_.told["why_not"] = "there are too few training rows to judge by";
    return std::move(found_);
  }
  choose_columns();
  found_.told["rows"] = question_.fit.size();
  found_.told["inner_rows"] = question_.check.size();
  found_.told["loss_without"] = now_.mean_loss();
  for (const Family& family : families_for(job_, draft_, importance_)) try_family(family);
  found_.told["loss"] = now_.mean_loss();
  return std::move(found_);
}

}  // namespace

Found search_features(const Job& job, const Draft& draft) { return Search(job, draft).run(); }

}  // namespace rondo::prepare
