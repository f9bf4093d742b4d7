// Labels in their table: the first one for an id wins, corrections are versions, and the order of
// arrival is the row id, which is never used twice.
#pragma once

#include <span>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace rondo::ledger {

/// Errors: kInvalidInput for an empty id or a value that is no finite number, text or bool.
Result<void> check_labels(std::span<const Label> labels);
/// Inside a transaction of the caller.
Result<LabelCounts> insert_labels(Db& db, std::span<const Label> labels);
Result<std::vector<Label>> labels_after(Db& db, std::int64_t row, std::size_t limit,
                                        std::int64_t* next);
Result<std::optional<Label>> newest_label(Db& db, std::string_view id);

/// A person's wish under an idempotency key. Errors: kConflict when the key was used for another.
Result<Request> insert_request(Db& db, const Request& request);
Result<std::optional<Request>> find_request(Db& db, std::int64_t id);
Result<std::vector<Request>> open_requests(Db& db);
/// Errors: kNotFound, kConflict when it has a result already.
Result<void> set_result(Db& db, std::int64_t id, const Json& result);

}  // namespace rondo::ledger
