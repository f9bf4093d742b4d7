// Starting a process in a program with threads: everything is made ready before fork(), and between
// fork() and exec only calls that are safe after a fork are made. What goes wrong there comes back
// as an errno through a pipe that a successful exec closes.
#include "io/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/worker.h"
#include "io/fs.h"

extern char** environ;

namespace rondo::io {
namespace {

constexpr int kLinesDescriptor = 3;
constexpr std::size_t kLongestLine = 1 << 20;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  /// A copy above the descriptors that the child arranges, so that none overwrites another.
  static Result<Descriptor> raised(int number, const std::filesystem::path& path) {
    const Descriptor low(number);
    const int high = number < 0 ? -1 : ::fcntl(number, F_DUPFD_CLOEXEC, 10);
    if (high < 0) return std::unexpected(file_error(errno, "open", path));
    return Descriptor(high);
  }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read_end, write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(file_error(errno, "make", "a pipe"));
  Descriptor read_end(ends[0]);
  return Pipe{std::move(read_end), TRY(Descriptor::raised(ends[1], "a pipe"))};
}

Result<Descriptor> open_file(const std::filesystem::path& path, int flags) {
  return Descriptor::raised(::open(path.c_str(), flags | O_CLOEXEC, 0644), path);
}

struct Limit {
  decltype(RLIMIT_AS) resource;
  std::uint64_t soft, hard;
};

std::vector<Limit> limits_of(const ChildOptions& options) {
  std::vector<Limit> limits;
  const auto add = [&](auto resource, std::uint64_t value, std::uint64_t spare = 0) {
    if (value > 0) limits.push_back({resource, value, value + spare});
  };
  add(RLIMIT_AS, options.memory_bytes);
  add(RLIMIT_CPU, options.cpu_seconds, 1);
  add(RLIMIT_NOFILE, options.open_files);
  add(RLIMIT_FSIZE, options.file_bytes);
  return limits;
}

std::vector<std::string> environment_of(const ChildOptions& options) {
  std::map<std::string, std::string> by_name;
  const auto take = [&](const std::string& setting) {
    by_name[setting.substr(0, setting.find('='))] = setting;
  };
  for (char** each = environ; *each != nullptr && !options.own_environment; ++each) take(*each);
  for (const std::string& setting : options.environment) take(setting);
  take("RONDO_LINES=3");  // say.h writes there only when it was told so
  std::vector<std::string> all;
  for (auto& [name, setting] : by_name) all.push_back(std::move(setting));
  return all;
}

std::vector<char*> as_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// All that the child needs between fork() and exec, ready to be used without making anything.
struct Prepared {
  std::vector<std::string> argv_texts, environment_texts;
  std::vector<char*> argv, environment;
  std::vector<Limit> limits;
  std::string folder;
  Descriptor input, log;
  Pipe lines, failure;
  int nice = 0;
  bool own_streams = true;
  pid_t parent = 0;
  std::optional<Sandbox> sandbox;
};

Result<Prepared> prepare(const ChildOptions& options) {
  CHECK(!options.argv.empty(), "a child process needs a program");
  Prepared ready;
  ready.argv_texts = options.argv;
  ready.environment_texts = environment_of(options);
  ready.argv = as_pointers(ready.argv_texts);
  ready.environment = as_pointers(ready.environment_texts);
  ready.limits = limits_of(options);
  ready.folder = options.folder.string();
  ready.nice = options.nice;
  ready.own_streams = options.own_streams;
  ready.input = TRY(open_file("/dev/null", O_RDONLY));
  const auto& log = options.log_file;
  ready.log = TRY(open_file(log.empty() ? "/dev/null" : log, O_WRONLY | O_APPEND | O_CREAT));
  ready.lines = TRY(make_pipe());
  ready.failure = TRY(make_pipe());
  ::fcntl(ready.lines.read_end.get(), F_SETFL, O_NONBLOCK);
  ready.parent = ::getpid();
  if (options.reach) ready.sandbox = TRY(Sandbox::prepare(*options.reach, options.argv[0]));
  return ready;
}

/// The act that failed, as a number that fits through a pipe.
enum Failed : int { kLimit, kFolder, kDescriptors, kConfine, kExec };
struct Failure {
  int act, error_number;
};

[[noreturn]] void give_up(const Prepared& ready, Failed act) {
  const Failure failure{act, errno};
  const auto written = ::write(ready.failure.write_end.get(), &failure, sizeof failure);
  static_cast<void>(written);
  ::_exit(127);
}

/// In the child, after fork(): only calls that are safe there.
[[noreturn]] void become(const Prepared& ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != ready.parent) ::_exit(127);  // the parent died before it could be noticed
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // Ctrl-C at the terminal is for the parent, which asks the child to stop; who shares the terminal
  // hears it as well, and could not read from there in a group of its own.
  if (ready.own_streams) ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const Limit& limit : ready.limits) {
    const rlimit raw{limit.soft, limit.hard};
    if (::setrlimit(limit.resource, &raw) != 0) give_up(ready, kLimit);
  }
  if (ready.nice != 0) {
    [[maybe_unused]] const int granted = ::nice(ready.nice);  // a wish, not a condition
  }
  if (!ready.folder.empty() && ::chdir(ready.folder.c_str()) != 0) give_up(ready, kFolder);
  const bool streams = !ready.own_streams || (::dup2(ready.input.get(), STDIN_FILENO) >= 0 &&
                                              ::dup2(ready.log.get(), STDOUT_FILENO) >= 0 &&
                                              ::dup2(ready.log.get(), STDERR_FILENO) >= 0);
  if (!streams || ::dup2(ready.lines.write_end.get(), kLinesDescriptor) < 0) {
    give_up(ready, kDescriptors);
  }
  // What a library opened without O_CLOEXEC is not for the child; old kernels lack this call.
  ::syscall(SYS_close_range, kLinesDescriptor + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (ready.sandbox) {
    if (const int error = ready.sandbox->enter(); error != 0) {
      errno = error;
      give_up(ready, kConfine);
    }
  }
  ::execve(ready.argv[0], ready.argv.data(), ready.environment.data());
  give_up(ready, kExec);
}

Error start_error(const Failure& failure, const ChildOptions& options) {
  switch (failure.act) {
    case kLimit: return file_error(failure.error_number, "set a limit for", options.argv[0]);
    case kFolder: return file_error(failure.error_number, "work in", options.folder);
    case kDescriptors: return file_error(failure.error_number, "open files for", options.argv[0]);
    case kConfine: return file_error(failure.error_number, "confine", options.argv[0]);
    default: return file_error(failure.error_number, "start the program", options.argv[0]);
  }
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

struct Child::State {
  pid_t pid = -1;
  Descriptor lines;
  std::optional<int> exit_code;
  std::string unfinished;  // the beginning of a line
  bool overlong = false;   // the rest of the present line is dropped
};

Child::Child(std::unique_ptr<State> state) : state_(std::move(state)) {}
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Child::~Child() {
  if (!state_ || state_->exit_code) return;
  kill();
  while (::waitpid(state_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<Child> Child::start(const ChildOptions& options) {
  Prepared ready = TRY(prepare(options));
  const pid_t pid = ::fork();
  if (pid < 0) {
    return fail(Code::kExhausted, "no process can be made for " + options.argv[0],
                "too many processes run, or too little memory is free");
  }
  if (pid == 0) become(ready);
  ready.lines.write_end.close();
  ready.failure.write_end.close();
  auto state = std::make_unique<State>();
  state->pid = pid;
  state->lines = std::move(ready.lines.read_end);
  Child child(std::move(state));
  Failure failure{};
  ssize_t got = 0;
  do {
    got = ::read(ready.failure.read_end.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof failure) return std::unexpected(start_error(failure, options));
  return child;
}

int Child::pid() const { return state_->pid; }

Result<std::optional<int>> Child::poll() {
  if (state_->exit_code) return state_->exit_code;
  siginfo_t info{};
  const auto id = static_cast<id_t>(state_->pid);
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != EINTR) {
    return std::unexpected(file_error(errno, "wait for process", std::to_string(state_->pid)));
  }
  if (info.si_pid != state_->pid) return std::nullopt;
  // While it is not reaped its number cannot be given to another group.
  ::kill(-state_->pid, SIGKILL);
  int status = 0;
  while (::waitpid(state_->pid, &status, 0) < 0 && errno == EINTR) {
  }
  state_->exit_code = exit_code_of(status);
  return state_->exit_code;
}

Result<std::optional<int>> Child::wait(Span at_most) {
  constexpr Span kPause = Span::millis(5);
  for (Span left = at_most; !TRY(poll()) && left.us > 0; left.us -= kPause.us) {
    sleep_for(std::min(kPause, left));
  }
  return state_->exit_code;
}

std::vector<std::string> Child::lines() {
  std::vector<std::string> all;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t got = state_->lines.get() < 0
                            ? 0
                            : ::read(state_->lines.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return all;
    if (got == 0) break;
    for (const char c : std::string_view(buffer, static_cast<std::size_t>(got))) {
      if (c == '\n') {
        all.push_back(std::exchange(state_->unfinished, {}));
        state_->overlong = false;
      } else if (!state_->overlong) {
        state_->unfinished += c;
        state_->overlong = state_->unfinished.size() >= kLongestLine;
      }
    }
  }
  state_->lines.close();  // every writer is gone
  if (!state_->unfinished.empty()) all.push_back(std::exchange(state_->unfinished, {}));
  return all;
}

void Child::ask_to_stop() {
  if (!state_->exit_code) ::kill(state_->pid, SIGTERM);
}

void Child::kill() {
  if (state_->exit_code) return;
  ::kill(-state_->pid, SIGKILL);
  ::kill(state_->pid, SIGKILL);  // its group may not exist yet
}

}  // namespace rondo::io
