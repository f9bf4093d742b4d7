// A transform as JSON and back. Everything that a row later relies on is checked here, once: kinds,
// places of inputs and lags, doubled names, codes; so that row() needs no check and cannot fail.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "model/text_buckets.h"
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
    {Step::Kind::kArithmetic, "arithmetic"},
    {Step::Kind::kPair, "pair"},
    {Step::Kind::kEncoding, "encoding"},
    {Step::Kind::kText, "text"},
};

constexpr std::pair<Step::Operation, std::string_view> kOperations[] = {
    {Step::Operation::kAdd, "+"},
    {Step::Operation::kSubtract, "-"},
    {Step::Operation::kMultiply, "*"},
    {Step::Operation::kDivide, "/"},
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
  if (step.is_category() && !step.coded) {
    out["categories"] = step.categories;
    if (step.rare_code >= 0) out["rare_code"] = step.rare_code;
  }
  if (step.other >= 0) out["other"] = step.other;
  if (step.kind == Step::Kind::kArithmetic) out["operation"] = sign_of(step.operation);
  if (step.weight != 1) out["weight"] = step.weight;
  if (step.kind == Step::Kind::kPair) out["seconds"] = step.seconds;
  if (step.kind == Step::Kind::kEncoding) {
    out["categories"] = step.categories;
    out["values"] = step.values;
  }
  if (step.kind == Step::Kind::kText) out["bucket"] = step.bucket;
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

Result<std::vector<std::string>> read_texts(const Json& json, std::string_view key) {
  const Json list = TRY(io::get<Json>(json, key));
  const bool texts = list.is_array() && std::ranges::all_of(list, &Json::is_string);
  if (!texts) return fail(Code::kInvalidInput, "\"" + std::string(key) + "\" is no list of texts");
  return list.get<std::vector<std::string>>();
}

/// The categories of a dictionary, and the second ones of a pair.
Result<void> read_categories(const Json& json, Step& step) {
  step.categories = TRY(read_texts(json, "categories"));
  if (step.kind == Step::Kind::kPair) {
    step.seconds = TRY(read_texts(json, "seconds"));
    if (step.seconds.size() != step.categories.size()) {
      return fail(Code::kInvalidInput, "\"seconds\" has not one text a category");
    }
  }
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < step.categories.size(); ++i) {
    std::string_view second;
    if (!step.seconds.empty()) second = step.seconds[i];
    if (!seen.insert({step.categories[i], second}).second) {
      return fail(Code::kInvalidInput, "a category stands there twice");
    }
  }
  return {};
}

Result<void> read_dictionary(const Json& json, Step& step) {
  TRY(read_categories(json, step));
  const auto rare = TRY(place_or_none(json, "rare_code"));
  // The shared code is a place of its own behind the dictionary, or one of its places.
  if (rare > static_cast<std::int64_t>(step.categories.size())) {
    return fail(Code::kInvalidInput, "\"rare_code\" is beyond the categories");
  }
  step.rare_code = static_cast<std::int32_t>(rare);
  return {};
}

Result<void> read_arithmetic(const Json& json, Step& step) {
  const auto sign = TRY(io::get<std::string>(json, "operation"));
  step.operation = TRY(value_in<Step::Operation>(kOperations, sign, "operation"));
  if (!json.contains("weight")) return {};
  step.weight = TRY(io::get<double>(json, "weight"));
  if (std::isfinite(step.weight) && step.weight != 0) return {};
  return fail(Code::kInvalidInput, "\"weight\" is 0 or not finite");
}

Result<void> read_encoding(const Json& json, Step& step) {
  TRY(read_categories(json, step));
  const Json list = TRY(io::get<Json>(json, "values"));
  const bool numbers = list.is_array() && std::ranges::all_of(list, &Json::is_number);
  if (!numbers || list.size() != step.categories.size() || !step.fill) {
    return fail(Code::kInvalidInput, "an encoding lacks \"fill\", or a number for a category");
  }
  step.values = list.get<std::vector<double>>();
  const bool finite = std::ranges::all_of(step.values, [](double x) { return std::isfinite(x); });
  if (!finite) return fail(Code::kInvalidInput, "a value of an encoding is not finite");
  return {};
}

Result<void> read_number(const Json& json, Step& step) {
  if (!json.contains("fill")) return {};
  const auto fill = TRY(io::get<double>(json, "fill"));
  if (!std::isfinite(fill)) return fail(Code::kInvalidInput, "\"fill\" is no finite number");
  step.fill = fill;
  return {};
}

/// Whether a step of this kind can read a column of this type.
bool can_read(Step::Kind kind, table::Type type) {
  const bool text = type == table::Type::kCategory || type == table::Type::kText;
  switch (kind) {
    case Step::Kind::kNumber: return !text;
    case Step::Kind::kTimePart: return type == table::Type::kTime;
    case Step::Kind::kArithmetic: return !text && type != table::Type::kTime;
    case Step::Kind::kPair:
    case Step::Kind::kEncoding: return type != table::Type::kTime;
    case Step::Kind::kText: return text;
    case Step::Kind::kCategory: return true;
    case Step::Kind::kLag: return false;
  }
  return false;
}

Result<std::int32_t> read_column(const Json& json, std::string_view key, Step::Kind kind,
                                 const table::Schema& inputs) {
  const auto place = TRY(place_or_none(json, key));
  const bool two = kind == Step::Kind::kArithmetic || kind == Step::Kind::kPair;
  const bool may = key == "other" ? two : kind != Step::Kind::kLag;
  const bool must = may && kind != Step::Kind::kTimePart;
  if (place >= static_cast<std::int64_t>(inputs.fields.size()) || (place < 0 && must) ||
      (place >= 0 && !may)) {
    return fail(Code::kInvalidInput, "\"" + std::string(key) +
                                         "\" names no column that this kind of step can read");
  }
  const auto column = static_cast<std::int32_t>(place);
  if (place < 0) return column;
  const table::Type type = inputs.fields[static_cast<std::size_t>(place)].type;
  if (can_read(kind, type)) return column;
  return fail(Code::kInvalidInput, "a step of this kind cannot read a column of type " +
                                       std::string(table::name_of(type)));
}

Result<std::uint32_t> read_place(const Json& json, std::string_view key, std::size_t count) {
  const auto place = TRY(io::get<std::int64_t>(json, key));
  if (place >= 0 && static_cast<std::uint64_t>(place) < count) {
    return static_cast<std::uint32_t>(place);
  }
  return fail(Code::kInvalidInput, "\"" + std::string(key) + "\" names a " + std::string(key) +
                                       " that is not there");
}

Result<Step> step_from(const Json& json, const table::Schema& inputs, const HistorySpec& history) {
  Step step;
  const auto kind = TRY(io::get<std::string>(json, "kind"));
  step.kind = TRY(value_in<Step::Kind>(kKinds, kind, "kind of step"));
  step.input = TRY(read_column(json, "input", step.kind, inputs));
  step.other = TRY(read_column(json, "other", step.kind, inputs));
  switch (step.kind) {
    case Step::Kind::kNumber: TRY(read_number(json, step)); break;
    case Step::Kind::kCategory:
    case Step::Kind::kPair: TRY(read_dictionary(json, step)); break;
    case Step::Kind::kTimePart: {
      const auto part = TRY(io::get<std::string>(json, "part"));
      step.part = TRY(value_in<Step::Part>(kParts, part, "part of time"));
      break;
    }
    case Step::Kind::kLag:
      step.lag = TRY(read_place(json, "lag", history.lags.size()));
      step.coded = !history.lags[step.lag].categories.empty();
      break;
    case Step::Kind::kArithmetic:
      TRY(read_number(json, step));
      TRY(read_arithmetic(json, step));
      break;
    case Step::Kind::kEncoding:
      TRY(read_number(json, step));
      TRY(read_encoding(json, step));
      break;
    case Step::Kind::kText:
      TRY(read_number(json, step));
      step.bucket = TRY(read_place(json, "bucket", kTextBuckets));
      break;
  }
  return step;
}

}  // namespace

std::string_view sign_of(Step::Operation operation) noexcept {
  return name_in<Step::Operation>(kOperations, operation);
}

std::optional<Step::Operation> operation_from(std::string_view sign) noexcept {
  for (const auto& [operation, name] : kOperations) {
    if (name == sign) return operation;
  }
  return std::nullopt;
}

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
  for (const std::string& name : history.entity) {
    if (inputs.find(name)) continue;
    return fail(Code::kInvalidInput, "the entity's column \"" + name + "\" is no input");
  }
  for (const Side& side : history.sides) {
    for (const std::string& name : side.on) {
      if (inputs.find(name)) continue;
      return fail(Code::kInvalidInput,
                  "\"" + name + "\", by which " + side.table + " is joined, is no input");
    }
  }
  return Transform(std::move(inputs), std::move(steps), std::move(history));
}

}  // namespace rondo::model
