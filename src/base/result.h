// Errors as values. Every operation that can fail returns Result<T>; TRY hands an error up, and
// context is added where it is known. The one invariant: an Error always carries a sentence that a
// stranger understands, saying what happened, to what, and (in `hint`) what to do about it.
#pragma once

#include <expected>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo {

/// Sorted by what the caller can do about it.
enum class Code {
  kInvalidInput,  // mend the input
  kNotFound,      // name something that exists
  kConflict,      // look again, then decide
  kCorrupt,       // restore or fall back; the bytes are not what was written
  kIo,            // the machine failed
  kExhausted,     // a limit was reached (disk, memory, budget)
  kCancelled,     // somebody asked to stop
  kUnavailable,   // try again later
};

/// The wire name of a code, e.g. "invalid_input".
std::string_view name_of(Code code) noexcept;

struct Error {
  Code code = Code::kIo;
  std::string message;               // one sentence
  std::string hint;                  // what to do; may be empty
  std::vector<std::string> context;  // innermost first: "sealing dataset 41"
  std::source_location where;

  /// The message, then what was being done, then the hint, as one readable text.
  std::string text() const;
  /// The same in one line, for where one stands: a list, JSON, a header.
  std::string line() const;
  /// Adds what was being done; returns itself so that it can be chained.
  Error&& during(std::string what) &&;
};

template <class T>
using Result = std::expected<T, Error>;

/// Makes the failure value that any Result<T> accepts.
[[nodiscard]] inline std::unexpected<Error> fail(
    Code code, std::string message, std::string hint = {},
    std::source_location where = std::source_location::current()) {
  return std::unexpected<Error>(Error{code, std::move(message), std::move(hint), {}, where});
}

/// Adds context to the error of a result, if there is one.
template <class T>
Result<T> during(Result<T> result, std::string what) {
  if (!result) result.error().context.push_back(std::move(what));
  return result;
}

}  // namespace rondo

#define RONDO_JOIN_(a, b) a##b
#define RONDO_JOIN(a, b) RONDO_JOIN_(a, b)
#define RONDO_TRY_(name, ...)                                        \
  __extension__({                                                    \
    auto name = (__VA_ARGS__);                                       \
    if (!name) return std::unexpected(std::move(name).error());      \
    *std::move(name);                                                \
  })
/// The value of a Result, or return its error from the enclosing function.
#define TRY(...) RONDO_TRY_(RONDO_JOIN(try_, __COUNTER__), __VA_ARGS__)
