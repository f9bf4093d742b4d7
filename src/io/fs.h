// The only door to the file system. Real and faulty twins share this interface, so that every
// write, sync, rename and folder sync of the program can be counted, failed, shortened or forgotten
// in a simulated power cut. Foreign libraries write under attempts/ only; the ledger's
// objects bring those in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace rondo::io {

using Path = std::filesystem::path;
using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// An open file for writing. Writes all or fails; every return value of the kernel is checked.
class File {
 public:
  virtual ~File() = default;
  virtual Result<void> append(Bytes bytes) = 0;
  /// Errors: after one failed sync every later call fails too (the kernel may have dropped pages).
  virtual Result<void> sync() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual std::uint64_t size() const = 0;
  virtual Result<void> close() = 0;
};

struct Stat {
  std::uint64_t size = 0;
  Time modified;
  std::uint64_t inode = 0;
  bool folder = false;
  bool special = false;    // a pipe, a socket, a device
  bool read_only = false;  // nobody has the right to write
  unsigned mode = 0;       // rights, as of chmod
  unsigned owner = 0;      // user id
};

/// A right that lasts as long as the value; the kernel takes it back from a process that is gone.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

class Fs {
 public:
  virtual ~Fs() = default;
  /// The whole file. Errors: kNotFound, kIo; kExhausted beyond `at_most` bytes.
  virtual Result<std::string> read(const Path& path, std::uint64_t at_most = 1ULL << 33) = 0;
  /// A part of it; shorter at the end of the file.
  virtual Result<std::string> read_at(const Path& path, std::uint64_t offset,
                                      std::uint64_t count) = 0;
  virtual Result<std::unique_ptr<File>> create(const Path& path, int mode = 0644) = 0;  // O_EXCL
  virtual Result<std::unique_ptr<File>> open_append(const Path& path, int mode = 0644) = 0;
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;
  virtual Result<void> remove_all(const Path& path) = 0;
  virtual Result<void> make_folders(const Path& path) = 0;
  virtual Result<void> sync_folder(const Path& path) = 0;
  virtual Result<void> chmod(const Path& path, int mode) = 0;
  virtual Result<std::optional<Stat>> stat(const Path& path) = 0;
  /// Names in byte order, without "." and "..".
  virtual Result<std::vector<std::string>> list(const Path& folder) = 0;
  /// Bytes free for us on the disk of `path`.
  virtual Result<std::uint64_t> free_bytes(const Path& path) = 0;
  /// The one right to a folder, against other processes and other values of this one; nothing is
  /// written. Errors: kConflict while another has it.
  virtual Result<std::unique_ptr<FolderLock>> lock_folder(const Path& folder) = 0;
};

/// Whether syncs reach the disk. kProcess is for projects that can be made again (backtests,
/// replays into a scratch folder): they survive a kill, not a power cut.
enum class Durability { kDisk, kProcess };

/// The real one. Threads: any.
std::shared_ptr<Fs> real_fs(Durability durability = Durability::kDisk);

/// Makes what is missing of `path` and syncs the parent of each folder that is new, the topmost
/// first.
Result<void> make_folders_durably(Fs& fs, const Path& path);

/// Temporary name in the same folder, write, fsync, close, mode, rename, fsync the folder: readers
/// see the old bytes or all of the new ones. Cost: two syncs.
Result<void> write_atomically(Fs& fs, const Path& path, std::string_view bytes, int mode = 0644);
/// Whether a name is one that write_atomically gives to its temporary files; a sweep may remove it.
bool is_temporary(std::string_view name);

/// The error for an errno after `doing` ("write", "sync") to `path`: it names the path, what the
/// kernel says and what to do. kNotFound for what is absent, kExhausted for full disks and spent
/// limits, kConflict for what exists, kInvalidInput for what we may not touch, kIo for the rest.
Error file_error(int error_number, std::string_view doing, const Path& path);

}  // namespace rondo::io
