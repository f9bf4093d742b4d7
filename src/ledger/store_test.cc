// Care of a whole store: fsck names a flipped byte in each kind of file, gc keeps what is named, a
// backup taken under load restores.
#include "ledger/store.h"

#include <fstream>

#include "base/worker.h"
#include "ledger/fixture.h"
#include "ledger/prediction_log.h"
#include "ledger/tokens.h"

namespace rondo::ledger {
namespace {

class StoreTest : public ScratchTest {
 protected:
  std::unique_ptr<Store> open() { return must(Store::open(fs_, folder_, fast())); }

  /// Facts, labels, a manifest with a segment, a pipeline, two log segments, two tokens.
  void fill() {
    const auto store = open();
    const Lease lease = must(store->ledger->take_lease("test"));
    Manifest manifest;
    manifest.segments = {{must(store->objects->put("segment bytes")), {}, 1, {}, {}}};
    manifest.rows = 1;
    const io::Digest data = must(put_manifest(*store->objects, manifest));
    const io::Digest pipeline = must(store->objects->put("pipeline bytes"));
    const NewFact facts[] = {
        fact("step_finished", {{"outputs", {{"manifest", data.hex()}}}}),
        fact("deployed", {{"pipeline", pipeline.hex()}, {"version", 7}}),
        fact("note", {{"text", std::string(9000, 'n')}})};
    must(store->ledger->append(lease, facts));
    for (int i = 0; i < 300; ++i) {
      must(store->ledger->add_labels(std::vector{label("id" + std::to_string(i), i)}));
    }
    must(store->admin_token());
    must(create_token(*fs_, folder_, {"ci", {Role::kLabeler}, {}, {}, "somebody", {}}));
    for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
      const auto log = must(PredictionLog::open(fs_, store->log(), epoch));
      Prediction row;
      row.id = "id";
      row.cells = std::string(200, 'c');
      for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(log->write(std::span(&row, 1)));
        must(log->flush());
      }
    }
    const auto sealed = must(PredictionLog::open(fs_, store->log(), 3));  // seals those of before
  }

  std::vector<std::string> findings() {
    OpenOptions options = fast();
    options.read_only = true;
    const auto store = Store::open(fs_, folder_, options);
    if (!store) return {store.error().message};
    std::vector<std::string> out;
    for (const Finding& finding : must(fsck(**store, {})).findings) out.push_back(finding.what);
    return out;
  }

  /// Flips one bit at several places of a file, one at a time; fsck must name the file each time.
  void expect_named(const io::Path& file, const std::string& name) {
    const auto size = std::filesystem::file_size(file);
    const std::string before = must(fs_->read(file));
    ASSERT_GT(size, 0U);
    for (std::uint64_t at = 0; at < size; at += std::max<std::uint64_t>(1, size / 97)) {
      overwrite(file, at, static_cast<char>(before[at] ^ 4));
      const auto found = findings();
      EXPECT_FALSE(found.empty()) << file << " byte " << at;
      if (!found.empty()) {
        EXPECT_NE(found[0].find(name), std::string::npos) << found[0];
      }
      overwrite(file, at, before[at]);
    }
    EXPECT_EQ(findings(), std::vector<std::string>());
  }

  static void overwrite(const io::Path& file, std::uint64_t at, char byte) {
    const auto mode = std::filesystem::status(file).permissions();
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put(byte);
    }
    std::filesystem::permissions(file, mode);
  }

  io::Path folder_ = root_ / ".rondo";
};

TEST_F(StoreTest, FsckNamesAFlippedByteInEachKindOfFile) {
  fill();
  ASSERT_EQ(findings(), std::vector<std::string>());
  expect_named(folder_ / "rondo.db", "rondo.db");
  const auto store = open();
  for (const io::Digest& digest : must(store->objects->list())) {
    expect_named(store->objects->path(digest), digest.hex());
  }
  expect_named(folder_ / "token", "token");
  expect_named(folder_ / "tokens", "tokens is damaged");
  int segments = 0;
  for (const std::string& name : must(fs_->list(folder_ / "log"))) {
    expect_named(folder_ / "log" / name, name);
    ++segments;
  }
  EXPECT_EQ(segments, 2);
}

TEST_F(StoreTest, FsckNamesTokensThatOthersMayRead) {
  fill();
  for (const char* name : {"token", "tokens"}) {
    std::filesystem::permissions(folder_ / name, std::filesystem::perms{0640});
    const auto found = findings();
    ASSERT_EQ(found.size(), 1U) << name;
    EXPECT_EQ(found[0], (folder_ / name).string() + " may be read or written by other users");
    std::filesystem::permissions(folder_ / name, std::filesystem::perms{0600});
  }
  EXPECT_EQ(findings(), std::vector<std::string>());
}

TEST_F(StoreTest, FsckNamesMissingObjectsAndWhoNamesThem) {
  fill();
  const io::Digest segment = io::sha256("segment bytes"), pipeline = io::sha256("pipeline bytes");
  must(open()->objects->remove(segment));
  auto found = findings();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find(segment.hex() + " is missing; manifest"), std::string::npos) << found[0];
  must(open()->objects->remove(pipeline));
  found = findings();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE((found[0] + found[1]).find("fact 2, pipeline"), std::string::npos);
}

TEST_F(StoreTest, ADigestAmongTheNumbersOfAStepPromisesNoObject) {
  fill();
  const auto store = open();
  const Lease lease = must(store->ledger->take_lease("test"));
  const NewFact trained = fact(
      "step_finished", {{"evidence", {{"forest_digest", io::sha256("never stored").hex()}}}}, 3);
  must(store->ledger->append(lease, std::span(&trained, 1)));
  EXPECT_EQ(findings(), std::vector<std::string>());
  EXPECT_TRUE(backup(*store, root_ / "copy", {}));
}

TEST_F(StoreTest, ADamagedLogBehindTheDatabaseIsToldFromATornTail) {
  const auto writer = open();
  const Lease lease = must(writer->ledger->take_lease("test"));
  for (int i = 0; i < 5; ++i) {
    const NewFact one = fact("fact");
    must(writer->ledger->append(lease, std::span(&one, 1)));
  }
  const io::Path wal = folder_ / "rondo.db-wal", copy = root_ / "copy";
  std::filesystem::create_directories(copy);
  const auto copy_now = [&] {
    std::filesystem::copy_file(folder_ / "rondo.db", copy / "rondo.db",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(wal, copy / "rondo.db-wal",
                               std::filesystem::copy_options::overwrite_existing);
  };
  OpenOptions options = fast();
  options.boot = "after a power cut";
  copy_now();
  overwrite(copy / "rondo.db-wal", 32 + 24 + 100, 'x');  // in the first frame: synced long ago
  const auto refused = Ledger::open(fs_, copy, options);
  EXPECT_EQ(code_of(refused), Code::kCorrupt);
  EXPECT_NE(refused.error().message.find("rondo.db-wal: frame 1 "), std::string::npos);
  copy_now();
  std::filesystem::resize_file(copy / "rondo.db-wal", std::filesystem::file_size(wal) - 10);
  EXPECT_EQ(must(must(Ledger::open(fs_, copy, options))->head()).first, 4);  // unsynced: torn
}

TEST_F(StoreTest, GcKeepsWhatIsNamedOrYoungOrLive) {
  fill();
  const auto store = open();
  const io::Digest orphan = must(store->objects->put("orphan"));
  must(io::write_atomically(*fs_, store->attempts() / "note", "x"));
  must(fs_->make_folders(store->attempts() / "1-train"));
  must(fs_->make_folders(store->attempts() / "2-train"));
  const Lease lease = must(store->ledger->take_lease("test"));
  const JournalEntry attempts[] = {{0, {}, "attempt", 1, {{"attempt", 1}}},
                                   {0, {}, "attempt_ended", 1, Json::object()},
                                   {0, {}, "attempt", 2, {{"attempt", 1}}}};
  must(store->ledger->note(lease, attempts));
  const Time now = wall_clock_now();
  EXPECT_EQ(must(gc(*store, lease, now, Span::days(1), false)).removed, 0U);  // all are young

  const Time later = now + Span::days(2);
  EXPECT_EQ(must(gc(*store, lease, later, Span::days(1), true)).removed, 3U);
  EXPECT_TRUE(store->objects->has(orphan));
  const GcReport report = must(gc(*store, lease, later, Span::days(1), false));
  EXPECT_EQ(report.kept, 3U);
  EXPECT_FALSE(store->objects->has(orphan));
  EXPECT_EQ(must(fs_->list(store->attempts())), std::vector<std::string>{"2-train"});
  EXPECT_EQ(findings(), std::vector<std::string>());

  must(store->ledger->release(lease));
  EXPECT_EQ(code_of(gc(*store, lease, later, Span::days(1), false)), Code::kConflict);
}

TEST_F(StoreTest, ABackupUnderLoadRestoresElsewhere) {
  fill();
  const auto store = open();
  const std::string secret = must(store->ledger->secret("ids"));
  std::int64_t acknowledged = 0;
  {
    Worker load("load", [&](const Stop& stop) {
      for (int i = 0; !stop.requested(); ++i) {
        must(store->ledger->add_labels(std::vector{label("load" + std::to_string(i), i)}));
      }
    });
    acknowledged = static_cast<std::int64_t>(must(store->ledger->label_count()));
    must(backup(*store, root_ / "backup", {}));
  }
  EXPECT_EQ(code_of(backup(*store, root_ / "backup", {})), Code::kConflict);
  EXPECT_FALSE(std::filesystem::exists(root_ / "backup" / "token"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "backup" / "tokens"));

  const io::Path elsewhere = root_ / "elsewhere";
  const Json told = must(restore(fs_, root_ / "backup", elsewhere, {}));
  EXPECT_EQ(told["version_floor"], 1007);
  const auto restored = must(Store::open(fs_, elsewhere, fast()));
  EXPECT_TRUE(must(fsck(*restored, {})).findings.empty());
  EXPECT_EQ(must(restored->ledger->head()), must(store->ledger->head()));
  EXPECT_GE(static_cast<std::int64_t>(must(restored->ledger->label_count())), acknowledged);
  EXPECT_EQ(must(restored->ledger->secret("ids")), secret);
  EXPECT_TRUE(must(read_tokens(*fs_, elsewhere)).all.empty()) << "no revoked token comes back";
  EXPECT_EQ(must(restored->ledger->projection("version_floor")), Json(1007));
  const Lease theirs = must(store->ledger->take_lease("original"));
  const NewFact stale = fact("stale");
  EXPECT_EQ(code_of(restored->ledger->append(theirs, std::span(&stale, 1))), Code::kConflict);
  EXPECT_EQ(must(restored->admin_token()).size(), 43U);  // a new one: a backup holds none

  EXPECT_EQ(code_of(restore(fs_, root_ / "backup", elsewhere, {})), Code::kConflict);
  overwrite(root_ / "backup" / "rondo.db", 5000, 'x');
  EXPECT_EQ(code_of(restore(fs_, root_ / "backup", root_ / "third", {})), Code::kCorrupt);
  EXPECT_FALSE(std::filesystem::exists(root_ / "third"));
}

TEST_F(StoreTest, TheTokenIsMadeOnceAndIsPrivate) {
  const auto store = open();
  const std::string token = must(store->admin_token());
  EXPECT_EQ(must(io::from_base64url(token)).size(), 32U);
  EXPECT_EQ(must(open()->admin_token()), token);
  EXPECT_EQ(std::filesystem::status(folder_ / "token").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  must(fs_->remove(folder_ / "token"));
  EXPECT_NE(must(store->admin_token()), token);
}

}  // namespace
}  // namespace rondo::ledger
