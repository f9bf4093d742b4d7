// Features back to cells, for those columns that are features themselves.
#include "evaluate/changed_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace rondo::evaluate {
namespace {

using model::Cell;
using model::Step;

/// A category that no training row had: what shared the code of the rare ones.
constexpr std::string_view kRare = "\x01";

Cell cell_of(const Step& step, double value) {
  Cell cell;
  if (!std::isfinite(value)) return cell;
  if (step.kind == Step::Kind::kNumber) {
    cell.kind = Cell::Kind::kNumber;
    cell.number = value;
    return cell;
  }
  const auto code = static_cast<std::size_t>(std::max(value, 0.0));
  cell.kind = Cell::Kind::kText;
  cell.text = code < step.categories.size() ? std::string_view(step.categories[code]) : kRare;
  return cell;
}

bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

}  // namespace

ChangedRows::ChangedRows(const model::Prepared& prepared, const model::Forest& forest,
                         const model::Answering& answering, std::size_t most)
    : prepared_(prepared), forest_(forest), compiled_(forest), answering_(answering) {
  const std::vector<std::size_t> test = prepared.rows_on(table::Side::kTest);
  const std::size_t count = std::min(most, test.size());
  for (std::size_t i = 0; i < count; ++i) {
    places_.push_back(i * test.size() / count);
    rows_.push_back(test[places_.back()]);
  }
  inputs_ = prepared.transform.inputs().fields.size();
  seen_.assign(inputs_, Seen::kNone);
  cells_.resize(count * inputs_);
  const auto& steps = prepared.transform.steps();
  for (std::size_t column = 0; column < steps.size(); ++column) {
    const Step& step = steps[column];
    const bool number = step.kind == Step::Kind::kNumber;
    if (!number && step.kind != Step::Kind::kCategory) continue;
    const auto input = static_cast<std::size_t>(step.input);
    seen_[input] = number ? Seen::kNumber : Seen::kCategory;
    for (std::size_t i = 0; i < count; ++i) {
      cells_[i * inputs_ + input] = cell_of(step, prepared.features.row(rows_[i])[column]);
    }
  }
}

Answers ChangedRows::scored(std::vector<double> features) const {
  Answers answers(rows() * forest_.outputs());
  compiled_.raw_batch(features, rows(), answers);
  forest_.link(answers);
  answering_.apply(answers, forest_.outputs());
  return answers;
}

Answers ChangedRows::answers() const {
  std::vector<double> features;
  for (const std::size_t row : rows_) {
    const auto values = prepared_.features.row(row);
    features.insert(features.end(), values.begin(), values.end());
  }
  return scored(std::move(features));
}

Answers ChangedRows::answers(std::size_t input, const Change& change,
                             std::vector<std::uint8_t>* changed) const {
  const model::Transform& transform = prepared_.transform;
  const std::size_t width = transform.features();
  const std::vector<double> lags(transform.history().lags.size(),
                                 std::numeric_limits<double>::quiet_NaN());
  std::vector<double> before(width), after(width), features(rows() * width);
  if (changed != nullptr) changed->assign(rows(), 0);
  for (std::size_t i = 0; i < rows(); ++i) {
    const auto own = prepared_.features.row(rows_[i]);
    const auto out = std::span(features).subspan(i * width, width);
    std::ranges::copy(own, out.begin());
    const Time time = prepared_.time.empty() ? Time{} : prepared_.time[rows_[i]];
    std::vector<Cell> cells(cells_.begin() + static_cast<std::ptrdiff_t>(i * inputs_),
                            cells_.begin() + static_cast<std::ptrdiff_t>((i + 1) * inputs_));
    const bool missing = cells[input].kind == Cell::Kind::kMissing;
    transform.row_with_lags(cells, time, lags, before);
    change(i, cells[input]);
    transform.row_with_lags(cells, time, lags, after);
    bool known = true;
    for (std::size_t column = 0; column < width; ++column) {
      if (!same(before[column], after[column])) known &= same(before[column], own[column]);
    }
    if (!known) continue;
    for (std::size_t column = 0; column < width; ++column) {
      if (!same(before[column], after[column])) out[column] = after[column];
    }
    if (changed != nullptr) (*changed)[i] = missing ? 0 : 1;
  }
  return scored(std::move(features));
}

}  // namespace rondo::evaluate
