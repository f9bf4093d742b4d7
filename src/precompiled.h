// What nearly every file includes, compiled once a preset: the JSON and format headers and the
// standard library take longer to parse than most files of ours take to compile. Nothing may rely
// on it: every file still includes what it uses; the presets `fast` and `clang` build without it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "io/fs.h"
#include "io/json.h"

// The members of a JSON value are compiled once, in io/json.cc, not in every file that has one.
extern template class nlohmann::basic_json<>;
