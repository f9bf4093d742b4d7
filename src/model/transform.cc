// The fitted recipe at work. What a row gives depends on the row, its history and this object
// alone, so training, serving and a reloaded pipeline get the same bits. Nothing is allocated a
// row.
#include "model/transform.h"

#include <array>
#include <charconv>
#include <unordered_map>

#include "base/check.h"

namespace rondo::model {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kStackLags = 64;
// A time that is later or earlier than any calendar that we print reads as missing.
constexpr double kFarthestUs = 2.5e17;  // some 7,900 years from 1970

/// A step's dictionary. Keys borrow from `names`, which never changes.
struct Dictionary {
  std::vector<std::string> names;
  std::unordered_map<std::string_view, std::int32_t> codes;
};

std::shared_ptr<const void> dictionary_of(const Step& step) {
  if (step.kind != Step::Kind::kCategory) return nullptr;
  auto made = std::make_shared<Dictionary>();
  made->names = step.categories;
  made->codes.reserve(made->names.size());
  for (std::size_t i = 0; i < made->names.size(); ++i) {
    made->codes.emplace(made->names[i], static_cast<std::int32_t>(i));
  }
  return made;
}

bool is_missing(const Cell& cell) {
  return cell.kind == Cell::Kind::kMissing ||
         (cell.kind == Cell::Kind::kNumber && !std::isfinite(cell.number));
}

/// Text in a column of numbers (callers refuse it) is unseen, and then missing.
double number_of(const Step& step, const Cell& cell, bool& unseen) {
  if (cell.kind == Cell::Kind::kNumber && std::isfinite(cell.number)) return cell.number;
  unseen = cell.kind == Cell::Kind::kText;
  return step.fill.value_or(kMissing);
}

/// Code of a category; NaN for a missing one and for an unseen one without a shared code. A number
/// in a column of categories is looked up by its shortest decimal text.
double code_of(const Step& step, const Dictionary& dictionary, const Cell& cell, bool& unseen) {
  if (is_missing(cell)) return kMissing;
  std::array<char, 32> digits;
  std::string_view text = cell.text;
  if (cell.kind == Cell::Kind::kNumber) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), cell.number).ptr;
    text = {digits.data(), static_cast<std::size_t>(end - digits.data())};
  }
  const auto found = dictionary.codes.find(text);
  if (found != dictionary.codes.end()) return found->second;
  unseen = true;
  return step.rare_code >= 0 ? step.rare_code : kMissing;
}

double part_of(const Civil& c, Step::Part part) {
  switch (part) {
    case Step::Part::kYear: return c.year;
    case Step::Part::kMonth: return c.month;
    case Step::Part::kDay: return c.day;
    case Step::Part::kWeekday: return c.weekday;
    case Step::Part::kHour: return c.hour;
    case Step::Part::kDayOfYear: return c.day_of_year;
    case Step::Part::kMinuteOfDay: return c.hour * 60 + c.minute;
  }
  return kMissing;
}

/// Several parts of one time are asked for in a row; its calendar is worked out once.
class Calendar {
 public:
  double part(double us, Step::Part part) {
    if (!(us >= -kFarthestUs && us <= kFarthestUs)) return kMissing;
    const Time time{static_cast<std::int64_t>(us)};
    if (!known_ || time != time_) {
      civil_ = civil(time);
      time_ = time;
      known_ = true;
    }
    return part_of(civil_, part);
  }

 private:
  bool known_ = false;
  Time time_;
  Civil civil_{};
};

void count_missing(std::span<const Cell> cells, InputCounts& counts) {
  counts.missing.resize(cells.size());
  counts.unseen.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) counts.missing[i] += is_missing(cells[i]) ? 1 : 0;
}

}  // namespace

Transform::Transform(table::Schema inputs, std::vector<Step> steps, HistorySpec history)
    : inputs_(std::move(inputs)), steps_(std::move(steps)), history_(std::move(history)) {
  for (const Step& step : steps_) lookups_.push_back(dictionary_of(step));
}

std::vector<std::string> Transform::feature_names() const {
  std::vector<std::string> names;
  for (const Step& step : steps_) names.push_back(step.feature);
  return names;
}

std::vector<std::int32_t> Transform::categorical() const {
  std::vector<std::int32_t> found;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].kind == Step::Kind::kCategory) found.push_back(static_cast<std::int32_t>(i));
  }
  return found;
}

void Transform::row(const RowView& row, const HistoryState* history, std::span<double> out,
                    InputCounts* counts) const noexcept {
  const std::size_t count = history_.lags.size();
  std::array<double, kStackLags> few;
  std::vector<double> many(count > kStackLags ? count : 0);
  const std::span<double> lags(count > kStackLags ? many.data() : few.data(), count);
  if (history != nullptr && count > 0) {
    history->read(row.entity, row.time, row.known, lags);
  } else {
    for (double& lag : lags) lag = kMissing;
  }
  row_with_lags(row.cells, row.time, lags, out, counts);
}

void Transform::row_with_lags(std::span<const Cell> cells, Time time, std::span<const double> lags,
                              std::span<double> out, InputCounts* counts) const noexcept {
  CHECK(cells.size() == inputs_.fields.size(), "a row has a cell for each input column");
  CHECK(out.size() == steps_.size(), "a row has room for each feature");
  CHECK(lags.size() == history_.lags.size(), "a row has a value for each lag");
  if (counts != nullptr) count_missing(cells, *counts);
  Calendar calendar;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const auto input = static_cast<std::size_t>(step.input);  // not used where it is -1
    bool unseen = false;
    switch (step.kind) {
      case Step::Kind::kNumber: out[i] = number_of(step, cells[input], unseen); break;
      case Step::Kind::kCategory:
        out[i] = code_of(step, *static_cast<const Dictionary*>(lookups_[i].get()), cells[input],
                         unseen);
        break;
      case Step::Kind::kTimePart: {
        const double us = step.input < 0 ? static_cast<double>(time.us)
                          : cells[input].kind == Cell::Kind::kNumber ? cells[input].number
                                                                      : kMissing;
        out[i] = calendar.part(us, step.part);
        break;
      }
      case Step::Kind::kLag: out[i] = lags[step.lag]; break;
    }
    if (unseen && counts != nullptr) ++counts->unseen[input];
  }
}

}  // namespace rondo::model
