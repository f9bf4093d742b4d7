// The fitted recipe at work. What a row gives depends on the row, its history and this object
// alone, so training, serving and a reloaded pipeline get the same bits. Nothing is allocated a
// row.
#include "model/transform.h"

#include <array>
#include <charconv>
#include <unordered_map>

#include "base/check.h"
#include "model/text_buckets.h"

namespace rondo::model {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kStackLags = 64;
// A time that is later or earlier than any calendar that we print reads as missing.
constexpr double kFarthestUs = 2.5e17;  // some 7,900 years from 1970

/// What a dictionary is asked: a category, or a pair of them (else `second` is empty).
struct Key {
  std::string_view first, second;
  bool operator==(const Key&) const = default;
};
struct HashOfKey {
  std::size_t operator()(const Key& key) const noexcept {
    constexpr std::hash<std::string_view> kHash;
    return kHash(key.first) * 0x9e3779b97f4a7c15 + (key.second.empty() ? 0 : kHash(key.second));
  }
};

/// A step's dictionary. Keys borrow from `names` and `seconds`, which never change.
struct Dictionary {
  std::vector<std::string> names, seconds;
  std::unordered_map<Key, std::int32_t, HashOfKey> codes;
};

std::shared_ptr<const void> dictionary_of(const Step& step) {
  if (!step.is_category() && step.kind != Step::Kind::kEncoding) return nullptr;
  auto made = std::make_shared<Dictionary>();
  made->names = step.categories;
  made->seconds = step.seconds;
  made->codes.reserve(made->names.size());
  for (std::size_t i = 0; i < made->names.size(); ++i) {
    std::string_view second;
    if (i < made->seconds.size()) second = made->seconds[i];
    made->codes.emplace(Key{made->names[i], second}, static_cast<std::int32_t>(i));
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

/// The text of a cell that is not missing; of a number the shortest decimal one.
class CellText {
 public:
  explicit CellText(const Cell& cell) : text_(cell.text) {
    if (cell.kind != Cell::Kind::kNumber) return;
    const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), cell.number);
    text_ = {digits_.data(), static_cast<std::size_t>(end.ptr - digits_.data())};
  }
  CellText(const CellText&) = delete;
  CellText& operator=(const CellText&) = delete;
  std::string_view view() const { return text_; }

 private:
  std::array<char, 32> digits_;
  std::string_view text_;
};

/// Place in the dictionary, or -1.
std::int32_t place_of(const Dictionary& dictionary, const Key& key) {
  const auto found = dictionary.codes.find(key);
  return found != dictionary.codes.end() ? found->second : -1;
}

/// Code of a category; NaN for a missing one and for an unseen one without a shared code.
double code_of(const Step& step, const Dictionary& dictionary, const Cell& cell, bool& unseen) {
  if (is_missing(cell)) return kMissing;
  const std::int32_t place = place_of(dictionary, {CellText(cell).view(), {}});
  unseen = place < 0;
  if (!unseen) return place;
  return step.rare_code >= 0 ? step.rare_code : kMissing;
}

/// The same of two columns. A pair may be new where neither of its values is, so none is counted.
double pair_of(const Step& step, const Dictionary& dictionary, const Cell& a, const Cell& b) {
  if (is_missing(a) || is_missing(b)) return kMissing;
  const CellText first(a), second(b);
  const std::int32_t place = place_of(dictionary, {first.view(), second.view()});
  if (place >= 0) return place;
  return step.rare_code >= 0 ? step.rare_code : kMissing;
}

double encoding_of(const Step& step, const Dictionary& dictionary, const Cell& cell,
                   bool& unseen) {
  if (is_missing(cell)) return *step.fill;
  const std::int32_t place = place_of(dictionary, {CellText(cell).view(), {}});
  unseen = place < 0;
  return unseen ? *step.fill : step.values[static_cast<std::size_t>(place)];
}

double arithmetic_of(const Step& step, const Cell& a, const Cell& b) {
  const bool numbers = a.kind == Cell::Kind::kNumber && b.kind == Cell::Kind::kNumber;
  double x = kMissing;
  const double y = step.weight * b.number;
  if (numbers) {
    switch (step.operation) {
      case Step::Operation::kAdd: x = a.number + y; break;
      case Step::Operation::kSubtract: x = a.number - y; break;
      case Step::Operation::kMultiply: x = a.number * y; break;
      case Step::Operation::kDivide: x = y != 0 ? a.number / y : kMissing; break;
    }
  }
  const bool operands = std::isfinite(a.number) && std::isfinite(b.number);
  return operands && std::isfinite(x) ? x : step.fill.value_or(kMissing);
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

/// A text is hashed once a row; its 64 features stand next to one another.
class HashedText {
 public:
  double bucket(const Step& step, const Cell& cell) {
    if (is_missing(cell)) return step.fill.value_or(kMissing);
    if (step.input != input_) fill_buckets(CellText(cell).view(), sums_);
    input_ = step.input;
    return sums_[step.bucket];
  }

 private:
  std::int32_t input_ = -1;
  TextBuckets sums_;
};

void count_missing(std::span<const Cell> cells, InputCounts& counts) {
  counts.missing.resize(cells.size());
  counts.unseen.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) counts.missing[i] += is_missing(cells[i]) ? 1 : 0;
}

}  // namespace

Transform::Transform(table::Schema inputs, std::vector<Step> steps, HistorySpec history)
    : inputs_(std::move(inputs)), steps_(std::move(steps)), history_(std::move(history)) {
  std::vector<std::uint8_t> told(inputs_.fields.size());
  for (const Step& step : steps_) {
    lookups_.push_back(dictionary_of(step));
    const bool looks = step.kind == Step::Kind::kNumber || step.kind == Step::Kind::kCategory ||
                       step.kind == Step::Kind::kEncoding;
    tells_unseen_.push_back(looks && told[static_cast<std::size_t>(step.input)]++ == 0 ? 1 : 0);
  }
  const auto places_of = [&](const std::vector<std::string>& names) {
    std::vector<std::size_t> places;
    for (const std::string& name : names) {
      const auto place = inputs_.find(name);
      CHECK(place.has_value(), "the columns of the entity and of joins are inputs");
      places.push_back(*place);
    }
    return places;
  };
  entity_ = places_of(history_.entity);
  for (const Side& side : history_.sides) on_.push_back(places_of(side.on));
}

std::string_view Transform::entity(std::span<const Cell> cells) const {
  if (entity_.empty() && on_.empty()) return {};
  thread_local std::string key;
  key.clear();
  for (const std::size_t place : entity_) append_entity(cells[place], key);
  if (on_.empty()) return key;
  thread_local std::vector<std::string> keys;
  keys.resize(1 + on_.size());
  keys[0] = key;
  for (std::size_t i = 0; i < on_.size(); ++i) {
    keys[i + 1].clear();
    for (const std::size_t place : on_[i]) append_entity(cells[place], keys[i + 1]);
  }
  key = keys_in_one(keys);
  return key;
}

std::vector<std::string> Transform::feature_names() const {
  std::vector<std::string> names;
  for (const Step& step : steps_) names.push_back(step.feature);
  return names;
}

std::vector<std::int32_t> Transform::categorical() const {
  std::vector<std::int32_t> found;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].is_category()) found.push_back(static_cast<std::int32_t>(i));
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
    history->read(entity(row.cells), row.time, row.known, lags);
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
  HashedText text;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const auto input = static_cast<std::size_t>(step.input);  // not used where it is -1
    const auto other = static_cast<std::size_t>(step.other);
    const auto* dictionary = static_cast<const Dictionary*>(lookups_[i].get());
    bool unseen = false;
    switch (step.kind) {
      case Step::Kind::kNumber: out[i] = number_of(step, cells[input], unseen); break;
      case Step::Kind::kCategory:
        out[i] = code_of(step, *dictionary, cells[input], unseen);
        break;
      case Step::Kind::kTimePart: {
        const double us = step.input < 0 ? static_cast<double>(time.us)
                          : cells[input].kind == Cell::Kind::kNumber ? cells[input].number
                                                                      : kMissing;
        out[i] = calendar.part(us, step.part);
        break;
      }
      case Step::Kind::kLag: out[i] = lags[step.lag]; break;
      case Step::Kind::kArithmetic: out[i] = arithmetic_of(step, cells[input], cells[other]); break;
      case Step::Kind::kPair:
        out[i] = pair_of(step, *dictionary, cells[input], cells[other]);
        break;
      case Step::Kind::kEncoding:
        out[i] = encoding_of(step, *dictionary, cells[input], unseen);
        break;
      case Step::Kind::kText: out[i] = text.bucket(step, cells[input]); break;
    }
    if (unseen && counts != nullptr && tells_unseen_[i] != 0) ++counts->unseen[input];
  }
}

}  // namespace rondo::model
