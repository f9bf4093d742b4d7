// Facts, leases, labels and requests as their callers see them.
#include "ledger/ledger.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "ledger/fixture.h"
#include "ledger/sqlite.h"

namespace rondo::ledger {
namespace {

class LedgerTest : public ScratchTest {
 protected:
  std::unique_ptr<Ledger> open(OpenOptions options = fast()) {
    return must(Ledger::open(fs_, root_, options));
  }
  /// Somebody with an SQL shell, who also knows how pages are sealed.
  void tamper(const char* sql) {
    VfsOptions options;
    options.fs = fs_;
    const auto vfs = must(Vfs::make(options));
    const auto db = must(Db::open(root_ / "rondo.db", Db::Mode::kWrite, *vfs));
    must(db->exec(sql));
  }
  void append_some(int count) {
    const auto ledger = open();
    const Lease lease = must(ledger->take_lease("test"));
    for (int i = 1; i <= count; ++i) {
      const NewFact one = fact("thing", {{"i", i}}, i);
      must(ledger->append(lease, std::span(&one, 1)));
    }
  }
};

TEST_F(LedgerTest, DigestIsTheDocumentedFormula) {
  const auto ledger = open();
  const Lease lease = must(ledger->take_lease("test"));
  const NewFact facts[] = {fact("a", {{"z", 1.5}, {"b", "x"}}, 3), fact("b")};
  must(ledger->append(lease, facts));
  const std::string one =
      R"({"at":"2011-03-13T07:06:40Z","body":{"b":"x","z":1.5},"kind":"a","seq":1,"step":3})";
  const std::string two = R"({"at":"2011-03-13T07:06:40Z","body":{},"kind":"b","seq":2,"step":0})";
  const auto chained = [](const io::Digest& before, const std::string& text) {
    return io::sha256(std::string(before.bytes.begin(), before.bytes.end()) + text);
  };
  const auto stored = must(ledger->facts(0));
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].digest, chained({}, one));
  EXPECT_EQ(stored[1].digest, chained(stored[0].digest, two));
  EXPECT_EQ(must(ledger->head()), std::pair(std::int64_t{2}, stored[1].digest));
  EXPECT_EQ(stored[0].to_json()["digest"], stored[0].digest.hex());
}

TEST_F(LedgerTest, FactsAreFoundBySequenceKindAndStep) {
  const auto ledger = open();
  const Lease lease = must(ledger->take_lease("test"));
  const NewFact facts[] = {fact("a", {}, 1), fact("b", {}, 1), fact("a", {}, 2)};
  const JournalEntry entry{0, Time{5}, "attempt", 1, {{"n", 1}}};
  const Projection state{"state", {{"x", 1}}};
  must(ledger->append(lease, facts, std::span(&entry, 1), std::span(&state, 1)));
  EXPECT_EQ(must(ledger->facts(1, 1))[0].kind, "b");
  EXPECT_EQ(must(ledger->facts_of("a", 1)).size(), 1U);
  EXPECT_EQ(must(ledger->facts_of_step(1)).size(), 2U);
  EXPECT_EQ(must(ledger->journal(1))[0].body["n"], 1);
  EXPECT_EQ((*must(ledger->projection("state")))["x"], 1);
  EXPECT_FALSE(must(ledger->projection("other")).has_value());
  EXPECT_TRUE(must(ledger->verify()).empty());
}

TEST_F(LedgerTest, ChainNamesAnAlteredFact) {
  append_some(3);
  tamper("UPDATE facts SET body = '{\"i\":7}' WHERE seq = 2");
  const auto findings = must(open()->verify());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0], "rondo.db: fact 2 is not the one that was chained");
}

TEST_F(LedgerTest, ChainNamesDroppedFacts) {
  append_some(4);
  tamper("DELETE FROM facts WHERE seq = 2");
  EXPECT_EQ(must(open()->verify()), std::vector<std::string>{"rondo.db: fact 2 is missing"});
  tamper("DELETE FROM facts WHERE seq = 4");
  const auto findings = must(open()->verify());
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[1], "rondo.db: the last facts, 4 to 4, are missing");
}

TEST_F(LedgerTest, ARefusedFactLeavesNothing) {
  const auto ledger = open();
  const Lease lease = must(ledger->take_lease("test"));
  const NewFact facts[] = {fact("good"), fact("")};
  EXPECT_EQ(code_of(ledger->append(lease, facts)), Code::kInvalidInput);
  EXPECT_EQ(must(ledger->head()).first, 0);
  const NewFact good = fact("good");
  must(ledger->append(lease, std::span(&good, 1)));
  EXPECT_EQ(must(ledger->head()).first, 1);
}

// Leases -------------------------------------------------------------------------------------

TEST_F(LedgerTest, AHeldLeaseIsRefusedAndNamesTheHolder) {
  const auto first = open();
  must(first->take_lease("rondo up"));
  const auto second = open();
  const auto refused = second->take_lease("rondo run");
  EXPECT_EQ(code_of(refused), Code::kConflict);
  EXPECT_NE(refused.error().message.find("rondo up"), std::string::npos);
  EXPECT_EQ(must(second->lease_holder())->holder, "rondo up");
}

TEST_F(LedgerTest, AnExpiredHolderCanAppendNothingAfterATakeOver) {
  OpenOptions options = fast();
  options.lease = Span::seconds(0);  // over as soon as it is taken
  const auto first = open(options), second = open(options);
  const Lease old = must(first->take_lease("first"));
  const NewFact before = fact("before");
  must(first->append(old, std::span(&before, 1)));  // nobody took over yet
  const Lease next = must(second->take_lease("second"));
  EXPECT_GT(next.epoch, old.epoch);
  const NewFact stale = fact("stale");
  const Projection projection{"p", 1};
  EXPECT_EQ(code_of(first->append(old, std::span(&stale, 1))), Code::kConflict);
  EXPECT_EQ(code_of(first->note(old, {}, std::span(&projection, 1))), Code::kConflict);
  EXPECT_EQ(code_of(first->renew(old)), Code::kConflict);
  EXPECT_EQ(code_of(first->release(old)), Code::kConflict);
  must(second->append(next, std::span(&before, 1)));
  EXPECT_EQ(must(second->facts_of("stale")).size(), 0U);
  EXPECT_EQ(must(second->facts(0)).size(), 2U);
  EXPECT_FALSE(must(second->projection("p")).has_value());
}

TEST_F(LedgerTest, WhoGaveTheLeaseBackCanAppendNothing) {
  const auto ledger = open();
  const Lease lease = must(ledger->take_lease("test"));
  must(ledger->release(lease));
  const NewFact one = fact("late");
  EXPECT_EQ(code_of(ledger->append(lease, std::span(&one, 1))), Code::kConflict);
  EXPECT_FALSE(must(ledger->lease_holder()).has_value());
  EXPECT_EQ(must(open()->take_lease("next")).epoch, lease.epoch + 1);
}

TEST_F(LedgerTest, AHolderOfAnEarlierBootIsReplaced) {
  OpenOptions earlier = fast();
  earlier.boot = "another boot";
  const auto first = open(earlier);
  const Lease old = must(first->take_lease("before the reboot"));
  EXPECT_EQ(must(open()->take_lease("after")).epoch, old.epoch + 1);
}

TEST_F(LedgerTest, AHolderThatWasKilledIsReplacedAtOnce) {
  { const auto made = open(); }
  const pid_t child = ::fork();
  if (child == 0) {
    auto ledger = must(Ledger::open(fs_, root_, fast()));
    must(ledger->take_lease("victim"));
    ::_exit(0);  // as good as kill -9: nothing is given back
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const auto ledger = open();
  EXPECT_EQ(must(ledger->take_lease("successor")).epoch, 2);
}

// Labels -------------------------------------------------------------------------------------

TEST_F(LedgerTest, FirstLabelWinsAndCorrectionsAreVersions) {
  const auto ledger = open();
  const Label first[] = {label("a.0", 5), label("b.0", "yes"), label("a.0", 5.0), label("a.0", 6)};
  const LabelCounts counts = must(ledger->add_labels(first));
  EXPECT_EQ(counts.accepted, 2U);
  EXPECT_EQ(counts.duplicate, 1U);
  EXPECT_EQ(counts.conflicting, 1U);
  EXPECT_EQ(must(ledger->label_of("a.0"))->value, 5);

  std::int64_t next = 0;
  EXPECT_EQ(must(ledger->labels_after(0, 1, &next))[0].id, "a.0");
  EXPECT_EQ(next, 1);
  const Label corrections[] = {label("a.0", 6, true), label("a.0", 6, true), label("a.0", 5)};
  const LabelCounts corrected = must(ledger->add_labels(corrections));
  EXPECT_EQ(corrected.accepted, 1U);
  EXPECT_EQ(corrected.duplicate, 1U);
  EXPECT_EQ(corrected.conflicting, 1U);

  const auto late = must(ledger->labels_after(next, 10, &next));
  ASSERT_EQ(late.size(), 2U);
  EXPECT_EQ(late[0].id, "b.0");
  EXPECT_EQ(late[1].id, "a.0");
  EXPECT_EQ(late[1].version, 2);
  EXPECT_TRUE(late[1].correction);
  EXPECT_EQ(must(ledger->labels_after(0, 10, nullptr)).size(), 2U);  // newest version of each
  EXPECT_EQ(must(ledger->label_count()), 2U);
  EXPECT_TRUE(must(ledger->labels_after(next, 10, &next)).empty());
  EXPECT_EQ(next, 3);
}

TEST_F(LedgerTest, ALabelThatIsNoValueIsRefused) {
  const auto ledger = open();
  for (const Json& value : {Json(), Json::array(), Json(std::nan(""))}) {
    const Label bad[] = {label("a", 1), label("b", value)};
    EXPECT_EQ(code_of(ledger->add_labels(bad)), Code::kInvalidInput);
  }
  EXPECT_EQ(must(ledger->label_count()), 0U);
}

// Requests -----------------------------------------------------------------------------------

TEST_F(LedgerTest, ARequestIsOneHoweverOftenItIsSent) {
  const auto ledger = open(), other = open();
  const Request wish{0, "key-1", "promote", {{"version", 7}}, "ann", "looks good", {}};
  const Request first = must(ledger->ask(wish));
  EXPECT_EQ(must(other->ask(wish)).id, first.id);
  Request different = wish;
  different.act = "reject";
  EXPECT_EQ(code_of(ledger->ask(different)), Code::kConflict);
  ASSERT_EQ(must(ledger->open_requests()).size(), 1U);

  const Lease lease = must(ledger->take_lease("test"));
  const NewFact promoted = fact("promoted");
  must(ledger->answer(lease, first.id, {{"ok", true}}, std::span(&promoted, 1)));
  EXPECT_EQ(code_of(ledger->answer(lease, first.id, {{"ok", false}}, std::span(&promoted, 1))),
            Code::kConflict);
  EXPECT_EQ(must(ledger->facts_of("promoted")).size(), 1U);
  EXPECT_TRUE(must(ledger->open_requests()).empty());
  EXPECT_EQ((*must(other->ask(wish)).result)["ok"], true);
  EXPECT_EQ(code_of(ledger->answer(lease, 99, {}, {})), Code::kNotFound);
}

// Opening ------------------------------------------------------------------------------------

TEST_F(LedgerTest, ANewerStoreIsRefusedAndBothVersionsAreNamed) {
  append_some(1);
  tamper("PRAGMA user_version=2");
  OpenOptions reading;
  reading.read_only = true;
  for (const OpenOptions& options : {fast(), reading}) {
    const auto refused = Ledger::open(fs_, root_, options);
    EXPECT_EQ(code_of(refused), Code::kInvalidInput);
    EXPECT_NE(refused.error().message.find("version 2, this program knows version 1"),
              std::string::npos);
  }
}

TEST_F(LedgerTest, WhatIsNoStoreIsSaid) {
  EXPECT_EQ(code_of(Ledger::open(fs_, root_, {})), Code::kNotFound);
  must(io::write_atomically(*fs_, root_ / "rondo.db", std::string(5000, 'x')));
  EXPECT_EQ(code_of(Ledger::open(fs_, root_, fast())), Code::kCorrupt);
}

TEST_F(LedgerTest, AReaderSeesWhatAnotherConnectionCommits) {
  const auto writer = open();
  OpenOptions options;
  options.read_only = true;
  const auto reader = open(options);
  const Lease lease = must(writer->take_lease("test"));
  const NewFact one = fact("news");
  must(writer->append(lease, std::span(&one, 1)));
  EXPECT_EQ(must(reader->facts_of("news")).size(), 1U);
  EXPECT_EQ(code_of(reader->add_labels(std::vector{label("a", 1)})), Code::kIo);
}

TEST_F(LedgerTest, SecretsStayAndCanBeReplaced) {
  const std::string made = must(open()->secret("ids"));
  EXPECT_EQ(made.size(), 32U);
  const auto ledger = open();
  EXPECT_EQ(must(ledger->secret("ids")), made);
  EXPECT_FALSE(must(ledger->find_secret("other")).has_value());
  must(ledger->set_secret("ids", "replayed"));
  EXPECT_EQ(must(ledger->secret("ids")), "replayed");
}

}  // namespace
}  // namespace rondo::ledger
