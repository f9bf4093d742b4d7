// The file that a person names to be written, and how far it is. It appears by a rename, which
// would put a file where a pipe or a device was, and in place of a link.
#pragma once

#include "batch/predict.h"
#include "cli/command.h"
#include "io/fs.h"

namespace rondo::cli {

enum class Taken { kRefused, kReplaced };  // what becomes of a file that is there already
inline Taken by_force(const Args& args) {
  return args.has("--force") ? Taken::kReplaced : Taken::kRefused;
}

/// Where to write what was named; a link stays, and what it points at is written.
/// Errors: kInvalidInput for a folder, a pipe, a device; kConflict for a file that is kept;
/// kNotFound without the folder that it is to be in.
Result<io::Path> file_to_write(io::Fs& fs, const std::string& named, Taken taken);

/// What a table is written as: by --json, else by the name that -o gives.
struct TableForm {
  batch::Form form = batch::Form::kCsv;
  bool parquet = false;  // from lines of CSV
};
/// Errors: kInvalidInput for a name that says what is not written here.
Result<TableForm> table_form(const Args& args);

/// On a terminal and with a file to write: "[#####     ] 52 %  1,234,567 rows  812,345 rows/s  12 s
/// to go" on standard error, until it goes out of scope.
class RowsBar {
 public:
  explicit RowsBar(const Args& args);
  ~RowsBar();
  RowsBar(const RowsBar&) = delete;
  RowsBar& operator=(const RowsBar&) = delete;
  void show(const batch::Progress& progress);

 private:
  const bool shown_;
};

}  // namespace rondo::cli
