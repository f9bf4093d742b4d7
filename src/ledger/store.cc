// Opening a project's state, and the administrator's token.
#include "ledger/store.h"

#include <fmt/format.h>

namespace rondo::ledger {
namespace {

constexpr std::string_view kTokenSecret = "admin_token_sha256";
constexpr std::size_t kTokenBytes = 32;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

/// A store whose database is gone or empty while it holds objects is no new one.
Result<void> demand_whole(io::Fs& fs, const io::Path& folder) {
  const auto database = TRY(fs.stat(folder / "rondo.db"));
  if (database && database->size > 0) return {};
  if (!TRY(fs.stat(folder / "objects")) || TRY(fs.list(folder / "objects")).empty()) return {};
  return fail(Code::kCorrupt,
              fmt::format("{} is {}, but the store holds objects: its history is lost",
                          (folder / "rondo.db").string(), database ? "empty" : "gone"),
              "restore a backup (`rondo restore`), or move the folder away to begin anew");
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::shared_ptr<io::Fs> fs, const io::Path& folder,
                                           const OpenOptions& options) {
  auto store = std::make_unique<Store>();
  store->fs = fs;
  store->folder = folder;
  if (options.create && !options.read_only) {
    TRY(demand_whole(*fs, folder));
    for (const io::Path& path : {folder / "objects", folder / "attempts", folder / "log"}) {
      TRY(io::make_folders_durably(*fs, path));
    }
  }
  store->ledger = TRY(Ledger::open(fs, folder, options));
  store->objects = std::make_unique<Objects>(std::move(fs), folder / "objects");
  return store;
}

/// First the digest, then the file: a token in a file always has its digest in the store.
Result<std::string> Store::admin_token() {
  const io::Path file = folder / "token";
  const auto known = TRY(ledger->find_secret(kTokenSecret));
  if (TRY(fs->stat(file))) {
    const std::string token(trimmed(TRY(fs->read(file, 4096))));
    if (known && io::equal_in_constant_time(io::sha256(token).hex(), *known)) return token;
    return fail(Code::kCorrupt, fmt::format("{} is not the token of this store", file.string()),
                "remove the file: the next start makes a new token");
  }
  const std::string token = io::base64url(io::random_bytes(kTokenBytes));
  TRY(ledger->set_secret(kTokenSecret, io::sha256(token).hex()));
  TRY(io::write_atomically(*fs, file, token + "\n", 0600));
  return token;
}

}  // namespace rondo::ledger
