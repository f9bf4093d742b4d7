// What a child process may reach: files by Landlock, the network and other processes by seccomp.
// It is confined between fork() and exec, so before its first instruction, and nothing that it
// does opens more. What the kernel lacks is left out; confinement() says what that is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/fs.h"

namespace rondo::io {

/// Beside these: the program itself, the system's libraries, /proc of the child. What does not
/// exist is passed over. Links are not followed: who makes a reach has them resolved(), so that
/// what was looked at is what may be reached.
struct Reach {
  std::vector<Path> read;   // files, and folders with all that is in them
  std::vector<Path> write;  // as well to be written, in folders also made and removed
  std::vector<Path> list = {};  // folders whose names may be read, not the files in them
  std::vector<Path> run = {};   // as `read`, and the programs there may be started
  bool network = false;
};

/// What this kernel can hold a process to.
struct Confinement {
  int landlock = 0;      // its version; 0: files are not confined
  bool seccomp = false;  // false: the network is not
};
Confinement confinement();
/// As a sentence for a person.
std::string told(const Confinement& can);

/// The same name for one file whichever way leads to it. Errors: kNotFound.
Result<Path> resolved(const Path& path);

/// A reach, made ready before fork().
class Sandbox {
 public:
  /// Errors: kIo when there is a link in a path by now, or the kernel refuses the rules.
  static Result<Sandbox> prepare(const Reach& reach, const Path& program);
  Sandbox(Sandbox&&) noexcept;
  Sandbox& operator=(Sandbox&&) noexcept;
  ~Sandbox();
  /// In the child: system calls alone. Returns an errno, 0: confined.
  int enter() const noexcept;

 private:
  struct State;
  explicit Sandbox(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rondo::io
