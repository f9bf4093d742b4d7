// Whether a text is JSON by RFC 8259, and nothing else: no value is made, depth is not limited. The
// fast parser refuses some valid documents (huge numbers, half surrogate pairs, deep nesting); this
// judge tells those from broken ones, so that `invalid_json` is never said of a valid document.
#pragma once

#include <string_view>

namespace rondo::api {

/// Cost: linear; a bit a level of nesting. A byte order mark is not JSON.
bool is_json(std::string_view text);

}  // namespace rondo::api
