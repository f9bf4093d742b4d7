// Choosing rows and columns, and keeping them small: a byte a cell.
#include "model/joint_sample.h"

#include <algorithm>
#include <numeric>

#include "base/lanes.h"
#include "base/seed.h"
#include "base/worker.h"
#include "io/digest.h"
#include "model/bins.h"
#include "model/reference.h"

namespace rondo::model {
namespace {

constexpr std::size_t kCellsALane = 1 << 17;  // less is not worth a thread

/// Which rows are kept, in order of time.
std::vector<std::size_t> chosen(std::size_t rows, std::span<const Time> times) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (rows > JointSample::kMostRows) {
    Chance chance(Seed{}.derive("joint sample"));
    for (std::size_t i = 0; i < JointSample::kMostRows; ++i) {
      std::swap(order[i], order[i + chance.below(rows - i)]);
    }
    order.resize(JointSample::kMostRows);
    std::ranges::sort(order);
  }
  if (!times.empty()) std::ranges::stable_sort(order, {}, [&](std::size_t i) { return times[i]; });
  return order;
}

std::vector<std::uint8_t> bins_of(const ColumnReference& reference, const table::Column& column,
                                  std::span<const std::size_t> rows) {
  std::vector<std::uint8_t> bins;
  bins.reserve(rows.size());
  const BinFinder finder(reference);
  const table::Column* const columns[] = {&column};
  Cell cell[1];
  for (const std::size_t row : rows) {
    gather(columns, row, cell);
    bins.push_back(static_cast<std::uint8_t>(finder(cell[0])));
  }
  return bins;
}

/// The share of the label's variance between bins; 0 where all rows are in one bin.
double explained(std::span<const std::uint8_t> bins, std::span<const double> label) {
  struct Bin {
    double rows = 0, sum = 0;
  };
  std::vector<Bin> by_bin(256);
  double rows = 0, sum = 0, squares = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (!std::isfinite(label[i])) continue;
    by_bin[bins[i]].rows += 1;
    by_bin[bins[i]].sum += label[i];
    rows += 1;
    sum += label[i];
    squares += label[i] * label[i];
  }
  if (rows < 2) return 0;
  double between = 0;
  for (const Bin& bin : by_bin) between += bin.rows > 0 ? bin.sum * bin.sum / bin.rows : 0;
  const double all = squares - sum * sum / rows;
  return all > 0 ? std::max(0.0, (between - sum * sum / rows) / all) : 0;
}

struct Sampled {
  std::size_t column = 0;
  double worth = 0;
  std::vector<std::uint8_t> bins;
};

}  // namespace

JointSample freeze_jointly(const table::Table& rows, const Reference& reference,
                           std::span<const Time> times) {
  JointSample sample;
  if (rows.rows() < JointSample::kFewestRows) return sample;
  const std::vector<std::size_t> order = chosen(rows.rows(), times);
  std::vector<double> label(order.size(), std::numeric_limits<double>::quiet_NaN());
  const table::Column* target = rows.find(reference.label.name);
  if (target != nullptr && !table::is_text(target->type)) {
    for (std::size_t i = 0; i < order.size(); ++i) label[i] = target->as_double(order[i]);
  }
  std::vector<Sampled> found(reference.columns.size());
  const std::size_t lanes = order.size() * found.size() < kCellsALane ? 1 : cores();
  side_by_side(found.size(), lanes, [&](std::size_t i) {
    const table::Column* column = rows.find(reference.columns[i].name);
    if (column == nullptr || column->type == table::Type::kTime) return;
    Sampled one{i, 0, bins_of(reference.columns[i], *column, order)};
    if (std::ranges::adjacent_find(one.bins, std::ranges::not_equal_to()) == one.bins.end()) {
      return;
    }
    one.worth = explained(one.bins, label);
    found[i] = std::move(one);
  });
  std::erase_if(found, [](const Sampled& one) { return one.bins.empty(); });
  if (found.size() < 2) return sample;
  std::ranges::stable_sort(found, std::ranges::greater(), &Sampled::worth);
  found.resize(std::min(found.size(), JointSample::kMostColumns));
  std::ranges::sort(found, {}, &Sampled::column);
  for (const Sampled& one : found) sample.columns.push_back(one.column);
  sample.bins.reserve(order.size() * found.size());
  for (std::size_t row = 0; row < order.size(); ++row) {
    for (const Sampled& one : found) sample.bins.push_back(one.bins[row]);
    if (!times.empty()) sample.days.push_back(day_of(times[order[row]]));
  }
  return sample;
}

Json JointSample::to_json() const {
  Json runs = Json::array();  // [day, rows]
  for (std::size_t i = 0, from = 0; i < days.size(); ++i) {
    if (i + 1 < days.size() && days[i + 1] == days[i]) continue;
    runs.push_back({days[i], i + 1 - from});
    from = i + 1;
  }
  const std::string bytes(bins.begin(), bins.end());
  return {{"columns", columns}, {"bins", io::base64url(bytes)}, {"days", std::move(runs)}};
}

Result<JointSample> JointSample::from_json(const Json& json,
                                           const std::vector<ColumnReference>& among) {
  const auto wrong = fail(Code::kInvalidInput, "the sample of rows is none of these columns");
  JointSample sample;
  for (const std::int64_t column : TRY(io::get<std::vector<std::int64_t>>(json, "columns"))) {
    if (column < 0 || static_cast<std::size_t>(column) >= among.size()) return wrong;
    sample.columns.push_back(static_cast<std::size_t>(column));
  }
  if (!std::ranges::is_sorted(sample.columns, std::ranges::less_equal())) return wrong;
  const std::size_t width = sample.columns.size();
  const std::string bytes = TRY(io::from_base64url(TRY(io::get<std::string>(json, "bins"))));
  if (width < 2 || width > kMostColumns || bytes.size() % width != 0) return wrong;
  if (bytes.size() / width < kFewestRows || bytes.size() / width > kMostRows) return wrong;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sample.bins.push_back(static_cast<std::uint8_t>(bytes[i]));
    if (sample.bins.back() >= among[sample.columns[i % width]].counts.size()) return wrong;
  }
  for (const Json& run : io::get_or<Json>(json, "days", Json::array())) {
    const bool shaped = run.is_array() && run.size() == 2 && run[0].is_number_integer() &&
                        run[1].is_number_unsigned() && run[1].get<std::uint64_t>() <= kMostRows;
    if (!shaped) return wrong;
    const auto day = run[0].get<std::int64_t>();
    if (!sample.days.empty() && day <= sample.days.back()) return wrong;
    sample.days.insert(sample.days.end(), run[1].get<std::size_t>(), day);
  }
  if (!sample.days.empty() && sample.days.size() != sample.rows()) return wrong;
  return sample;
}

}  // namespace rondo::model
