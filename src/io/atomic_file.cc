// What is built on an Fs, real or faulty: files that appear whole or not at all, folders that stay,
// and the sentences for what the kernel refuses.
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/failpoint.h"
#include "io/digest.h"
#include "io/fs.h"

namespace rondo::io {
namespace {

constexpr std::string_view kMark = ".tmp-";
constexpr std::size_t kMarkDigits = 16;

Path temporary_beside(const Path& path) {
  std::string digits;
  for (const char c : random_bytes(kMarkDigits / 2)) {
    const auto byte = static_cast<unsigned char>(c);
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
  }
  Path temporary = path;
  temporary += std::string(kMark) + digits;
  return temporary;
}

/// Writes, syncs and closes the temporary file.
Result<void> fill(Fs& fs, const Path& path, std::string_view bytes, int mode) {
  const std::unique_ptr<File> file = TRY(fs.create(path, mode));
  switch (hit(Failpoint::kAtomicWrite)) {
    case Injected::kNothing: break;
    case Injected::kShortWrite: TRY(file->append(as_bytes(bytes.substr(0, bytes.size() / 2))));
      [[fallthrough]];
    case Injected::kError: return std::unexpected(injected_error(Failpoint::kAtomicWrite));
  }
  TRY(file->append(as_bytes(bytes)));
  RONDO_FAILPOINT(kAtomicSync);
  TRY(file->sync());
  TRY(file->close());
  return fs.chmod(path, mode);
}

Result<void> fill_and_rename(Fs& fs, const Path& temporary, const Path& path,
                             std::string_view bytes, int mode) {
  TRY(fill(fs, temporary, bytes, mode));
  RONDO_FAILPOINT(kAtomicRename);
  return fs.rename(temporary, path);
}

struct Meaning {
  Code code;
  const char* hint;
};

Meaning meaning_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return {Code::kNotFound, "check the path"};
    case ENOSPC: return {Code::kExhausted, "make room on this disk; Rondo goes on by itself"};
    case EDQUOT: return {Code::kExhausted, "this user's quota is spent; make room or raise it"};
    case EFBIG: return {Code::kExhausted, "the limit on the size of a file is reached (ulimit -f)"};
    case EMFILE:
    case ENFILE: return {Code::kExhausted, "too many files are open; raise the limit (ulimit -n)"};
    case ENOMEM: return {Code::kExhausted, "the memory is used up"};
    case EEXIST:
    case ENOTEMPTY: return {Code::kConflict, "something of that name is there already"};
    case EACCES:
    case EPERM: return {Code::kInvalidInput, "give the user that runs Rondo the right to do that"};
    case EROFS: return {Code::kInvalidInput, "this file system is read-only; use another folder"};
    case EISDIR: return {Code::kInvalidInput, "this is a folder; name a file"};
    case ENAMETOOLONG:
    case ELOOP: return {Code::kInvalidInput, "check the path"};
    default: return {Code::kIo, "look at the disk and the kernel's log (dmesg)"};
  }
}

}  // namespace

Error file_error(int error_number, std::string_view doing, const Path& path) {
  const Meaning meaning = meaning_of(error_number);
  return fail(meaning.code,
              "cannot " + std::string(doing) + " " + path.string() + ": " +
                  std::generic_category().message(error_number),
              meaning.hint)
      .error();
}

bool is_temporary(std::string_view name) {
  const std::size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos || name.size() != mark + kMark.size() + kMarkDigits) {
    return false;
  }
  return name.find_first_not_of("0123456789abcdef", mark + kMark.size()) == std::string_view::npos;
}

Result<void> write_atomically(Fs& fs, const Path& path, std::string_view bytes, int mode) {
  const Path temporary = temporary_beside(path);
  if (auto done = fill_and_rename(fs, temporary, path, bytes, mode); !done) {
    static_cast<void>(fs.remove(temporary));  // the first error is the one to tell
    return done;
  }
  RONDO_FAILPOINT(kAtomicFolderSync);
  const Path folder = path.parent_path();
  return fs.sync_folder(folder.empty() ? Path(".") : folder);
}

Result<void> make_folders_durably(Fs& fs, const Path& path) {
  if (path.empty() || TRY(fs.stat(path))) return {};
  const Path parent = path.parent_path();
  if (parent != path) TRY(make_folders_durably(fs, parent));
  RONDO_FAILPOINT(kFolderCreate);
  TRY(fs.make_folders(path));
  return fs.sync_folder(parent.empty() ? Path(".") : parent);
}

}  // namespace rondo::io
