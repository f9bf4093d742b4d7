// Looks at every byte of a project's state: pages and chain of the database, objects, what facts
// name, records of the logs, the tokens. It changes nothing and works beside a running `rondo up`.
#include <fmt/format.h>

#include <set>

#include "ledger/prediction_log.h"
#include "ledger/pushed.h"
#include "ledger/references.h"
#include "ledger/store.h"
#include "ledger/tokens.h"

namespace rondo::ledger {
namespace {

constexpr const char* kRestore = "restore it from a backup (`rondo restore`)";

struct Check {
  Store& store;
  const Progress& progress;
  FsckReport report;

  void find(std::string what, std::string advice) {
    report.findings.push_back({std::move(what), std::move(advice)});
  }

  Result<void> database() {
    for (std::string& what : TRY(store.ledger->verify())) find(std::move(what), kRestore);
    if (const auto head = store.ledger->head(); head) {
      report.facts = static_cast<std::uint64_t>(head->first);
    }
    report.bytes += TRY(store.ledger->size_bytes());
    return {};
  }

  Result<void> objects() {
    const auto digests = TRY(store.objects->list());
    for (const io::Digest& digest : digests) {
      const auto found = store.objects->digest_of(digest);
      if (!found) {
        find(found.error().message, kRestore);
      } else if (*found != digest) {
        find(fmt::format("object {} does not have the bytes it was stored with ({})", digest.hex(),
                         store.objects->path(digest).string()),
             kRestore);
      }
      if (const auto stat = TRY(store.fs->stat(store.objects->path(digest)))) {
        report.bytes += stat->size;
      }
      ++report.objects;
      if (progress) {
        progress({{"done", static_cast<double>(report.objects) /
                               static_cast<double>(digests.size())},
                  {"what", "objects"}});
      }
    }
    for (const io::Path& path : TRY(store.objects->leftovers())) {
      if (io::is_temporary(path.filename().string())) continue;
      find(fmt::format("{} is no object", path.string()), "remove it if you know where it is from");
    }
    return {};
  }

  Result<void> references() {
    const auto references = references_of(*store.ledger, *store.objects);
    if (!references) {
      find(references.error().message, kRestore);
      return {};
    }
    for (const auto& [digest, where] : references->named) {
      if (store.objects->has(digest)) continue;
      find(fmt::format("object {} is missing; {} names it", digest.hex(), where), kRestore);
    }
    return {};
  }

  Result<void> predictions(const io::Path& folder) {
    if (!TRY(store.fs->stat(folder))) return {};
    io::LogState state;
    const auto end = read_predictions(*store.fs, folder, {}, [](Prediction&&) {}, &state);
    if (!end) find(end.error().message, kRestore);
    return end ? log(folder, state) : Result<void>();
  }

  Result<void> pushed(const io::Path& folder) {
    if (!TRY(store.fs->stat(folder))) return {};
    io::LogState state;
    const auto each = [this](std::uint8_t, std::string_view payload) {
      if (const auto rows = decode_pushed(payload); !rows) find(rows.error().message, kRestore);
    };
    TRY(io::read_log(*store.fs, folder, {}, each, &state));
    return log(folder, state);
  }

  Result<void> log(const io::Path& folder, const io::LogState& state) {
    report.records += state.records;
    for (const std::string& what : state.damaged) {
      find(fmt::format("{}/{}", folder.filename().string(), what),
           "the intact records are used; restore the file from a backup");
    }
    const std::set<std::string> sealed(state.sealed.begin(), state.sealed.end());
    for (const std::string& name : TRY(store.fs->list(folder))) {
      TRY(log_file(folder / name, sealed.contains(name)));
    }
    return {};
  }

  /// A segment that cannot be written any more was sealed: nothing of it can be a torn tail.
  Result<void> log_file(const io::Path& file, bool sealed) {
    const auto stat = TRY(store.fs->stat(file));
    if (!stat) return {};
    if (stat->folder) return predictions(file);
    if (file.extension() != ".rlog") return {};
    report.bytes += stat->size;
    std::error_code none;
    const auto mode = std::filesystem::status(file, none).permissions();
    const bool writable =
        (mode & std::filesystem::perms::owner_write) != std::filesystem::perms::none;
    if (!writable && !sealed) {
      find(fmt::format("{}: its end is not what was written", file.filename().string()),
           "the intact records are used; restore the file from a backup");
    }
    return {};
  }

  Result<void> token() {
    if (!TRY(store.fs->stat(store.folder / "token"))) return {};
    const auto token = store.admin_token();
    if (!token) find(token.error().message, token.error().hint);
    demand_private("token");
    return {};
  }

  Result<void> tokens() {
    if (!TRY(store.fs->stat(store.folder / "tokens"))) return {};
    const auto tokens = read_tokens(*store.fs, store.folder);
    if (!tokens) find(tokens.error().message, tokens.error().hint);
    demand_private("tokens");
    return {};
  }

  void demand_private(const char* name) {
    using std::filesystem::perms;
    const io::Path file = store.folder / name;
    std::error_code none;
    const perms others = std::filesystem::status(file, none).permissions() &
                         (perms::group_all | perms::others_all);
    if (none || others == perms::none) return;
    find(fmt::format("{} may be read or written by other users", file.string()),
         fmt::format("`chmod 600 {}`", file.string()));
  }
};

}  // namespace

Result<FsckReport> fsck(Store& store, const Progress& progress) {
  Check check{store, progress, {}};
  TRY(check.database());
  TRY(check.objects());
  TRY(check.references());
  TRY(check.predictions(store.log()));
  TRY(check.pushed(store.pushed()));
  TRY(check.token());
  TRY(check.tokens());
  return std::move(check.report);
}

}  // namespace rondo::ledger
