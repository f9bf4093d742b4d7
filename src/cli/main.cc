// The door of the program: signals, then one command, then its exit code. A write to a closed pipe
// or beyond a file-size limit must be an error value and never the end of the process.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "cli/command.h"

namespace {

using rondo::cli::Command;

const rondo::Stop* the_stop = nullptr;  // set once before the handler is installed

extern "C" void on_signal(int) {
  if (the_stop != nullptr) the_stop->request();
}

void install_signals(const rondo::Stop& stop) {
  the_stop = new rondo::Stop(stop);  // for good: a signal may come while the program ends
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second Ctrl-C ends at once
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int run_command(const Command& command, std::span<const std::string> typed) {
  for (const std::string& word : typed) {
    if (word == "--help" || word == "-h") {
      rondo::cli::say(rondo::cli::help_of(command));
      return rondo::cli::kOk;
    }
  }
  auto args = rondo::cli::parse(command, typed);
  if (!args) {
    rondo::cli::report_error(args.error(), false);
    return rondo::cli::kUsage;
  }
  install_signals(args->stop);
  const auto code = command.run(*args);
  if (code) return *code;
  const bool left = code.error().code == rondo::Code::kCancelled && rondo::cli::nobody_reads();
  return left ? rondo::cli::kOk : rondo::cli::report_error(code.error(), args->json);
}

int unknown_command(const std::string& name) {
  const std::string near = rondo::cli::nearest_command(name);
  rondo::cli::complain(fmt::format("error: rondo has no {} \"{}\"{}",
                                   name.starts_with('-') ? "flag" : "command", name,
                                   near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  rondo::cli::complain("hint: `rondo --help` lists them");
  return rondo::cli::kUsage;
}

/// -C DIR, --color WHEN and --json may stand before the command; they are taken out of `typed`.
rondo::Result<std::vector<std::string>> take_common(std::vector<std::string>& typed) {
  std::vector<std::string> before;
  while (!typed.empty()) {
    const std::size_t equals = typed[0].find('=');
    const std::string name = typed[0].substr(0, equals);
    if (name != "-C" && name != "--color" && name != "--json") break;
    const std::size_t words = name == "--json" || equals != std::string::npos ? 1 : 2;
    if (typed.size() < words) {
      return rondo::fail(rondo::Code::kInvalidInput, fmt::format("{} needs a value", name),
                         "rondo [-C DIR] COMMAND [WORDS] [FLAGS]");
    }
    const auto end = typed.begin() + static_cast<std::ptrdiff_t>(words);
    before.insert(before.end(), typed.begin(), end);
    typed.erase(typed.begin(), end);
  }
  return before;
}

/// `about`: what stands behind "help".
int help(std::span<const std::string> about) {
  if (about.empty()) {
    rondo::cli::say(rondo::cli::help_all());
    return rondo::cli::kOk;
  }
  const Command* command = rondo::cli::find_command(about[0]);
  if (command == nullptr) return unknown_command(about[0]);
  rondo::cli::say(rondo::cli::help_of(*command));
  return rondo::cli::kOk;
}

int dispatch(std::vector<std::string> typed) {
  const auto before = take_common(typed);
  if (!before) {
    rondo::cli::report_error(before.error(), false);
    return rondo::cli::kUsage;
  }
  if (typed.empty()) {
    rondo::cli::say(rondo::cli::help_all());
    return rondo::cli::kUsage;
  }
  if (typed[0] == "--help" || typed[0] == "-h" || typed[0] == "help") {
    return help(std::span(typed).subspan(1));
  }
  if (typed[0] == "--version") typed[0] = "version";
  const Command* command = rondo::cli::find_command(typed[0]);
  if (command == nullptr) return unknown_command(typed[0]);
  typed.erase(typed.begin());
  typed.insert(typed.begin(), before->begin(), before->end());
  return run_command(*command, typed);
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  // Training threads that wait must not spin: on a busy machine that costs more than the training.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  try {
    return rondo::cli::all_said(dispatch(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::exception& e) {
    rondo::cli::complain(fmt::format("rondo: internal error: {}", e.what()));
    return rondo::cli::kInternal;
  }
}
