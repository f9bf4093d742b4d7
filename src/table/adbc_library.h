// Drivers of databases, opened with dlopen when a source first needs one.
#pragma once

#include <string_view>

#include "base/result.h"
#include "table/adbc_abi.h"

namespace rondo::table {

/// The functions of a driver, loaded once a process: `name` is "postgresql" or "sqlite".
/// Errors: kUnavailable naming the places where it was sought. Threads: any.
Result<AdbcDriver*> adbc_driver(std::string_view name);

}  // namespace rondo::table
