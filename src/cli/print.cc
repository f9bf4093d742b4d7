// Standard output and standard error; errors read the same everywhere.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "cli/command.h"

namespace rondo::cli {

bool nobody_reads() {
  pollfd reader = {STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0;
}

Result<void> write_out(std::string_view lines) {
  if (std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size()) return {};
  if (nobody_reads()) return fail(Code::kCancelled, "nobody reads standard output any more");
  return fail(Code::kIo, "standard output did not take all of it",
              "look whether its disk is full");
}

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (text.empty() || text.back() != '\n') std::fputc('\n', stdout);
  std::fflush(stdout);
}

void complain(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (text.empty() || text.back() != '\n') std::fputc('\n', stderr);
}

int all_said(int code) {
  const bool good = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (good || code != kOk || nobody_reads()) return code;
  return report_error({Code::kIo, "standard output did not take all of it",
                       "look whether its disk is full", {}, {}}, false);
}

void say_json(const Json& value) {
  say(value.dump(2, ' ', false, Json::error_handler_t::replace));
}

int report_usage(const Args& args, const std::string& message, const std::string& hint) {
  report_error({Code::kInvalidInput, message, hint, {}, {}}, args.json);
  return kUsage;
}

int report_error(const Error& error, bool json) {
  if (json) {
    complain(Json{{"error", {{"code", name_of(error.code)}, {"message", error.message},
                             {"hint", error.hint}}}}
                 .dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    complain("error: " + error.text());
  }
  switch (error.code) {
    case Code::kInvalidInput:
    case Code::kNotFound:
    case Code::kCorrupt: return kInvalidInput;
    case Code::kConflict:
    case Code::kIo:
    case Code::kExhausted:
    case Code::kCancelled:
    case Code::kUnavailable: return kFailed;
  }
  return kFailed;
}

}  // namespace rondo::cli
