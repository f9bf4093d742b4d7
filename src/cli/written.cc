// See written.h.
#include "cli/written.h"

#include <fmt/format.h>

namespace rondo::cli {

Result<io::Path> file_to_write(io::Fs& fs, const std::string& named, Taken taken) {
  const auto there = TRY(fs.stat(named));
  if (!there) return io::Path(named);
  if (there->folder || there->special) {
    return fail(Code::kInvalidInput, fmt::format("{} is a {}", named,
                                                 there->folder ? "folder" : "pipe or a device"),
                "name the file to write");
  }
  if (taken == Taken::kRefused) {
    return fail(Code::kConflict, fmt::format("{} exists already", named),
                "name another file, or write over it with --force");
  }
  std::error_code ignored;
  const io::Path target = std::filesystem::canonical(named, ignored);
  return ignored ? io::Path(named) : target;
}

}  // namespace rondo::cli
