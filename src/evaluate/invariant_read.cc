// [[evaluate.invariant]]: what must hold of answers when one column changes.
#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "evaluate/probe.h"

namespace rondo::evaluate {
namespace {

std::unexpected<Error> wrong(const std::string& what) {
  return fail(Code::kInvalidInput, what,
              "like { column = \"income\", change = \"+10%\", answer = \"not lower\" }; change is "
              "also \"-5\", \"= 3\" or \"= name\", answer also \"not higher\" or \"same\"");
}

std::optional<double> number_from(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<void> read_change(std::string_view text, Invariant& out) {
  if (text.starts_with('=')) {
    const auto from = text.find_first_not_of(' ', 1);
    if (from == std::string_view::npos) return wrong("change \"=\" names no value");
    out.change = Invariant::Change::kSet;
    out.value = text.substr(from);
    out.amount = number_from(out.value).value_or(std::numeric_limits<double>::quiet_NaN());
    return {};
  }
  const bool signed_ = text.starts_with('+') || text.starts_with('-');
  const bool percent = text.ends_with('%');
  std::string_view digits = text.substr(text.starts_with('+') ? 1 : 0);
  if (percent) digits.remove_suffix(1);
  const auto number = number_from(digits);
  if (!signed_ || !number || *number == 0) {
    return wrong(fmt::format("change \"{}\" is no change", text));
  }
  out.change = percent ? Invariant::Change::kFactor : Invariant::Change::kAdd;
  out.amount = percent ? 1 + *number / 100 : *number;
  return {};
}

Result<Invariant::Answer> answer_from(const std::string& text) {
  if (text == "not lower") return Invariant::Answer::kNotLower;
  if (text == "not higher") return Invariant::Answer::kNotHigher;
  if (text == "same") return Invariant::Answer::kSame;
  return wrong(fmt::format("answer \"{}\" is none of \"not lower\", \"not higher\", \"same\"",
                           text));
}

Result<Invariant> invariant_from(const Json& json) {
  if (!json.is_object()) return wrong("it is no table");
  for (const auto& item : json.items()) {
    if (item.key() != "column" && item.key() != "change" && item.key() != "answer") {
      return wrong(fmt::format("the key \"{}\" is unknown here", item.key()));
    }
    if (!item.value().is_string()) return wrong(fmt::format("{} is a text", item.key()));
  }
  for (const char* key : {"column", "change", "answer"}) {
    if (!json.contains(key)) return wrong(fmt::format("it has no {}", key));
  }
  Invariant out;
  out.column = json.at("column").get<std::string>();
  const auto change = json.at("change").get<std::string>();
  const auto answer = json.at("answer").get<std::string>();
  TRY(read_change(change, out));
  out.answer = TRY(answer_from(answer));
  out.text = fmt::format("{} {}: {}", out.column, change, answer);
  return out;
}

}  // namespace

Result<std::vector<Invariant>> invariants_from(const Json& list) {
  std::vector<Invariant> out;
  if (list.is_null()) return out;
  if (!list.is_array()) {
    return fail(Code::kInvalidInput, "evaluate.invariant is no list of tables",
                "write [[evaluate.invariant]] with double brackets, once an invariant");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(TRY(during(invariant_from(list[i]),
                             fmt::format("reading [[evaluate.invariant]] number {}", i + 1))));
  }
  return out;
}

}  // namespace rondo::evaluate
