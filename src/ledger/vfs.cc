// The methods that SQLite calls. Everything that does not change the disk goes straight through.
// Shared-memory files (-shm) are not watched: they are made anew after a crash.
#include "ledger/vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "base/guarded.h"
#include "base/worker.h"
#include "ledger/pages.h"

namespace rondo::ledger {

using Kind = io::Operation::Kind;

struct Vfs::State {
  VfsOptions options;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs shim{};
  std::string name;
  Counter operations;
  Counter failures;  // not 0: poisoned; read without a lock on each write
  Guarded<std::string> poison;
  Guarded<std::string> damage;

  void fail_for_good(const std::string& what) {
    failures.add();
    poison.with([&](std::string& first) {
      if (first.empty()) first = what;
    });
  }
};

namespace {

using State = Vfs::State;

struct ShimFile {
  sqlite3_file base;
  State* state;
  sqlite3_file* real;
  const char* path;  // SQLite keeps it as long as the file is open
  bool database;     // the main file: its pages are sealed
  bool sealed;       // the file says that its pages have tails
  bool created;      // its folder must be synced with its first sync
};

ShimFile* shim_of(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file); }
State& state_of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }
std::string leaf(const char* path) { return io::Path(path).filename().string(); }

io::Operation operation(const State& state, Kind kind, const char* path) {
  io::Operation out;
  out.kind = kind;
  out.path = path;
  if (state.options.record) {
    io::Path relative = io::Path(path).lexically_relative(state.options.record->root());
    if (relative.empty() || *relative.begin() == "..") {
      const io::Path root = std::filesystem::weakly_canonical(state.options.record->root());
      relative = io::Path(path).lexically_relative(root);
    }
    out.path = relative.string();
  }
  return out;
}

bool watched(const State& state) {
  return state.options.record != nullptr || static_cast<bool>(state.options.plan);
}

/// What the plan says about this operation.
io::Fault fault_of(State& state, const io::Operation& op) {
  if (!state.options.plan) return {};
  return state.options.plan(state.operations.next(), op);
}

void note(State& state, io::Operation op) {
  if (state.options.record) state.options.record->add(std::move(op));
}

bool disk_is_full(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

int write_failed(ShimFile& file, int error) {
  if (disk_is_full(error)) return SQLITE_FULL;
  file.state->fail_for_good(fmt::format("writing {} failed: {}", leaf(file.path),
                                        std::strerror(error)));
  return SQLITE_IOERR_WRITE;
}

// Files --------------------------------------------------------------------------------------

int shim_close(sqlite3_file* base) {
  ShimFile& file = *shim_of(base);
  return file.real->pMethods == nullptr ? SQLITE_OK : file.real->pMethods->xClose(file.real);
}

int shim_read(sqlite3_file* base, void* into, int count, sqlite3_int64 offset) {
  ShimFile& file = *shim_of(base);
  int code = file.real->pMethods->xRead(file.real, into, count, offset);
  const bool page = file.database && count == static_cast<int>(kPageBytes) &&
                    offset % static_cast<int>(kPageBytes) == 0;
  if (code == SQLITE_IOERR_READ || code == SQLITE_IOERR_CORRUPTFS) {
    file.state->fail_for_good(fmt::format("reading {} failed", leaf(file.path)));
  }
  if (code != SQLITE_OK || !page) return code;
  char* bytes = static_cast<char*>(into);
  if (offset == 0) file.sealed = bytes[20] == static_cast<char>(kPageTail);
  if (!file.sealed || !file.state->options.verify_pages) return code;
  const auto number = static_cast<std::uint32_t>(offset / static_cast<int>(kPageBytes) + 1);
  for (int again = 0; !page_intact(bytes, number); ++again) {
    if (again == 3) {
      file.state->damage.with([&](std::string& what) {
        what = fmt::format("{}: page {} (byte {}) is not as it was written",
                           leaf(file.path), number,
                           offset);
      });
      return SQLITE_IOERR_DATA;
    }
    code = file.real->pMethods->xRead(file.real, into, count, offset);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

int write_through(ShimFile& file, const char* bytes, int count, sqlite3_int64 offset) {
  State& state = *file.state;
  io::Fault fault;
  io::Operation op;
  if (watched(state)) {
    op = operation(state, Kind::kWrite, file.path);
    op.offset = static_cast<std::uint64_t>(offset);
    op.data.assign(bytes, static_cast<std::size_t>(count));
    fault = fault_of(state, op);
  }
  const bool fails = fault.error_number != 0 || fault.short_write;
  if (fails && !fault.short_write) return write_failed(file, fault.error_number);
  const int part = fails ? count / 2 : count;
  const int code = file.real->pMethods->xWrite(file.real, bytes, part, offset);
  if (code != SQLITE_OK) {
    return code == SQLITE_FULL ? code : write_failed(file, errno == 0 ? EIO : errno);
  }
  if (state.options.record) {
    op.data.resize(static_cast<std::size_t>(part));
    note(state, std::move(op));
  }
  if (!fails) return SQLITE_OK;
  return write_failed(file, fault.error_number == 0 ? ENOSPC : fault.error_number);
}

int shim_write(sqlite3_file* base, const void* from, int count, sqlite3_int64 offset) {
  ShimFile& file = *shim_of(base);
  if (file.state->failures.get() != 0) return SQLITE_IOERR_WRITE;
  const char* bytes = static_cast<const char*>(from);
  if (!file.database || count != static_cast<int>(kPageBytes)) {
    return write_through(file, bytes, count, offset);
  }
  if (offset == 0) file.sealed = bytes[20] == static_cast<char>(kPageTail);
  if (!file.sealed) return write_through(file, bytes, count, offset);
  char page[kPageBytes];
  std::memcpy(page, bytes, kPageBytes);
  seal_page(page, static_cast<std::uint32_t>(offset / static_cast<int>(kPageBytes) + 1));
  return write_through(file, page, count, offset);
}

int shim_truncate(sqlite3_file* base, sqlite3_int64 size) {
  ShimFile& file = *shim_of(base);
  State& state = *file.state;
  if (state.failures.get() != 0) return SQLITE_IOERR_TRUNCATE;
  io::Operation op;
  if (watched(state)) {
    op = operation(state, Kind::kTruncate, file.path);
    op.offset = static_cast<std::uint64_t>(size);
    const io::Fault fault = fault_of(state, op);
    if (fault.error_number != 0) {
      state.fail_for_good(fmt::format("truncating {} failed", leaf(file.path)));
      return SQLITE_IOERR_TRUNCATE;
    }
  }
  const int code = file.real->pMethods->xTruncate(file.real, size);
  if (code != SQLITE_OK) {
    state.fail_for_good(fmt::format("truncating {} failed: {}", leaf(file.path),
                                    std::strerror(errno)));
  } else if (state.options.record) {
    note(state, std::move(op));
  }
  return code;
}

/// SQLite syncs the folder of a new log itself, but goes on when that fails.
int sync_folder_of(ShimFile& file) {
  file.created = false;
  const auto synced = file.state->options.fs->sync_folder(io::Path(file.path).parent_path());
  if (synced) return SQLITE_OK;
  file.state->fail_for_good(synced.error().message);
  return SQLITE_IOERR_DIR_FSYNC;
}

int shim_sync(sqlite3_file* base, int flags) {
  ShimFile& file = *shim_of(base);
  State& state = *file.state;
  if (state.failures.get() != 0) return SQLITE_IOERR_FSYNC;
  if (state.options.durability == io::Durability::kProcess) return SQLITE_OK;
  io::Operation op;
  int error = 0;
  if (watched(state)) {
    op = operation(state, Kind::kSync, file.path);
    error = fault_of(state, op).error_number;
  }
  if (error == 0 && file.real->pMethods->xSync(file.real, flags) != SQLITE_OK) {
    error = errno == 0 ? EIO : errno;
  }
  if (error != 0) {
    state.fail_for_good(
        fmt::format("syncing {} failed: {}", leaf(file.path), std::strerror(error)));
    return SQLITE_IOERR_FSYNC;
  }
  if (state.options.record) note(state, std::move(op));
  return file.created ? sync_folder_of(file) : SQLITE_OK;
}

#define FORWARD(name, arguments, ...)                             \
  int shim_##name arguments {                                     \
    sqlite3_file* real = shim_of(base)->real;                     \
    return real->pMethods->x##name(real __VA_OPT__(, ) __VA_ARGS__); \
  }
FORWARD(FileSize, (sqlite3_file * base, sqlite3_int64* size), size)
FORWARD(Lock, (sqlite3_file * base, int level), level)
FORWARD(Unlock, (sqlite3_file * base, int level), level)
FORWARD(CheckReservedLock, (sqlite3_file * base, int* out), out)
FORWARD(FileControl, (sqlite3_file * base, int act, void* argument), act, argument)
FORWARD(SectorSize, (sqlite3_file * base))
FORWARD(DeviceCharacteristics, (sqlite3_file * base))
FORWARD(ShmMap, (sqlite3_file * base, int page, int size, int extend, void volatile** out), page,
        size, extend, out)
FORWARD(ShmLock, (sqlite3_file * base, int offset, int n, int flags), offset, n, flags)
FORWARD(ShmUnmap, (sqlite3_file * base, int remove), remove)
#undef FORWARD
void shim_barrier(sqlite3_file* base) {
  sqlite3_file* real = shim_of(base)->real;
  real->pMethods->xShmBarrier(real);
}

/// Version 2: shared memory, no memory-mapped reads.
const sqlite3_io_methods kMethods = {
    2,           shim_close,          shim_read,       shim_write,
    shim_truncate, shim_sync,         shim_FileSize,   shim_Lock,
    shim_Unlock, shim_CheckReservedLock, shim_FileControl, shim_SectorSize,
    shim_DeviceCharacteristics, shim_ShmMap, shim_ShmLock, shim_barrier,
    shim_ShmUnmap, nullptr,           nullptr};

// The file system ----------------------------------------------------------------------------

int shim_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out) {
  State& state = state_of(vfs);
  auto* file = new (base) ShimFile{};
  file->state = &state;
  file->real = reinterpret_cast<sqlite3_file*>(file + 1);
  file->path = path == nullptr ? "temporary file" : path;
  file->database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  int exists = 1;
  if (path != nullptr && (flags & SQLITE_OPEN_CREATE) != 0) {
    state.real->xAccess(state.real, path, SQLITE_ACCESS_EXISTS, &exists);
  }
  io::Operation op;
  if (exists == 0) {
    if (state.failures.get() != 0) return SQLITE_CANTOPEN;
    op = operation(state, Kind::kCreate, path);
    if (fault_of(state, op).error_number != 0) return SQLITE_CANTOPEN;
  }
  const int code = state.real->xOpen(state.real, path, file->real, flags, out);
  if (code != SQLITE_OK) return code;
  if (exists == 0) {
    note(state, std::move(op));
    file->created = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    file->sealed = file->database;
  } else if (file->database) {
    char header[32];
    const int read = file->real->pMethods->xRead(file->real, header, sizeof header, 0);
    file->sealed = read != SQLITE_OK || header[20] == static_cast<char>(kPageTail);
  }
  file->base.pMethods = &kMethods;
  return SQLITE_OK;
}

int shim_delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  State& state = state_of(vfs);
  if (state.failures.get() != 0) return SQLITE_IOERR_DELETE;
  io::Operation op = operation(state, Kind::kRemove, path);
  if (fault_of(state, op).error_number != 0) return SQLITE_IOERR_DELETE;
  const int code = state.real->xDelete(state.real, path, 0);
  if (code != SQLITE_OK) return code;
  note(state, std::move(op));
  if (sync_folder == 0 || state.options.durability == io::Durability::kProcess) return SQLITE_OK;
  if (const auto synced = state.options.fs->sync_folder(io::Path(path).parent_path()); !synced) {
    state.fail_for_good(synced.error().message);
    return SQLITE_IOERR_DIR_FSYNC;
  }
  return SQLITE_OK;
}

int shim_access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xAccess(real, path, flags, out);
}
int shim_full_path(sqlite3_vfs* vfs, const char* path, int count, char* out) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xFullPathname(real, path, count, out);
}
int shim_randomness(sqlite3_vfs* vfs, int count, char* out) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xRandomness(real, count, out);
}
int shim_sleep(sqlite3_vfs* vfs, int us) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xSleep(real, us);
}
int shim_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xCurrentTime(real, out);
}
int shim_time_int64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xCurrentTimeInt64(real, out);
}
int shim_last_error(sqlite3_vfs* vfs, int count, char* out) {
  sqlite3_vfs* real = state_of(vfs).real;
  return real->xGetLastError(real, count, out);
}

}  // namespace

Vfs::Vfs(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Vfs>> Vfs::make(VfsOptions options) {
  sqlite3_initialize();
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->real = sqlite3_vfs_find("unix");
  if (state->real == nullptr) return fail(Code::kIo, "SQLite has no file system for this machine");
  state->name = fmt::format("rondo-{}", static_cast<const void*>(state.get()));
  sqlite3_vfs& shim = state->shim;
  shim.iVersion = 2;
  shim.szOsFile = static_cast<int>(sizeof(ShimFile)) + state->real->szOsFile;
  shim.mxPathname = state->real->mxPathname;
  shim.zName = state->name.c_str();
  shim.pAppData = state.get();
  shim.xOpen = shim_open;
  shim.xDelete = shim_delete;
  shim.xAccess = shim_access;
  shim.xFullPathname = shim_full_path;
  shim.xRandomness = shim_randomness;
  shim.xSleep = shim_sleep;
  shim.xCurrentTime = shim_time;
  shim.xCurrentTimeInt64 = shim_time_int64;
  shim.xGetLastError = shim_last_error;
  if (sqlite3_vfs_register(&shim, 0) != SQLITE_OK) {
    return fail(Code::kExhausted, "no memory for SQLite's file system");
  }
  return std::unique_ptr<Vfs>(new Vfs(std::move(state)));
}

Vfs::~Vfs() { sqlite3_vfs_unregister(&state_->shim); }

const char* Vfs::name() const { return state_->name.c_str(); }

std::string Vfs::poison() const {
  if (state_->failures.get() == 0) return {};
  return state_->poison.with([](const std::string& what) { return what; });
}

std::string Vfs::damage() const {
  return state_->damage.with([](const std::string& what) { return what; });
}

}  // namespace rondo::ledger
