// A beam over conjunctions, then ten tests; see worse_slices.h.
#include "evaluate/worse_slices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <tuple>

#include "evaluate/gate.h"
#include "stats/intervals.h"
#include "stats/multiple.h"

namespace rondo::evaluate {
namespace {

constexpr std::size_t kBeam = 10;
constexpr double kFewestSearched = 32;
constexpr std::uint64_t kMostWork = 400'000'000;

/// Harm to the rows of a part: what the challenger loses there beyond what is tolerated.
struct Harm {
  double rows = 0, sum = 0, squares = 0;
  void add(double harm) noexcept {
    rows += 1;
    sum += harm;
    squares += harm * harm;
  }
  /// Its mean in standard errors.
  double t() const noexcept {
    const double mean = sum / rows;
    const double variance = std::max(0.0, (squares - sum * mean) / (rows - 1));
    return mean / std::sqrt(std::max(variance / rows, 1e-300));
  }
};

struct Suspect {
  std::vector<Predicate> predicates;
  double t = 0;
};

bool more_suspicious(const Suspect& a, const Suspect& b) {
  return std::tuple(-a.t, a.predicates.size(), a.predicates) <
         std::tuple(-b.t, b.predicates.size(), b.predicates);
}

void keep_best(std::vector<Suspect>& suspects) {
  std::ranges::sort(suspects, more_suspicious);
  if (suspects.size() > kBeam) suspects.resize(kBeam);
}

bool within(std::span<const SliceFeature> features, const std::vector<Predicate>& predicates,
            std::uint32_t row) {
  return std::ranges::all_of(predicates, [&](const Predicate& predicate) {
    return features[predicate.feature].code[row] == predicate.code;
  });
}

class Beam {
 public:
  Beam(std::span<const SliceFeature> features, std::span<const double> harm,
       const std::vector<std::uint32_t>& searched)
      : features_(features), harm_(harm), searched_(searched) {
    least_ = std::max(kFewestSearched, kLeastShare * static_cast<double>(searched.size()));
  }

  /// The most suspicious of all levels.
  std::vector<Suspect> suspects() {
    std::vector<Suspect> best, level = {{}};
    for (std::size_t depth = 0; depth < kMostPredicates && !level.empty(); ++depth) {
      level = parts_of(level);
      // A part that is not worse may have parts that are, so it stays in the beam alone.
      std::ranges::copy_if(level, std::back_inserter(best),
                           [](const Suspect& suspect) { return suspect.t > 0; });
    }
    keep_best(best);
    return best;
  }
  bool complete() const { return work_ <= kMostWork; }

 private:
  /// The best parts by one more predicate of any of these.
  std::vector<Suspect> parts_of(const std::vector<Suspect>& wholes) {
    std::map<std::vector<Predicate>, double> parts;
    for (const Suspect& whole : wholes) {
      std::vector<std::uint32_t> rows;
      for (const std::uint32_t row : searched_) {
        if (within(features_, whole.predicates, row)) rows.push_back(row);
      }
      for (std::uint32_t f = 0; f < features_.size() && complete(); ++f) {
        work_ += rows.size();
        split(whole, rows, f, parts);
      }
    }
    std::vector<Suspect> best;
    for (const auto& [predicates, t] : parts) best.push_back({predicates, t});
    keep_best(best);
    return best;
  }

  void split(const Suspect& whole, const std::vector<std::uint32_t>& rows, std::uint32_t feature,
             std::map<std::vector<Predicate>, double>& parts) const {
    const bool known = std::ranges::any_of(whole.predicates, [feature](const Predicate& one) {
      return one.feature == feature;
    });
    if (known) return;
    const SliceFeature& by = features_[feature];
    std::vector<Harm> harms(by.text.size());
    for (const std::uint32_t row : rows) harms[by.code[row]].add(harm_[row]);
    for (std::size_t code = 0; code < harms.size(); ++code) {
      const Harm& harm = harms[code];
      const bool all = harm.rows == static_cast<double>(rows.size());
      if (harm.rows < least_ || all) continue;
      std::vector<Predicate> predicates = whole.predicates;
      predicates.push_back({feature, static_cast<std::uint16_t>(code)});
      std::ranges::sort(predicates);
      parts.emplace(std::move(predicates), harm.t());
    }
  }

  std::span<const SliceFeature> features_;
  std::span<const double> harm_;
  const std::vector<std::uint32_t>& searched_;
  double least_ = 0;
  std::uint64_t work_ = 0;
};

/// Fills in what the tested rows say of a slice.
void test_harm(const RivalRows& rows, std::span<const double> harm,
               const std::vector<std::uint32_t>& tested, const std::vector<std::uint32_t>& unit_of,
               WorseSlice& slice) {
  double count = 0, sum = 0, champion = 0, challenger = 0;
  std::map<std::uint32_t, std::pair<double, double>> units;  // rows and harm of each
  for (std::size_t i = 0; i < tested.size(); ++i) {
    const std::uint32_t row = tested[i];
    if (!within(rows.features, slice.predicates, row)) continue;
    count += 1;
    sum += harm[row];
    champion += rows.champion[row];
    challenger += rows.challenger[row];
    auto& [unit_rows, unit_harm] = units[unit_of[i]];
    unit_rows += 1;
    unit_harm += harm[row];
  }
  if (units.size() < 2) return;
  slice.champion = champion / count;
  slice.challenger = challenger / count;
  const double mean = sum / count, touched = static_cast<double>(units.size());
  double squares = 0;
  for (const auto& [number, unit] : units) {
    const double influence = (unit.second - mean * unit.first) / count;
    squares += influence * influence;
  }
  const double error = std::sqrt(squares * touched / (touched - 1));
  slice.p = error > 0 ? stats::student_cdf(-mean / error, touched - 1) : mean > 0 ? 0 : 1;
}

}  // namespace

WorseReport find_worse_slices(const RivalRows& rows, double confidence, Seed seed) {
  const std::size_t all = rows.champion.size();
  std::vector<double> harm(all);
  for (std::size_t i = 0; i < all; ++i) {
    harm[i] = rows.challenger[i] - rows.champion[i] - smallest_gain(rows.champion[i], false);
  }
  const auto [searched, tested] = halved(all, rows.unit, seed);
  Beam beam(rows.features, harm, searched);
  const std::vector<std::uint32_t> unit_of = numbered(rows.unit, tested);
  WorseReport report{searched.size(), tested.size(), true, {}};
  std::vector<double> p;
  for (Suspect& suspect : beam.suspects()) {
    WorseSlice slice;
    slice.predicates = std::move(suspect.predicates);
    for (std::uint32_t row = 0; row < all; ++row) {
      slice.rows += within(rows.features, slice.predicates, row) ? 1 : 0;
    }
    slice.share = static_cast<double>(slice.rows) / static_cast<double>(all);
    if (slice.share < kLeastShare) continue;  // of the searched rows it was 5 %, of all it is not
    for (const auto& [feature, code] : slice.predicates) {
      slice.conditions.push_back(rows.features[feature].text[code]);
    }
    test_harm(rows, harm, tested, unit_of, slice);
    p.push_back(slice.p);
    report.slices.push_back(std::move(slice));
  }
  report.complete = beam.complete();
  const std::vector<double> adjusted = stats::holm(p);
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    report.slices[i].adjusted = adjusted[i];
    report.slices[i].worse = adjusted[i] <= 1 - confidence;
  }
  return report;
}

Json worse_slices_json(const Looked& looked, std::span<const SliceFeature> features,
                       const Answers& champion, double confidence, Seed seed) {
  if (looked.truth.rows() < kFewestForSlices) {
    return {{"why_not", fmt::format("{} test rows are too few, {} are needed",
                                    looked.truth.rows(), kFewestForSlices)}};
  }
  const std::vector<double> before = slice_losses(looked.truth, champion);
  const std::vector<double> after = slice_losses(looked.truth, looked.answers);
  const WorseReport report =
      find_worse_slices({before, after, features, looked.truth.unit()}, confidence, seed);
  Json slices = Json::array();
  for (const WorseSlice& slice : report.slices) {
    slices.push_back({{"conditions", slice.conditions}, {"rows", slice.rows},
                      {"share", slice.share}, {"champion", slice.champion},
                      {"challenger", slice.challenger}, {"p", slice.p},
                      {"adjusted", slice.adjusted}, {"worse", slice.worse}});
  }
  return {{"rows_searched", report.rows_searched}, {"rows_tested", report.rows_tested},
          {"loss", name_of(slice_metric(looked.truth))}, {"least_share", kLeastShare},
          {"tolerance", smallest_gain(1, false)}, {"complete", report.complete},
          {"slices", slices}};
}

std::vector<std::string> worse_served(const Json& found, const std::string& champion) {
  std::vector<std::pair<double, std::string>> worse;
  const Json slices = io::get_or<Json>(found, "slices", Json::array());
  for (const Json& slice : slices) {
    if (!slice.at("worse").get<bool>()) continue;
    const auto conditions = slice.at("conditions").get<std::vector<std::string>>();
    worse.emplace_back(
        slice.at("adjusted").get<double>(),
        fmt::format("where {}, {:.1f} % of the test rows, its mean {} is {:.4g} and {}'s {:.4g}: "
                    "worse by more than {:g} % (p = {:.2g}, corrected for {} parts), and a part of "
                    "{:g} % of the rows may not be served worse",
                    fmt::join(conditions, " and "), 100 * slice.at("share").get<double>(),
                    found.at("loss").get<std::string>(), slice.at("challenger").get<double>(),
                    champion, slice.at("champion").get<double>(),
                    100 * found.at("tolerance").get<double>(), slice.at("adjusted").get<double>(),
                    slices.size(), 100 * found.at("least_share").get<double>()));
  }
  std::stable_sort(worse.begin(), worse.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (auto& [p, sentence] : worse) out.push_back(std::move(sentence));
  return out;
}

}  // namespace rondo::evaluate
