// The file that a person names to be written. It appears by a rename, which would put a file where
// a pipe or a device was, and in place of a link.
#pragma once

#include "cli/command.h"
#include "io/fs.h"

namespace rondo::cli {

enum class Taken { kRefused, kReplaced };  // what becomes of a file that is there already

/// Where to write what was named; a link stays, and what it points at is written.
/// Errors: kInvalidInput for a folder, a pipe, a device; kConflict for a file that is kept.
Result<io::Path> file_to_write(io::Fs& fs, const std::string& named, Taken taken);

}  // namespace rondo::cli
