// What people expect of the data: rules in [[prepare.expect]], looked at before anything is learnt
// from them. Results have the shape of Great Expectations, so that tools for those read them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/fs.h"
#include "table/table.h"

namespace rondo::prepare {

enum class Rule {
  // of a value
  kBetween, kIn, kLength, kPattern, kUnique, kPresent, kIncreasing, kDecreasing, kAbove,
  // of a row
  kSql,
  // of a column
  kType, kSum, kMean, kDistinct, kDistance,
  // of the table
  kRows, kFresh, kColumns
};

/// One table [[prepare.expect]].
struct Expectation {
  Rule rule = Rule::kPresent;
  std::string column;                  // empty: of the whole table
  std::optional<double> least, most;   // bounds, both inside; of times in microseconds
  bool times = false;                  // the bounds are times
  std::vector<Json> values;            // of kIn
  std::vector<Json> kinds;             // of kDistance: the values that have shares
  std::vector<double> edges;           // of kDistance: a bin holds edges[i-1] <= x < edges[i]
  std::vector<double> shares;          // of kDistance: one a bin or value; others have the rest
  std::string text;                    // kPattern, kSql: it; kAbove: the other column; kType
  std::vector<std::string> names;      // of kColumns
  Span age;                            // of kFresh
  double mostly = 1;                   // the share of values that are there which must fit
  bool stops = true;                   // else a failure only warns
  std::shared_ptr<const Expectation> where;  // only rows that fit this one
};

/// Errors: kInvalidInput naming the expectation by its number, and what is wrong with it.
Result<std::vector<Expectation>> expectations_from(const Json& list);

/// What came of one.
struct Met {
  bool success = false;
  std::uint64_t elements = 0, missing = 0, unexpected = 0;
  std::vector<Json> examples;          // the first unexpected values
  std::vector<std::size_t> places;     // the rows of all unexpected ones
  Json observed;                       // null: not one number
  std::string sentence;                // why it failed; empty: it did not
};

/// `temp` is a folder that SQL may spill into; its text reaches no file and no setting. Cost: one
/// pass over a column, a sort for `unique`. Patterns take time linear in the text (RE2).
Met look_at(const Expectation& expectation, const table::Table& rows, Time now,
            const io::Path& temp);

/// The Jensen-Shannon distance of a column's values, in bins of `edges` or by `values`, from
/// `shares`. Units: [0, 1]. NaN: no value is there. Source: stats/distance.h.
double distance_of(const Expectation& expectation, const table::Column& column);

/// "age: between 0 and 120".
std::string text_of(const Expectation& expectation);

/// How much is told of each.
enum class Detail { kBooleanOnly, kBasic, kSummary, kComplete };
std::optional<Detail> detail_from(std::string_view name);
/// {"success", "expectation_config": {"type", "kwargs"}, "result": {...}}.
Json to_json(const Expectation& expectation, const Met& met, Detail detail);

/// A table for rondo.toml, and the reason for it.
struct Suggestion {
  Json expect;
  std::string reason;
  std::string toml() const;            // the reason as a comment, then [[prepare.expect]]
};
/// Source: the constraint suggestion of Deequ (Schelter et al. 2018, section 4.2), with its rules'
/// thresholds. Pure.
std::vector<Suggestion> suggest(const table::Table& rows, const std::string& target);

}  // namespace rondo::prepare
