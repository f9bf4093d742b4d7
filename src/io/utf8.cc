// The bytes are judged by simdjson, whose own parser must come to the same verdict.
#include "io/utf8.h"

#include <simdjson.h>

namespace rondo::io {

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace rondo::io
