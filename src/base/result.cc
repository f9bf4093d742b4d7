// The texts of errors: one place decides how a failure reads.
#include "base/result.h"

namespace rondo {

std::string_view name_of(Code code) noexcept {
  switch (code) {
    case Code::kInvalidInput: return "invalid_input";
    case Code::kNotFound: return "not_found";
    case Code::kConflict: return "conflict";
    case Code::kCorrupt: return "corrupt";
    case Code::kIo: return "io";
    case Code::kExhausted: return "exhausted";
    case Code::kCancelled: return "cancelled";
    case Code::kUnavailable: return "unavailable";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string out = message;
  for (const std::string& what : context) out += " (while " + what + ")";
  if (!hint.empty()) out += "\nhint: " + hint;
  return out;
}

Error&& Error::during(std::string what) && {
  context.push_back(std::move(what));
  return std::move(*this);
}

}  // namespace rondo
