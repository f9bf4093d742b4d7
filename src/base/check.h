// Programmer's errors. CHECK is on in every build and ends the program: a broken invariant must
// never go on to write. Mistakes of a user are never checked here; they are Errors (result.h).
#pragma once

#include <source_location>

namespace rondo {
/// Prints the broken invariant to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* why,
                               std::source_location where = std::source_location::current());
}  // namespace rondo

#define CHECK(condition, why)                              \
  do {                                                     \
    if (!(condition)) rondo::check_failed(#condition, why); \
  } while (false)
