// A reference as JSON and back. What monitoring divides by, indexes with or searches in is checked
// here: counts that add up to the rows, ascending edges, shares within [0, 1].
#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/reference.h"
#include "model/reference_windows.h"

namespace rondo::model {
namespace {

std::unexpected<Error> refuse(const ColumnReference& c, const std::string& what) {
  return fail(Code::kInvalidInput, "column \"" + c.name + "\": " + what);
}

/// As whole numbers of steps.
std::vector<int> steps_of(const std::vector<double>& shares) {
  std::vector<int> steps;
  for (const double share : shares) {
    steps.push_back(static_cast<int>(std::lround(share * kShareSteps)));
  }
  return steps;
}

Json envelopes_json(const ColumnReference& c) {
  Json out = Json::array();
  for (const Envelope& one : c.envelopes) {
    out.push_back({{"low", steps_of(one.low)}, {"high", steps_of(one.high)}});
  }
  return out;
}

Result<std::vector<double>> shares_from(const Json& json, std::string_view key) {
  std::vector<double> shares;
  for (const std::int64_t step : TRY(io::get<std::vector<std::int64_t>>(json, key))) {
    shares.push_back(static_cast<double>(step) / kShareSteps);
  }
  return shares;
}

Json column_json(const ColumnReference& c) {
  Json out = {{"name", c.name},
              {"numeric", c.numeric},
              {"rows", c.rows},
              {"counts", c.counts},
              {"greatest_rare_share", c.greatest_rare_share},
              {"greatest_rare_day_share", c.greatest_rare_day_share},
              {"day_low", c.day_low},
              {"day_high", c.day_high}};
  if (!c.envelopes.empty()) out["envelopes"] = envelopes_json(c);
  if (!c.numeric) {
    out["categories"] = c.categories;
    return out;
  }
  out["minimum"] = c.minimum;
  out["maximum"] = c.maximum;
  out["edges"] = c.edges;
  out["common"] = c.common;
  out["common_counts"] = c.common_counts;
  out["greatest_day_ratio"] = c.greatest_day_ratio;
  out["last_day_median"] = c.last_day_median;
  return out;
}

bool is_ascending(const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || (i > 0 && !(values[i - 1] < values[i]))) return false;
  }
  return true;
}

bool is_share(double x) { return x >= 0 && x <= 1; }

bool are_shares(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), is_share);
}

Result<std::vector<std::uint64_t>> get_counts(const Json& json, std::string_view key) {
  std::vector<std::uint64_t> counts;
  for (const std::int64_t count : TRY(io::get<std::vector<std::int64_t>>(json, key))) {
    if (count < 0 || count > (std::int64_t{1} << 53)) {
      return fail(Code::kInvalidInput, "\"" + std::string(key) + "\" holds no count");
    }
    counts.push_back(static_cast<std::uint64_t>(count));
  }
  return counts;
}

Result<void> read_numeric(const Json& json, ColumnReference& c) {
  c.minimum = TRY(io::get<double>(json, "minimum"));
  c.maximum = TRY(io::get<double>(json, "maximum"));
  c.edges = TRY(io::get<std::vector<double>>(json, "edges"));
  c.common = TRY(io::get<std::vector<double>>(json, "common"));
  c.common_counts = TRY(get_counts(json, "common_counts"));
  c.greatest_day_ratio = TRY(io::get<double>(json, "greatest_day_ratio"));
  c.last_day_median = TRY(io::get<double>(json, "last_day_median"));
  if (!std::isfinite(c.minimum) || !std::isfinite(c.maximum) || c.minimum > c.maximum) {
    return refuse(c, "minimum and maximum are no range");
  }
  if (!is_ascending(c.edges) || !is_ascending(c.common)) {
    return refuse(c, "edges and common values must be finite and ascending");
  }
  if (!c.edges.empty() && (c.edges.front() < c.minimum || c.edges.back() > c.maximum)) {
    return refuse(c, "an edge is outside of the range");
  }
  if (c.common.size() != c.common_counts.size()) return refuse(c, "a common value has no count");
  if (!(c.greatest_day_ratio >= 1) || !std::isfinite(c.greatest_day_ratio) ||
      !std::isfinite(c.last_day_median)) {
    return refuse(c, "the ratio or the median of its days is no such number");
  }
  return {};
}

Result<void> check_counts(const ColumnReference& c) {
  const std::size_t bins = c.numeric ? c.edges.size() + 1 : c.categories.size();
  if (bins > 200 || c.counts.size() != bins + 4) {
    return refuse(c, "its counts do not fit its bins");
  }
  const auto total = std::accumulate(c.counts.begin(), c.counts.end(), std::uint64_t{0});
  if (total != c.rows) return refuse(c, "its counts do not add up to its rows");
  for (const auto* days : {&c.day_low, &c.day_high}) {
    if ((!days->empty() && days->size() != c.counts.size()) || !are_shares(*days)) {
      return refuse(c, "the shares of its days do not fit its bins");
    }
  }
  if (c.day_low.size() != c.day_high.size()) return refuse(c, "a bin lacks a share of its days");
  if (!is_share(c.greatest_rare_share) || !is_share(c.greatest_rare_day_share)) {
    return refuse(c, "a share is outside of 0 to 1");
  }
  return {};
}

/// In whole steps: ten shares of .1 add up to less than 1 as doubles.
int sum_of_steps(const std::vector<double>& shares) {
  const std::vector<int> steps = steps_of(shares);
  return std::accumulate(steps.begin(), steps.end(), 0);
}

/// Shares that add up to 1 must fit between the bounds of an envelope.
Result<void> check_envelopes(const ColumnReference& c) {
  for (const Envelope& one : c.envelopes) {
    bool ordered = one.low.size() == c.counts.size() && one.high.size() == c.counts.size() &&
                   are_shares(one.low) && are_shares(one.high);
    for (std::size_t i = 0; ordered && i < one.low.size(); ++i) ordered = one.low[i] <= one.high[i];
    const bool holds = ordered && sum_of_steps(one.low) <= kShareSteps &&
                       sum_of_steps(one.high) >= kShareSteps;
    if (!holds) return refuse(c, "an envelope of its windows does not fit its bins");
  }
  return {};
}

Result<ColumnReference> column_from(const Json& json) {
  ColumnReference c;
  c.name = TRY(io::get<std::string>(json, "name"));
  if (c.name.empty()) return refuse(c, "its name is empty");
  c.numeric = TRY(io::get<bool>(json, "numeric"));
  c.rows = TRY(io::get<std::uint64_t>(json, "rows"));
  c.counts = TRY(get_counts(json, "counts"));
  c.greatest_rare_share = TRY(io::get<double>(json, "greatest_rare_share"));
  c.greatest_rare_day_share = TRY(io::get<double>(json, "greatest_rare_day_share"));
  c.day_low = TRY(io::get<std::vector<double>>(json, "day_low"));
  c.day_high = TRY(io::get<std::vector<double>>(json, "day_high"));
  if (c.numeric) {
    TRY(during(read_numeric(json, c), "reading column \"" + c.name + "\""));
  } else {
    c.categories = TRY(io::get<std::vector<std::string>>(json, "categories"));
  }
  for (const Json& one : io::get_or<Json>(json, "envelopes", Json::array())) {  // new in 0.1
    c.envelopes.push_back({TRY(shares_from(one, "low")), TRY(shares_from(one, "high"))});
  }
  TRY(check_counts(c));
  TRY(check_envelopes(c));
  return c;
}

Result<void> check(const Reference& r) {
  const bool finite = std::isfinite(r.rows_per_day_least) && std::isfinite(r.rows_per_day_most) &&
                      std::isfinite(r.loss_scale) && std::isfinite(r.day_correlation);
  if (!finite || r.rows_per_day_least < 0 || r.rows_per_day_most < r.rows_per_day_least) {
    return fail(Code::kInvalidInput, "the rows a day are no range");
  }
  if (!(r.loss_scale > 0) || !is_share(r.test_risk) || !is_share(r.risk_bound) ||
      !(r.least_day >= 0 && r.least_day <= r.risk_bound) ||
      std::fabs(r.day_correlation) > 1 || r.longest_gap.us < 0) {
    return fail(Code::kInvalidInput, "risk, its bound, its scale or a gap is out of range");
  }
  if (!loss_from(r.loss)) {
    return fail(Code::kInvalidInput, "there is no loss \"" + r.loss + "\"");
  }
  if (!(r.false_positive >= 0) || !(r.false_negative >= 0)) {
    return fail(Code::kInvalidInput, "a mistake has no price");
  }
  return {};
}

Json clocks_json(const Reference& r) {
  Json out = Json::array();
  for (const WindowClock& clock : r.clocks) {
    out.push_back({{"length_us", clock.length.us}, {"least_rows", clock.least_rows},
                   {"windows", clock.windows}});
  }
  return out;
}

Result<void> read_clocks(const Json& json, Reference& r) {
  const Json list = io::get_or<Json>(json, "clocks", Json::array());
  for (const Json& one : list) {
    WindowClock clock;
    clock.length.us = TRY(io::get<std::int64_t>(one, "length_us"));
    clock.least_rows = TRY(io::get<std::uint64_t>(one, "least_rows"));
    clock.windows = TRY(io::get<std::uint64_t>(one, "windows"));
    if (clock.length.us <= 0 || clock.least_rows == 0) {
      return fail(Code::kInvalidInput, "a clock of the reference has no length or no rows");
    }
    r.clocks.push_back(clock);
  }
  for (const ColumnReference& c : r.columns) {
    if (c.envelopes.size() != r.clocks.size()) return refuse(c, "it lacks the windows of a clock");
  }
  for (const ColumnReference& c : r.derived) {  // without envelopes live windows make them
    const bool all = c.envelopes.size() == r.clocks.size();
    const bool first = c.envelopes.size() < r.clocks.size();  // test rows may be too few for days
    if (c.name == kMissingCells && (c.envelopes.empty() || all)) continue;
    if (c.name == kAnswers && (first || all)) continue;
    return refuse(c, "it is not watched beside columns, or lacks the windows of a clock");
  }
  return {};
}

}  // namespace

LossRule Reference::loss_rule() const {
  return {loss_from(loss).value_or(Loss::kAbsolute), loss_scale, false_positive, false_negative};
}

double Reference::error_scale() const {
  return loss == name_of(Loss::kSquared) ? std::sqrt(loss_scale) : loss_scale;
}

Json Reference::to_json() const {
  Json list = Json::array();
  for (const ColumnReference& c : columns) list.push_back(column_json(c));
  Json out = {{"columns", list},
          {"label", column_json(label)},
          {"has_clock", has_clock},
          {"clocks", clocks_json(*this)},
          {"days", days},
          {"rows_per_day_least", rows_per_day_least},
          {"rows_per_day_most", rows_per_day_most},
          {"longest_gap_us", longest_gap.us},
          {"loss_scale", loss_scale},
          {"loss", loss},
          {"test_risk", test_risk},
          {"risk_bound", risk_bound},
          {"least_day", least_day},
          {"test_days", test_days},
          {"test_rows", test_rows},
          {"day_correlation", day_correlation}};
  if (loss == name_of(Loss::kCost)) {
    out["false_positive"] = false_positive;
    out["false_negative"] = false_negative;
  }
  for (const SliceReference& slice : slices) out["slices"].push_back(slice.to_json());
  for (const ColumnReference& c : derived) out["derived"].push_back(column_json(c));
  if (!joint.columns.empty()) out["joint"] = joint.to_json();
  if (!tree.nodes.empty()) out["tree"] = tree.to_json();
  if (!scores.empty()) {
    out["scores"] = scores.to_json();
    out["scores"]["of_positive"] = scores_of_positive;
    if (!score_kinds.empty()) out["score_kinds"] = score_kinds.to_json();
  }
  return out;
}

Result<Reference> Reference::from_json(const Json& json) {
  Reference r;
  const Json list = TRY(io::get<Json>(json, "columns"));
  if (!list.is_array()) return fail(Code::kInvalidInput, "\"columns\" is no list");
  for (const Json& one : list) r.columns.push_back(TRY(column_from(one)));
  r.label = TRY(column_from(TRY(io::get<Json>(json, "label"))));
  r.has_clock = TRY(io::get<bool>(json, "has_clock"));
  r.days = TRY(io::get<std::uint64_t>(json, "days"));
  r.rows_per_day_least = TRY(io::get<double>(json, "rows_per_day_least"));
  r.rows_per_day_most = TRY(io::get<double>(json, "rows_per_day_most"));
  r.longest_gap.us = TRY(io::get<std::int64_t>(json, "longest_gap_us"));
  r.loss_scale = TRY(io::get<double>(json, "loss_scale"));
  r.loss = TRY(io::get<std::string>(json, "loss"));
  r.false_positive = io::get_or<double>(json, "false_positive", 1);
  r.false_negative = io::get_or<double>(json, "false_negative", 1);
  r.test_risk = TRY(io::get<double>(json, "test_risk"));
  r.risk_bound = TRY(io::get<double>(json, "risk_bound"));
  r.least_day = io::get_or<double>(json, "least_day", 0);
  r.test_days = TRY(io::get<std::uint64_t>(json, "test_days"));
  r.test_rows = TRY(io::get<std::uint64_t>(json, "test_rows"));
  r.day_correlation = TRY(io::get<double>(json, "day_correlation"));
  for (const Json& one : io::get_or<Json>(json, "slices", Json::array())) {
    r.slices.push_back(TRY(SliceReference::from_json(one)));
  }
  if (json.contains("joint")) {
    r.joint = TRY(JointSample::from_json(json.at("joint"), r.columns));
  }
  if (json.contains("tree")) r.tree = TRY(RiskTree::from_json(json.at("tree")));
  if (json.contains("scores")) {
    r.scores = TRY(stats::ScoreMap::from_json(json.at("scores")));
    r.scores_of_positive = TRY(io::get<bool>(json.at("scores"), "of_positive"));
    if (const auto kinds = json.find("score_kinds"); kinds != json.end()) {
      r.score_kinds = TRY(stats::ScoreKinds::from_json(*kinds, r.scores));
      if (r.score_kinds.rows.size() != r.tree.leaf_numbers().back()) {
        return fail(Code::kInvalidInput, "scores are known of other kinds of rows than losses are");
      }
    }
  }
  for (const Json& one : io::get_or<Json>(json, "derived", Json::array())) {
    r.derived.push_back(TRY(column_from(one)));
  }
  TRY(read_clocks(json, r));
  TRY(check(r));
  return r;
}

}  // namespace rondo::model
