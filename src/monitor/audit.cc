// Choosing before labels are known, weighing once they are.
#include "monitor/audit.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>

#include "base/seed.h"
#include "stats/cbpe.h"
#include "stats/intervals.h"

namespace rondo::monitor {
namespace {

constexpr double kAuditBand = 1.645;  // 90 %
constexpr double kAuditRounding = 1e-9;

/// A row that may be asked.
struct Candidate {
  const Judged* at = nullptr;
  std::uint64_t drawn = 0;
  double expected = 0, probability = 1;
};

/// The least that the mean of Z can be, whichever start the comb had: that of the means of f minus
/// the greatest sum of f/(n pi) over the rows that one start asks, were all of them right.
double least_of(const std::vector<Candidate>& rows) {
  const double n = static_cast<double>(rows.size());
  std::vector<std::pair<double, double>> steps;  // of the start, and what the sum changes by
  double mean = 0, end = 0, sum = 0;
  for (const Candidate& row : rows) {
    const double share = row.expected / (n * row.probability);
    mean += row.expected / n;
    const double from = end - std::floor(end);
    end += row.probability;
    const double until = end - std::floor(end);
    // Starts in [from, until), or around 1; a row that fills all of it is asked by each.
    if (row.probability >= 1 || until < from) sum += share;
    if (row.probability >= 1) continue;
    steps.emplace_back(from, share);
    steps.emplace_back(until, -share);
  }
  std::ranges::sort(steps);
  double most = sum;
  for (const auto& [at, change] : steps) {
    sum += change;
    most = std::max(most, sum);
  }
  return mean - most - kAuditRounding;
}

bool has_label(const Judged& row) { return row.label && std::isfinite(*row.label); }

}  // namespace

Audits::Audits(const Options& options, const model::Reference& reference)
    : options_(options), reference_(reference), rule_(reference.loss_rule()) {
  on_ = options.audit_per_day > 0 && rule_.loss != model::Loss::kAuc;
  if (!on_ || reference.tree.nodes.empty()) return;
  std::vector<std::string> columns;
  for (const model::ColumnReference& column : reference.columns) columns.push_back(column.name);
  leaves_.emplace(reference.tree, columns);
}

/// By the probability of the answer, else as rows of its kind lost on the test.
double Audits::expected(const Judged& row) const {
  const bool by_score = rule_.loss == model::Loss::kError && !reference_.scores.empty();
  if (by_score && std::isfinite(row.score)) {
    stats::ErrorEstimate one(reference_.scores);
    one.add(row.score, !reference_.scores_of_positive || row.answer > 0.5);
    return std::clamp(one.error(), 0.0, 1.0);
  }
  if (!leaves_) return reference_.test_risk;
  return reference_.tree.nodes[leaves_->leaf_of(row.cells)].risk;
}

/// Rows in an order by chance, each as long as its probability is great: asked are those that a
/// comb with teeth at start, start + 1, ... hits.
void Audits::choose(const Cohort& cohort) {
  if (!on_ || cohort.rows.empty()) return;
  const double n = static_cast<double>(cohort.rows.size());
  std::vector<Candidate> rows;
  double doubts = 0;
  for (const Judged& row : cohort.rows) {
    const double f = expected(row);
    rows.push_back({&row, Seed{options_.seed}.derive("audit " + row.id).value, f});
    doubts += std::sqrt(f * (1 - f));
  }
  const double budget =
      static_cast<double>(options_.audit_per_day) * (cohort.until - cohort.from).in_days();
  for (Candidate& row : rows) {
    const double doubt = std::sqrt(row.expected * (1 - row.expected));
    const double share = doubts > 0 ? (1 / n + doubt / doubts) / 2 : 1 / n;
    row.probability = std::min(1.0, budget * share);
  }
  std::ranges::sort(rows, [](const Candidate& a, const Candidate& b) {
    return std::tie(a.drawn, a.at->id) < std::tie(b.drawn, b.at->id);
  });
  const std::uint64_t drawn =
      Seed{options_.seed}.derive("audit from " + to_text(cohort.from)).value;
  const double start = static_cast<double>(drawn >> 11) * 0x1p-53;
  Window window{cohort.until, least_of(rows), {}};
  double end = 0, tooth = start;
  for (const Candidate& row : rows) {
    end += row.probability;
    if (tooth >= end) continue;
    tooth += 1;
    window.rows.push_back({row.at->id, row.at->time, row.probability});
  }
  windows_.push_back(std::move(window));
}

const Audits::Window* Audits::window_of(const Cohort& cohort) const {
  const auto found = std::ranges::find(windows_, cohort.until, &Window::until);
  return found == windows_.end() ? nullptr : &*found;
}

Audits::Labels Audits::labels_of(const Cohort& cohort) const {
  Labels labels;
  const Window* window = window_of(cohort);
  if (window == nullptr) return labels;
  std::unordered_map<std::string_view, bool> came;
  for (const Judged& row : cohort.rows) came[row.id] = has_label(row);
  for (const Row& row : window->rows) {
    const auto found = came.find(row.id);
    if (found == came.end()) continue;   // it left the sample
    ++labels.asked;
    labels.came += found->second ? 1 : 0;
  }
  return labels;
}

std::optional<Audits::Losses> Audits::judge(const Cohort& cohort) {
  const Window* window = window_of(cohort);
  if (window == nullptr || cohort.rows.empty()) return std::nullopt;
  std::unordered_map<std::string_view, double> probabilities;
  for (const Row& row : window->rows) probabilities[row.id] = row.probability;
  const double n = static_cast<double>(cohort.rows.size());
  Losses losses;
  losses.least = window->least;
  std::vector<double> parts;               // of the mean, of each row that was asked
  double sum = 0;
  for (const Judged& row : cohort.rows) {
    const double f = expected(row);
    const auto asked = probabilities.find(row.id);
    double z = f;
    if (asked != probabilities.end() && has_label(row)) {
      const double lost = rule_.of({*row.label, row.answer, row.score, row.probabilities});
      z += (lost - f) / asked->second;
      parts.push_back((lost - f) / asked->second / n);
    }
    sum += z;
    losses.of_rows.push_back(z);
  }
  const Labels labels = labels_of(cohort);
  asked_ += labels.asked;
  answered_ += labels.came;
  const double count = static_cast<double>(parts.size());
  const double variance = parts.size() < 2 ? 1 : count * stats::moments(parts).variance;
  newest_ = WindowMean{sum / n, variance, cohort.rows.size(), cohort.until};
  std::erase_if(windows_, [&](const Window& one) { return one.until <= cohort.until; });
  return losses;
}

Json Audits::summary() const {
  if (!on_) return nullptr;
  std::uint64_t waiting = 0;
  for (const Window& window : windows_) waiting += window.rows.size();
  Json out = {{"per_day", options_.audit_per_day}, {"asked", asked_}, {"answered", answered_},
              {"waiting", waiting}};
  if (!newest_) return out;
  const double width = kAuditBand * std::sqrt(newest_->variance);
  out["value"] = newest_->value;
  out["low"] = std::max(0.0, newest_->value - width);
  out["high"] = std::min(1.0, newest_->value + width);
  out["rows"] = newest_->rows;
  out["until"] = to_text(newest_->until);
  return out;
}

Json Audits::state() const {
  if (!on_) return nullptr;
  Json windows = Json::array();
  for (const Window& window : windows_) {
    Json rows = Json::array();
    for (const Row& row : window.rows) {
      rows.push_back({{"id", row.id}, {"time_us", row.time.us}, {"probability", row.probability}});
    }
    windows.push_back(
        {{"until_us", window.until.us}, {"least", window.least}, {"rows", std::move(rows)}});
  }
  Json newest = nullptr;
  if (newest_) newest = newest_->to_json();
  return {{"windows", std::move(windows)}, {"newest", std::move(newest)}, {"asked", asked_},
          {"answered", answered_}};
}

/// A watcher of before had none.
Result<void> Audits::read(const Json& state) {
  if (state.is_null() || !on_) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's audits have another shape");
  windows_.clear();
  for (const Json& one : io::get_or<Json>(state, "windows", Json::array())) {
    Window window{{TRY(io::get<std::int64_t>(one, "until_us"))}, TRY(io::get<double>(one, "least")),
                  {}};
    for (const Json& row : TRY(io::get<Json>(one, "rows"))) {
      window.rows.push_back({TRY(io::get<std::string>(row, "id")),
                             {TRY(io::get<std::int64_t>(row, "time_us"))},
                             TRY(io::get<double>(row, "probability"))});
    }
    windows_.push_back(std::move(window));
  }
  const Json newest = io::get_or<Json>(state, "newest", nullptr);
  newest_.reset();
  if (!newest.is_null()) {
    newest_ = WindowMean::from_json(newest);
    if (!newest_) return wrong;
  }
  asked_ = TRY(io::get<std::uint64_t>(state, "asked"));
  answered_ = TRY(io::get<std::uint64_t>(state, "answered"));
  return {};
}

}  // namespace rondo::monitor
