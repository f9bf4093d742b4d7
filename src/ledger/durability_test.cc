// What survives: power cuts after every operation, failed syncs, errors at every write, a full
// disk. The oracle stands outside the store: what was acknowledged, and after how many operations.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "ledger/fixture.h"
#include "ledger/group_commit.h"

namespace rondo::ledger {
namespace {

using Kind = io::Operation::Kind;

struct Acknowledged {
  std::size_t operations;  // recorded when the answer came
  std::string what;
};

class DurabilityTest : public ScratchTest {
 protected:
  OpenOptions recorded() const {
    OpenOptions options;
    options.create = true;
    options.record = record_;
    return options;
  }

  /// Appends facts and labels; returns what was acknowledged. `stop` ends it after the first
  /// refusal.
  std::vector<Acknowledged> work(Ledger& ledger, int rounds) const {
    std::vector<Acknowledged> out;
    const auto done = [&](const std::string& what) { out.push_back({record_->count(), what}); };
    const auto lease = ledger.take_lease("test");
    if (!lease) return out;
    for (int i = 0; i < rounds; ++i) {
      const NewFact one = fact("f" + std::to_string(i), {{"text", std::string(300, 'x')}});
      if (ledger.append(*lease, std::span(&one, 1))) done(one.kind);
      const std::vector<Label> labels(1, label("l" + std::to_string(i), i));
      if (ledger.add_labels(labels)) done(labels[0].id);
    }
    return out;
  }

  static std::set<std::string> stored(Ledger& ledger) {
    std::set<std::string> out;
    for (const Fact& one : must(ledger.facts(0))) out.insert(one.kind);
    for (const Label& one : must(ledger.labels_after(0, SIZE_MAX, nullptr))) out.insert(one.id);
    return out;
  }

  /// How many acknowledged things a cut after `operations` operations lost; the store must open.
  std::size_t lost(const std::vector<Acknowledged>& acknowledged, std::size_t operations, bool torn,
                   bool honest_sync) {
    const io::Path into = root_ / "cut";
    std::filesystem::remove_all(into);
    must(record_->power_cut(operations, into, Seed{operations + 1}, torn, honest_sync));
    std::filesystem::create_directories(into / ".rondo");
    OpenOptions options = fast();
    options.boot = "after the cut";
    const auto ledger = Ledger::open(fs_, into / ".rondo", options);
    if (!ledger && !honest_sync) return 1;
    EXPECT_TRUE(ledger.has_value()) << ledger.error().text() << " after " << operations;
    if (!ledger) return 1;
    if (honest_sync) {
      EXPECT_EQ(must((*ledger)->verify()), std::vector<std::string>());
    }
    const auto there = stored(**ledger);
    std::size_t count = 0;
    for (const Acknowledged& one : acknowledged) {
      if (one.operations <= operations && !there.contains(one.what)) ++count;
    }
    return count;
  }

  io::Path project_ = root_ / "project";
  std::shared_ptr<io::Record> record_ = [this] {
    std::filesystem::create_directories(project_);
    return std::make_shared<io::Record>(project_);
  }();
};

TEST_F(DurabilityTest, NothingAcknowledgedIsLostInAPowerCutAnywhere) {
  const auto fs = io::faulty_fs(record_);
  std::vector<Acknowledged> acknowledged;
  for (int start = 0; start < 2; ++start) {  // the second goes on with a log that exists
    must(io::make_folders_durably(*fs, project_ / ".rondo"));
    const auto ledger = must(Ledger::open(fs, project_ / ".rondo", recorded()));
    for (const Acknowledged& one : work(*ledger, 12)) acknowledged.push_back(one);
  }
  ASSERT_EQ(acknowledged.size(), 48U);
  ASSERT_GT(record_->count(), 200U);
  std::size_t canary = 0;
  for (std::size_t at = 0; at <= record_->count(); ++at) {
    ASSERT_EQ(lost(acknowledged, at, at % 2 == 1, true), 0U) << "cut after operation " << at;
    if (at % 16 == 0) canary += lost(acknowledged, at, false, false);
  }
  EXPECT_GT(canary, 0U) << "a disk that ignores syncs must lose something here";
}

TEST_F(DurabilityTest, AFailedSyncPoisonsUntilRestart) {
  bool failing = false;
  OpenOptions options = recorded();
  options.plan = [&](std::uint64_t, const io::Operation& op) {
    return io::Fault{failing && op.kind == Kind::kSync ? EIO : 0, false};
  };
  const auto real = io::real_fs();
  {
    const auto ledger = must(Ledger::open(real, project_, options));
    const Lease lease = must(ledger->take_lease("test"));
    const NewFact before = fact("before"), after = fact("after");
    must(ledger->append(lease, std::span(&before, 1)));
    failing = true;
    EXPECT_EQ(code_of(ledger->append(lease, std::span(&after, 1))), Code::kUnavailable);
    failing = false;  // the disk says that it is well again; the lost pages are still lost
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(code_of(ledger->append(lease, std::span(&after, 1))), Code::kUnavailable);
      EXPECT_EQ(code_of(ledger->add_labels(std::vector{label("a", 1)})), Code::kUnavailable);
    }
    EXPECT_EQ(must(ledger->facts_of("before")).size(), 1U);
  }
  OpenOptions again = recorded();
  again.boot = "restarted";
  const auto ledger = must(Ledger::open(real, project_, again));
  const Lease lease = must(ledger->take_lease("test"));
  const NewFact later = fact("later");
  must(ledger->append(lease, std::span(&later, 1)));
  EXPECT_EQ(must(ledger->facts_of("before")).size(), 1U);
  EXPECT_TRUE(must(ledger->verify()).empty());
}

TEST_F(DurabilityTest, AnErrorAtAnyOperationLosesNothingAcknowledged) {
  for (std::uint64_t bad = 0, reached = UINT64_MAX; bad < reached; ++bad) {
    const io::Path folder = project_ / std::to_string(bad);
    std::filesystem::create_directories(folder);
    std::uint64_t count = 0;
    std::vector<Acknowledged> acknowledged;
    {
      OpenOptions options = fast();
      options.plan = [&](std::uint64_t n, const io::Operation&) {
        count = n + 1;
        return io::Fault{n == bad ? (bad % 3 == 0 ? ENOSPC : EIO) : 0, bad % 5 == 0};
      };
      const auto ledger = Ledger::open(fs_, folder, options);
      if (ledger) acknowledged = work(**ledger, 3);
    }
    if (count <= bad) reached = bad;
    OpenOptions again = fast();
    again.boot = "restarted";
    const auto ledger = must(Ledger::open(fs_, folder, again));
    const auto there = stored(*ledger);
    for (const Acknowledged& one : acknowledged) {
      ASSERT_TRUE(there.contains(one.what)) << one.what << " with operation " << bad << " failing";
    }
    ASSERT_TRUE(must(ledger->verify()).empty()) << "operation " << bad;
  }
}

TEST_F(DurabilityTest, AFullDiskRefusesAndGoesOnWithoutRestart) {
  bool full = false;
  OpenOptions options = fast();
  options.plan = [&](std::uint64_t, const io::Operation& op) {
    return io::Fault{full && op.kind == Kind::kWrite ? ENOSPC : 0, false};
  };
  const auto ledger = must(Ledger::open(fs_, project_, options));
  const Lease lease = must(ledger->take_lease("test"));
  const NewFact one = fact("one"), two = fact("two");
  must(ledger->append(lease, std::span(&one, 1)));
  full = true;
  EXPECT_EQ(code_of(ledger->append(lease, std::span(&two, 1))), Code::kExhausted);
  EXPECT_EQ(code_of(ledger->add_labels(std::vector{label("a", 1)})), Code::kExhausted);
  EXPECT_EQ(must(ledger->facts(0)).size(), 1U);
  full = false;
  must(ledger->append(lease, std::span(&two, 1)));
  EXPECT_EQ(must(ledger->facts(0)).back().sequence, 2);
  EXPECT_TRUE(must(ledger->verify()).empty());
}

// Group commit -------------------------------------------------------------------------------

TEST_F(DurabilityTest, ARefusedPieceDoesNotFailItsGroup) {
  VfsOptions options;
  options.fs = fs_;
  const auto vfs = must(Vfs::make(options));
  auto db = must(Db::open(root_ / "group.db", Db::Mode::kCreate, *vfs));
  must(db->exec("PRAGMA journal_mode=WAL; CREATE TABLE t(x INTEGER PRIMARY KEY) STRICT"));
  GroupCommit group(std::move(db));
  const auto insert = [](int value) {
    return [value](Db& writer) -> Result<void> {
      Query query = TRY(writer.query("INSERT INTO t VALUES(?)"));
      query.bind(std::int64_t{value});
      return query.run();
    };
  };
  // The first piece holds the writer until all others wait, so that they are one group.
  Guarded<int> started{0};
  Result<void> outcomes[4];
  {
    Worker blocker("blocker", [&](const Stop&) {
      static_cast<void>(group.commit(GroupCommit::Kind::kOther, [&](Db&) -> Result<void> {
        started.wait(Span::seconds(10), [](int n) { return n == 4; }, [](int) {});
        sleep_for(Span::millis(20), Stop());
        return {};
      }));
    });
    std::vector<std::unique_ptr<Worker>> callers;
    for (int i = 0; i < 4; ++i) {
      callers.push_back(std::make_unique<Worker>("caller", [&, i](const Stop&) {
        started.change([](int& n) { ++n; });
        // Number 2 also writes before it is refused: that must be undone.
        outcomes[i] = group.commit(GroupCommit::Kind::kOther, [&, i](Db& writer) -> Result<void> {
          if (i != 2) return insert(i)(writer);
          TRY(insert(100)(writer));
          return fail(Code::kInvalidInput, "no");
        });
      }));
    }
    for (auto& caller : callers) caller->join();
  }
  EXPECT_EQ(code_of(outcomes[2]), Code::kInvalidInput);
  for (const int i : {0, 1, 3}) EXPECT_TRUE(outcomes[i].has_value());
  std::int64_t sum = -1;
  must(group.commit(GroupCommit::Kind::kOther, [&](Db& writer) -> Result<void> {
    sum = TRY(writer.number("SELECT sum(x) FROM t"));
    return {};
  }));
  EXPECT_EQ(sum, 0 + 1 + 3);
}

}  // namespace
}  // namespace rondo::ledger
