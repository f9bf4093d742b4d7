// A line is settled from the strongest penalty to the one asked for, each start the last one's end.
#include "train/linear.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "model/compiled_forest.h"
#include "model/forest_build.h"
#include "stats/portable.h"
#include "train/newton.h"

namespace rondo::train {
namespace {

constexpr std::array kPenalties = {1e-1, 1e-2, 1e-3, 1e-4};
constexpr std::size_t kMostRows = 20'000, kFewestRows = 50;
constexpr double kMostProducts = 1e8;      // a step, of all classes
constexpr int kMostSteps = 25;
constexpr int kMostTurns = 12, kStepsATurn = 2;  // classes, one after the other
constexpr double kTurned = 1e-6;           // of the objective, that a turn no longer gains

/// The linear model of some rows: a vector of coefficients an answer.
class Fit {
 public:
  Fit(const model::Prepared& prepared, const RowList& rows, bool bent)
      : prepared_(prepared), form_(prepared, rows, bent), design_(form_.design(rows)) {
    const bool many = prepared.task == model::Task::kMulticlass;
    const std::size_t questions = many ? prepared.classes.size() : 1;
    std::vector<double> weight = weights_of(prepared, rows);
    if (weight.empty()) weight.assign(rows.size(), 1);
    double all = 0;
    for (const double one : weight) all += one;
    for (std::size_t k = 0; k < questions; ++k) {
      Question q{design_, {}, weight, !model::is_number(prepared.task), all};
      for (const std::uint32_t row : rows) {
        const double label = prepared.label[row];
        q.label.push_back(many ? (label == static_cast<double>(k) ? 1 : 0) : label);
      }
      questions_.push_back(std::move(q));
      found_.emplace_back(design_.columns);
    }
  }
  Fit(const Fit&) = delete;
  Fit& operator=(const Fit&) = delete;

  std::size_t columns() const { return form_.columns(); }
  bool settle_at(double alpha, const Stop& stop) {
    if (questions_.size() == 1) {
      return settle(questions_[0], alpha, found_[0], kMostSteps, stop);
    }
    double before = std::numeric_limits<double>::infinity();
    for (int turn = 0; turn < kMostTurns; ++turn) {
      double now = 0;
      for (std::size_t k = 0; k < questions_.size(); ++k) {
        set_beside(k);
        if (!settle(questions_[k], alpha, found_[k], kStepsATurn, stop)) return false;
        now = objective(questions_[k], found_[k], alpha);
      }
      if (before - now <= kTurned * std::fabs(now)) break;
      before = now;
    }
    return true;
  }
  Result<model::Forest> forest() const {
    model::ForestBuilder builder = TRY(model::ForestBuilder::start(
        {form_.features(), found_.size(), link_of(prepared_.task), 1.0}));
    const auto rows = static_cast<double>(design_.rows());
    for (const Coefficients& b : found_) {
      model::ForestBuilder::Tree tree;
      tree.leaves = {b.back()};
      tree.covers = {rows};
      TRY(builder.add(tree));
    }
    const std::vector<double> means = design_.means();
    for (std::size_t k = 0; k < found_.size(); ++k) {
      for (model::LinearTerm& term :
           form_.terms(found_[k], means, static_cast<std::uint32_t>(k))) {
        TRY(builder.add_term(std::move(term)));
      }
    }
    return builder.finish();
  }

 private:
  /// Beside fixed scores s_j of the other classes, the multinomial loss of class k is the logistic
  /// one of s_k - ln sum exp(s_j).
  void set_beside(std::size_t k) {
    std::vector<double>& offset = questions_[k].offset;
    offset.resize(design_.rows());
    std::vector<double> scores;
    for (std::size_t i = 0; i < design_.rows(); ++i) {
      scores.clear();
      for (std::size_t j = 0; j < found_.size(); ++j) {
        if (j != k) scores.push_back(design_.times(i, found_[j]));
      }
      const double top = *std::ranges::max_element(scores);
      double sum = 0;
      for (const double score : scores) sum += stats::portable_exp(score - top);
      offset[i] = -(top + stats::portable_log(sum));
    }
  }

  const model::Prepared& prepared_;
  LinearForm form_;
  Design design_;
  std::vector<Question> questions_;
  std::vector<Coefficients> found_;
};

/// As many rows as a step may cost. A row has a column a feature at most and, of a line that bends,
/// one a knot more; and the constant one.
std::size_t most_rows(const model::Prepared& prepared, bool bent) {
  const bool many = prepared.task == model::Task::kMulticlass;
  const std::size_t columns = std::min((bent ? 6 : 1) * prepared.features.columns,
                                       LinearForm::kMostColumns);
  const auto width = static_cast<double>(columns + 1);
  const double answers = many ? static_cast<double>(prepared.classes.size()) : 1;
  const double rows = kMostProducts / (answers * width * width / 2);
  return static_cast<std::size_t>(std::clamp(rows, 0.0, static_cast<double>(kMostRows)));
}

/// What is too little to fit a line to.
bool is_too_little(const model::Prepared& prepared, const RowList& rows) {
  return rows.size() < kFewestRows || !has_weight(prepared, rows);
}

std::optional<LineChoice> choose(const model::Prepared& prepared, const Inner& inner, bool bent,
                                 const Stop& stop) {
  LineChoice best{bent, kPenalties[1], std::numeric_limits<double>::quiet_NaN()};
  if (inner.stop.empty()) return best;
  std::vector<double> labels;
  for (const std::uint32_t row : inner.stop) labels.push_back(prepared.label[row]);
  const std::vector<double> weights = weights_of(prepared, inner.stop);
  const RowList rows = thinned(inner.fit, most_rows(prepared, bent));
  if (is_too_little(prepared, rows)) return std::nullopt;
  Fit fit(prepared, rows, bent);
  if (fit.columns() == 0) return std::nullopt;
  const bool numbers = model::is_number(prepared.task);  // of quantiles it is the mean's line
  const model::Task task = numbers ? model::Task::kRegression : prepared.task;
  for (const double alpha : kPenalties) {
    if (!fit.settle_at(alpha, stop)) break;
    const auto forest = fit.forest();
    if (!forest) break;
    std::vector<double> answers = answers_of(*forest, prepared, inner.stop);
    const double loss = mean_loss({task, labels, weights}, answers);
    if (!std::isfinite(loss) || loss >= best.loss) continue;
    best = {bent, alpha, loss, std::move(answers)};
  }
  if (std::isnan(best.loss)) return std::nullopt;
  return best;
}

}  // namespace

model::Link link_of(model::Task task) {
  switch (task) {
    case model::Task::kRegression:
    case model::Task::kQuantile: return model::Link::kIdentity;
    case model::Task::kBinary: return model::Link::kSigmoid;
    case model::Task::kMulticlass: return model::Link::kSoftmax;
  }
  return model::Link::kIdentity;
}

const LineChoice* LineChoices::better() const {
  if (!straight || !bent) return straight ? &*straight : bent ? &*bent : nullptr;
  return bent->loss < straight->loss ? &*bent : &*straight;
}

Json Line::json() const {
  Json out = {{"rows", rows}, {"columns", columns}, {"penalty", choice.penalty}};
  if (choice.bent) out["bent"] = true;
  return out;
}

std::vector<double> answers_of(const model::Forest& forest, const model::Prepared& prepared,
                               const RowList& rows) {
  const FeatureRows features(prepared.features, rows);
  std::vector<double> answers(rows.size() * forest.outputs());
  model::CompiledForest(forest).raw_batch(features.values(), rows.size(), answers);
  forest.link(answers);
  return answers;
}

LineChoices choose_lines(const model::Prepared& prepared, const Inner& inner, bool may_bend,
                         const Stop& stop) {
  LineChoices made;
  made.straight = choose(prepared, inner, false, stop);
  if (may_bend) made.bent = choose(prepared, inner, true, stop);
  return made;
}

std::optional<Line> fit_line(const model::Prepared& prepared, const RowList& train,
                             const LineChoice& choice, const Stop& stop) {
  const RowList rows = thinned(train, most_rows(prepared, choice.bent));
  if (is_too_little(prepared, rows)) return std::nullopt;
  Fit fit(prepared, rows, choice.bent);
  if (fit.columns() == 0) return std::nullopt;
  for (const double alpha : kPenalties) {  // the way that the inner part was gone
    if (!fit.settle_at(alpha, stop)) return std::nullopt;
    if (alpha == choice.penalty) break;
  }
  auto forest = fit.forest();
  if (!forest) return std::nullopt;  // a coefficient is not finite
  return Line{*std::move(forest), rows.size(), fit.columns(), choice};
}

std::optional<Line> fit_best_line(const model::Prepared& prepared, const RowList& train, Seed seed,
                                  const Stop& stop) {
  const Inner inner = inner_split(prepared, train, seed);
  const LineChoices choices = choose_lines(prepared, inner, true, stop);
  const LineChoice* const choice = choices.better();
  if (choice == nullptr) return std::nullopt;
  return fit_line(prepared, train, *choice, stop);
}

}  // namespace rondo::train
