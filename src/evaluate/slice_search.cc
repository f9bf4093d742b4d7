// Sums of the losses of all parts of a slice are taken in one pass over its rows, a row's codes
// lying side by side; see slice_search.h.
#include "evaluate/slice_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace rondo::evaluate {
namespace {

constexpr std::uint64_t kMostCells = 400'000'000;

/// Losses of a slice's rows.
struct Cell {
  double rows = 0, sum = 0, squares = 0, most = 0;
  void add(double loss) noexcept {
    rows += 1;
    sum += loss;
    squares += loss * loss;
    most = std::max(most, loss);
  }
  double mean() const noexcept { return sum / rows; }
  double variance() const noexcept {
    return rows < 2 ? 0 : std::max(0.0, (squares - sum * sum / rows) / (rows - 1));
  }
};

/// A bin is a predicate that enough rows fulfil.
using Bin = std::uint32_t;
struct Pair {
  Bin first = 0, second = 0;
  Cell cell;
  double bound = 0;
};

class Lattice {
 public:
  explicit Lattice(const SliceSearch& search);
  FoundSlices searched();

 private:
  void make_bins(const SliceSearch& search);
  void read_rows(const SliceSearch& search);
  void expand(const std::vector<std::uint32_t>& rows, std::size_t feature);
  void search_pairs();
  void search_triples();
  bool earned(const Cell& slice, const Cell& parent) const noexcept;
  void keep(std::vector<Bin> bins, const Cell& cell, double score);
  Cell both(Bin first, Bin second) const;
  double bound(const Cell& cell) const noexcept;
  double score(const Cell& cell) const noexcept {
    return slice_score(cell.rows, cell.mean(), all_.rows, all_.mean());
  }
  double threshold() const noexcept {
    return found_.best.size() < kMostSlices ? 0 : found_.best.back().score;
  }
  std::size_t feature_of(Bin bin) const noexcept { return predicates_[bin].feature; }
  Bin bin_at(std::uint32_t row, std::size_t feature) const noexcept {
    return matrix_[row * features_ + feature];
  }

  std::size_t features_ = 0;
  double least_ = 0;
  Cell all_;
  std::vector<double> loss_;                        // of the rows that are searched
  std::vector<Bin> begin_;                          // of each feature; the first takes the rest
  std::vector<Predicate> predicates_;               // of each bin
  std::vector<Bin> matrix_;                         // row-major
  std::vector<std::vector<std::uint32_t>> rows_of_;  // of each bin
  std::vector<Cell> singles_, cells_;               // by bin: of all rows, of the last expansion
  std::vector<Pair> pairs_;
  std::uint64_t work_ = 0;
  FoundSlices found_;
};

Lattice::Lattice(const SliceSearch& search) : features_(search.features.size()) {
  for (const std::uint32_t row : search.rows) {
    loss_.push_back(search.loss[row]);
    all_.add(loss_.back());
  }
  least_ = least_slice(all_.rows);
  make_bins(search);
  read_rows(search);
}

/// Codes with too few rows share the first bin of their feature, which is no slice.
void Lattice::make_bins(const SliceSearch& search) {
  matrix_.resize(search.rows.size() * features_);
  for (std::size_t f = 0; f < features_; ++f) {
    const SliceFeature& feature = search.features[f];
    std::vector<double> count(feature.text.size());
    for (const std::uint32_t row : search.rows) count[feature.code[row]] += 1;
    const Bin rest = static_cast<Bin>(predicates_.size());
    begin_.push_back(rest);
    predicates_.push_back({static_cast<std::uint32_t>(f), 0});
    std::vector<Bin> bin(count.size(), rest);
    for (std::size_t code = 0; code < count.size(); ++code) {
      if (count[code] < least_) continue;
      bin[code] = static_cast<Bin>(predicates_.size());
      predicates_.push_back({static_cast<std::uint32_t>(f), static_cast<std::uint16_t>(code)});
    }
    for (std::size_t i = 0; i < search.rows.size(); ++i) {
      matrix_[i * features_ + f] = bin[feature.code[search.rows[i]]];
    }
  }
  begin_.push_back(static_cast<Bin>(predicates_.size()));
}

void Lattice::read_rows(const SliceSearch& search) {
  rows_of_.resize(predicates_.size());
  singles_.resize(predicates_.size());
  cells_.resize(predicates_.size());
  for (std::uint32_t row = 0; row < search.rows.size(); ++row) {
    for (std::size_t f = 0; f < features_; ++f) {
      const Bin bin = bin_at(row, f);
      if (bin == begin_[f]) continue;
      singles_[bin].add(loss_[row]);
      rows_of_[bin].push_back(row);
    }
  }
}

/// The cells of a slice's parts by one more predicate, of the features after `feature`.
void Lattice::expand(const std::vector<std::uint32_t>& rows, std::size_t feature) {
  const std::size_t first = feature + 1;
  std::fill(cells_.begin() + begin_[first], cells_.end(), Cell{});
  for (const std::uint32_t row : rows) {
    const double loss = loss_[row];
    const Bin* const bins = matrix_.data() + row * features_;
    for (std::size_t f = first; f < features_; ++f) cells_[bins[f]].add(loss);
  }
  work_ += rows.size() * (features_ - first);
}

bool Lattice::earned(const Cell& slice, const Cell& parent) const noexcept {
  Cell rest;
  rest.rows = parent.rows - slice.rows;
  if (rest.rows < 1) return false;
  rest.sum = parent.sum - slice.sum;
  rest.squares = parent.squares - slice.squares;
  const double error = std::sqrt(slice.variance() / slice.rows + rest.variance() / rest.rows);
  return slice.mean() - rest.mean() >= kEarned * error && slice.mean() > rest.mean();
}

void Lattice::keep(std::vector<Bin> bins, const Cell& cell, double score) {
  FoundSlice slice;
  for (const Bin bin : bins) slice.predicates.push_back(predicates_[bin]);
  slice.rows = static_cast<std::uint64_t>(cell.rows);
  slice.mean_loss = cell.mean();
  slice.score = score;
  const auto place = std::ranges::find_if(found_.best, [&](const FoundSlice& other) {
    return std::tuple(-score, slice.predicates.size(), slice.predicates) <
           std::tuple(-other.score, other.predicates.size(), other.predicates);
  });
  found_.best.insert(place, std::move(slice));
  if (found_.best.size() > kMostSlices) found_.best.pop_back();
}

Cell Lattice::both(Bin first, Bin second) const {
  Cell cell;
  for (const std::uint32_t row : rows_of_[first]) {
    if (bin_at(row, feature_of(second)) == second) cell.add(loss_[row]);
  }
  return cell;
}

/// No part has more rows, a greater sum or a greater loss than the slice. The score of the best
/// imaginable part of m rows, min(sum, m most) being its losses, rises until m most = sum or falls
/// from there, so three sizes decide.
double Lattice::bound(const Cell& cell) const noexcept {
  if (cell.rows < least_ || !(cell.most > 0)) return -1;
  double best = -1;
  const double turning = std::clamp(cell.sum / cell.most, least_, cell.rows);
  for (const double rows : {least_, turning, cell.rows}) {
    const double mean = std::min(cell.sum / rows, cell.most);
    best = std::max(best, slice_score(rows, mean, all_.rows, all_.mean()));
  }
  return best;
}

void Lattice::search_pairs() {
  std::vector<std::pair<double, Bin>> order;
  for (Bin bin = 0; bin < predicates_.size(); ++bin) {
    const Cell& cell = singles_[bin];
    if (cell.rows < least_) continue;
    if (const double s = score(cell); s > threshold() && earned(cell, all_)) keep({bin}, cell, s);
    order.emplace_back(-bound(cell), bin);
  }
  std::ranges::sort(order);
  for (const auto& [negative, first] : order) {
    if (-negative <= threshold()) break;
    if (work_ > kMostCells) found_.complete = false;
    if (!found_.complete) return;
    expand(rows_of_[first], feature_of(first));
    for (Bin second = begin_[feature_of(first) + 1]; second < predicates_.size(); ++second) {
      const Cell& cell = cells_[second];
      if (cell.rows < least_ || second == begin_[feature_of(second)]) continue;
      if (const double s = score(cell); s > threshold() && earned(cell, singles_[first]) &&
                                        earned(cell, singles_[second])) {
        keep({first, second}, cell, s);
      }
      if (const double most = bound(cell); most > threshold()) {
        pairs_.push_back({first, second, cell, most});
      }
    }
  }
}

void Lattice::search_triples() {
  std::ranges::sort(pairs_, {}, [](const Pair& pair) {
    return std::tuple(-pair.bound, pair.first, pair.second);
  });
  std::vector<std::uint32_t> rows;
  for (const auto& [first, second, cell, most] : pairs_) {
    if (most <= threshold()) break;
    if (work_ > kMostCells) found_.complete = false;
    if (!found_.complete) return;
    rows.clear();
    for (const std::uint32_t row : rows_of_[first]) {
      if (bin_at(row, feature_of(second)) == second) rows.push_back(row);
    }
    work_ += rows_of_[first].size();
    expand(rows, feature_of(second));
    for (Bin third = begin_[feature_of(second) + 1]; third < predicates_.size(); ++third) {
      const Cell& part = cells_[third];
      if (part.rows < least_ || third == begin_[feature_of(third)]) continue;
      const double s = score(part);
      if (s > threshold() && earned(part, cell) && earned(part, both(first, third)) &&
          earned(part, both(second, third))) {
        keep({first, second, third}, part, s);
      }
    }
  }
}

FoundSlices Lattice::searched() {
  found_.mean_loss = all_.rows > 0 ? all_.mean() : 0;
  if (!(all_.sum > 0)) return found_;
  search_pairs();
  search_triples();
  return found_;
}

}  // namespace

double slice_score(double rows, double mean_loss, double all_rows, double all_mean) noexcept {
  return kExcessWeight * (mean_loss / all_mean - 1) - (1 - kExcessWeight) * (all_rows / rows - 1);
}

double least_slice(double all_rows) noexcept { return std::max(32.0, all_rows / 100); }

FoundSlices search_slices(const SliceSearch& search) { return Lattice(search).searched(); }

SliceFeature binned_feature(std::string_view name, std::span<const double> values,
                            std::size_t bins) {
  std::vector<double> sorted;
  for (const double value : values) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  std::ranges::sort(sorted);
  std::vector<double> edges;
  for (std::size_t i = 1; i < bins && !sorted.empty(); ++i) {
    const double edge = sorted[i * sorted.size() / bins];
    if (edge > sorted.front() && (edges.empty() || edge > edges.back())) edges.push_back(edge);
  }
  SliceFeature out{std::string(name), {}, {}};
  for (const double value : values) {
    const auto bin = std::isnan(value) ? static_cast<std::ptrdiff_t>(edges.size()) + 1
                                       : std::ranges::upper_bound(edges, value) - edges.begin();
    out.code.push_back(static_cast<std::uint16_t>(bin));
  }
  for (std::size_t i = 0; i <= edges.size(); ++i) {
    const std::string low = i == 0 ? "" : fmt::format("{:g}", edges[i - 1]);
    const std::string high = i == edges.size() ? "" : fmt::format("{:g}", edges[i]);
    out.text.push_back(low.empty() && high.empty() ? fmt::format("{} known", name)
                       : low.empty()               ? fmt::format("{} < {}", name, high)
                       : high.empty()              ? fmt::format("{} >= {}", name, low)
                                      : fmt::format("{} <= {} < {}", low, name, high));
  }
  out.text.push_back(fmt::format("{} missing", name));
  return out;
}

}  // namespace rondo::evaluate
