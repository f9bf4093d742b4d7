// A row of the prediction log as bytes and back. Layout: docs/FORMATS.md, "Prediction log".
#pragma once

#include "ledger/prediction_log.h"

namespace rondo::ledger {

/// Whether each field is short enough for its length.
bool fits_a_record(const Prediction& row);
/// The type of the record that these rows need: 2 when one has an arm, a share or a shadow, else 1.
std::uint8_t record_type(std::span<const Prediction> rows);
/// Appends the row with its length.
void encode_row(const Prediction& row, std::uint8_t type, std::string& out);
/// False when a record of ours is not a whole number of rows; records of other types are passed
/// over. What `wanted` refuses is not decoded.
bool decode_rows(std::uint8_t type, std::string_view payload, const PredictionFilter& wanted,
                 const std::function<void(Prediction&&)>& each);

/// Id and time of answer of each row of a record of ours, the rest not decoded.
void each_head(std::uint8_t type, std::string_view payload,
               const std::function<void(std::string_view id, Time answered)>& each);

}  // namespace rondo::ledger
