// Places of each column, shuffled, and draws near them.
#include "deploy/import_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace rondo::deploy {
namespace {

using model::Cell;
using model::Step;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kZeroBelow = 1e-35;  // what is nearer to 0 counts as 0 (docs/FORMATS.md)
constexpr std::string_view kUnseen = "a category never seen";

Cell number_cell(double x) {
  if (!std::isfinite(x) || std::fabs(x) <= kZeroBelow) x = 0;
  return {Cell::Kind::kNumber, x, {}};
}

Cell category_cell(const std::string& name, bool text) {
  if (text) return {Cell::Kind::kText, 0, name};
  Cell cell{Cell::Kind::kNumber, 0, {}};
  std::from_chars(name.data(), name.data() + name.size(), cell.number);
  return cell;
}

}  // namespace

ImportRows::ImportRows(const model::ForeignModel& model, const model::Transform& transform,
                       Seed seed)
    : transform_(transform), cuts_(model.forest.cuts()), chance_(seed) {
  for (std::size_t i = 0; i < transform.inputs().fields.size(); ++i) {
    std::vector<Cell> places = places_of(i);
    for (std::size_t k = places.size(); k > 1; --k) {
      std::swap(places[k - 1], places[chance_.below(k)]);
    }
    places_.push_back(std::move(places));
  }
}

bool ImportRows::is_text(std::size_t column) const {
  return transform_.inputs().fields[column].type == table::Type::kCategory;
}

std::vector<Cell> ImportRows::places_of(std::size_t column) const {
  const Step& step = transform_.steps()[column];
  std::vector<Cell> out = {Cell{}};
  if (step.kind == Step::Kind::kCategory) {
    for (const std::string& name : step.categories) {
      out.push_back(category_cell(name, is_text(column)));
    }
    if (is_text(column)) out.push_back({Cell::Kind::kText, 0, kUnseen});
    else out.push_back(number_cell(static_cast<double>(step.categories.size()) + 1e6));
    return out;
  }
  for (const double x : {0.0, 1.0, -1.0, 1e30, -1e30}) out.push_back(number_cell(x));
  for (const double cut : cuts_[column]) {
    for (const double x : {std::nextafter(cut, -kInfinity), cut, std::nextafter(cut, kInfinity)}) {
      out.push_back(number_cell(x));
    }
  }
  return out;
}

std::size_t ImportRows::longest() const {
  std::size_t most = 0;
  for (const auto& places : places_) most = std::max(most, places.size());
  return most;
}

void ImportRows::next(std::span<Cell> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = row_ < places_[i].size() ? places_[i][row_] : draw(i);
  }
  ++row_;
}

void ImportRows::draw(std::span<Cell> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = draw(i);
}

Cell ImportRows::draw(std::size_t column) {
  const Step& step = transform_.steps()[column];
  if (chance_.below(10) == 0) return Cell{};
  if (step.kind == Step::Kind::kCategory) {
    if (is_text(column) && chance_.below(12) == 0) return {Cell::Kind::kText, 0, kUnseen};
    return category_cell(step.categories[chance_.below(step.categories.size())], is_text(column));
  }
  double x = chance_.normal();
  const std::vector<double>& cuts = cuts_[column];
  if (!cuts.empty()) x = cuts[chance_.below(cuts.size())];
  switch (chance_.below(4)) {
    case 0: x = std::nextafter(x, kInfinity); break;
    case 1: x += (std::fabs(x) + 1) * chance_.normal(); break;
    case 2: x = x < 1e9 && x > -1e9 ? std::round(x) : x; break;
    default: break;
  }
  return number_cell(x);
}

}  // namespace rondo::deploy
