// The real file system. Every return value of the kernel is looked at, interrupted calls are made
// again, and a File whose sync or write met an input/output error refuses from then on.
#include "io/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rondo::io {
namespace {

std::unexpected<Error> refuse(std::string_view doing, const Path& path) {
  return std::unexpected(file_error(errno, doing, path));
}

/// Calls until it is not interrupted; -1 with errno as the kernel does.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

/// Closes a descriptor that was only read from.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

class LockedFolder : public FolderLock {
 public:
  explicit LockedFolder(int descriptor) : descriptor_(descriptor) {}

 private:
  Descriptor descriptor_;
};

class RealFile : public File {
 public:
  RealFile(int descriptor, Path path, std::uint64_t size, Durability durability)
      : descriptor_(descriptor), path_(std::move(path)), size_(size), durability_(durability) {}

  Result<void> append(Bytes bytes) override {
    if (poison_) return std::unexpected(*poison_);
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted(
          [&] { return ::write(descriptor_.get(), bytes.data(), bytes.size()); });
      if (count < 0) return fail_with("write");
      size_ += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<void> sync() override {
    if (poison_) return std::unexpected(*poison_);
    if (durability_ == Durability::kProcess) return {};
    if (uninterrupted([&] { return ::fdatasync(descriptor_.get()); }) == 0) return {};
    return poison("sync");
  }

  Result<void> truncate(std::uint64_t size) override {
    if (poison_) return std::unexpected(*poison_);
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0) return fail_with("shorten");
    size_ = size;
    return {};
  }

  std::uint64_t size() const override { return size_; }

  Result<void> close() override {
    if (poison_) return std::unexpected(*poison_);
    if (descriptor_.get() < 0) return {};
    // Linux frees the descriptor whatever close() says; calling it again would hit another file.
    if (::close(descriptor_.release()) != 0 && errno != EINTR) return poison("close");
    return {};
  }

 private:
  std::unexpected<Error> fail_with(std::string_view doing) {
    Error error = file_error(errno, doing, path_);
    return error.code == Code::kIo ? poison(doing) : std::unexpected(std::move(error));
  }
  /// What is on the disk is not known any more. A later sync would report success for lost pages.
  std::unexpected<Error> poison(std::string_view doing) {
    poison_ = file_error(errno, doing, path_);
    poison_->code = Code::kIo;  // a full disk that shows at a sync is a failed sync
    poison_->hint = "nothing more is written to this file; look at the disk, then start again";
    return std::unexpected(*poison_);
  }

  Descriptor descriptor_;
  Path path_;
  std::uint64_t size_;
  Durability durability_;
  std::optional<Error> poison_;
};

Stat to_stat(const struct stat& raw) {
  const std::int64_t us = raw.st_mtim.tv_sec * 1'000'000 + raw.st_mtim.tv_nsec / 1'000;
  return {static_cast<std::uint64_t>(raw.st_size), Time{us}, raw.st_ino, S_ISDIR(raw.st_mode),
          !S_ISDIR(raw.st_mode) && !S_ISREG(raw.st_mode), (raw.st_mode & 0222) == 0,
          raw.st_mode & 07777, raw.st_uid};
}

/// Reads up to `count` bytes from `offset` on; fewer at the end of the file.
Result<std::string> read_part(int file, const Path& path, std::uint64_t offset,
                              std::uint64_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    const std::size_t before = bytes.size();
    const std::size_t wanted = std::min<std::uint64_t>(count - before, 1ULL << 30);
    ssize_t got = 0;
    bytes.resize_and_overwrite(before + wanted, [&](char* data, std::size_t) {
      got = uninterrupted([&] {
        return ::pread(file, data + before, wanted, static_cast<off_t>(offset + before));
      });
      return before + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    });
    if (got < 0) return refuse("read", path);
    if (got == 0) break;
  }
  return bytes;
}

class RealFs : public Fs {
 public:
  explicit RealFs(Durability durability) : durability_(durability) {}

  Result<std::string> read(const Path& path, std::uint64_t at_most) override {
    const Descriptor file(TRY(open(path, O_RDONLY, 0, "open")));
    struct stat raw {};
    if (::fstat(file.get(), &raw) != 0) return refuse("look at", path);
    if (S_ISDIR(raw.st_mode)) {
      errno = EISDIR;
      return refuse("read", path);
    }
    std::uint64_t size = static_cast<std::uint64_t>(raw.st_size);
    std::string bytes = TRY(read_part(file.get(), path, 0, std::min(size, at_most)));
    // The file may have grown since, and files of the kernel say that they are empty.
    for (;;) {
      const std::uint64_t room = at_most - bytes.size();
      const std::string more = TRY(read_part(file.get(), path, bytes.size(),
                                             std::min<std::uint64_t>(room, 1ULL << 20) + 1));
      if (more.empty()) return bytes;
      bytes += more;
      if (bytes.size() > at_most) {
        return fail(Code::kExhausted,
                    path.string() + " has more than " + std::to_string(at_most) + " bytes",
                    "give a smaller file");
      }
    }
  }

  Result<std::string> read_at(const Path& path, std::uint64_t offset,
                              std::uint64_t count) override {
    const Descriptor file(TRY(open(path, O_RDONLY, 0, "open")));
    struct stat raw {};
    if (::fstat(file.get(), &raw) != 0) return refuse("look at", path);
    const std::uint64_t size = static_cast<std::uint64_t>(raw.st_size);
    if (offset >= size) return std::string();
    return read_part(file.get(), path, offset, std::min(count, size - offset));
  }

  Result<std::unique_ptr<File>> create(const Path& path, int mode) override {
    const int file = TRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, mode, "create"));
    return std::make_unique<RealFile>(file, path, 0, durability_);
  }

  Result<std::unique_ptr<File>> open_append(const Path& path, int mode) override {
    Descriptor file(TRY(open(path, O_WRONLY | O_CREAT | O_APPEND, mode, "open for writing")));
    struct stat raw {};
    if (::fstat(file.get(), &raw) != 0) return refuse("look at", path);
    return std::make_unique<RealFile>(file.release(), path,
                                      static_cast<std::uint64_t>(raw.st_size), durability_);
  }

  Result<void> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return refuse("rename to " + to.string() + " the file", from);
  }

  Result<void> remove(const Path& path) override {
    if (::remove(path.c_str()) == 0) return {};
    return refuse("remove", path);
  }

  Result<void> remove_all(const Path& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (!error) return {};
    return std::unexpected(file_error(error.value(), "remove", path));
  }

  Result<void> make_folders(const Path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error) return {};
    return std::unexpected(file_error(error.value(), "make the folder", path));
  }

  Result<void> sync_folder(const Path& path) override {
    const Descriptor folder(TRY(open(path, O_RDONLY | O_DIRECTORY, 0, "open the folder")));
    if (durability_ == Durability::kProcess) return {};
    if (uninterrupted([&] { return ::fsync(folder.get()); }) == 0) return {};
    Error error = file_error(errno, "sync the folder", path);
    error.code = Code::kIo;
    return std::unexpected(std::move(error));
  }

  Result<void> chmod(const Path& path, int mode) override {
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0) return {};
    return refuse("change the mode of", path);
  }

  Result<std::optional<Stat>> stat(const Path& path) override {
    struct stat raw {};
    if (::stat(path.c_str(), &raw) == 0) return to_stat(raw);
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return refuse("look at", path);
  }

  Result<std::vector<std::string>> list(const Path& folder) override {
    DIR* opened = ::opendir(folder.c_str());
    if (opened == nullptr) return refuse("list", folder);
    const std::unique_ptr<DIR, int (*)(DIR*)> guard(opened, &::closedir);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(opened)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return refuse("list", folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::uint64_t> free_bytes(const Path& path) override {
    struct statvfs raw {};
    if (::statvfs(path.c_str(), &raw) != 0) return refuse("look at the disk of", path);
    return static_cast<std::uint64_t>(raw.f_bavail) * raw.f_frsize;
  }
  Result<std::unique_ptr<FolderLock>> lock_folder(const Path& folder) override {
    auto held = std::make_unique<Descriptor>(
        TRY(open(folder, O_RDONLY | O_DIRECTORY, 0, "lock")));
    if (uninterrupted([&] { return ::flock(held->get(), LOCK_EX | LOCK_NB); }) == 0) {
      return std::make_unique<LockedFolder>(held->release());
    }
    if (errno != EWOULDBLOCK) return refuse("lock", folder);
    return fail(Code::kConflict, folder.string() + " is being changed by another command",
                "try again when it has ended");
  }

 private:
  static Result<int> open(const Path& path, int flags, int mode, std::string_view doing) {
    const int file = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
    if (file < 0) return refuse(doing, path);
    return file;
  }
  Durability durability_;
};

}  // namespace

std::shared_ptr<Fs> real_fs(Durability durability) { return std::make_shared<RealFs>(durability); }

}  // namespace rondo::io
