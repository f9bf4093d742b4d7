// What a finished draft becomes: the prepared data, its evidence, and the sentence for people.
#pragma once

#include "prepare/draft.h"

namespace rondo::prepare {

/// Numbers for the fact: rows by fate, features, what was dropped, what the guard saw.
Json evidence_of(const Job& job, const Draft& draft);
/// "12,165 rows train, 1,344 test (the newest 14 days); 13 features, 2 of them lags; ..."
std::string reason_of(const Job& job, const Draft& draft);
model::Prepared prepared_from(const Job& job, Draft draft);

}  // namespace rondo::prepare
