// Results as Great Expectations writes them.
// Source: docs.greatexpectations.io, "Result format": element_count, unexpected_count,
// unexpected_percent (of what is not missing), missing_count, partial_unexpected_list (20),
// partial_unexpected_index_list, unexpected_index_list, observed_value.
#include <algorithm>
#include <array>

#include "prepare/expect.h"

namespace rondo::prepare {
namespace {

constexpr std::array<std::string_view, 4> kDetails = {"BOOLEAN_ONLY", "BASIC", "SUMMARY",
                                                      "COMPLETE"};

std::string_view type_of(const Expectation& e) {
  switch (e.rule) {
    case Rule::kBetween: return "expect_column_values_to_be_between";
    case Rule::kIn: return "expect_column_values_to_be_in_set";
    case Rule::kLength: return "expect_column_value_lengths_to_be_between";
    case Rule::kPattern: return "expect_column_values_to_match_regex";
    case Rule::kUnique: return "expect_column_values_to_be_unique";
    case Rule::kPresent: return "expect_column_values_to_not_be_null";
    case Rule::kIncreasing: return "expect_column_values_to_be_increasing";
    case Rule::kDecreasing: return "expect_column_values_to_be_decreasing";
    case Rule::kAbove: return "expect_column_pair_values_a_to_be_greater_than_b";
    case Rule::kSql: return "unexpected_rows_expectation";
    case Rule::kType: return "expect_column_values_to_be_of_type";
    case Rule::kSum: return "expect_column_sum_to_be_between";
    case Rule::kMean: return "expect_column_mean_to_be_between";
    case Rule::kDistinct: return "expect_column_unique_value_count_to_be_between";
    case Rule::kDistance: return "expect_column_jensen_shannon_distance_to_be_at_most";  // ours
    case Rule::kRows: return "expect_table_row_count_to_be_between";
    case Rule::kFresh: return "expect_table_to_be_fresh";  // ours
    case Rule::kColumns: return "expect_table_columns_to_match_set";
  }
  return {};
}

Json bound(const Expectation& e, double value) {
  if (e.times) return to_text(Time{static_cast<std::int64_t>(value)});
  return value;
}

Json kwargs_of(const Expectation& e) {
  Json out = Json::object();
  if (e.rule == Rule::kAbove) {
    out = {{"column_A", e.column}, {"column_B", e.text}, {"or_equal", true}};
  } else if (!e.column.empty()) {
    out["column"] = e.column;
  }
  if (e.least) out["min_value"] = bound(e, *e.least);
  if (e.most) out["max_value"] = bound(e, *e.most);
  if (e.rule == Rule::kIn) out["value_set"] = e.values;
  if (e.rule == Rule::kDistance) {
    out["partition_object"] = {{"weights", e.shares}};
    out["partition_object"][e.edges.empty() ? "values" : "bins"] =
        e.edges.empty() ? Json(e.kinds) : Json(e.edges);
  }
  if (e.rule == Rule::kPattern) out["regex"] = e.text;
  if (e.rule == Rule::kSql) out["condition"] = e.text;
  if (e.rule == Rule::kType) out["type_"] = e.text;
  if (e.rule == Rule::kFresh) out["age"] = to_text(e.age);
  if (e.rule == Rule::kColumns) {
    out["column_set"] = e.names;
    out["exact_match"] = false;
  }
  if (e.mostly < 1) out["mostly"] = e.mostly;
  if (e.where) out["row_condition"] = text_of(*e.where);
  return out;
}

}  // namespace

std::optional<Detail> detail_from(std::string_view name) {
  const auto found = std::ranges::find(kDetails, name);
  if (found == kDetails.end()) return std::nullopt;
  return static_cast<Detail>(found - kDetails.begin());
}

Json to_json(const Expectation& e, const Met& met, Detail detail) {
  Json out = {{"success", met.success},
              {"expectation_config", {{"type", type_of(e)}, {"kwargs", kwargs_of(e)}}},
              {"result", Json::object()}};
  if (!met.sentence.empty()) {
    out["sentence"] = met.sentence;
    out["else"] = e.stops ? "stop" : "warn";
  }
  if (detail == Detail::kBooleanOnly) return out;
  Json& result = out["result"];
  if (!met.observed.is_null()) {
    result["observed_value"] = met.observed;
    return out;
  }
  const auto there = static_cast<double>(met.elements - met.missing);
  const auto percent = [](std::uint64_t part, double whole) {
    return whole == 0 ? 0 : 100 * static_cast<double>(part) / whole;
  };
  result["element_count"] = met.elements;
  result["unexpected_count"] = met.unexpected;
  result["unexpected_percent"] = percent(met.unexpected, there);
  result["partial_unexpected_list"] = met.examples;
  if (detail == Detail::kBasic) return out;
  result["missing_count"] = met.missing;
  result["missing_percent"] = percent(met.missing, static_cast<double>(met.elements));
  result["unexpected_percent_total"] =
      percent(met.unexpected, static_cast<double>(met.elements));
  result["partial_unexpected_index_list"] =
      std::vector(met.places.begin(),
                  met.places.begin() + static_cast<std::ptrdiff_t>(met.examples.size()));
  if (detail == Detail::kComplete) result["unexpected_index_list"] = met.places;
  return out;
}

}  // namespace rondo::prepare
