// Expectations in words, as sentences and tables tell them: what is looked at, and what must hold.
#include <fmt/format.h>

#include "prepare/draft.h"

namespace rondo::prepare {
namespace {

std::string bounds_text(const Expectation& e) {
  const auto one = [&](double bound) {
    return e.times ? to_text(Time{static_cast<std::int64_t>(bound)}) : table::number_text(bound);
  };
  if (!e.most) return "at least " + one(*e.least);
  if (!e.least) return "at most " + one(*e.most);
  return fmt::format("between {} and {}", one(*e.least), one(*e.most));
}

std::string rule_text(const Expectation& e) {
  switch (e.rule) {
    case Rule::kBetween: return bounds_text(e);
    case Rule::kIn: {
      std::vector<std::string> names;
      for (const Json& value : e.values) names.push_back(plain(value));
      return "one of " + listed(names);
    }
    case Rule::kLength: return "length " + bounds_text(e);
    case Rule::kPattern: return fmt::format("like {}", e.text);
    case Rule::kUnique: return "unique";
    case Rule::kPresent: return "not missing";
    case Rule::kIncreasing: return "never falling";
    case Rule::kDecreasing: return "never rising";
    case Rule::kAbove: return fmt::format("at least {}", e.text);
    case Rule::kSql: return e.text;
    case Rule::kType: return fmt::format("of type {}", e.text);
    case Rule::kSum: return "sum " + bounds_text(e);
    case Rule::kMean: return "mean " + bounds_text(e);
    case Rule::kDistinct: return "distinct values " + bounds_text(e);
    case Rule::kDistance: return "distance from its shares " + bounds_text(e);
    case Rule::kRows: return bounds_text(e);
    case Rule::kFresh: return fmt::format("a row of the last {}", to_text(e.age));
    case Rule::kColumns: return listed(e.names);
  }
  return {};
}

}  // namespace

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string text_of(const Expectation& e) {
  const std::string what = e.rule == Rule::kRows      ? "rows"
                           : e.rule == Rule::kFresh   ? "fresh"
                           : e.rule == Rule::kColumns ? "columns"
                           : e.rule == Rule::kSql     ? "sql"
                                                      : e.column;
  std::string out = fmt::format("{}: {}", what, rule_text(e));
  if (e.where) out += fmt::format(" where {} is {}", e.where->column, rule_text(*e.where));
  return out;
}

}  // namespace rondo::prepare
