// One candidate after the other: fitted on each fold with early stopping, its out-of-fold scores
// kept for the ensemble. Whoever is far behind after the first fold ends there.
#include "train/search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/clock.h"
#include "base/lanes.h"
#include "base/words.h"
#include "train/linear.h"
#include "train/neighbours.h"

namespace rondo::train {
namespace {

constexpr double kBehind = 3;             // standard errors after the first fold
// Candidates whose out-of-fold scores stay in memory, and what these may take of it.
constexpr std::size_t kMostKept = 24, kFewestKept = 4;
constexpr std::size_t kMostKeptBytes = std::size_t{256} << 20;

class Search {
 public:
  Search(const model::Prepared& prepared, const std::vector<Inner>& folds, const Options& options,
         std::size_t most_rounds, Seed seed, const SearchLimits& limits)
      : prepared_(prepared), folds_(folds), options_(options), most_rounds_(most_rounds),
        seed_(seed), limits_(limits), began_us_(monotonic_us()) {
    for (const Inner& fold : folds) {
      for (const std::uint32_t row : fold.stop) labels_.push_back(prepared.label[row]);
      const std::vector<double> weights = weights_of(prepared, fold.stop);
      weights_.insert(weights_.end(), weights.begin(), weights.end());
    }
    const double all = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (double& weight : weights_) weight *= static_cast<double>(weights_.size()) / all;
  }

  Result<Searched> run() {
    const std::size_t resumed = take_over();
    while (limits_.candidates == 0 || tried_.size() < limits_.candidates) {
      const auto proposal = proposal_now();
      if (!proposal) break;
      tell(0);
      const std::int64_t began = monotonic_us();
      auto tried = TRY(attempt(*proposal));
      if (!tried) break;
      tried->spent_us = monotonic_us() - began;
      TRY(limits_.trials.keep(tried_.size(), *tried));
      tried_.push_back(std::move(*tried));
      forget_the_worst();
    }
    Searched searched{std::move(tried_), {}, folds_.size(), labels_.size(), resumed};
    if (searched.tried.empty() && limits_.stop.requested()) {
      return fail(Code::kCancelled, "training was stopped before it had a model");
    }
    if (searched.tried.empty()) return searched;
    const Most most{.members = static_cast<std::size_t>(options_.ensemble),
                    .row_us = static_cast<double>(TRY(parse_span(options_.row_max)).us),
                    .bytes = static_cast<double>(TRY(parse_size(options_.size_max))),
                    .outputs = prepared_.outputs(),
                    .features = prepared_.features.columns};
    searched.chosen = choose_together(judged(labels_.size()), searched.tried, most);
    searched.raw = raw_together(searched.chosen, searched.tried);
    return searched;
  }

 private:
  std::optional<Proposal> proposal_now() const {
    const std::size_t rows = folds_[0].fit.size() + folds_[0].stop.size();
    return next_proposal(growth_of(options_), learners_of(options_), tried_, rows, seed_);
  }

  /// How many candidates of a search that was cut off stand again, with the time that they took.
  std::size_t take_over() {
    for (Tried& tried : limits_.trials.read()) {
      if (limits_.candidates > 0 && tried_.size() == limits_.candidates) break;
      const auto proposal = proposal_now();
      if (!proposal || proposal->growth != tried.growth) break;
      spent_before_us_ += tried.spent_us;
      tried_.push_back(std::move(tried));
      forget_the_worst();
    }
    return tried_.size();
  }

  /// A fold's fit, and what it is worth.
  struct Fit {
    Course course;
    double spent_us = 0;
    std::size_t terms = 0, stored_rows = 0, stored_columns = 0;
    bool failed = false;  // it is a line, or neighbours, and there is none
    bool ended() const {
      return course.ending == Ending::kStopped || course.ending == Ending::kBudget;
    }
  };

  /// Nothing: time was up, or somebody asked to stop.
  Result<std::optional<Tried>> attempt(const Proposal& proposal) {
    Tried tried{.origin = proposal.origin, .growth = proposal.growth};
    std::vector<Fit> fits;
    fits.push_back(TRY(fit(0, proposal.growth, threads_)));
    if (fits[0].ended()) return std::nullopt;
    if (fits[0].failed) return without_model(std::move(tried));
    tried.raw = raw_of(prepared_.task, fits[0].course.answers);
    if (!is_behind(tried)) {
      std::vector<Result<Fit>> others(folds_.size() - 1);
      const std::size_t each = std::max<std::size_t>(threads_ / lanes_, 1);
      side_by_side(others.size(), lanes_, [&](std::size_t i) {
        others[i] = fit(i + 1, proposal.growth, each);
      });
      for (Result<Fit>& other : others) fits.push_back(TRY(std::move(other)));
    }
    std::vector<std::size_t> rounds;
    double spent_us = 0;
    for (const Fit& one : fits) {
      if (one.ended()) return std::nullopt;
      if (one.failed) return without_model(std::move(tried));
      tried.terms = one.terms;
      tried.stored_rows = one.stored_rows;
      tried.stored_columns = one.stored_columns;
      spent_us += one.spent_us;
      rounds.push_back(one.course.best);
      if (&one == fits.data()) continue;  // its scores stand there already
      const std::vector<double> raw = raw_of(prepared_.task, one.course.answers);
      tried.raw.insert(tried.raw.end(), raw.begin(), raw.end());
    }
    tried.losses = row_losses(judged(labels_in(rounds.size())), tried.raw);
    tried.loss = std::accumulate(tried.losses.begin(), tried.losses.end(), 0.0) /
                 static_cast<double>(tried.losses.size());
    const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>((rounds.size() - 1) / 2);
    std::ranges::nth_element(rounds, middle);
    tried.rounds = *middle;
    const auto count = static_cast<double>(folds_.size());
    tried.refit_us = static_cast<std::int64_t>(spent_us / std::max(count - 1, 1.0));
    tried.behind = rounds.size() < folds_.size();
    if (tried.behind) {
      tried.raw.clear();
      tried.losses.clear();
    }
    return std::optional(std::move(tried));
  }

  /// It was tried, and is behind whatever there is.
  static std::optional<Tried> without_model(Tried tried) {
    tried.behind = true;
    tried.loss = std::numeric_limits<double>::max();
    tried.rounds = 1;
    tried.raw.clear();
    return tried;
  }

  Fit fit_line_on(const Inner& fold) const {
    const std::int64_t began = monotonic_us();
    Fit made;
    made.course = {.ending = Ending::kRounds, .rounds = 1, .best = 1};
    const auto line = fit_best_line(prepared_, fold.fit, seed_, limits_.stop);
    if (limits_.stop.requested()) made.course.ending = Ending::kStopped;
    made.failed = !line;
    if (!line) return made;
    made.course.answers = answers_of(line->forest, prepared_, fold.stop);
    made.terms = line->forest.terms().size();
    made.spent_us = static_cast<double>(monotonic_us() - began);
    return made;
  }

  Result<Fit> fit_near_on(const Inner& fold) const {
    const std::int64_t began = monotonic_us();
    Fit made;
    made.course = {.ending = Ending::kRounds, .rounds = 1, .best = 1};
    const NearLimits limits = TRY(near_limits(options_, limits_.stop));
    const auto near = fit_best_near(prepared_, fold.fit, seed_, limits);
    std::optional<std::vector<double>> answers;
    if (near) answers = near_answers(near->forest, prepared_, fold.stop, limits_.stop);
    if (limits_.stop.requested()) made.course.ending = Ending::kStopped;
    made.failed = !answers;
    if (!answers) return made;
    made.course.answers = *std::move(answers);
    made.stored_rows = near->rows;
    made.stored_columns = near->columns;
    made.spent_us = static_cast<double>(monotonic_us() - began);
    return made;
  }

  /// Threads: any.
  Result<Fit> fit(std::size_t number, const Growth& growth, std::size_t threads) const {
    const std::int64_t began = monotonic_us();
    const Inner& fold = folds_[number];
    if (growth.line) return fit_line_on(fold);
    if (growth.near) return fit_near_on(fold);
    const Parameters parameters =
        TRY(parameters_with(prepared_, growth, options_, seed_, threads));
    const std::span<const double> labels =
        std::span(labels_).subspan(labels_in(number), fold.stop.size());
    Limits limits;
    limits.rounds = growth.forest ? std::min(kForestTrees, most_rounds_) : most_rounds_;
    limits.patience = patience_for(growth, fold.fit.size());
    limits.stop = limits_.stop;
    if (limits_.until_us) limits.until_us = *limits_.until_us - spent_before_us_ - reserve_us();
    if (number < 2) {  // one lane's alone
      limits.progress = [this](std::size_t round, double) { tell(round); };
    }
    limits.keep_answers = true;
    Booster booster = TRY(Booster::make(prepared_, fold.fit, fold.stop, parameters));
    const std::vector<double> weights = weights_of(prepared_, fold.stop);
    Fit made{TRY(grow(booster, {prepared_.task, labels, weights, prepared_.levels}, limits))};
    const auto rounds = static_cast<double>(std::max<std::size_t>(made.course.rounds, 1));
    made.spent_us = static_cast<double>(monotonic_us() - began) *
                    static_cast<double>(made.course.best) / rounds;
    return made;
  }

  /// After the first fold: worse than the best so far by far.
  bool is_behind(const Tried& tried) const {
    if (tried_.empty() || folds_.size() < 2) return false;
    const std::size_t rows = folds_[0].stop.size();
    const auto now = row_losses(judged(rows), tried.raw);
    const auto& best = tried_[best_of(tried_)].losses;
    return standard_errors(now, std::span(best).first(rows)) > kBehind;
  }

  /// The first rows out of fold.
  Judged judged(std::size_t rows) const {
    const std::span<const double> weights = weights_;
    return {prepared_.task, std::span(labels_).first(rows),
            weights.empty() ? weights : weights.first(rows), prepared_.levels};
  }

  std::size_t labels_in(std::size_t folds) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < folds; ++i) count += folds_[i].stop.size();
    return count;
  }

  /// What fitting the best ones on every row may take.
  std::int64_t reserve_us() const {
    std::vector<const Tried*> order;
    for (const Tried& tried : tried_) {
      if (!tried.behind) order.push_back(&tried);
    }
    std::ranges::stable_sort(order, {}, &Tried::loss);
    order.resize(std::min(order.size(), static_cast<std::size_t>(options_.ensemble)));
    std::int64_t sum = 0;
    for (const Tried* tried : order) sum += tried->refit_us;
    return sum / static_cast<std::int64_t>(lanes_);
  }

  void forget_the_worst() {
    std::size_t worst = tried_.size(), kept = 0;
    for (std::size_t i = 0; i < tried_.size(); ++i) {
      if (tried_[i].raw.empty()) continue;
      ++kept;
      if (worst == tried_.size() || tried_[i].loss > tried_[worst].loss) worst = i;
    }
    const std::size_t bytes = sizeof(double) * (tried_.back().raw.size() + labels_.size());
    if (kept <= std::clamp(kMostKeptBytes / bytes, kFewestKept, kMostKept)) return;
    tried_[worst].raw = {};
    tried_[worst].losses = {};
  }

  void tell(std::size_t round) const {
    if (!limits_.progress) return;
    Json said = {{"what", "training"}, {"tried", tried_.size()}, {"rounds", round}};
    const std::int64_t now = monotonic_us();
    double done = 0;
    if (limits_.until_us) {
      const auto left = static_cast<double>(
          std::max<std::int64_t>(*limits_.until_us - spent_before_us_ - now, 0));
      said["left_s"] = std::ceil(left / 1e6);
      done = 1 - left / static_cast<double>(std::max<std::int64_t>(*limits_.until_us - began_us_,
                                                                   1));
    } else {
      done = 0.9 * static_cast<double>(tried_.size()) / static_cast<double>(limits_.candidates);
    }
    said["done"] = std::clamp(done, 0.0, 1.0);
    if (!tried_.empty()) {
      said["best"] = tried_[best_of(tried_)].loss;
      said["metric"] = loss_name(prepared_.task);
    }
    limits_.progress(said);
  }

  const model::Prepared& prepared_;
  const std::vector<Inner>& folds_;
  const Options& options_;
  std::size_t most_rounds_;
  Seed seed_;
  const SearchLimits& limits_;
  std::int64_t began_us_, spent_before_us_ = 0;
  std::size_t lanes_ = lanes_for(options_.threads);
  std::size_t threads_ = threads_for(options_.threads, prepared_.features.values.size());
  std::vector<double> labels_, weights_;  // fold after fold
  std::vector<Tried> tried_;
};

}  // namespace

Result<Searched> search(const model::Prepared& prepared, const std::vector<Inner>& folds,
                        const Options& options, std::size_t most_rounds, Seed seed,
                        const SearchLimits& limits) {
  return Search(prepared, folds, options, most_rounds, seed, limits).run();
}

}  // namespace rondo::train
