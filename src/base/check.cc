// The end of a program that found one of its own invariants broken.
#include "base/check.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace rondo {

void check_failed(const char* condition, const char* why, std::source_location where) {
  const std::string line =
      std::string("rondo: internal error: ") + why + " [" + condition + "] at " +
      where.file_name() + ":" + std::to_string(where.line()) +
      "\nThis is a defect of Rondo, not of your data. Nothing was half-written.\n";
  const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(written);
  std::abort();
}

}  // namespace rondo
