// HTTP/1.1 (RFC 9112) as far as one POST needs it, and SMTP (RFC 5321) with AUTH PLAIN (RFC 4954).
#include "io/outgoing.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace rondo::io {
namespace {

constexpr std::size_t kLineOfBase64 = 57;  // bytes that make 76 characters (RFC 2045, 6.8)
constexpr std::size_t kMostLines = 100;    // of one reply of a mail server
constexpr std::size_t kToldOfReply = 200;

/// Without what would end a line early.
std::string in_one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::vector<unsigned char> in(bytes.begin(), bytes.end());
  std::vector<unsigned char> out(4 * ((in.size() + 2) / 3) + 1);
  const int size = ::EVP_EncodeBlock(out.data(), in.data(), static_cast<int>(in.size()));
  return {out.begin(), out.begin() + size};
}

std::unexpected<Error> refused(const Address& by, std::string_view what, const std::string& said) {
  return fail(Code::kUnavailable, fmt::format("{} refuses {}: {}", by.place(), what,
                                              in_one_line(said).substr(0, kToldOfReply)));
}

/// A reply of one line or more: "250-...", the last "250 ...". All lines, if the code is wanted.
Result<std::string> reply(Link& link, const Address& by, char wanted, std::string_view what) {
  std::string all;
  for (std::size_t i = 0; i < kMostLines; ++i) {
    const std::string line = TRY(link.line());
    if (line.size() < 3) return refused(by, what, line);
    all += line + "\n";
    if (line.size() > 3 && line[3] == '-') continue;
    if (line[0] != wanted) return refused(by, what, line);
    return all;
  }
  return refused(by, what, "a reply without an end");
}

Result<std::string> say(Link& link, const Address& by, const std::string& line, char wanted,
                        std::string_view what) {
  TRY(link.send(line + "\r\n"));
  return reply(link, by, wanted, what);
}

/// "Sun, 06 Nov 1994 08:49:37 +0000" (RFC 5322, 3.3).
std::string date_text(Time time) {
  constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil(time);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                     kDays[static_cast<std::size_t>(c.weekday)], c.day,
                     kMonths[static_cast<std::size_t>(c.month - 1)], c.year, c.hour, c.minute,
                     c.second);
}

/// As it is when it is ASCII, else as encoded words (RFC 2047), cut between characters.
std::string header_text(std::string_view raw) {
  const std::string text = in_one_line(raw);
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return text;
  }
  constexpr std::size_t kWord = 42;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + kWord, text.size());
    while (end < text.size() && end > at + 1 &&
           (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    out += fmt::format("{}=?utf-8?B?{}?=", at == 0 ? "" : "\r\n ",
                       base64(std::string_view(text).substr(at, end - at)));
    at = end;
  }
  return out;
}

}  // namespace

Result<int> post(const Post& what, Span at_most, const Stop& stop) {
  std::string head = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: rondo\r\n"
                                 "Content-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n",
                                 what.to.target, what.to.place(), what.type, what.body.size());
  for (const auto& [name, value] : what.headers) {
    head += fmt::format("{}: {}\r\n", name, in_one_line(value));
  }
  Link link = TRY(Link::open(what.to, at_most, stop));
  TRY(link.send(head + "\r\n" + what.body));
  for (;;) {
    const std::string line = TRY(link.line());
    int status = 0;
    const bool known = line.starts_with("HTTP/1.") && line.size() >= 12;
    if (known) std::from_chars(line.data() + 9, line.data() + 12, status);
    if (status < 100) return refused(what.to, "the message", "its answer is no HTTP");
    if (status < 200) {  // 100 and its like: the answer is still to come
      while (!TRY(link.line()).empty()) {}
      continue;
    }
    if (status < 300) return status;
    if (status < 400) {
      return fail(Code::kUnavailable,
                  fmt::format("{} answers {}, a redirect, which is not followed", what.to.place(),
                              status),
                  "name the address that it leads to");
    }
    return refused(what.to, "the message", line.substr(9));
  }
}

std::string letter_bytes(const Letter& letter) {
  std::string out = fmt::format("From: Rondo <{}>\r\n", letter.from);
  for (std::size_t i = 0; i < letter.to.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "To: " : ",\r\n ", letter.to[i]);
  }
  const std::size_t at = letter.from.find('@');
  out += fmt::format("\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
                     "Auto-Submitted: auto-generated\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n",
                     header_text(letter.subject), date_text(letter.date), in_one_line(letter.id),
                     letter.from.substr(at + 1));
  // Base64 lets no line be too long and none begin with a dot.
  for (std::size_t i = 0; i < letter.text.size(); i += kLineOfBase64) {
    out += base64(std::string_view(letter.text).substr(i, kLineOfBase64)) + "\r\n";
  }
  return out;
}

Result<void> send_letter(const Letter& letter, Span at_most, const Stop& stop) {
  const Address& by = letter.server;
  Link link = TRY(Link::open(by, at_most, stop));
  TRY(reply(link, by, '2', "the connection"));
  TRY(say(link, by, "EHLO " + letter.from.substr(letter.from.find('@') + 1), '2', "the greeting"));
  if (!letter.user.empty()) {
    const std::string secret = std::string(1, '\0') + letter.user + '\0' + letter.password;
    TRY(say(link, by, "AUTH PLAIN " + base64(secret), '2', "user and password"));
  }
  TRY(say(link, by, fmt::format("MAIL FROM:<{}>", letter.from), '2',
          "the sender " + letter.from));
  for (const std::string& to : letter.to) {
    TRY(say(link, by, fmt::format("RCPT TO:<{}>", to), '2', "the recipient " + to));
  }
  TRY(say(link, by, "DATA", '3', "the letter"));
  TRY(say(link, by, letter_bytes(letter) + ".", '2', "the letter"));
  static_cast<void>(say(link, by, "QUIT", '2', "the end"));  // it has the letter already
  return {};
}

}  // namespace rondo::io
