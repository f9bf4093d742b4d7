// Sources under a contract: columns are bound by name, cells are typed, and where a source
// disagrees the contract's action decides. All rows stay in place; what is wrong with them is
// listed beside.
#pragma once

#include <map>
#include <set>

#include "collect/sniff.h"

namespace rondo::collect {

/// `[collect.contract]`.
struct Actions {
  table::OnChange table = table::OnChange::kFreeze;
  table::OnChange column = table::OnChange::kEvolve;
  table::OnChange type = table::OnChange::kDiscardRow;
  std::map<std::string, table::OnChange> columns;  // single columns: their type and rules
  table::OnChange type_of(const std::string& name) const;
};
/// Errors: kInvalidInput naming the key.
Result<Actions> actions_from(const Json& json);

/// A cell that keeps its row out.
struct BadCell {
  std::size_t row = 0;    // among all rows
  std::size_t field = 0;  // of the contract; of a new column: its place in the source
  Why why = Why::kType;
};

struct Bound {
  table::Table rows;                     // of all sources in order, typed by the contract
  std::vector<std::size_t> first;        // first row of each source; one more at the end
  std::vector<BadCell> bad;
  std::vector<BadCell> not_finite;       // NaN and infinity: missing
  std::map<std::string, std::uint64_t> discarded;  // values dropped, by column
  std::vector<std::string> changes;      // what changed in the contract, for people
};

/// What a first collection agrees on, by a look at all of it. `null`, `trim`, delimiter and names
/// are in the dialect already.
table::Contract first_contract(std::span<const ColumnLook> looks, const table::Dialect& dialect);

struct BindOptions {
  Actions actions;
  std::set<std::string> required;  // target, key, columns of time: may not be lost
  std::set<std::string> exact;     // integer columns with values beyond 2^53; grows
};

/// Types everything; widens or extends the contract where its actions allow it.
/// Errors: kInvalidInput for a lost column that is required, for what is frozen, for a source that
/// shares no column with the contract.
Result<Bound> bind_sources(std::span<Source> sources, table::Contract& contract,
                          BindOptions& options);

/// The sentence for a cell that is not of its type: `TotalCharges is " ", not a number`.
std::string not_of_type(std::string_view column, std::string_view text, table::Type type);
/// A name as a piece of SQL writes it.
std::string sql_name(const std::string& name);
/// The names among `schema` that a piece of SQL mentions.
std::set<std::string> mentioned(std::string_view expression, const table::Schema& schema);

}  // namespace rondo::collect
