// A profile as loop::profile_view() gives it, for a terminal: a line a column, or one column whole.
#pragma once

#include <string>

#include "io/json.h"

namespace rondo::cli {

std::string profile_text(const Json& profile, bool color);
/// Errors (CHECK): `column` is none of the profile's.
std::string column_text(const Json& profile, const Json& column, bool color);
/// The column of that name, or null.
const Json* find_column(const Json& profile, const std::string& name);

}  // namespace rondo::cli
