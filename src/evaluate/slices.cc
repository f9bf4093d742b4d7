// Two halves, one search, ten tests; see slices.h.
#include "evaluate/slices.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/intervals.h"
#include "stats/multiple.h"

namespace rondo::evaluate {
namespace {

constexpr double kMostSearched = 65'536;

bool fulfils(const SliceRows& rows, const std::vector<Predicate>& predicates, std::uint32_t row) {
  return std::ranges::all_of(predicates, [&](const Predicate& predicate) {
    return rows.features[predicate.feature].code[row] == predicate.code;
  });
}

/// Fills in what the tested rows say of a slice.
void test_slice(const SliceRows& rows, const std::vector<std::uint32_t>& tested,
                const std::vector<std::uint32_t>& unit_of, Slice& slice) {
  std::vector<std::uint8_t> inside(tested.size());
  double in = 0, in_sum = 0, out = 0, out_sum = 0;
  for (std::size_t i = 0; i < tested.size(); ++i) {
    inside[i] = fulfils(rows, slice.predicates, tested[i]) ? 1 : 0;
    (inside[i] ? in : out) += 1;
    (inside[i] ? in_sum : out_sum) += rows.loss[tested[i]];
  }
  slice.rows = static_cast<std::uint64_t>(in);
  if (in < 1 || out < 1) return;
  slice.mean_loss = in_sum / in;
  slice.loss_elsewhere = out_sum / out;
  // What each unit adds to the difference of the two means.
  struct Unit {
    double influence = 0;
    bool inside = false;
  };
  std::vector<Unit> units(tested.size());
  for (std::size_t i = 0; i < tested.size(); ++i) {
    Unit& unit = units[unit_of[i]];
    const double loss = rows.loss[tested[i]];
    unit.influence += inside[i] ? (loss - slice.mean_loss) / in
                                : (slice.loss_elsewhere - loss) / out;
    unit.inside = unit.inside || inside[i];
  }
  double squares = 0, touched = 0;
  for (const Unit& unit : units) {
    squares += unit.influence * unit.influence;
    touched += unit.inside ? 1 : 0;
  }
  if (touched < 2) return;
  const double error = std::sqrt(squares * touched / (touched - 1));
  const double difference = slice.mean_loss - slice.loss_elsewhere;
  if (error > 0) {
    slice.p = stats::student_cdf(-difference / error, touched - 1);
  } else {
    slice.p = difference > 0 ? 0 : 1;
  }
}

}  // namespace

Halves halved(std::size_t rows, std::span<const std::int64_t> unit, Seed seed) {
  const double all = static_cast<double>(rows);
  const double share = std::min(0.5, kMostSearched / std::max(all, 1.0));
  Chance chance(seed.derive("slices"));
  std::map<std::int64_t, bool> searched;
  Halves out;
  for (std::uint32_t row = 0; row < rows; ++row) {
    bool side = false;
    if (unit.empty()) {
      side = chance.uniform() < share;
    } else {
      const auto [known, fresh] = searched.try_emplace(unit[row], false);
      if (fresh) known->second = chance.uniform() < share;
      side = known->second;
    }
    (side ? out.searched : out.tested).push_back(row);
  }
  return out;
}

std::vector<std::uint32_t> numbered(std::span<const std::int64_t> unit,
                                    const std::vector<std::uint32_t>& tested) {
  std::map<std::int64_t, std::uint32_t> number;
  std::vector<std::uint32_t> out(tested.size());
  for (std::uint32_t i = 0; i < tested.size(); ++i) {
    const auto next = static_cast<std::uint32_t>(number.size());
    out[i] = unit.empty() ? i : number.try_emplace(unit[tested[i]], next).first->second;
  }
  return out;
}

SliceReport find_slices(const SliceRows& rows, double confidence, Seed seed) {
  SliceReport report;
  const auto [searched, tested] = halved(rows.loss.size(), rows.unit, seed);
  report.rows_searched = searched.size();
  report.rows_tested = tested.size();
  double sum = 0;
  for (const std::uint32_t row : tested) sum += rows.loss[row];
  if (!tested.empty()) report.mean_loss = sum / static_cast<double>(tested.size());
  const FoundSlices found = search_slices({rows.loss, rows.features, searched});
  report.complete = found.complete;
  const std::vector<std::uint32_t> unit_of = numbered(rows.unit, tested);
  std::vector<double> p;
  for (const FoundSlice& one : found.best) {
    Slice slice;
    slice.predicates = one.predicates;
    slice.score = one.score;
    for (const auto& [feature, code] : one.predicates) {
      slice.conditions.push_back(rows.features[feature].text[code]);
    }
    test_slice(rows, tested, unit_of, slice);
    p.push_back(slice.p);
    report.slices.push_back(std::move(slice));
  }
  const std::vector<double> adjusted = stats::holm(p);
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    report.slices[i].adjusted = adjusted[i];
    report.slices[i].named = adjusted[i] <= 1 - confidence;
  }
  return report;
}

}  // namespace rondo::evaluate
