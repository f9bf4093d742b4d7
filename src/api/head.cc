// Scanning heads of requests and writing those of replies: what is no HTTP/1.1 by the letter is
// refused before anything looks at it.
#include "api/head.h"

#include <fmt/format.h>

#include <iterator>

#include "api/json_out.h"

namespace rondo::api {
namespace {

/// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second.
std::string_view http_date(Time now) {
  thread_local std::int64_t second = -1;
  thread_local std::string text;
  if (now.us / 1'000'000 == second) return text;
  second = now.us / 1'000'000;
  constexpr std::string_view kDays = "MonTueWedThuFriSatSun";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const Civil c = civil(now);
  text = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays.substr(static_cast<std::size_t>(c.weekday) * 3, 3), c.day,
                     kMonths.substr(static_cast<std::size_t>(c.month - 1) * 3, 3), c.year, c.hour,
                     c.minute, c.second);
  return text;
}

}  // namespace

HeadScanner::State HeadScanner::broken(int status) {
  status_ = status;
  return State::kBroken;
}

/// True when the line that ends at at_ - 1 was the empty one behind the fields.
bool HeadScanner::end_line(std::string_view bytes) {
  const std::string_view line = bytes.substr(line_, at_ - 2 - line_);
  if (lines_ == 0) {
    const std::size_t blank = line.find(' ');
    const std::size_t end = line.find(' ', blank == line.npos ? 0 : blank + 1);
    const std::size_t until = end == line.npos ? line.size() : end;
    const std::size_t target = until - std::min(blank, line.size());
    if (target > limits_.target + 1) status_ = 414;
  } else if (line.starts_with(' ') || line.starts_with('\t')) {
    status_ = 400;  // obs-fold
  }
  if (lines_ > limits_.fields && !line.empty()) status_ = 431;
  line_ = at_;
  ++lines_;
  return line.empty();
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  for (; at_ < bytes.size(); ++at_) {
    if (at_ >= limits_.bytes) return broken(lines_ == 0 ? 414 : 431);
    const char c = bytes[at_];
    if (c == '\0') return broken(400);
    if (c == '\r') {
      if (at_ + 1 == bytes.size()) return State::kMore;  // looked at again with what follows
      if (bytes[at_ + 1] != '\n') return broken(400);
      at_ += 2;
      const bool last = end_line(bytes);
      if (status_ != 0) return State::kBroken;
      if (last) return at_ > limits_.bytes ? broken(431) : State::kWhole;
      --at_;
      continue;
    }
    if (c == '\n') return broken(400);
  }
  return State::kMore;
}

Refusal HeadScanner::refusal() const {
  Refusal out(400, "bad_request", "the head of the request is not valid HTTP/1.1",
              "no folded lines, no NUL, lines end with CR LF");
  if (status_ == 414) {
    out = Refusal(414, "uri_too_long",
                  fmt::format("the target is longer than {} bytes", limits_.target),
                  "send rows in the body of a POST, and values that are shorter");
  } else if (status_ == 431) {
    out = Refusal(431, "headers_too_large",
                  fmt::format("the head has over {} bytes or {} fields", limits_.bytes,
                              limits_.fields),
                  "send fewer or shorter header fields and cookies");
  }
  out.close = true;
  return out;
}

void write_head(std::string& out, const Response& response, Time now, bool close,
                bool keep_alive_1_0) {
  out += "HTTP/1.1 ";
  write_number(out, static_cast<std::int64_t>(response.status));
  out += ' ';
  out += reason_of(response.status);
  out += "\r\nDate: ";
  out += http_date(now);
  out += "\r\nContent-Type: ";
  out += response.type;
  out += "\r\nX-Content-Type-Options: nosniff";
  if (response.feed == nullptr && response.status != 304) {
    out += "\r\nContent-Length: ";
    write_number(out, static_cast<std::uint64_t>(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  if (close) out += "\r\nConnection: close";
  if (!close && keep_alive_1_0) out += "\r\nConnection: keep-alive";
  out += "\r\n\r\n";
}

}  // namespace rondo::api
