// The bytes of answered rows in a record of the prediction log. Private to ledger/. Layout:
// docs/FORMATS.md, "Prediction log".
#pragma once

#include "ledger/prediction_log.h"

namespace rondo::ledger {

/// Whether each part of it is short enough for the record's lengths.
bool fits_record(const Prediction& row);
/// Appends a row that fits.
void encode_row(const Prediction& row, std::string& out);
/// Every row that is wanted; what is not is not copied. False when the record is not a whole number
/// of rows.
bool decode_rows(std::string_view payload, const PredictionFilter& wanted,
                 const std::function<void(Prediction&&)>& each);
/// Id and time of answering of each row.
void each_answered(std::string_view payload,
                   const std::function<void(std::string_view id, Time answered)>& each);

}  // namespace rondo::ledger
