// The limits of a request's head, at and beyond each border, whole and byte by byte.
#include "api/head.h"

#include <gtest/gtest.h>

namespace rondo::api {
namespace {

using State = HeadScanner::State;

/// Status of the refusal; 0: the head is whole; -1: it waits for more.
int verdict(std::string_view bytes) {
  HeadScanner scanner;
  switch (scanner.scan(bytes)) {
    case State::kWhole: return 0;
    case State::kMore: return -1;
    case State::kBroken: break;
  }
  EXPECT_TRUE(scanner.refusal().close);
  return scanner.refusal().status;
}

/// The same when the bytes come one after the other.
int verdict_in_pieces(std::string_view bytes) {
  HeadScanner scanner;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const State state = scanner.scan(bytes.substr(0, size));
    if (state == State::kWhole) return 0;
    if (state == State::kBroken) return scanner.refusal().status;
  }
  return -1;
}

std::string head(const std::string& fields, const std::string& target = "/v2") {
  return "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n";
}

TEST(Head, BordersOfEachLimit) {
  std::string hundred, more;
  for (int i = 0; i < 100; ++i) hundred += "A: b\r\n";
  more = hundred + "A: b\r\n";
  const std::string start = "GET /v2 HTTP/1.1\r\n";
  const auto sized = [&](std::size_t bytes) {
    const std::size_t fixed = start.size() + std::string("A: \r\n\r\n").size();
    return start + "A: " + std::string(bytes - fixed, 'x') + "\r\n\r\n";
  };
  const struct {
    std::string what, bytes;
    int status;
  } rows[] = {
      {"small", head("Host: a\r\n"), 0},
      {"no fields", head(""), 0},
      {"100 fields", head(hundred), 0},
      {"101 fields", head(more), 431},
      {"16 KiB", sized(16 << 10), 0},
      {"16 KiB + 1", sized((16 << 10) + 1), 431},
      {"target of 4 KiB", head("", "/" + std::string((4 << 10) - 1, 'x')), 0},
      {"target of 4 KiB + 1", head("", "/" + std::string(4 << 10, 'x')), 414},
      {"target without end", "GET /" + std::string(20 << 10, 'x'), 414},
      {"folded line", head("A: b\r\n c\r\n"), 400},
      {"folded by a tab", head("A: b\r\n\tc\r\n"), 400},
      {"NUL", head(std::string("A: b\0c\r\n", 8)), 400},
      {"bare CR", head("A: b\rc\r\n"), 400},
      {"bare LF", head("A: b\nC: d\r\n"), 400},
      {"not whole", start + "Host: a\r\n", -1},
      {"nothing", "", -1},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(verdict(row.bytes), row.status) << row.what;
    EXPECT_EQ(verdict_in_pieces(row.bytes), row.status) << row.what << ", in pieces";
  }
}

TEST(Head, SizeIsThatOfTheHeadAlone) {
  HeadScanner scanner;
  const std::string one = head("Host: a\r\n");
  ASSERT_EQ(scanner.scan(one + "body"), State::kWhole);
  EXPECT_EQ(scanner.size(), one.size());
}

TEST(Head, ARepliesHead) {
  Response response;
  response.status = 404;
  response.body = "{}\n";
  response.headers.emplace_back("Allow", "GET, HEAD");
  std::string out;
  write_head(out, response, Time{784'111'777'000'000}, true, false);  // RFC 9110, section 5.6.7
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Length: 3\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace rondo::api
