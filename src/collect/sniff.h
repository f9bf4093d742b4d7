// What the columns of a first collection are. Every cell is looked at, once in the life of a
// project; what is decided here becomes the contract and is never guessed again.
#pragma once

#include <map>
#include <span>

#include "collect/cells.h"

namespace rondo::collect {

/// What was seen in one column, over all sources.
struct ColumnLook {
  std::string name;
  std::uint64_t cells = 0, nulls = 0;
  std::uint64_t integers = 0, numbers = 0, not_finite = 0;  // numbers include both
  std::uint64_t leading_zeros = 0, times = 0, bools = 0, slashed = 0;
  std::uint64_t texts = 0, words = 0, bytes = 0, distinct = 0;  // of the first 10,000 texts
  std::optional<table::Type> typed;                       // Parquet says so
  std::map<std::string, std::uint64_t, std::less<>> odd;  // cells that are no numbers; 50 at most
  std::uint64_t known() const { return cells - nulls; }
};

/// The columns of all sources by name, in order of first appearance.
std::vector<ColumnLook> look_at(std::span<const Source> sources,
                                const std::vector<std::string>& null);
/// Cost: some 20 ns a cell.
ColumnLook look_at(std::span<const Source> sources, const std::string& name,
                   const std::vector<std::string>& null);

/// Adds a look at other sources. Texts are those of the first look that saw enough.
void add(std::vector<ColumnLook>& looks, std::span<const ColumnLook> others);

/// A number when 95 in 100 of its cells are; a time likewise; else a category, or text when cells
/// are long, of several words and mostly different.
table::Type decide(const ColumnLook& look);

/// "03/04/2011" or "3.4.2011": which of day and month comes first cannot be told.
bool is_slashed_date(std::string_view text) noexcept;
/// The format of such a text for strptime, with the day first, or the month: "%d/%m/%Y %H:%M".
std::string slashed_format(std::string_view text, bool day_first = true);

}  // namespace rondo::collect
