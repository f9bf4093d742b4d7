// The second run finds a variable set and does the work; the first one waits and tells its end.
#include "cli/confined.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "io/child.h"
#include "loop/launcher.h"

namespace rondo::cli {
namespace {

constexpr const char* kInside = "RONDO_CONFINED";

Result<std::vector<std::string>> typed_words() {
  const std::string typed = TRY(io::real_fs()->read("/proc/self/cmdline"));
  std::vector<std::string> words;
  std::string_view rest = typed;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  words[0] = "/proc/self/exe";
  return words;
}

}  // namespace

std::optional<std::string> confined_with() {
  const char* value = std::getenv(kInside);
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<int> run_confined(const Args& args, const std::string& with, io::Reach reach,
                         const std::string& what, const std::string& then) {
  io::ChildOptions options;
  options.argv = TRY(typed_words());
  options.environment = {fmt::format("{}={}", kInside, with)};
  options.own_streams = false;
  options.memory_bytes = loop::worker_memory();
  options.open_files = 1024;
  options.reach = std::move(reach);
  io::Child child = TRY(io::Child::start(options));
  bool asked = false;
  for (;;) {
    const std::optional<int> code = TRY(child.wait(Span::millis(100)));
    if (code && *code <= 128) return *code;
    if (code && asked) return fail(Code::kCancelled, "it was stopped");
    if (code) {
      return fail(Code::kUnavailable,
                  fmt::format("the worker that read {} was ended by signal {}", what, *code - 128),
                  then);
    }
    if (args.stop.requested() && !std::exchange(asked, true)) child.ask_to_stop();
  }
}

}  // namespace rondo::cli
