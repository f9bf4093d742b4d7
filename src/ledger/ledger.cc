// The ledger on SQLite: what is written goes through the one writer thread, what is read through a
// connection of its own, so that readers never wait for a sync. Each write that is fenced checks
// the epoch in its own transaction.
#include "ledger/ledger.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "base/guarded.h"
#include "ledger/facts.h"
#include "ledger/group_commit.h"
#include "ledger/labels.h"
#include "ledger/opening.h"
#include "ledger/pages.h"
#include "ledger/schema.h"

namespace rondo::ledger {
namespace {

using Kind = GroupCommit::Kind;

class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(std::shared_ptr<io::Fs> fs, io::Path folder, OpenOptions options, Self self,
               Connections connections)
      : fs_(std::move(fs)),
        folder_(std::move(folder)),
        options_(std::move(options)),
        self_(std::move(self)),
        vfs_(std::move(connections.vfs)),
        reader_(std::move(connections.reader)) {
    if (connections.writer) {
      writer_ = std::make_unique<GroupCommit>(std::move(connections.writer));
    }
  }

  ~SqliteLedger() override {
    const auto held = held_.with([](auto& lease) { return lease; });
    if (held && vfs_->poison().empty()) static_cast<void>(release(*held));
  }

  // Facts ------------------------------------------------------------------------------------
  Result<void> append(const Lease& lease, std::span<const NewFact> facts,
                      std::span<const JournalEntry> journal,
                      std::span<const Projection> projections) override {
    return write(Kind::kFacts, [&](Db& db) -> Result<void> {
      TRY(check_lease(db, lease));
      TRY(insert_facts(db, facts));
      TRY(insert_journal(db, journal));
      return put_projections(db, projections);
    });
  }

  Result<std::vector<Fact>> facts(std::int64_t after, std::size_t limit) override {
    return read([&](Db& db) -> Result<std::vector<Fact>> {
      Query query = TRY(db.query("SELECT " RONDO_FACT_COLUMNS
                                 " FROM facts WHERE seq > ? ORDER BY seq LIMIT ?"));
      query.bind(after).bind(static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
      return all_facts(query);
    });
  }

  Result<std::vector<Fact>> facts_of(std::string_view kind, std::int64_t after) override {
    return read([&](Db& db) -> Result<std::vector<Fact>> {
      Query query = TRY(db.query("SELECT " RONDO_FACT_COLUMNS
                                 " FROM facts WHERE kind = ? AND seq > ? ORDER BY seq"));
      query.bind(kind).bind(after);
      return all_facts(query);
    });
  }

  Result<std::vector<Fact>> facts_of_step(std::int64_t step) override {
    return read([&](Db& db) -> Result<std::vector<Fact>> {
      Query query = TRY(db.query("SELECT " RONDO_FACT_COLUMNS
                                 " FROM facts WHERE step = ? AND step <> 0 ORDER BY seq"));
      query.bind(step);
      return all_facts(query);
    });
  }

  Result<std::pair<std::int64_t, io::Digest>> head() override {
    return read([](Db& db) { return chain_head(db); });
  }

  Result<std::vector<JournalEntry>> journal(std::int64_t step) override {
    return read([&](Db& db) -> Result<std::vector<JournalEntry>> {
      Query query = TRY(step == 0
                            ? db.query("SELECT id, at_us, kind, step, body FROM journal "
                                       "ORDER BY id")
                            : db.query("SELECT id, at_us, kind, step, body FROM journal "
                                       "WHERE step = ? AND step <> 0 ORDER BY id"));
      if (step != 0) query.bind(step);
      return all_entries(query);
    });
  }

  Result<std::vector<JournalEntry>> journal_of(std::string_view kind) override {
    return read([&](Db& db) -> Result<std::vector<JournalEntry>> {
      Query query = TRY(db.query("SELECT id, at_us, kind, step, body FROM journal "
                                 "WHERE kind = ? ORDER BY id"));
      query.bind(kind);
      return all_entries(query);
    });
  }

  Result<std::optional<Json>> projection(std::string_view name) override {
    return read([&](Db& db) -> Result<std::optional<Json>> {
      Query query = TRY(db.query("SELECT value FROM projections WHERE name = ?"));
      query.bind(name);
      if (!TRY(query.step())) return std::optional<Json>();
      return std::optional(TRY(query.json(0)));
    });
  }

  Result<std::vector<Projection>> projections() override {
    return read([](Db& db) -> Result<std::vector<Projection>> {
      Query query = TRY(db.query("SELECT name, value FROM projections ORDER BY name"));
      std::vector<Projection> out;
      while (TRY(query.step())) out.push_back({query.text(0), TRY(query.json(1))});
      return out;
    });
  }

  Result<void> note(const Lease& lease, std::span<const JournalEntry> journal,
                    std::span<const Projection> projections) override {
    return write(Kind::kOther, [&](Db& db) -> Result<void> {
      TRY(check_lease(db, lease));
      TRY(insert_journal(db, journal));
      return put_projections(db, projections);
    });
  }

  // Lease ------------------------------------------------------------------------------------
  Result<Lease> take_lease(const std::string& holder) override {
    Lease lease;
    TRY(write(Kind::kOther, [&](Db& db) -> Result<void> {
      RONDO_FAILPOINT(kLeaseTake);
      lease = TRY(ledger::take_lease(db, *fs_, self_, holder, options_.lease));
      return {};
    }));
    held_.with([&](auto& held) { held = lease; });
    return lease;
  }

  Result<void> renew(const Lease& lease) override {
    return write(Kind::kOther, [&](Db& db) -> Result<void> {
      RONDO_FAILPOINT(kLeaseRenew);
      return renew_lease(db, self_, lease, options_.lease);
    });
  }

  Result<void> release(const Lease& lease) override {
    held_.with([](auto& held) { held.reset(); });
    return write(Kind::kOther, [&](Db& db) { return release_lease(db, lease); });
  }

  Result<std::optional<Lease>> lease_holder() override {
    return read([&](Db& db) { return ledger::lease_holder(db, *fs_, self_); });
  }

  // Labels -----------------------------------------------------------------------------------
  Result<LabelCounts> add_labels(std::span<const Label> labels) override {
    TRY(check_labels(labels));
    LabelCounts counts;
    if (labels.empty()) return counts;
    TRY(write(Kind::kLabels, [&](Db& db) -> Result<void> {
      counts = TRY(insert_labels(db, labels));
      return {};
    }));
    return counts;
  }

  Result<std::vector<Label>> labels_after(std::int64_t row, std::size_t limit,
                                          std::int64_t* next) override {
    return read([&](Db& db) { return ledger::labels_after(db, row, limit, next); });
  }

  Result<std::optional<Label>> label_of(std::string_view id) override {
    return read([&](Db& db) { return newest_label(db, id); });
  }

  Result<std::uint64_t> label_count() override {
    return read([](Db& db) -> Result<std::uint64_t> {
      return static_cast<std::uint64_t>(
          TRY(db.number("SELECT count(*) FROM labels WHERE version = 1")));
    });
  }

  Result<std::int64_t> newest_label_row() override {
    return read([](Db& db) { return db.number("SELECT coalesce(max(row), 0) FROM labels"); });
  }

  // Requests ---------------------------------------------------------------------------------
  Result<Request> ask(const Request& request) override {
    Request out;
    TRY(write(Kind::kOther, [&](Db& db) -> Result<void> {
      out = TRY(insert_request(db, request));
      return {};
    }));
    return out;
  }

  Result<std::vector<Request>> open_requests() override {
    return read([](Db& db) { return ledger::open_requests(db); });
  }

  Result<void> answer(const Lease& lease, std::int64_t id, const Json& result,
                      std::span<const NewFact> facts,
                      std::span<const Projection> projections) override {
    return write(Kind::kFacts, [&](Db& db) -> Result<void> {
      TRY(check_lease(db, lease));
      TRY(set_result(db, id, result));
      TRY(insert_facts(db, facts));
      return put_projections(db, projections);
    });
  }

  Result<std::optional<Request>> request(std::int64_t id) override {
    return read([&](Db& db) { return find_request(db, id); });
  }

  // Care -------------------------------------------------------------------------------------
  Result<std::vector<std::string>> verify() override;

  Result<void> copy_to(const io::Path& file) override {
    TRY(read([&](Db& db) { return db.copy_to(file); }));
    return fs_->sync_folder(file.parent_path());
  }

  Result<std::uint64_t> size_bytes() override {
    std::uint64_t bytes = 0;
    for (const char* name : {"rondo.db", "rondo.db-wal"}) {
      const auto stat = TRY(fs_->stat(folder_ / name));
      if (stat) bytes += stat->size;
    }
    return bytes;
  }

  Result<void> raise_epoch() override {
    return write(Kind::kOther, [](Db& db) { return ledger::raise_epoch(db); });
  }

  Result<std::optional<std::string>> find_secret(std::string_view name) override {
    return read([&](Db& db) { return get_secret(db, name); });
  }

  Result<std::string> secret(std::string_view name) override {
    if (auto known = TRY(find_secret(name))) return *std::move(known);
    std::string out;
    TRY(write(Kind::kOther, [&](Db& db) -> Result<void> {
      const auto known = TRY(get_secret(db, name));
      out = known ? *known : io::random_bytes(32);
      return known ? Result<void>() : put_secret(db, name, out);
    }));
    return out;
  }

  Result<void> set_secret(std::string_view name, std::string_view bytes) override {
    return write(Kind::kOther, [&](Db& db) { return put_secret(db, name, bytes); });
  }

 private:
  static Result<std::optional<std::string>> get_secret(Db& db, std::string_view name) {
    Query query = TRY(db.query("SELECT bytes FROM secrets WHERE name = ?"));
    query.bind(name);
    if (!TRY(query.step())) return std::optional<std::string>();
    return std::optional(query.text(0));
  }

  static Result<void> put_secret(Db& db, std::string_view name, std::string_view bytes) {
    Query query = TRY(db.query("INSERT OR REPLACE INTO secrets(name, bytes) VALUES(?,?)"));
    query.bind(name).bind_blob(bytes);
    return query.run();
  }

  static Result<std::vector<JournalEntry>> all_entries(Query& query) {
    std::vector<JournalEntry> out;
    while (TRY(query.step())) {
      Json body = TRY(query.json(4));
      out.push_back({query.integer(0), {query.integer(1)}, query.text(2), query.integer(3),
                     std::move(body)});
    }
    return out;
  }

  static Result<std::vector<Fact>> all_facts(Query& query) {
    std::vector<Fact> out;
    while (TRY(query.step())) out.push_back(TRY(fact_of(query)));
    return out;
  }

  Result<void> write(Kind kind, GroupCommit::Work work) {
    if (!writer_) return fail(Code::kIo, "the store was opened for reading only");
    return writer_->commit(kind, std::move(work));
  }

  template <class F>
  std::invoke_result_t<F, Db&> read(F&& f) {
    return reader_.with([&](std::unique_ptr<Db>& db) { return f(*db); });
  }

  std::shared_ptr<io::Fs> fs_;
  io::Path folder_;
  OpenOptions options_;
  Self self_;
  std::unique_ptr<Vfs> vfs_;  // before the connections: it outlives them
  Guarded<std::unique_ptr<Db>> reader_;
  std::unique_ptr<GroupCommit> writer_;
  Guarded<std::optional<Lease>> held_;
};

/// Reads on where a page is damaged, so that the facts on it are named too.
Result<std::vector<std::string>> SqliteLedger::verify() {
  const io::Path file = folder_ / "rondo.db";
  std::vector<std::string> findings = TRY(check_pages(*fs_, file));
  for (std::string& what : TRY(check_wal(*fs_, folder_ / "rondo.db-wal"))) {
    findings.push_back(std::move(what));
  }
  VfsOptions blind;
  blind.fs = fs_;
  blind.verify_pages = false;
  const auto vfs = TRY(Vfs::make(std::move(blind)));
  const auto checked = [&]() -> Result<void> {
    const auto db = TRY(Db::open(file, Db::Mode::kRead, *vfs));
    TRY(check_schema(*db, file));
    Query query = TRY(db->query("PRAGMA integrity_check"));
    while (TRY(query.step())) {
      if (query.text(0) != "ok") findings.push_back("rondo.db: " + query.text(0));
    }
    TRY(verify_chain(*db, findings));
    Query labels = TRY(db->query("SELECT row, value FROM labels WHERE NOT json_valid(value)"));
    while (TRY(labels.step())) {
      findings.push_back(fmt::format("rondo.db: label row {} is no value", labels.integer(0)));
    }
    return {};
  }();
  if (!checked) findings.push_back("rondo.db: " + checked.error().message);
  return findings;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(std::shared_ptr<io::Fs> fs, const io::Path& folder,
                                             const OpenOptions& options) {
  RONDO_FAILPOINT(kStoreOpen);
  const io::Path file = folder / "rondo.db";
  const bool existed = TRY(fs->stat(file)).has_value();
  if (!existed && (!options.create || options.read_only)) {
    return fail(Code::kNotFound, fmt::format("there is no store in {}", folder.string()),
                "`rondo run` makes one in the folder of a rondo.toml");
  }
  if (existed) TRY(look_before(*fs, file));
  Self self = TRY(this_process(*fs));
  if (!options.boot.empty()) self.boot = options.boot;
  auto vfs = TRY(Vfs::make({.fs = fs,
                            .durability = options.durability,
                            .record = options.record,
                            .plan = options.plan,
                            .verify_pages = true}));
  auto connections =
      during(options.read_only ? open_to_read(file, std::move(vfs))
                               : open_to_write(*fs, file, self, options.create, std::move(vfs)),
             fmt::format("opening the store in {}", folder.string()));
  if (!connections) return std::unexpected(connections.error());
  return std::unique_ptr<Ledger>(std::make_unique<SqliteLedger>(
      std::move(fs), folder, options, std::move(self), *std::move(connections)));
}

}  // namespace rondo::ledger
