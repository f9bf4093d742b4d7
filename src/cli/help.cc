// Help: one screen of commands grouped by what a person wants, and a page for each.
#include <fmt/format.h>

#include "cli/command.h"
#include "io/toml.h"

namespace rondo::cli {
namespace {

struct GroupText {
  Group group;
  std::string_view title;
};
constexpr GroupText kGroups[] = {{Group::kStart, "Begin, and turn the loop"},
                                 {Group::kLook, "See where it stands, and why"},
                                 {Group::kServe, "Predict"},
                                 {Group::kDecide, "Decide"},
                                 {Group::kCare, "Take care"}};

}  // namespace

std::string usage_line(const Command& command) {
  return fmt::format("usage: rondo {}{}{}", command.name, command.words.empty() ? "" : " ",
                     command.words);
}

std::string help_all() {
  std::string out =
      "Rondo runs the machine-learning lifecycle of a table and keeps it running.\n\n"
      "usage: rondo [-C DIR] COMMAND [WORDS] [FLAGS]\n";
  for (const GroupText& group : kGroups) {
    out += fmt::format("\n{}\n", group.title);
    for (const Command& command : commands()) {
      if (command.group == group.group) {
        out += fmt::format("  {:<10} {}\n", command.name, command.help);
      }
    }
  }
  out += "\nrondo COMMAND --help shows flags and examples. Every command takes -C DIR "
         "(the project),\n"
         "--color=auto|always|never, and, where it reads, --json.\n"
         "Exit codes: 0 ok, 1 failed, 2 usage, 3 invalid input, 4 not good enough, "
         "5 nothing to do,\n"
         "130 stopped by Ctrl-C.\n";
  return out;
}

std::string help_of(const Command& command) {
  std::string out = fmt::format("{}\n\n{}\n", command.help, usage_line(command));
  if (!command.flags.empty()) out += "\nFlags\n";
  for (const Flag& flag : command.flags) {
    out += fmt::format("  {:<22} {}\n",
                       flag.value.empty() ? std::string(flag.name)
                                          : fmt::format("{} {}", flag.name, flag.value),
                       flag.help);
  }
  out += "\nExamples\n";
  std::string_view rest = command.examples;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    out += fmt::format("  {}\n", rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  return out;
}

std::string nearest_command(std::string_view name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.group != Group::kHidden) names.emplace_back(command.name);
  }
  return io::nearest(name, names);
}

}  // namespace rondo::cli
