// The chain of facts in its table. digest(n) = SHA-256(digest(n-1) || canonical JSON of {"at",
// "body", "kind", "seq", "step"}), so no fact can be altered or dropped unnoticed.
#pragma once

#include <span>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace rondo::ledger {

/// Last sequence and digest; 0 and zeros when there is none.
Result<std::pair<std::int64_t, io::Digest>> chain_head(Db& db);
/// Inside a transaction of the caller. Errors: kInvalidInput for a fact without a kind.
Result<void> insert_facts(Db& db, std::span<const NewFact> facts);
Result<void> insert_journal(Db& db, std::span<const JournalEntry> entries);
Result<void> put_projections(Db& db, std::span<const Projection> projections);

/// The columns that fact_of() reads.
#define RONDO_FACT_COLUMNS "seq, at_us, kind, step, body, digest"
Result<Fact> fact_of(const Query& query);

/// Adds a sentence for each fact that is not what was chained or is missing. Counts them.
Result<std::uint64_t> verify_chain(Db& db, std::vector<std::string>& findings);

}  // namespace rondo::ledger
