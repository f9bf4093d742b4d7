// A command once more in a process of its own, which opens what comes from outside and reaches that
// alone: a file that breaks a reader, or takes all memory, ends that process and nothing else.
#pragma once

#include <optional>

#include "cli/command.h"
#include "io/sandbox.h"

namespace rondo::cli {

/// Of the second run: the folder (or word) that the first one gave it; nothing in the first.
std::optional<std::string> confined_with();
/// Runs the command as it was typed with confined_with() = `with`. `what` names what is read,
/// `then` what a person may do when the process is ended by a signal. Exit code of the command.
Result<int> run_confined(const Args& args, const std::string& with, io::Reach reach,
                         const std::string& what, const std::string& then);

}  // namespace rondo::cli
