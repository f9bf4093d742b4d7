// A child process of ours: it dies with the thread that started it, is limited before its first
// instruction, says what it has to say as lines on descriptor 3, and never outlives its Child.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/sandbox.h"

namespace rondo::io {

/// How to start it. Limits of 0 leave what the parent has.
struct ChildOptions {
  std::vector<std::string> argv;              // argv[0] is the path of the program
  std::vector<std::string> environment = {};  // "NAME=value", added to ours or in its place
  bool own_environment = false;               // true: what stands there and nothing of ours
  std::filesystem::path folder = {};          // to work in; empty: ours
  std::filesystem::path log_file = {};        // stdout, stderr are appended; empty: thrown away
  std::uint64_t memory_bytes = 0;             // RLIMIT_AS
  std::uint64_t cpu_seconds = 0;              // RLIMIT_CPU: SIGXCPU, a second later SIGKILL
  std::uint64_t open_files = 0;               // RLIMIT_NOFILE
  std::uint64_t file_bytes = 0;               // RLIMIT_FSIZE
  int nice = 0;                               // added to ours
  std::optional<Reach> reach = {};  // all that it may reach; nothing: what we may
  bool own_streams = true;  // false: it reads and writes what we do, beside us at the terminal
};

/// Threads: one. The starting thread must outlive the child: the kernel kills the child
/// (PR_SET_PDEATHSIG) when that thread ends.
class Child {
 public:
  /// Errors: kNotFound when the program does not exist, kIo, kExhausted when no process can be
  /// made.
  static Result<Child> start(const ChildOptions& options);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  /// Kills it if it still runs, and reaps it.
  ~Child();

  int pid() const;
  /// Its exit code once it ended (128 + n when signal n ended it), nothing while it runs.
  Result<std::optional<int>> poll();
  /// poll() until it ended or the time is over. Cost: reacts within 5 ms.
  Result<std::optional<int>> wait(Span at_most);
  /// The complete lines that it wrote to descriptor 3 since the last call, without blocking; after
  /// its end also a last line without a line feed. Lines beyond 1 MB are cut.
  std::vector<std::string> lines();
  /// SIGTERM to it.
  void ask_to_stop();
  /// SIGKILL to it and everything in its process group; poll() tells when it is gone.
  void kill();

 private:
  struct State;
  explicit Child(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
