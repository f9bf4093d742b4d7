// Sums over a grid: an estimate is linear in the map, so one pass over the rows serves every fit.
#include "stats/cbpe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "stats/bootstrap.h"

namespace rondo::stats {
namespace {

constexpr std::size_t kGrid = 33, kDraws = 20, kFewest = 50;

/// In steps of 1e-4, so that the file stays small.
double rounded_share(double share) { return std::round(share * 1e4) / 1e4; }

/// Distinct quantiles.
std::vector<double> grid_of(std::vector<double> scores) {
  std::ranges::sort(scores);
  std::vector<double> grid;
  for (std::size_t i = 0; i < kGrid; ++i) {
    const double score = scores[i * (scores.size() - 1) / (kGrid - 1)];
    if (grid.empty() || score > grid.back()) grid.push_back(score);
  }
  return grid;
}

std::vector<double> values_on(const std::vector<double>& grid, const Scored& rows) {
  const Calibration fit = fit_isotonic(rows);
  std::vector<double> values;
  double all = 0, positives = 0;
  for (std::size_t i = 0; i < rows.positive.size(); ++i) {
    const double weight = rows.weight.empty() ? 1 : rows.weight[i];
    all += weight;
    if (rows.positive[i] != 0) positives += weight;
  }
  const double share = positives / all;
  for (const double score : grid) {  // drawn rows may have one class alone
    const bool known = fit.kind == Calibration::Kind::kIsotonic;
    values.push_back(rounded_share(known ? fit.probability(score) : share));
  }
  return values;
}

/// Between which grid points a score lies, and how far it is from the first of them.
struct Place {
  std::size_t before = 0;
  double part = 0;
};

Place place_of(const std::vector<double>& grid, double score) {
  if (!(score > grid.front())) return {0, 0};
  if (score >= grid.back()) return {grid.size() - 2, 1};
  const auto after = std::ranges::upper_bound(grid, score) - grid.begin();
  const auto before = static_cast<std::size_t>(after) - 1;
  return {before, (score - grid[before]) / (grid[before + 1] - grid[before])};
}

/// What rows of the kinds say at each grid point when each kind has its weight.
std::vector<double> fit_of_kinds(const std::vector<double>& grid, const ScoreKinds& kinds,
                                 std::span<const double> weight) {
  std::vector<double> score, weights;
  std::vector<std::uint8_t> positive;
  for (std::size_t at = 0; at < grid.size(); ++at) {
    double rows = 0, positives = 0;
    for (std::size_t k = 0; k < weight.size(); ++k) {
      rows += weight[k] * static_cast<double>(kinds.rows[k][at]);
      positives += weight[k] * static_cast<double>(kinds.positives[k][at]);
    }
    if (!(rows > 0)) continue;
    score.insert(score.end(), {grid[at], grid[at]});
    positive.insert(positive.end(), {0, 1});
    weights.insert(weights.end(), {rows - positives, positives});
  }
  return values_on(grid, {score, positive, weights});
}

}  // namespace

ScoreMap fit_score_map(const Scored& rows, Seed seed) {
  ScoreMap map;
  const std::size_t count = rows.score.size();
  const auto positives = std::ranges::count_if(rows.positive, [](auto one) { return one != 0; });
  if (count < kFewest || positives == 0 || static_cast<std::size_t>(positives) == count) return map;
  std::vector<double> grid = grid_of({rows.score.begin(), rows.score.end()});
  if (grid.size() < 2) return map;
  map.grid = std::move(grid);
  map.rows = count;
  map.fits.push_back(values_on(map.grid, rows));
  Resampling drawing;
  drawing.units = count;
  drawing.draws = kDraws;
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  resample(drawing, seed, [&](std::span<const double> weights) {
    score.clear();
    positive.clear();
    for (std::size_t i = 0; i < count; ++i) {
      for (double times = 0; times < weights[i]; ++times) {
        score.push_back(rows.score[i]);
        positive.push_back(rows.positive[i]);
      }
    }
    map.fits.push_back(values_on(map.grid, {score, positive}));
  });
  return map;
}

Json ScoreMap::to_json() const { return {{"grid", grid}, {"fits", fits}, {"rows", rows}}; }

Result<ScoreMap> ScoreMap::from_json(const Json& json) {
  ScoreMap map;
  map.grid = TRY(io::get<std::vector<double>>(json, "grid"));
  for (const Json& fit : TRY(io::get<Json>(json, "fits"))) {
    map.fits.push_back(TRY(io::get<std::vector<double>>(Json{{"fit", fit}}, "fit")));
  }
  map.rows = TRY(io::get<std::uint64_t>(json, "rows"));
  const bool rises = std::ranges::adjacent_find(map.grid, std::greater_equal()) == map.grid.end();
  bool shaped = map.grid.size() >= 2 && map.grid.size() <= kGrid && rises &&
                map.fits.size() >= 2 && map.fits.size() <= kDraws + 1;
  for (const auto& fit : map.fits) {
    shaped = shaped && fit.size() == map.grid.size() &&
             std::ranges::all_of(fit, [](double share) { return share >= 0 && share <= 1; });
  }
  if (!shaped) return fail(Code::kInvalidInput, "a map of scores has another shape");
  return map;
}

double ScoreMap::probability(double score) const noexcept {
  const Place place = place_of(grid, score);
  const std::vector<double>& fit = fits[0];
  return fit[place.before] + place.part * (fit[place.before + 1] - fit[place.before]);
}

ScoreKinds count_kinds(const ScoreMap& map, const Scored& rows, std::span<const std::size_t> kind,
                       std::size_t kinds) {
  const std::vector<std::int64_t> none(map.grid.size());
  ScoreKinds out{{kinds, none}, {kinds, none}};
  for (std::size_t i = 0; i < kind.size(); ++i) {
    const Place place = place_of(map.grid, rows.score[i]);
    const std::size_t at = place.before + (place.part < 0.5 ? 0 : 1);
    ++out.rows[kind[i]][at];
    if (rows.positive[i] != 0) ++out.positives[kind[i]][at];
  }
  return out;
}

std::optional<Reweighted> reweighted(const ScoreMap& map, const ScoreKinds& kinds,
                                     std::span<const double> weight) {
  double sum = 0, squares = 0;
  for (std::size_t k = 0; k < weight.size(); ++k) {
    for (const std::int64_t rows : kinds.rows[k]) {
      sum += weight[k] * static_cast<double>(rows);
      squares += weight[k] * weight[k] * static_cast<double>(rows);
    }
  }
  const double effective = squares > 0 ? sum * sum / squares : 0;
  if (effective < static_cast<double>(kFewest)) return std::nullopt;
  const std::vector<double> even(weight.size(), 1);
  const std::vector<double> before = fit_of_kinds(map.grid, kinds, even);
  const std::vector<double> after = fit_of_kinds(map.grid, kinds, weight);
  Reweighted out{map, std::max(1.0, static_cast<double>(map.rows) / effective)};
  for (std::vector<double>& fit : out.map.fits) {
    for (std::size_t i = 0; i < fit.size(); ++i) {
      fit[i] = std::clamp(fit[i] + (after[i] - before[i]), 0.0, 1.0);
    }
  }
  return out;
}

Json ScoreKinds::to_json() const { return {{"rows", rows}, {"positives", positives}}; }

Result<ScoreKinds> ScoreKinds::from_json(const Json& json, const ScoreMap& map) {
  ScoreKinds kinds;
  for (const auto& [name, counts] : {std::pair("rows", &kinds.rows),
                                     std::pair("positives", &kinds.positives)}) {
    for (const Json& one : TRY(io::get<Json>(json, name))) {
      counts->push_back(TRY(io::get<std::vector<std::int64_t>>(Json{{"kind", one}}, "kind")));
    }
  }
  bool shaped = kinds.rows.size() == kinds.positives.size();
  for (std::size_t k = 0; shaped && k < kinds.rows.size(); ++k) {
    shaped = kinds.rows[k].size() == map.grid.size() &&
             kinds.positives[k].size() == map.grid.size() &&
             std::ranges::equal(kinds.positives[k], kinds.rows[k], [](auto some, auto all) {
               return some >= 0 && some <= all && all <= std::int64_t{1} << 53;
             });
  }
  if (!shaped) return fail(Code::kInvalidInput, "kinds of a map of scores have another shape");
  return kinds;
}

ErrorEstimate::ErrorEstimate(const ScoreMap& map) : map_(map), weight_(map.grid.size()) {}

void ErrorEstimate::add(double score, bool answered_positive) noexcept {
  const Place place = place_of(map_.grid, score);
  const std::vector<double>& fit = map_.fits[0];
  const double c = fit[place.before] + place.part * (fit[place.before + 1] - fit[place.before]);
  ++rows_;
  if (answered_positive) ++positives_;
  spread_ += c * (1 - c);
  const double sign = answered_positive ? 1 : -1;
  weight_[place.before] += sign * (1 - place.part);
  weight_[place.before + 1] += sign * place.part;
}

/// Wrong is 1 - c where the answer was positive, else c: all of those answered positive, less the
/// weighted sum.
double ErrorEstimate::of_fit(std::size_t fit) const noexcept {
  if (rows_ == 0) return 0;
  double right = 0;
  for (std::size_t i = 0; i < weight_.size(); ++i) right += weight_[i] * map_.fits[fit][i];
  return std::clamp((static_cast<double>(positives_) - right) / static_cast<double>(rows_), 0.0,
                    1.0);
}

double ErrorEstimate::chance_variance() const noexcept {
  const double rows = static_cast<double>(rows_);
  return rows_ == 0 ? 0 : spread_ / (rows * rows);
}

double ErrorEstimate::fit_variance() const noexcept {
  const std::size_t draws = map_.fits.size() - 1;
  double mean = 0, squares = 0;
  for (std::size_t i = 1; i <= draws; ++i) mean += of_fit(i) / static_cast<double>(draws);
  for (std::size_t i = 1; i <= draws; ++i) squares += (of_fit(i) - mean) * (of_fit(i) - mean);
  return draws > 1 ? squares / static_cast<double>(draws - 1) : 0;
}

ExpectedMetrics expected_metrics(std::span<const double> score, std::span<const double> c,
                                 std::span<const std::uint8_t> positive) {
  double tp = 0, fp = 0, fn = 0, tn = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    (positive[i] ? tp : fn) += c[i];
    (positive[i] ? fp : tn) += 1 - c[i];
  }
  std::vector<std::uint32_t> order(score.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, std::ranges::greater(), [&](std::uint32_t i) { return score[i]; });
  double area = 0, above = 0;
  for (std::size_t i = 0; i < order.size();) {
    double group = 0, rest = 0;
    const double at = score[order[i]];
    for (; i < order.size() && score[order[i]] == at; ++i) {
      group += c[order[i]];
      rest += 1 - c[order[i]];
    }
    area += rest * (above + group / 2);
    above += group;
  }
  const auto ratio = [](double part, double whole) {
    return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
  };
  return {ratio(tp + tn, static_cast<double>(c.size())), ratio(tp, tp + fp), ratio(tp, tp + fn),
          ratio(tn, tn + fp), ratio(2 * tp, 2 * tp + fp + fn), ratio(area, (tp + fn) * (fp + tn))};
}

}  // namespace rondo::stats
