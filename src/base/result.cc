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

namespace {

std::string with_context(const Error& error) {
  std::string out = error.message;
  for (const std::string& what : error.context) out += " (while " + what + ")";
  return out;
}

}  // namespace

std::string Error::text() const {
  return with_context(*this) + (hint.empty() ? "" : "\nhint: " + hint);
}

std::string Error::line() const {
  return with_context(*this) + (hint.empty() ? "" : "; " + hint);
}

Error&& Error::during(std::string what) && {
  context.push_back(std::move(what));
  return std::move(*this);
}

}  // namespace rondo
