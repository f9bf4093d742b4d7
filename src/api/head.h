// The raw bytes of a request's head, judged before the HTTP parser sees them: size, number of
// fields, length of the target, and the things that make two programs read one request differently
// (folded lines, bare CR or LF, NUL). Also the head of a reply.
#pragma once

#include "api/http.h"
#include "base/time.h"

namespace rondo::api {

struct HeadLimits {
  std::size_t bytes = 16 << 10, fields = 100, target = 4 << 10;
};

/// Looks at the bytes of one head as they come. Cost: each byte once.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits = {}) : limits_(limits) {}
  enum class State : std::uint8_t { kMore, kWhole, kBroken };
  /// `bytes`: everything since the request began; longer at each call.
  State scan(std::string_view bytes);
  std::size_t size() const { return at_; }  // of the head, when it is whole
  Refusal refusal() const;                  // when it is broken; always closes

 private:
  State broken(int status);
  bool end_line(std::string_view bytes);
  HeadLimits limits_;
  std::size_t at_ = 0, line_ = 0, lines_ = 0;
  int status_ = 0;
};

/// Status line and fields up to the empty line. `keep_alive_1_0`: an old client that asked for it.
void write_head(std::string& out, const Response& response, Time now, bool close,
                bool keep_alive_1_0);

}  // namespace rondo::api
