// Copies of a project's state that are whole: the database first, as it was at one moment, then the
// objects that its facts name, then the logs, and last a list of all files with their digests. A
// folder without that list is no backup. Layout: docs/FORMATS.md, "Backup".
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/failpoint.h"
#include "ledger/prediction_log.h"
#include "ledger/references.h"
#include "ledger/store.h"

namespace rondo::ledger {
namespace {

constexpr std::uint64_t kBlock = 1ULL << 20;
constexpr std::string_view kList = "backup.json";
constexpr std::string_view kSettings = "rondo.toml";
constexpr std::string_view kFormat = "rondo backup 1";
constexpr std::int64_t kSkippedVersions = 1000;

struct Copied {
  io::Digest digest;
  std::uint64_t bytes = 0;
};

/// Copies the first `at_most` bytes into a new file and syncs it; the folder is the caller's.
Result<Copied> copy_file(io::Fs& fs, const io::Path& from, const io::Path& to, int mode,
                         std::uint64_t at_most = UINT64_MAX) {
  TRY(io::make_folders_durably(fs, to.parent_path()));
  const auto file = TRY(fs.create(to, mode));
  io::Hasher hasher;
  Copied out;
  while (out.bytes < at_most) {
    const std::string block =
        TRY(fs.read_at(from, out.bytes, std::min(kBlock, at_most - out.bytes)));
    if (block.empty()) break;
    hasher.add(block);
    TRY(file->append(io::as_bytes(block)));
    out.bytes += block.size();
  }
  TRY(file->sync());
  TRY(file->close());
  out.digest = hasher.finish();
  return out;
}

Result<Copied> look(io::Fs& fs, const io::Path& file) {
  io::Hasher hasher;
  Copied out;
  for (;;) {
    const std::string block = TRY(fs.read_at(file, out.bytes, kBlock));
    if (block.empty()) break;
    hasher.add(block);
    out.bytes += block.size();
  }
  out.digest = hasher.finish();
  return out;
}

/// Absent or an empty folder. Errors: kConflict.
Result<void> demand_empty(io::Fs& fs, const io::Path& folder) {
  if (!TRY(fs.stat(folder)) || TRY(fs.list(folder)).empty()) return {};
  return fail(Code::kConflict, fmt::format("{} is not empty", folder.string()),
              "name a folder that is empty or does not exist");
}

class Backup {
 public:
  Backup(Store& store, const io::Path& into, const Progress& progress, std::string_view settings)
      : store_(store), fs_(*store.fs), into_(into), progress_(progress), settings_(settings) {}

  Result<Json> run() {
    TRY(demand_empty(fs_, into_));
    TRY(io::make_folders_durably(fs_, into_));
    TRY(database());
    TRY(objects());
    TRY(logs("log"));
    TRY(logs("pushed"));
    TRY(inputs("stdin"));
    return finish();
  }

 private:
  void add(const std::string& name, const Copied& copied, bool read_only) {
    files_.push_back({{"bytes", copied.bytes},
                      {"path", name},
                      {"read_only", read_only},
                      {"sha256", copied.digest.hex()}});
    bytes_ += copied.bytes;
    folders_.insert((into_ / name).parent_path());
    if (progress_) progress_({{"bytes", bytes_}, {"what", name}});
  }

  Result<void> database() {
    RONDO_FAILPOINT(kBackupCopy);
    head_ = TRY(store_.ledger->head());
    TRY(store_.ledger->copy_to(into_ / "rondo.db"));
    add("rondo.db", TRY(look(fs_, into_ / "rondo.db")), false);
    return {};
  }

  /// What facts mention that came after the copy of the database is in it too: no harm.
  Result<void> objects() {
    const References references = TRY(references_of(*store_.ledger, *store_.objects));
    std::set<io::Digest> wanted = references.mentioned;
    for (const auto& [digest, where] : references.named) wanted.insert(digest);
    for (const io::Digest& digest : wanted) {
      const auto promised = references.named.find(digest);
      if (!store_.objects->has(digest)) {
        if (promised == references.named.end()) continue;
        return fail(Code::kCorrupt, fmt::format("object {} is missing; {} names it", digest.hex(),
                                                promised->second),
                    "run `rondo fsck`; a backup of a damaged store is not taken");
      }
      RONDO_FAILPOINT(kBackupCopy);
      const std::string hex = digest.hex();
      const std::string name = "objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
      const Copied copied = TRY(copy_file(fs_, store_.objects->path(digest), into_ / name, 0444));
      if (copied.digest != digest) {
        return fail(Code::kCorrupt, fmt::format("object {} is damaged", hex),
                    "run `rondo fsck`; a backup of a damaged store is not taken");
      }
      add(name, copied, true);
    }
    return {};
  }

  /// Every segment; of the one that is being written, what is whole now.
  Result<void> logs(const std::string& relative) {
    const io::Path folder = store_.folder / relative;
    if (!TRY(fs_.stat(folder))) return {};
    io::LogState state;
    const auto end =
        TRY(io::read_log(fs_, folder, {}, [](std::uint8_t, std::string_view) {}, &state));
    const std::set<std::string> sealed(state.sealed.begin(), state.sealed.end());
    for (const std::string& name : TRY(fs_.list(folder))) {
      const auto stat = TRY(fs_.stat(folder / name));
      if (!stat) continue;
      if (stat->folder) {
        TRY(logs(relative + "/" + name));
      } else if (name.ends_with(".rlog") && (end.segment.empty() || name <= end.segment)) {
        RONDO_FAILPOINT(kBackupCopy);
        const bool done = sealed.contains(name);
        const std::uint64_t whole = name == end.segment && !done ? end.offset : UINT64_MAX;
        add(relative + "/" + name,
            TRY(copy_file(fs_, folder / name, into_ / relative / name, done ? 0444 : 0644, whole)),
            done);
      }
    }
    return {};
  }

  /// What came from standard input, but for what is still coming.
  Result<void> inputs(const std::string& relative) {
    const io::Path folder = store_.folder / relative;
    if (!TRY(fs_.stat(folder))) return {};
    for (const std::string& name : TRY(fs_.list(folder))) {
      if (name.ends_with(".part")) continue;
      RONDO_FAILPOINT(kBackupCopy);
      const std::string path = relative + "/" + name;
      add(path, TRY(copy_file(fs_, folder / name, into_ / path, 0644)), false);
    }
    return {};
  }

  Result<Json> finish() {
    for (const io::Path& folder : folders_) TRY(fs_.sync_folder(folder));
    RONDO_FAILPOINT(kBackupManifest);
    Json list = {{"files", files_},
                 {"format", kFormat},
                 {"head", {{"digest", head_.second.hex()}, {"seq", head_.first}}},
                 {"made", to_text(wall_clock_now())},
                 {"store_version", kStoreVersion}};
    if (!settings_.empty()) {
      TRY(io::write_atomically(fs_, into_ / kSettings, settings_, 0444));
      list["settings"] = {{"bytes", settings_.size()}, {"sha256", io::sha256(settings_).hex()}};
    }
    TRY(io::write_atomically(fs_, into_ / kList, io::canonical(list) + "\n", 0444));
    return Json{{"bytes", bytes_},
                {"facts", head_.first},
                {"files", files_.size()},
                {"into", into_.string()},
                {"settings", !settings_.empty()}};
  }

  Store& store_;
  io::Fs& fs_;
  const io::Path& into_;
  const Progress& progress_;
  std::string_view settings_;
  std::pair<std::int64_t, io::Digest> head_;
  std::vector<Json> files_;
  std::set<io::Path> folders_;
  std::uint64_t bytes_ = 0;
};

// Restore ------------------------------------------------------------------------------------

/// Names in the list come from outside: only what a backup of ours has.
bool allowed(const std::string& name) {
  if (name == "rondo.db") return true;
  const bool below = name.starts_with("objects/") || name.starts_with("log/") ||
                     name.starts_with("pushed/") || name.starts_with("stdin/");
  if (!below || name.find('\0') != std::string::npos || name.find('\\') != std::string::npos) {
    return false;
  }
  for (const io::Path& part : io::Path(name)) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

Result<Json> read_list(io::Fs& fs, const io::Path& from) {
  const auto text = fs.read(from / kList, 1ULL << 30);
  if (!text) {
    return fail(Code::kNotFound,
                fmt::format("{} is no backup: it has no {}", from.string(), kList),
                "a backup that was interrupted has none; take another");
  }
  Json list = TRY(io::parse_json(*text, std::string(kList)));
  if (io::get_or<std::string>(list, "format", "") != kFormat) {
    return fail(Code::kConflict, fmt::format("{} is not in the format \"{}\"",
                                             (from / kList).string(), kFormat),
                "use the program that made it");
  }
  return list;
}

Result<std::uint64_t> copy_files(io::Fs& fs, const Json& list, const io::Path& from,
                                 const io::Path& into, const Progress& progress) {
  std::set<io::Path> folders;
  std::uint64_t count = 0;
  for (const Json& file : TRY(io::get<Json>(list, "files"))) {
    const auto name = TRY(io::get<std::string>(file, "path"));
    if (!allowed(name)) {
      return fail(Code::kCorrupt, fmt::format("a backup cannot hold a file \"{}\"", name));
    }
    RONDO_FAILPOINT(kRestoreCopy);
    const int mode = io::get_or<bool>(file, "read_only", false) ? 0444 : 0644;
    const Copied copied = TRY(copy_file(fs, from / name, into / name, mode));
    const io::Digest digest = TRY(io::Digest::from_hex(TRY(io::get<std::string>(file, "sha256"))));
    if (copied.digest != digest) {
      return fail(Code::kCorrupt, fmt::format("{} is not as it was when the backup was taken",
                                              (from / name).string()),
                  "use another backup; nothing was restored");
    }
    folders.insert((into / name).parent_path());
    ++count;
    if (progress) progress({{"files", count}, {"what", name}});
  }
  for (const io::Path& folder : folders) TRY(fs.sync_folder(folder));
  return count;
}

/// Whoever held the lease of the original can append nothing here, and no number that may be known
/// outside is given out again.
Result<std::int64_t> make_ours(Store& store, const io::Path& from) {
  TRY(store.ledger->raise_epoch());
  const Json before = TRY(store.ledger->projection("version_floor")).value_or(Json(0));
  const std::int64_t known = before.is_number_integer() ? before.get<std::int64_t>() : 0;
  const std::int64_t floor =
      std::max(known, TRY(greatest_version(*store.ledger))) + kSkippedVersions;
  const Lease lease = TRY(store.ledger->take_lease("restore"));
  JournalEntry entry;
  entry.at = wall_clock_now();
  entry.kind = "restored";
  entry.body = {{"from", from.filename().string()}, {"version_floor", floor}};
  const Projection projection{"version_floor", floor};
  TRY(store.ledger->note(lease, std::span(&entry, 1), std::span(&projection, 1)));
  TRY(store.ledger->release(lease));
  return floor;
}

}  // namespace

Result<Json> backup(Store& store, const io::Path& into, const Progress& progress,
                    std::string_view settings) {
  return during(Backup(store, into, progress, settings).run(),
                "taking a backup into " + into.string());
}

Result<std::optional<std::string>> settings_of(io::Fs& fs, const io::Path& backup) {
  const Json list = TRY(read_list(fs, backup));
  const Json said = io::get_or<Json>(list, "settings", nullptr);
  if (said.is_null()) return std::optional<std::string>{};
  std::string text = TRY(fs.read(backup / kSettings, 1ULL << 20));
  if (io::sha256(text).hex() != io::get_or<std::string>(said, "sha256", "")) {
    return fail(Code::kCorrupt, fmt::format("{} is not as it was when the backup was taken",
                                            (backup / kSettings).string()),
                "use another backup; nothing was restored");
  }
  return std::optional(std::move(text));
}

/// Built in a folder beside, then renamed: an interrupted restore is none.
Result<Json> restore(std::shared_ptr<io::Fs> fs, const io::Path& from, const io::Path& into,
                     const Progress& progress) {
  TRY(demand_empty(*fs, into));
  const Json list = TRY(read_list(*fs, from));
  const io::Path beside =
      into.parent_path() / (into.filename().string() + ".restoring-" +
                            io::sha256(io::random_bytes(16)).hex().substr(0, 8));
  const auto restored = [&]() -> Result<Json> {
    const std::uint64_t files = TRY(copy_files(*fs, list, from, beside, progress));
    std::int64_t floor = 0;
    {
      const auto store = TRY(Store::open(fs, beside, {}));
      floor = TRY(make_ours(*store, from));
      for (const std::string& what : TRY(store->ledger->verify())) {
        return fail(Code::kCorrupt, what);
      }
    }
    TRY(io::make_folders_durably(*fs, beside / "attempts"));
    TRY(fs->rename(beside, into));
    TRY(fs->sync_folder(into.parent_path().empty() ? io::Path(".") : into.parent_path()));
    return Json{{"files", files}, {"into", into.string()}, {"version_floor", floor}};
  }();
  if (!restored) static_cast<void>(fs->remove_all(beside));
  return during(restored, "restoring " + from.string());
}

}  // namespace rondo::ledger
