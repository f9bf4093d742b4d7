// contract.toml: what a person says about the columns, beside what was found at the first
// collection. It is taken over once whenever its bytes change, so that what a collection widened
// since then stays.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/fs.h"
#include "io/toml.h"
#include "table/contract.h"

namespace rondo::collect {

inline constexpr std::string_view kContractFile = "contract.toml";

struct Agreed {
  std::string digest;  // of the file, hex; empty: there is none
  table::Schema schema;
  std::map<std::string, table::Rule> rules;
  std::map<std::string, io::Place> where;
};

/// The file of a project; an empty Agreed without one. Errors: kInvalidInput naming line and
/// column.
Result<Agreed> read_agreed(io::Fs& fs, const io::Path& project);

/// Takes the file over unless that was done. Before the first version any type may be said, later a
/// wider one: an integer as a number, anything as a category, a category as text. `changes` tells
/// people what became different.
/// Errors: kInvalidInput for a column that is not there, a type that is not wider, a rule that does
/// not go with the type; they name line and column.
Result<void> agree(const Agreed& agreed, bool first, table::Contract& contract,
                   std::vector<std::string>& changes);

}  // namespace rondo::collect
