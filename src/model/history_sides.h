// Other tables in a history: their part of the JSON, and the key that stands for each of them in
// the one text that a read names.
#pragma once

#include "model/history.h"

namespace rondo::model {

/// The codes of a join of texts.
void write_codes(const Lag& lag, Json& out);
Result<void> read_codes(const Json& json, Lag& lag);

void write_sides(const HistorySpec& spec, Json& out);
/// Joins read series of other tables, and nothing else does. Errors: kInvalidInput.
Result<void> read_sides(const Json& json, HistorySpec& spec);

/// One of the keys that keys_in_one put together; empty behind the last.
std::string_view key_at(std::string_view keys, std::size_t place) noexcept;
/// Which of them a lag reads by.
std::size_t key_place(const HistorySpec& spec, const Lag& lag) noexcept;

}  // namespace rondo::model
