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
  static rondo::Stop kept = stop;
  the_stop = &kept;
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
  return code ? *code : rondo::cli::report_error(code.error(), args->json);
}

int unknown_command(const std::string& name) {
  const std::string near = rondo::cli::nearest_command(name);
  rondo::cli::complain(fmt::format("error: rondo has no command \"{}\"{}", name,
                                   near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  rondo::cli::complain("hint: `rondo --help` lists them");
  return rondo::cli::kUsage;
}

int dispatch(std::vector<std::string> typed) {
  std::vector<std::string> before;  // -C DIR may stand before the command
  while (typed.size() >= 2 && typed[0] == "-C") {
    before.insert(before.end(), typed.begin(), typed.begin() + 2);
    typed.erase(typed.begin(), typed.begin() + 2);
  }
  if (typed.empty() || typed[0] == "--help" || typed[0] == "-h" || typed[0] == "help") {
    const Command* about = typed.size() > 1 ? rondo::cli::find_command(typed[1]) : nullptr;
    rondo::cli::say(about != nullptr ? rondo::cli::help_of(*about) : rondo::cli::help_all());
    return typed.empty() ? rondo::cli::kUsage : rondo::cli::kOk;
  }
  if (typed[0] == "--version") typed[0] = "version";
  const Command* command = rondo::cli::find_command(typed[0]);
  if (command == nullptr) return unknown_command(typed[0]);
  typed.erase(typed.begin());
  typed.insert(typed.begin(), before.begin(), before.end());
  return run_command(*command, typed);
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  // Training threads that wait must not spin: on a busy machine that costs more than the training.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  try {
    return dispatch(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& e) {
    rondo::cli::complain(fmt::format("rondo: internal error: {}", e.what()));
    return rondo::cli::kInternal;
  }
}
