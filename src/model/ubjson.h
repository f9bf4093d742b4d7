// Universal Binary JSON (draft 12), as XGBoost writes it, into a JSON value. Nothing in it is
// believed: a count is compared with the bytes that are left before memory is taken, depth and the
// number of values are bounded.
#pragma once

#include "io/json.h"

namespace rondo::model {

/// Errors: kInvalidInput naming the offset of the byte that cannot be.
Result<Json> parse_ubjson(std::string_view bytes);

}  // namespace rondo::model
