// Writing to the parent; a closed or full pipe is not an error of the work. A process that no Child
// started may have anything on descriptor 3, even a database, so it stays silent.
#include "io/say.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace rondo::io {
namespace {

constexpr int kParent = 3;

bool parent_listens() {
  const char* told = std::getenv("RONDO_LINES");
  struct stat raw {};
  return told != nullptr && told == std::to_string(kParent) && ::fstat(kParent, &raw) == 0 &&
         S_ISFIFO(raw.st_mode);
}

}  // namespace

void say_to_parent(std::string_view line) noexcept {
  static const bool kListens = parent_listens();
  if (!kListens) return;
  const std::string text = std::string(line) + "\n";
  const auto written = ::write(kParent, text.data(), text.size());
  static_cast<void>(written);
}

}  // namespace rondo::io
