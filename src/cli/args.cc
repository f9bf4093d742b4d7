// From words to Args. Nothing is guessed: an unknown flag is an error that names the nearest one.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "cli/command.h"
#include "io/toml.h"

namespace rondo::cli {
namespace {

const Flag* find_flag(const Command& command, std::string_view name) {
  for (const Flag& flag : command.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::unexpected<Error> usage(const Command& command, std::string message) {
  return fail(Code::kInvalidInput, std::move(message),
              fmt::format("`rondo {} --help` shows what it takes", command.name));
}

std::unexpected<Error> unknown(const Command& command, const std::string& name) {
  std::vector<std::string> names = {"--json", "--color", "--help", "-C"};
  for (const Flag& flag : command.flags) names.emplace_back(flag.name);
  const std::string near = io::nearest(name, names);
  return usage(command, fmt::format("rondo {} has no flag {}{}", command.name, name,
                                    near.empty() ? "" : fmt::format("; did you mean {}?", near)));
}

Result<void> check_color(const Command& command, const std::string& when) {
  if (when == "auto" || when == "always" || when == "never") return {};
  return usage(command, fmt::format("--color is auto, always or never, not \"{}\"", when));
}

bool wants_color(const std::string& when) {
  if (when == "always") return true;
  if (when == "never" || std::getenv("NO_COLOR") != nullptr) return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace

std::string Args::get(std::string_view flag, std::string otherwise) const {
  const auto found = values.find(std::string(flag));
  return found == values.end() ? std::move(otherwise) : found->second;
}

std::optional<std::int64_t> positive(std::string_view word, char letter) {
  if (letter != '\0' && word.starts_with(letter)) word.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (bad != std::errc{} || end != word.data() + word.size() || number < 1) return std::nullopt;
  return number;
}

Result<Args> parse(const Command& command, std::span<const std::string> typed) {
  Args args;
  std::string color = "auto";
  bool only_words = false;
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const std::string& word = typed[i];
    if (only_words || word.size() < 2 || word[0] != '-') {
      args.words.push_back(word);
      continue;
    }
    if (word == "--") {
      only_words = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const bool common_value = name == "-C" || name == "--color";
    const Flag* flag = find_flag(command, name);
    const bool json = name == "--json" && flag == nullptr;
    if (flag == nullptr && !common_value && !json) return unknown(command, name);
    const bool takes_value = common_value || (flag != nullptr && !flag->value.empty());
    std::string value;
    if (equals != std::string::npos) {
      if (!takes_value) return usage(command, fmt::format("{} takes no value", name));
      value = word.substr(equals + 1);
    } else if (takes_value) {
      if (i + 1 == typed.size()) return usage(command, fmt::format("{} needs a value", name));
      value = typed[++i];
    }
    if (json) {
      args.json = true;
    } else if (name == "-C") {
      args.project = value;
    } else if (name == "--color") {
      color = value;
    } else if (flag->often == Often::kMany && args.has(name)) {
      args.values[name] += "," + value;
    } else {
      args.values[name] = value;
    }
  }
  if (args.words.size() < command.words_least || args.words.size() > command.words_most) {
    return usage(command, usage_line(command));
  }
  TRY(check_color(command, color));
  args.color = wants_color(color);
  args.terminal = ::isatty(STDOUT_FILENO) == 1;
  return args;
}

}  // namespace rondo::cli
