// Our own strict splitter of CSV (RFC 4180). LF and CRLF may be mixed, a byte order mark is
// skipped. A record that breaks a rule is rejected as a whole with its reason and bytes, and
// reading goes on with the next line: no quote can swallow a file.
#pragma once

#include "base/result.h"
#include "collect/grid.h"
#include "table/contract.h"

namespace rondo::collect {

/// Where to begin: after the records of an earlier reading, or at the start (all zeros).
struct CsvStart {
  std::uint64_t offset = 0;
  std::uint64_t lines = 0;
  std::uint64_t records = 0;
  // Of a part of a source that is read in parts:
  std::uint64_t until = UINT64_MAX;  // no record is begun from here on; the one before must end
  std::uint64_t shift = 0;           // what to add to a place in the bytes for one in the source
};

/// Splits everything after `start`. The header gives the names, or `names` when the dialect has
/// none. `file` is for sentences. Errors: kInvalidInput for what is no table at all: no text, a
/// broken header, a name that is there twice. Cost: some 300 MB/s; 8 bytes a cell.
Result<Grid> split_csv(std::string bytes, const table::Dialect& dialect,
                       const std::vector<std::string>& names, const CsvStart& start,
                       const std::string& file);

/// Where the records begin in bytes with a header: behind it.
std::uint64_t header_end(std::string bytes, const table::Dialect& dialect);

/// The delimiter (comma, semicolon, tab or bar) that splits the first records most evenly.
char guess_delimiter(std::string_view bytes);

/// Errors: kInvalidInput when a name comes twice (case folded) or is reserved. Empty names become
/// "column_3".
Result<void> check_names(std::vector<std::string>& names, const std::string& file);
std::string folded(std::string_view name);

}  // namespace rondo::collect
