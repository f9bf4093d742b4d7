// A transform as JSON and back. Everything that a row later relies on is checked here, once: kinds,
// places of inputs and lags, doubled names, codes; so that row() needs no check and cannot fail.
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "model/transform.h"

namespace rondo::model {
namespace {

constexpr std::size_t kMostColumns = 16'384;

template <class E>
using Names = std::span<const std::pair<E, std::string_view>>;

constexpr std::pair<Step::Kind, std::string_view> kKinds[] = {
    {Step::Kind::kNumber, "number"},
    {Step::Kind::kCategory, "category"},
    {Step::Kind::kTimePart, "time_part"},
    {Step::Kind::kLag, "lag"},
};

constexpr std::pair<Step::Part, std::string_view> kParts[] = {
    {Step::Part::kYear, "year"},
    {Step::Part::kMonth, "month"},
    {Step::Part::kDay, "day"},
    {Step::Part::kWeekday, "weekday"},
    {Step::Part::kHour, "hour"},
    {Step::Part::kDayOfYear, "day_of_year"},
    {Step::Part::kMinuteOfDay, "minute_of_day"},
};

template <class E>
std::string_view name_in(Names<E> names, E value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return "";
}

template <class E>
Result<E> value_in(Names<E> names, std::string_view text, std::string_view what) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return fail(Code::kInvalidInput, "there is no " + std::string(what) + " \"" + std::string(text) +
                                       "\" in this version of transforms",
              "a newer Rondo may have written it");
}

Json step_json(const Step& step) {
  Json out = {{"feature", step.feature}, {"kind", name_in<Step::Kind>(kKinds, step.kind)}};
  if (step.input >= 0) out["input"] = step.input;
  if (step.fill) out["fill"] = *step.fill;
  if (step.kind == Step::Kind::kCategory) {
    out["categories"] = step.categories;
    if (step.rare_code >= 0) out["rare_code"] = step.rare_code;
  }
  if (step.kind == Step::Kind::kTimePart) out["part"] = name_in<Step::Part>(kParts, step.part);
  if (step.kind == Step::Kind::kLag) out["lag"] = step.lag;
  return out;
}

/// A place from 0 on; -1 when the key is absent.
Result<std::int64_t> place_or_none(const Json& json, std::string_view key) {
  if (!json.contains(key)) return -1;
  const auto place = TRY(io::get<std::int64_t>(json, key));
  if (place < 0) return fail(Code::kInvalidInput, "\"" + std::string(key) + "\" is below 0");
  return place;
}

Result<void> read_dictionary(const Json& json, Step& step) {
  const Json list = TRY(io::get<Json>(json, "categories"));
  if (!list.is_array()) return fail(Code::kInvalidInput, "\"categories\" is no list");
  std::set<std::string_view> seen;
  for (const Json& name : list) {
    if (!name.is_string() || !seen.insert(name.get_ref<const std::string&>()).second) {
      return fail(Code::kInvalidInput, "a category is no text or stands there twice");
    }
  }
  step.categories = list.get<std::vector<std::string>>();
  const auto rare = TRY(place_or_none(json, "rare_code"));
  // The shared code is a place of its own behind the dictionary, or one of its places.
  if (rare > static_cast<std::int64_t>(step.categories.size())) {
    return fail(Code::kInvalidInput, "\"rare_code\" is beyond the categories");
  }
  step.rare_code = static_cast<std::int32_t>(rare);
  return {};
}

Result<void> read_number(const Json& json, Step& step) {
  if (!json.contains("fill")) return {};
  const auto fill = TRY(io::get<double>(json, "fill"));
  if (!std::isfinite(fill)) return fail(Code::kInvalidInput, "\"fill\" is no finite number");
  step.fill = fill;
  return {};
}

Result<void> read_input(const Json& json, const table::Schema& inputs, Step& step) {
  const auto input = TRY(place_or_none(json, "input"));
  const bool may_lack = step.kind == Step::Kind::kTimePart || step.kind == Step::Kind::kLag;
  const bool must_lack = step.kind == Step::Kind::kLag;
  if (input >= static_cast<std::int64_t>(inputs.fields.size()) || (input == -1 && !may_lack) ||
      (input >= 0 && must_lack)) {
    return fail(Code::kInvalidInput, "\"input\" names no column that this kind of step can read");
  }
  step.input = static_cast<std::int32_t>(input);
  if (input < 0) return {};
  const table::Type type = inputs.fields[static_cast<std::size_t>(input)].type;
  const bool text = type == table::Type::kCategory || type == table::Type::kText;
  if ((step.kind == Step::Kind::kNumber && text) ||
      (step.kind == Step::Kind::kTimePart && type != table::Type::kTime)) {
    return fail(Code::kInvalidInput, "a step of this kind cannot read a column of type " +
                                         std::string(table::name_of(type)));
  }
  return {};
}

Result<Step> step_from(const Json& json, const table::Schema& inputs, const HistorySpec& history) {
  Step step;
  const auto kind = TRY(io::get<std::string>(json, "kind"));
  step.kind = TRY(value_in<Step::Kind>(kKinds, kind, "kind of step"));
  TRY(read_input(json, inputs, step));
  if (step.kind == Step::Kind::kNumber) TRY(read_number(json, step));
  if (step.kind == Step::Kind::kCategory) TRY(read_dictionary(json, step));
  if (step.kind == Step::Kind::kTimePart) {
    const auto part = TRY(io::get<std::string>(json, "part"));
    step.part = TRY(value_in<Step::Part>(kParts, part, "part of time"));
  }
  if (step.kind == Step::Kind::kLag) {
    const auto lag = TRY(io::get<std::int64_t>(json, "lag"));
    if (lag < 0 || static_cast<std::uint64_t>(lag) >= history.lags.size()) {
      return fail(Code::kInvalidInput, "\"lag\" names a lag that is not there");
    }
    step.lag = static_cast<std::uint32_t>(lag);
  }
  return step;
}

}  // namespace

Json Transform::to_json() const {
  Json steps = Json::array();
  for (const Step& step : steps_) steps.push_back(step_json(step));
  return {{"inputs", inputs_.to_json()}, {"history", history_.to_json()}, {"steps", steps}};
}

Result<Transform> Transform::from_json(const Json& json) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "the transform is not an object");
  auto inputs = TRY(table::Schema::from_json(TRY(io::get<Json>(json, "inputs"))));
  auto history = TRY(HistorySpec::from_json(TRY(io::get<Json>(json, "history"))));
  const Json list = TRY(io::get<Json>(json, "steps"));
  if (!list.is_array() || list.empty()) {
    return fail(Code::kInvalidInput, "the transform has no steps");
  }
  if (list.size() > kMostColumns || inputs.fields.size() > kMostColumns) {
    return fail(Code::kInvalidInput, "the transform has more than 16,384 columns");
  }
  std::set<std::string> names;
  for (const table::Field& field : inputs.fields) {
    if (field.name.empty() || !names.insert(field.name).second) {
      return fail(Code::kInvalidInput, "an input column has an empty name or another one's");
    }
  }
  names.clear();
  std::vector<Step> steps;
  for (const Json& one : list) {
    if (!one.is_object()) return fail(Code::kInvalidInput, "a step is not an object");
    const auto name = TRY(io::get<std::string>(one, "feature"));
    if (name.empty() || !names.insert(name).second) {
      return fail(Code::kInvalidInput, "a feature has an empty name or another one's");
    }
    auto step = during(step_from(one, inputs, history), "reading feature \"" + name + "\"");
    steps.push_back(TRY(std::move(step)));
    steps.back().feature = name;
  }
  return Transform(std::move(inputs), std::move(steps), std::move(history));
}

}  // namespace rondo::model
