// A command of the program as a row of data: name, group, what it does, its flags, examples that
// run. Parsing, help, completion and docs all read the same row.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop.h"
#include "io/fs.h"
#include "io/json.h"

namespace rondo::cli {

/// How the program ends. Scripts rely on these.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kInvalidInput = 3;
inline constexpr int kNotGoodEnough = 4;
inline constexpr int kNothingToDo = 5;
inline constexpr int kInternal = 70;
inline constexpr int kInterrupted = 130;

enum class Often { kOnce, kMany };  // kMany: each value counts, by commas in Args

struct Flag {
  std::string_view name;   // "--last"
  std::string_view value;  // "N"; empty: a switch
  std::string_view help;
  Often often = Often::kOnce;
};

/// What was typed, checked against the command's flags.
struct Args {
  std::vector<std::string> words;             // without flags
  std::map<std::string, std::string> values;  // "--last" -> "5"; switches -> ""
  io::Path project = ".";                     // -C
  bool json = false;
  bool color = false;                         // standard output is a terminal, or --color=always
  bool terminal = false;
  Stop stop;                                  // Ctrl-C and SIGTERM

  bool has(std::string_view flag) const { return values.contains(std::string(flag)); }
  std::string get(std::string_view flag, std::string otherwise = {}) const;
};

enum class Group { kStart, kLook, kServe, kDecide, kCare, kHidden };

struct Command {
  std::string_view name;
  Group group;
  std::string_view words;     // "FILE... --target COL"
  std::string_view help;      // one line
  std::span<const Flag> flags;
  std::string_view examples;  // lines, each runs
  std::size_t words_least, words_most;
  Result<int> (*run)(const Args&);
};

std::span<const Command> commands() noexcept;
const Command* find_command(std::string_view name) noexcept;

/// The number above 0 that is written: of "7", and of "v7" when the letter is v.
std::optional<std::int64_t> positive(std::string_view word, char letter = '\0');
/// Errors: kInvalidInput for what does not fit the command, with the nearest flag.
Result<Args> parse(const Command& command, std::span<const std::string> typed);

/// "usage: rondo data [rejects] [dN]".
std::string usage_line(const Command& command);
std::string help_all();
std::string help_of(const Command& command);
/// The command or flag that was probably meant, or empty.
std::string nearest_command(std::string_view name);

/// The only ways to print.
void say(std::string_view text);               // standard output
/// Lines to standard output as they are. Errors: kCancelled when whoever read it has ended; kIo.
Result<void> write_out(std::string_view lines);
void complain(std::string_view text);          // standard error
/// Whether whoever read standard output has ended.
bool nobody_reads();
/// `code`, or kFailed and a sentence when standard output did not take all. A reader that went away
/// early (`| head`) had what it wanted.
int all_said(int code);
void say_json(const Json& value);              // one document, then a line feed
/// Prints what does not fit the command, with a hint, and gives kUsage.
int report_usage(const Args& args, const std::string& message, const std::string& hint);
/// Prints the error (as JSON when asked) and gives the exit code that belongs to it.
int report_error(const Error& error, bool json);

}  // namespace rondo::cli
