// completion: what a shell offers at the tab key, made from the table of commands alone.
#include <fmt/format.h>

#include <algorithm>

#include "cli/tasks.h"

namespace rondo::cli {
namespace {

constexpr std::string_view kCommon[] = {"-C", "--color", "--json", "--help"};

/// "bash|zsh|fish" or "[show|diff] [dN]" as it stands in a table: the words that may be typed
/// there. Empty: any may.
std::vector<std::string> choices(std::string_view text) {
  text = text.substr(0, text.find(' '));
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::vector<std::string> out;
  if (!text.contains('|')) return out;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find('|'));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; })) return {};
    out.emplace_back(word);
  }
  return out;
}

template <class F>
void each_command(F&& f) {
  for (const Command& command : commands()) {
    if (command.group != Group::kHidden) f(command);
  }
}

/// Within single quotes of a shell; of fish too.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

std::string bash() {
  std::string names, flags, values;
  each_command([&](const Command& command) {
    names += fmt::format("{} ", command.name);
    std::vector<std::string> words = choices(command.words);
    for (const Flag& flag : command.flags) {
      words.emplace_back(flag.name);
      if (const auto known = choices(flag.value); !known.empty()) {
        values += fmt::format("    '{} {}') words='{}' ;;\n", command.name, flag.name,
                              fmt::join(known, " "));
      } else if (!flag.value.empty()) {
        values += fmt::format("    '{} {}') COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n",
                              command.name, flag.name);
      }
    }
    flags += fmt::format("    {}) words='{} {}' ;;\n", command.name, fmt::join(words, " "),
                         fmt::join(kCommon, " "));
  });
  return fmt::format(
      R"(# rondo completion bash: put it into ~/.local/share/bash-completion/completions/rondo
_rondo() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} command= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      -C|--color) ((i++)) ;;
      -*) ;;
      *) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $command in
    '') words='{}{} --version help' ;;
{}  esac
  case $prev in
    -C) COMPREPLY=($(compgen -d -- "$cur")); return ;;
    --color) words='auto always never' ;;
  esac
  case "$command $prev" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ -n $command && $cur != -* && ${{#COMPREPLY[@]}} -eq 0 ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}}
complete -o filenames -F _rondo rondo
)",
      names, fmt::join(kCommon, " "), flags, values);
}

/// Text in the brackets of an option of zsh's _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh() {
  const std::string common =
      "'-C[the project]:folder:_files -/' '--color[when to color]:when:(auto always never)' "
      "'--json[as JSON]' '--help[flags and examples]'";
  std::string names, cases;
  each_command([&](const Command& command) {
    names += fmt::format("    {}\n",
                         in_quotes(fmt::format("{}:{}", command.name, zsh_text(command.help))));
    cases += fmt::format("        {}) _arguments {}", command.name, common);
    for (const Flag& flag : command.flags) {
      const auto known = choices(flag.value);
      std::string option = fmt::format("{}{}[{}]", flag.often == Often::kMany ? "*" : "",
                                       flag.name, zsh_text(flag.help));
      if (!known.empty()) option += fmt::format(":value:({})", fmt::join(known, " "));
      else if (!flag.value.empty()) option += fmt::format(":{}:_files", zsh_text(flag.value));
      cases += " " + in_quotes(option);
    }
    const auto words = choices(command.words);
    if (!words.empty()) cases += fmt::format(" '1:word:({})'", fmt::join(words, " "));
    if (command.words_most > 0) cases += " '*:word:_files'";
    cases += " ;;\n";
  });
  return fmt::format(R"(#compdef rondo
# rondo completion zsh: put it as _rondo into a folder of $fpath
_rondo() {{
  local state line
  local -a commands
  commands=(
{}  )
  _arguments -C {} '--version[the version]' '1:command:->command' '*::word:->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
{}      esac ;;
  esac
}}
if [ "$funcstack[1]" = _rondo ]; then _rondo "$@"; else compdef _rondo rondo; fi
)",
                     names, common, cases);
}

std::string fish() {
  std::string out =
      "# rondo completion fish: put it into ~/.config/fish/completions/rondo.fish\n"
      "complete -c rondo -s C -r -a '(__fish_complete_directories)' -d 'the project'\n"
      "complete -c rondo -l color -x -a 'auto always never' -d 'when to color'\n"
      "complete -c rondo -l json -d 'as JSON'\n"
      "complete -c rondo -l help -d 'flags and examples'\n";
  each_command([&](const Command& command) {
    out += fmt::format("complete -c rondo -f -n __fish_use_subcommand -a {} -d {}\n", command.name,
                       in_quotes(command.help));
    const std::string here =
        in_quotes(fmt::format("__fish_seen_subcommand_from {}", command.name));
    if (const auto words = choices(command.words); !words.empty()) {
      out += fmt::format("complete -c rondo -f -n {} -a '{}'\n", here, fmt::join(words, " "));
    }
    for (const Flag& flag : command.flags) {
      const bool is_long = flag.name.starts_with("--");
      const auto known = choices(flag.value);
      out += fmt::format("complete -c rondo -n {} -{} {}{}{} -d {}\n", here, is_long ? 'l' : 's',
                         flag.name.substr(is_long ? 2 : 1), flag.value.empty() ? "" : " -r",
                         known.empty() ? "" : fmt::format(" -f -a '{}'", fmt::join(known, " ")),
                         in_quotes(flag.help));
    }
  });
  return out;
}

}  // namespace

Result<int> run_completion(const Args& args) {
  const std::string& shell = args.words[0];
  if (shell == "bash") say(bash());
  else if (shell == "zsh") say(zsh());
  else if (shell == "fish") say(fish());
  else {
    return report_usage(args, fmt::format("\"{}\" is no shell that is known", shell),
                        "rondo completion bash, zsh or fish");
  }
  return kOk;
}

}  // namespace rondo::cli
