// Appending to, reading and verifying the chain; see facts.h.
#include "ledger/facts.h"

#include <fmt/format.h>

#include "base/failpoint.h"

namespace rondo::ledger {
namespace {

/// The canonical text: keys in byte order. `body` is canonical already.
std::string canonical_fact(std::int64_t sequence, Time at, std::string_view kind, std::int64_t step,
                           std::string_view body) {
  return fmt::format("{{\"at\":{},\"body\":{},\"kind\":{},\"seq\":{},\"step\":{}}}",
                     io::canonical(Json(to_text(at))), body, io::canonical(Json(kind)), sequence,
                     step);
}

io::Digest chained(const io::Digest& before, std::string_view text) {
  io::Hasher hasher;
  hasher.add({reinterpret_cast<const char*>(before.bytes.data()), before.bytes.size()});
  hasher.add(text);
  return hasher.finish();
}

}  // namespace

Json Fact::to_json() const {
  return {{"at", to_text(at)}, {"body", body}, {"digest", digest.hex()},
          {"kind", kind},      {"seq", sequence}, {"step", step}};
}

Result<std::pair<std::int64_t, io::Digest>> chain_head(Db& db) {
  Query query = TRY(db.query("SELECT seq, digest FROM facts ORDER BY seq DESC LIMIT 1"));
  if (!TRY(query.step())) return std::pair(std::int64_t{0}, io::Digest{});
  return std::pair(query.integer(0), TRY(query.digest(1)));
}

Result<void> insert_facts(Db& db, std::span<const NewFact> facts) {
  if (facts.empty()) return {};
  auto [sequence, digest] = TRY(chain_head(db));
  for (const NewFact& fact : facts) {
    RONDO_FAILPOINT(kFactsInsert);
    if (fact.kind.empty() || fact.step < 0) {
      return fail(Code::kInvalidInput, "a fact needs a kind, and a step that is not negative");
    }
    const std::string body = io::canonical(fact.body);
    digest = chained(digest, canonical_fact(++sequence, fact.at, fact.kind, fact.step, body));
    Query query = TRY(db.query("INSERT INTO facts(" RONDO_FACT_COLUMNS ") VALUES(?,?,?,?,?,?)"));
    query.bind(sequence).bind(fact.at.us).bind(fact.kind).bind(fact.step).bind(body).bind(digest);
    TRY(query.run());
  }
  return {};
}

Result<void> insert_journal(Db& db, std::span<const JournalEntry> entries) {
  for (const JournalEntry& entry : entries) {
    Query query = TRY(db.query("INSERT INTO journal(at_us, kind, step, body) VALUES(?,?,?,?)"));
    query.bind(entry.at.us).bind(entry.kind).bind(entry.step).bind(io::canonical(entry.body));
    TRY(query.run());
  }
  return {};
}

Result<void> put_projections(Db& db, std::span<const Projection> projections) {
  for (const Projection& projection : projections) {
    Query query = TRY(db.query("INSERT INTO projections(name, value) VALUES(?,?) "
                               "ON CONFLICT(name) DO UPDATE SET value = excluded.value"));
    query.bind(projection.name).bind(io::canonical(projection.value));
    TRY(query.run());
  }
  return {};
}

Result<Fact> fact_of(const Query& query) {
  Fact fact;
  fact.sequence = query.integer(0);
  fact.at = {query.integer(1)};
  fact.kind = query.text(2);
  fact.step = query.integer(3);
  fact.body = TRY(during(query.json(4), fmt::format("reading fact {}", fact.sequence)));
  fact.digest = TRY(query.digest(5));
  return fact;
}

Result<std::uint64_t> verify_chain(Db& db, std::vector<std::string>& findings) {
  Query query = TRY(db.query("SELECT " RONDO_FACT_COLUMNS " FROM facts ORDER BY seq"));
  std::uint64_t count = 0;
  std::int64_t expected = 1;
  io::Digest before;
  while (TRY(query.step())) {
    ++count;
    const std::int64_t sequence = query.integer(0);
    const bool gap = sequence != expected;
    if (gap) {
      findings.push_back(fmt::format("rondo.db: fact {} is missing", expected) +
                         (sequence - expected > 1 ? fmt::format(" (up to {})", sequence - 1) : ""));
    }
    const std::string text = canonical_fact(sequence, {query.integer(1)}, query.text(2),
                                            query.integer(3), query.text(4));
    const auto stored = query.digest(5);
    if (!stored || (!gap && chained(before, text) != *stored)) {
      findings.push_back(
          fmt::format("rondo.db: fact {} is not the one that was chained", sequence));
    }
    before = stored ? *stored : io::Digest{};
    expected = sequence + 1;
  }
  const std::int64_t last = TRY(db.number("SELECT seq FROM sqlite_sequence WHERE name = 'facts'"));
  if (last >= expected) {
    findings.push_back(
        fmt::format("rondo.db: the last facts, {} to {}, are missing", expected, last));
  }
  return count;
}

}  // namespace rondo::ledger
