// See objects.h. An object that is there already is read again before it counts: a damaged one is
// replaced by the good bytes that are being put.
#include "ledger/objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"

namespace rondo::ledger {
namespace {

constexpr std::uint64_t kBlock = 1ULL << 20;

Result<io::Digest> hash_file(io::Fs& fs, const io::Path& path) {
  io::Hasher hasher;
  for (std::uint64_t offset = 0;;) {
    const std::string block = TRY(fs.read_at(path, offset, kBlock));
    if (block.empty()) return hasher.finish();
    hasher.add(block);
    offset += block.size();
  }
}

std::unexpected<Error> missing(const io::Digest& digest, const io::Path& path) {
  return fail(Code::kNotFound,
              fmt::format("object {} is missing ({})", digest.brief(), path.string()),
              "restore it from a backup; `rondo fsck` lists everything that is missing");
}

std::unexpected<Error> damaged(const io::Digest& digest, const io::Path& path) {
  return fail(Code::kCorrupt,
              fmt::format("object {} does not have the bytes it was stored with ({})", digest.hex(),
                          path.string()),
              "restore this file from a backup; what does not need it goes on");
}

}  // namespace

Objects::Objects(std::shared_ptr<io::Fs> fs, io::Path folder)
    : fs_(std::move(fs)), folder_(std::move(folder)) {}

io::Path Objects::path(const io::Digest& digest) const {
  const std::string hex = digest.hex();
  return folder_ / hex.substr(0, 2) / hex.substr(2);
}

/// Writes a file under a temporary name, hashing it; then names it by its digest.
Result<io::Digest> Objects::take_in(
    const std::function<Result<void>(io::File&, io::Hasher&)>& fill) const {
  TRY(io::make_folders_durably(*fs_, folder_));
  const std::string mark = io::sha256(io::random_bytes(16)).hex().substr(0, 16);
  const io::Path temporary = folder_ / ("incoming.tmp-" + mark);
  io::Hasher hasher;
  const auto written = [&]() -> Result<void> {
    const auto file = TRY(fs_->create(temporary, 0444));
    TRY(fill(*file, hasher));
    RONDO_FAILPOINT(kObjectSync);
    TRY(file->sync());
    TRY(file->close());
    return fs_->chmod(temporary, 0444);
  }();
  const io::Digest digest = hasher.finish();
  const auto named = [&]() -> Result<void> {
    if (!written) return written;
    TRY(io::make_folders_durably(*fs_, path(digest).parent_path()));
    RONDO_FAILPOINT(kObjectRename);
    return fs_->rename(temporary, path(digest));
  }();
  if (!named) {
    static_cast<void>(fs_->remove(temporary));  // the first error is the one to tell
    return std::unexpected(named.error());
  }
  TRY(settle(digest));
  return digest;
}

/// Both folders: whoever made them before us may have died before syncing them.
Result<void> Objects::settle(const io::Digest& digest) const {
  RONDO_FAILPOINT(kObjectFolderSync);
  TRY(fs_->sync_folder(path(digest).parent_path()));
  return fs_->sync_folder(folder_);
}

Result<io::Digest> Objects::put(std::string_view bytes) const {
  const io::Digest digest = io::sha256(bytes);
  if (const auto known = digest_of(digest); known && *known == digest) {
    TRY(settle(digest));
    return digest;
  }
  return during(take_in([&](io::File& file, io::Hasher& hasher) -> Result<void> {
                  if (hit(Failpoint::kObjectWrite) != Injected::kNothing) {
                    TRY(file.append(io::as_bytes(bytes.substr(0, bytes.size() / 2))));
                    return std::unexpected(injected_error(Failpoint::kObjectWrite));
                  }
                  hasher.add(bytes);
                  return file.append(io::as_bytes(bytes));
                }),
                "storing an object");
}

Result<io::Digest> Objects::put_file(const io::Path& from) const {
  RONDO_FAILPOINT(kImportFile);
  return during(take_in([&](io::File& file, io::Hasher& hasher) -> Result<void> {
                  for (std::uint64_t offset = 0;;) {
                    const std::string block = TRY(fs_->read_at(from, offset, kBlock));
                    if (block.empty()) return {};
                    if (hit(Failpoint::kObjectWrite) != Injected::kNothing) {
                      TRY(file.append(io::as_bytes(block.substr(0, block.size() / 2))));
                      return std::unexpected(injected_error(Failpoint::kObjectWrite));
                    }
                    hasher.add(block);
                    TRY(file.append(io::as_bytes(block)));
                    offset += block.size();
                  }
                }),
                "storing " + from.filename().string());
}

Result<std::string> Objects::get(const io::Digest& digest) const {
  const io::Path file = path(digest);
  auto bytes = fs_->read(file);
  if (!bytes && bytes.error().code == Code::kNotFound) return missing(digest, file);
  if (bytes && io::sha256(*bytes) != digest) return damaged(digest, file);
  return bytes;
}

Result<io::Digest> Objects::digest_of(const io::Digest& name) const {
  const io::Path file = path(name);
  auto found = hash_file(*fs_, file);
  if (!found && found.error().code == Code::kNotFound) return missing(name, file);
  return found;
}

Result<io::Path> Objects::verified_path(const io::Digest& digest) const {
  const io::Path file = path(digest);
  if (TRY(digest_of(digest)) != digest) return damaged(digest, file);
  return file;
}

bool Objects::has(const io::Digest& digest) const {
  const auto stat = fs_->stat(path(digest));
  return stat && stat->has_value() && !(*stat)->folder;
}

bool Objects::starts_with(const io::Digest& digest, std::string_view bytes,
                          std::uint64_t at_most) const {
  const auto stat = fs_->stat(path(digest));
  if (!stat || !stat->has_value() || (*stat)->size > at_most) return false;
  const auto first = fs_->read_at(path(digest), 0, bytes.size());
  return first && *first == bytes;
}

Result<std::vector<io::Digest>> Objects::list() const {
  std::vector<io::Digest> out;
  if (!TRY(fs_->stat(folder_))) return out;
  for (const std::string& first : TRY(fs_->list(folder_))) {
    if (first.size() != 2) continue;
    for (const std::string& rest : TRY(fs_->list(folder_ / first))) {
      if (const auto digest = io::Digest::from_hex(first + rest); digest) out.push_back(*digest);
    }
  }
  return out;
}

Result<std::vector<io::Path>> Objects::leftovers() const {
  std::vector<io::Path> out;
  if (!TRY(fs_->stat(folder_))) return out;
  for (const std::string& first : TRY(fs_->list(folder_))) {
    if (first.size() != 2) {
      out.push_back(folder_ / first);
      continue;
    }
    for (const std::string& rest : TRY(fs_->list(folder_ / first))) {
      if (!io::Digest::from_hex(first + rest)) out.push_back(folder_ / first / rest);
    }
  }
  return out;
}

Result<void> Objects::remove(const io::Digest& digest) const {
  RONDO_FAILPOINT(kGcRemove);
  return fs_->remove(path(digest));
}

}  // namespace rondo::ledger
