// Wishes for features that are made of columns, as rondo.toml has them: [[prepare.combine]],
// [[prepare.encode]], [[prepare.text]].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prepare/draft.h"

namespace rondo::prepare {
namespace {

using model::Step;

/// How a table of one kind is called, and what belongs into it.
struct Form {
  std::string_view key;                // after "prepare."
  std::string_view advice;
};
constexpr Form kCombine = {"combine",
                           "write columns = [\"a\", \"b\"] and by = \"/\"; there are + - * / for "
                           "numbers and & for categories"};
constexpr Form kEncode = {"encode", "write column = \"...\": the mean of the target by its values"};
constexpr Form kText = {"text", "write column = \"...\": its words and parts of words"};

std::unexpected<Error> wrong_made(const Form& form, std::size_t place, const std::string& what) {
  return fail(Code::kInvalidInput,
              fmt::format("[[prepare.{}]] number {} {}", form.key, place + 1, what),
              std::string(form.advice));
}

Result<void> check_keys(const Json& json, const Form& form, std::size_t place,
                        std::span<const std::string_view> keys) {
  if (!json.is_object()) return wrong_made(form, place, "is no table");
  for (const auto& item : json.items()) {
    if (std::ranges::find(keys, item.key()) != keys.end()) continue;
    return wrong_made(form, place, fmt::format("has the unknown key \"{}\"", item.key()));
  }
  return {};
}

Result<MadeWish> combine_from(const Json& json, std::size_t place) {
  static constexpr std::string_view kKeys[] = {"columns", "by", "weight"};
  TRY(check_keys(json, kCombine, place, kKeys));
  const Json columns = json.value("columns", Json());
  const bool texts = columns.is_array() && std::ranges::all_of(columns, &Json::is_string);
  if (!texts || columns.size() != 2) return wrong_made(kCombine, place, "must name two columns");
  MadeWish wish{Step::Kind::kPair, columns.get<std::vector<std::string>>(), {}};
  if (wish.columns[0] == wish.columns[1]) {
    return wrong_made(kCombine, place, "names one column twice");
  }
  const Json by = json.value("by", Json());
  if (!by.is_string()) return wrong_made(kCombine, place, "does not say by what");
  const Json weight = json.value("weight", Json(1));
  if (!weight.is_number() || !std::isfinite(weight.get<double>()) || weight == 0) {
    return wrong_made(kCombine, place, fmt::format("has the weight {}", weight.dump()));
  }
  wish.weight = weight.get<double>();
  if (by == "&" && wish.weight != 1) {
    return wrong_made(kCombine, place, "weighs a category");
  }
  if (by == "&") return wish;
  const auto operation = model::operation_from(by.get<std::string>());
  if (!operation) {
    return wrong_made(kCombine, place, fmt::format("cannot combine by {}", by.dump()));
  }
  wish.kind = Step::Kind::kArithmetic;
  wish.operation = *operation;
  return wish;
}

Result<MadeWish> single_from(const Json& json, std::size_t place, const Form& form,
                             Step::Kind kind) {
  static constexpr std::string_view kKeys[] = {"column"};
  TRY(check_keys(json, form, place, kKeys));
  const std::string column = io::get_or<std::string>(json, "column", "");
  if (column.empty()) return wrong_made(form, place, "names no column");
  return MadeWish{kind, {column}, {}};
}

template <class Read>
Result<std::vector<MadeWish>> all_from(const Json& list, const Form& form, const Read& read) {
  std::vector<MadeWish> wishes;
  if (list.is_null()) return wishes;
  if (!list.is_array()) {
    return fail(Code::kInvalidInput, fmt::format("prepare.{} is no list of tables", form.key),
                fmt::format("write [[prepare.{}]] with double brackets", form.key));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    MadeWish wish = TRY(read(list[i], i));
    if (std::ranges::find(wishes, wish) != wishes.end()) {
      const std::string name = wish.feature("target");
      return wrong_made(form, i, fmt::format("asks for \"{}\" a second time", name));
    }
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

}  // namespace

std::string MadeWish::feature(std::string_view target) const {
  switch (kind) {
    case Step::Kind::kArithmetic:
      if (weight == 1) return fmt::format("{} {} {}", columns[0], sign_of(operation), columns[1]);
      return fmt::format("{} {} {} {}", columns[0], sign_of(operation), weight, columns[1]);
    case Step::Kind::kPair: return fmt::format("{} & {}", columns[0], columns[1]);
    case Step::Kind::kEncoding: return fmt::format("{}_by_{}", target, columns[0]);
    default: return columns[0] + "_text";
  }
}

std::string_view MadeWish::table() const {
  if (columns.size() == 2) return "[[prepare.combine]]";
  return kind == Step::Kind::kEncoding ? "[[prepare.encode]]" : "[[prepare.text]]";
}

Result<std::vector<MadeWish>> combines_from(const Json& list) {
  return all_from(list, kCombine, combine_from);
}

Result<std::vector<MadeWish>> encodes_from(const Json& list) {
  return all_from(list, kEncode, [](const Json& json, std::size_t place) {
    return single_from(json, place, kEncode, Step::Kind::kEncoding);
  });
}

Result<std::vector<MadeWish>> texts_from(const Json& list) {
  return all_from(list, kText, [](const Json& json, std::size_t place) {
    return single_from(json, place, kText, Step::Kind::kText);
  });
}

}  // namespace rondo::prepare
