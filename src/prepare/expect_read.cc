// [[prepare.expect]] read and written. Each has one rule; what does not fit it is refused by name.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "io/options.h"
#include "prepare/expect.h"

namespace rondo::prepare {
namespace {

struct RuleName {
  std::string_view key;
  Rule rule;
  bool of_values;  // judged value by value: `mostly` counts, and `where` may ask it
};
constexpr std::array<RuleName, 20> kRules = {{{"between", Rule::kBetween, true},
                                              {"at_least", Rule::kBetween, true},
                                              {"at_most", Rule::kBetween, true},
                                              {"in", Rule::kIn, true},
                                              {"length", Rule::kLength, true},
                                              {"pattern", Rule::kPattern, true},
                                              {"unique", Rule::kUnique, true},
                                              {"present", Rule::kPresent, true},
                                              {"increasing", Rule::kIncreasing, true},
                                              {"decreasing", Rule::kDecreasing, true},
                                              {"above", Rule::kAbove, true},
                                              {"sql", Rule::kSql, true},
                                              {"type", Rule::kType, false},
                                              {"sum", Rule::kSum, false},
                                              {"mean", Rule::kMean, false},
                                              {"distinct", Rule::kDistinct, false},
                                              {"distance", Rule::kDistance, false},
                                              {"rows", Rule::kRows, false},
                                              {"fresh", Rule::kFresh, false},
                                              {"columns", Rule::kColumns, false}}};

const RuleName* rule_named(std::string_view key) {
  const auto found = std::ranges::find(kRules, key, &RuleName::key);
  return found == kRules.end() ? nullptr : &*found;
}

bool is_of_table(Rule rule) {
  return rule == Rule::kRows || rule == Rule::kFresh || rule == Rule::kColumns ||
         rule == Rule::kSql;
}

std::unexpected<Error> wrong(const std::string& what) {
  return fail(Code::kInvalidInput, what,
              "like { column = \"age\", between = [0, 120], mostly = 0.99, else = \"warn\" }");
}

Result<double> bound_from(const Json& json, bool& times) {
  if (json.is_number()) return json.get<double>();
  if (!json.is_string()) return wrong(fmt::format("a bound is a number or a time, not {}",
                                                  json.dump()));
  times = true;
  return static_cast<double>(TRY(parse_time(json.get<std::string>())).us);
}

Result<void> read_bounds(const std::string& key, const Json& value, Expectation& out) {
  if (key == "at_least" || key == "at_most") {
    (key == "at_least" ? out.least : out.most) = TRY(bound_from(value, out.times));
    return {};
  }
  if (key == "rows" && value.is_number()) {
    out.least = value.get<double>();
    return {};
  }
  if (!value.is_array() || value.size() != 2) {
    return wrong(fmt::format("{} lists the least and the greatest", key));
  }
  out.least = TRY(bound_from(value[0], out.times));
  out.most = TRY(bound_from(value[1], out.times));
  if (*out.least <= *out.most) return {};
  return wrong(fmt::format("the bounds of {} are the wrong way round", key));
}

Result<std::string> text_from(const std::string& key, const Json& value) {
  if (value.is_string() && !value.get<std::string>().empty()) return value.get<std::string>();
  return wrong(fmt::format("{} is a text", key));
}

Result<void> read_texts(const std::string& key, const Json& value, Expectation& out) {
  if (key == "columns") {
    if (!value.is_array() || value.empty()) return wrong("columns lists names");
    for (const Json& name : value) out.names.push_back(TRY(text_from("a name", name)));
    return {};
  }
  out.text = TRY(text_from(key, value));
  if (key == "type") {
    TRY(table::type_from(out.text));
  } else if (key == "fresh") {
    out.age = TRY(parse_span(out.text));
    if (out.age.us <= 0) return wrong("fresh is a time span above nothing");
  } else if (key == "pattern") {
    const RE2 pattern(out.text, RE2::Quiet);
    if (!pattern.ok()) {
      return wrong(fmt::format("the pattern \"{}\" cannot be read: {}", out.text,
                               pattern.error()));
    }
  }
  return {};
}

Result<void> read_rule(const std::string& key, const Json& value, Expectation& out) {
  switch (out.rule) {
    case Rule::kUnique:
    case Rule::kPresent:
    case Rule::kIncreasing:
    case Rule::kDecreasing:
      if (value == Json(true)) return {};
      return wrong(fmt::format("{} is true, or is left away", key));
    case Rule::kIn:
      if (!value.is_array() || value.empty()) return wrong("in lists values");
      out.values.assign(value.begin(), value.end());
      return {};
    case Rule::kPattern:
    case Rule::kAbove:
    case Rule::kSql:
    case Rule::kType:
    case Rule::kFresh:
    case Rule::kColumns: return read_texts(key, value, out);
    case Rule::kDistance:
      if (!value.is_number() || value.get<double>() <= 0 || value.get<double>() > 1) {
        return wrong("distance is a number above 0 and at most 1");
      }
      out.most = value.get<double>();
      return {};
    default: return read_bounds(key, value, out);
  }
}

/// `edges`, `values` and `shares` of distance.
Result<void> read_shares(const std::string& key, const Json& value, Expectation& out) {
  if (!value.is_array() || value.empty()) return wrong(fmt::format("{} is a list", key));
  if (key == "values") {
    out.kinds.assign(value.begin(), value.end());
    return {};
  }
  std::vector<double>& numbers = key == "edges" ? out.edges : out.shares;
  for (const Json& one : value) {
    if (!one.is_number()) return wrong(fmt::format("{} are numbers, not {}", key, one.dump()));
    numbers.push_back(one.get<double>());
  }
  if (key == "edges" && std::ranges::adjacent_find(numbers, std::greater_equal()) !=
                            numbers.end()) {
    return wrong("edges rise");
  }
  if (key == "shares" && std::ranges::min(numbers) < 0) return wrong("no share is below 0");
  return {};
}

/// Shares may have been rounded by hand: to a hundredth of all.
Result<void> check_shares(Expectation& e) {
  const bool asked = e.rule == Rule::kDistance;
  if (!asked && e.edges.empty() && e.kinds.empty() && e.shares.empty()) return {};
  if (!asked) return wrong("edges, values and shares belong to distance");
  if (e.edges.empty() == e.kinds.empty()) {
    return wrong("distance needs either edges, of numbers, or values, of categories");
  }
  const std::size_t wanted = e.edges.empty() ? e.kinds.size() : e.edges.size() + 1;
  if (e.shares.size() != wanted) {
    return wrong(fmt::format("distance needs {} shares, one {}, and has {}", wanted,
                             e.edges.empty() ? "a value" : "more than edges", e.shares.size()));
  }
  const double sum = std::accumulate(e.shares.begin(), e.shares.end(), 0.0);
  if (sum > 1.01 || sum <= 0 || (!e.edges.empty() && sum < 0.99)) {
    return wrong(fmt::format("the shares add up to {:.4g}, not to 1", sum));
  }
  return {};
}

Result<Expectation> expectation_from(const Json& json, bool inside);

Result<void> read_rest(const std::string& key, const Json& value, bool inside, Expectation& out) {
  if (key == "column") {
    out.column = TRY(text_from(key, value));
  } else if (key == "mostly" && !inside) {
    if (!value.is_number() || value.get<double>() <= 0 || value.get<double>() > 1) {
      return wrong("mostly is a share above 0 and at most 1");
    }
    out.mostly = value.get<double>();
  } else if (key == "else" && !inside) {
    if (value != "warn" && value != "stop") return wrong("else is \"stop\" or \"warn\"");
    out.stops = value == "stop";
  } else if ((key == "edges" || key == "values" || key == "shares") && !inside) {
    return read_shares(key, value, out);
  } else if (key == "where" && !inside) {
    out.where =
        std::make_shared<const Expectation>(TRY(during(expectation_from(value, true), "where")));
  } else {
    return wrong(fmt::format("the key \"{}\" is unknown here", key));
  }
  return {};
}

/// `inside`: it is the `where` of another.
Result<Expectation> expectation_from(const Json& json, bool inside) {
  if (!json.is_object()) return wrong("it is no table");
  Expectation out;
  const RuleName* rule = nullptr;
  for (const auto& item : json.items()) {
    const RuleName* found = rule_named(item.key());
    if (found == nullptr) {
      TRY(read_rest(item.key(), item.value(), inside, out));
      continue;
    }
    if (rule != nullptr) {
      return wrong(fmt::format("it has two rules, {} and {}: write two tables", rule->key,
                               found->key));
    }
    rule = found;
    out.rule = found->rule;
    TRY(read_rule(item.key(), item.value(), out));
  }
  TRY(check_shares(out));
  if (rule == nullptr) return wrong("it has no rule, such as between, in or present");
  if (inside && (!rule->of_values || out.rule == Rule::kSql)) {
    return wrong(fmt::format("where cannot ask for {}, which no single value of a column has",
                             rule->key));
  }
  if (is_of_table(out.rule) != out.column.empty()) {
    return wrong(out.column.empty() ? fmt::format("{} needs a column", rule->key)
                                    : fmt::format("{} is of {}, not of a column",
                                                  rule->key,
                                                  out.rule == Rule::kSql ? "rows" : "the table"));
  }
  if ((out.mostly < 1 || out.where) && !rule->of_values) {
    return wrong(fmt::format("mostly and where are for rules of values, not for {}", rule->key));
  }
  return out;
}

std::string toml_text(const Json& value) {
  if (!value.is_array()) return value.dump();
  std::string out;
  for (const Json& one : value) out += (out.empty() ? "" : ", ") + one.dump();
  return "[" + out + "]";
}

}  // namespace

Result<std::vector<Expectation>> expectations_from(const Json& list) {
  std::vector<Expectation> out;
  if (list.is_null()) return out;
  if (!list.is_array()) {
    return fail(Code::kInvalidInput, "prepare.expect is no list of tables",
                "write [[prepare.expect]] with double brackets, once an expectation");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(TRY(during(expectation_from(list[i], false),
                             fmt::format("reading [[prepare.expect]] number {}", i + 1))));
  }
  return out;
}

std::string Suggestion::toml() const {
  std::string out = fmt::format("# {}\n[[prepare.expect]]\n", reason);
  for (const auto& item : expect.items()) {
    out += fmt::format("{} = {}\n", item.key(), toml_text(item.value()));
  }
  return out;
}

}  // namespace rondo::prepare
