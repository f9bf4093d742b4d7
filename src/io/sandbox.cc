// Landlock's rules are made in the parent and taken on by the child; seccomp's filter names what is
// refused: whatever makes a socket, or reaches into another process or the kernel. Newer constants
// stand here, since the headers of Debian 12 end at the second version of Landlock.
#include "io/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace rondo::io {
namespace {

constexpr std::uint64_t kTruncate = 1ULL << 14;  // of version 3
constexpr std::uint64_t kFirstRights = (1ULL << 13) - 1;
constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kReadAll = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kRun = kReadAll | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kWriteFile = kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr std::uint64_t kWriteAll = kWriteFile | kReadAll | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER;
constexpr std::uint64_t kOfFiles = kWriteFile | LANDLOCK_ACCESS_FS_EXECUTE;

struct SystemPath {
  const char* path;
  std::uint64_t rights;
};
/// What the C library, DuckDB, LightGBM and OpenMP look at by themselves.
constexpr std::array<SystemPath, 19> kSystem = {{
    {"/lib", kRun},
    {"/lib64", kRun},
    {"/usr/lib", kRun},
    {"/usr/lib64", kRun},
    {"/usr/local/lib", kRun},
    {"/usr/share/zoneinfo", kReadAll},
    {"/etc/ld.so.cache", kReadFile},
    {"/etc/localtime", kReadFile},
    {"/etc/ssl/openssl.cnf", kReadFile},
    {"/proc/meminfo", kReadFile},
    {"/proc/cpuinfo", kReadFile},
    {"/proc/stat", kReadFile},
    {"/proc/sys/vm", kReadAll},
    {"/sys/devices/system", kReadAll},
    {"/sys/fs/cgroup", kReadAll},
    {"/sys/kernel/mm/transparent_hugepage", kReadAll},
    {"/dev/null", kWriteFile},
    {"/dev/zero", kReadFile},
    {"/dev/urandom", kReadFile},
}};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kTraced = true;  // the leak checker stops the threads of its own process
#else
constexpr bool kTraced = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kMachine = 0;
#endif
constexpr std::uint32_t kOtherCalls = 0x40000000;  // the x32 twins of the calls of x86-64

constexpr std::array<long, 9> kIntoOthers = {
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_io_uring_setup, SYS_bpf, SYS_unshare,
    SYS_setns,            SYS_mount,             SYS_keyctl,         SYS_userfaultfd};

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
                                 LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

/// Rights that a version knows: what it does not know it does not hold anybody to.
std::uint64_t rights_of(int version) {
  return kFirstRights | (version >= 2 ? std::uint64_t{LANDLOCK_ACCESS_FS_REFER} : 0) |
         (version >= 3 ? kTruncate : 0);
}

enum class Links : std::uint64_t { kFollowed = 0, kNone = RESOLVE_NO_SYMLINKS };

/// Safe after fork(). An errno; what is not there needs no rule.
int allow(int ruleset, const char* path, std::uint64_t rights, Links links) noexcept {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = static_cast<std::uint64_t>(links);
  const auto file = static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
  if (file < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
  struct stat about {};
  const bool folder = ::fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = folder ? rights : rights & kOfFiles;
  rule.parent_fd = file;
  const long done = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  const int error = done == 0 ? 0 : errno;
  ::close(file);
  return error;
}

sock_filter statement(int code, std::uint32_t value) {
  return {static_cast<std::uint16_t>(code), 0, 0, value};
}
sock_filter unless(int test, std::uint32_t value, std::uint8_t skipped) {
  return {static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), 0, skipped, value};
}

std::vector<sock_filter> filter_of(bool network) {
  std::vector<long> refused(kIntoOthers.begin(), kIntoOthers.end());
  if (!kTraced) refused.push_back(SYS_ptrace);
  if (!network) refused.push_back(SYS_socket);
  const auto refuse = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  std::vector<sock_filter> out;
  out.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  out.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kMachine});
  out.push_back(refuse);
  out.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  out.push_back(unless(BPF_JGE, kOtherCalls, 1));
  out.push_back(refuse);
  for (const long call : refused) {
    out.push_back(unless(BPF_JEQ, static_cast<std::uint32_t>(call), 1));
    out.push_back(refuse);
  }
  out.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return out;
}

bool has_seccomp() {
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  return kMachine != 0 && ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace

Confinement confinement() { return {landlock_version(), has_seccomp()}; }

std::string told(const Confinement& can) {
  const std::string files =
      can.landlock > 0 ? fmt::format("read their inputs alone (Landlock {})", can.landlock)
                       : std::string("can read what this user can: the kernel has no Landlock");
  const std::string network = can.seccomp ? "reach no network (seccomp)"
                                          : "can reach the network: the kernel has no seccomp";
  return files + ", " + network;
}

Result<Path> resolved(const Path& path) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return std::unexpected(file_error(errno, "find", path));
  return Path(real.get());
}

struct Sandbox::State {
  int ruleset = -1;
  std::vector<sock_filter> filter;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (ruleset >= 0) ::close(ruleset);
  }
};

Sandbox::Sandbox(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sandbox::Sandbox(Sandbox&&) noexcept = default;
Sandbox& Sandbox::operator=(Sandbox&&) noexcept = default;
Sandbox::~Sandbox() = default;

Result<Sandbox> Sandbox::prepare(const Reach& reach, const Path& program) {
  auto state = std::make_unique<State>();
  const Confinement can = confinement();
  if (can.seccomp) state->filter = filter_of(reach.network);
  if (can.landlock == 0) return Sandbox(std::move(state));
  const std::uint64_t known = rights_of(can.landlock);
  landlock_ruleset_attr held{};
  held.handled_access_fs = known;
  const auto low = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &held, sizeof held.handled_access_fs, 0));
  // Above the descriptors that the child arranges.
  state->ruleset = low < 0 ? -1 : ::fcntl(low, F_DUPFD_CLOEXEC, 10);
  const int error = errno;
  if (low >= 0) ::close(low);
  if (state->ruleset < 0) return std::unexpected(file_error(error, "confine", program));
  const auto add = [&](const Path& path, std::uint64_t rights, Links links) -> Result<void> {
    const int refused = allow(state->ruleset, path.c_str(), rights & known, links);
    if (refused == 0) return {};
    Error why = file_error(refused, "let a worker reach", path);
    why.code = Code::kIo;  // it changed under us: worth another look
    return std::unexpected(std::move(why));
  };
  for (const auto& [path, rights] : kSystem) TRY(add(path, rights, Links::kFollowed));
  TRY(add(program, kRun, Links::kFollowed));
  for (const Path& path : reach.read) TRY(add(path, kReadAll, Links::kNone));
  for (const Path& path : reach.run) TRY(add(path, kRun, Links::kNone));
  for (const Path& path : reach.list) {
    TRY(add(path, LANDLOCK_ACCESS_FS_READ_DIR, Links::kNone));
  }
  for (const Path& path : reach.write) TRY(add(path, kWriteAll, Links::kNone));
  return Sandbox(std::move(state));
}

int Sandbox::enter() const noexcept {
  if (state_->ruleset >= 0) {
    // Its own is known only now.
    const int error = allow(state_->ruleset, "/proc/self", kReadAll, Links::kFollowed);
    if (error != 0) return error;
    if (::syscall(SYS_landlock_restrict_self, state_->ruleset, 0) != 0) return errno;
  }
  if (state_->filter.empty()) return 0;
  sock_fprog program{};
  program.len = static_cast<unsigned short>(state_->filter.size());
  program.filter = state_->filter.data();
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}

}  // namespace rondo::io
