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
  double from = 0, until = 0;              // starts of the comb by which it is asked, around 1
};

/// The range of the mean of Z over some of the rows, whichever start the comb had: the mean of f
/// minus the greatest sum of f/(n pi) over those that one start asks, were all of them right; plus
/// the greatest of (1 - f)/(n pi), were all of them wrong.
stats::Range range_of(std::span<const Candidate* const> rows) {
  struct Step {
    double at = 0;
    bool begins = false;
    double right = 0, wrong = 0;
  };
  const double n = static_cast<double>(rows.size());
  std::vector<Step> steps;
  double mean = 0, right = 0, wrong = 0;
  for (const Candidate* row : rows) {
    mean += row->expected / n;
    const double share = 1 / (n * row->probability);
    const double if_right = row->expected * share, if_wrong = (1 - row->expected) * share;
    // Starts in [from, until), or around 1; a row that fills all of it is asked by each.
    if (row->probability >= 1 || row->until < row->from) right += if_right, wrong += if_wrong;
    if (row->probability >= 1) continue;
    steps.push_back({row->from, true, if_right, if_wrong});
    steps.push_back({row->until, false, -if_right, -if_wrong});
  }
  std::ranges::sort(steps, {}, [](const Step& step) { return std::pair(step.at, step.begins); });
  double most_right = right, most_wrong = wrong;
  for (const Step& step : steps) {
    most_right = std::max(most_right, right += step.right);
    most_wrong = std::max(most_wrong, wrong += step.wrong);
  }
  return {mean - most_right - kAuditRounding, mean + most_wrong + kAuditRounding};
}

/// The same of each watched part that has rows.
std::vector<Audits::Part> parts_among(const Parts& parts, std::span<const Candidate> rows) {
  std::vector<std::vector<const Candidate*>> of_part(parts.size());
  for (const Candidate& row : rows) {
    parts.of(row.at->cells, [&](std::size_t part) { of_part[part].push_back(&row); });
  }
  std::vector<Audits::Part> out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (of_part[i].empty()) continue;
    Audits::Part part{i, of_part[i].size(), range_of(of_part[i]), 0};
    for (const Candidate* row : of_part[i]) part.labels += row->probability;
    out.push_back(part);
  }
  return out;
}

bool has_label(const Judged& row) { return row.label && std::isfinite(*row.label); }

}  // namespace

Audits::Audits(const Options& options, const model::Reference& reference)
    : options_(options), reference_(reference), rule_(reference.loss_rule()),
      parts_(reference) {
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
  Window window{cohort.until, {}, {}, {}};
  std::vector<const Candidate*> all;
  double end = 0, tooth = start;
  for (Candidate& row : rows) {
    all.push_back(&row);
    row.from = end - std::floor(end);
    end += row.probability;
    row.until = end - std::floor(end);
    if (tooth >= end) continue;
    tooth += 1;
    window.rows.push_back({row.at->id, row.at->time, row.probability});
  }
  window.range = range_of(all);
  window.parts = parts_among(parts_, rows);
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
  losses.range = window->range;
  losses.parts = window->parts;
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
    Json parts = Json::array();
    for (const Part& part : window.parts) {
      parts.push_back({part.part, part.rows, part.range.least, part.range.most, part.labels});
    }
    windows.push_back({{"until_us", window.until.us}, {"least", window.range.least},
                       {"most", window.range.most}, {"rows", std::move(rows)},
                       {"parts", std::move(parts)}});
  }
  Json newest = nullptr;
  if (newest_) newest = newest_->to_json();
  return {{"windows", std::move(windows)}, {"newest", std::move(newest)}, {"asked", asked_},
          {"answered", answered_}};
}

Result<Audits::Window> Audits::window_from(const Json& json) {
  const double least = TRY(io::get<double>(json, "least"));
  Window window{{TRY(io::get<std::int64_t>(json, "until_us"))}, {}, {}, {}};
  window.range = {least, TRY(io::get<double>(json, "most"))};
  for (const Json& row : TRY(io::get<Json>(json, "rows"))) {
    window.rows.push_back({TRY(io::get<std::string>(row, "id")),
                           {TRY(io::get<std::int64_t>(row, "time_us"))},
                           TRY(io::get<double>(row, "probability"))});
  }
  for (const Json& part : TRY(io::get<Json>(json, "parts"))) {
    const bool shaped = part.is_array() && part.size() == 5 && part[0].is_number_unsigned() &&
                        part[1].is_number_unsigned() && part[2].is_number() &&
                        part[3].is_number() && part[4].is_number();
    if (!shaped) return fail(Code::kCorrupt, "an audit's part has another shape");
    window.parts.push_back({part[0].get<std::size_t>(), part[1].get<std::uint64_t>(),
                            {part[2].get<double>(), part[3].get<double>()},
                            part[4].get<double>()});
  }
  return window;
}

/// A watcher of before had none.
Result<void> Audits::read(const Json& state) {
  if (state.is_null() || !on_) return {};
  const auto wrong = fail(Code::kCorrupt, "the watcher's audits have another shape");
  windows_.clear();
  for (const Json& one : io::get_or<Json>(state, "windows", Json::array())) {
    windows_.push_back(TRY(window_from(one)));
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
