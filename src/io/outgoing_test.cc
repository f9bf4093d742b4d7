// Addresses that are taken and refused, the bytes of a letter, and clients against a server of one
// connection on this machine.
#include "io/outgoing.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/worker.h"

namespace rondo::io {
namespace {

TEST(Address, AWebAddressIsReadInItsParts) {
  const Address a = *web_address("https://hooks.example.org/a/b?c=d#e");
  EXPECT_TRUE(a.tls);
  EXPECT_EQ(a.place(), "hooks.example.org:443");
  EXPECT_EQ(a.target, "/a/b?c=d");
  EXPECT_EQ(web_address("http://127.0.0.1:8001")->place(), "127.0.0.1:8001");
  EXPECT_EQ(web_address("http://127.0.0.1:8001")->target, "/");
  EXPECT_EQ(web_address("https://[2001:db8::1]:9/x")->place(), "[2001:db8::1]:9");
  EXPECT_EQ(web_address("https://a?b=c")->target, "/?b=c");
  EXPECT_EQ(mail_server("smtps://mail.example.org")->port, 465);
  EXPECT_EQ(mail_server("smtp://[::1]:2525")->place(), "[::1]:2525");
}

TEST(Address, WhatWouldLeaveThisMachineInPlainTextIsRefused) {
  for (const char* good : {"http://localhost/x", "http://127.8.9.1", "http://[::1]:1/"}) {
    EXPECT_TRUE(web_address(good)) << good;
  }
  for (const char* wrong :
       {"http://example.org", "http://127.0.0.1.example.org", "http://localhost.example.org",
        "http://[::2]", "ftp://localhost", "localhost", "https://", "https://a b", "https://a:0",
        "https://a:65536", "https://a:x", "https://u:p@a", "https://[::1", "https://[::1]x",
        "https://a\r\nX: y", "https://a/\r\nX: y", ""}) {
    EXPECT_FALSE(web_address(wrong)) << wrong;
  }
  for (const char* wrong : {"smtp://mail.example.org", "smtps://a/b", "https://a", "mail:465"}) {
    EXPECT_FALSE(mail_server(wrong)) << wrong;
  }
}

TEST(Address, MailboxesAreBare) {
  EXPECT_TRUE(is_mailbox("ada@example.org"));
  EXPECT_TRUE(is_mailbox("ada+rondo@localhost"));
  for (const char* wrong : {"ada", "@a", "ada@", "a@b@c", "Ada <a@b>", "a b@c", "a@b\r\nRCPT",
                            "a@b,c@d", "a@b>"}) {
    EXPECT_FALSE(is_mailbox(wrong)) << wrong;
  }
}

Letter letter() {
  Letter out;
  out.from = "rondo@example.org";
  out.to = {"ada@example.org", "bob@example.org"};
  out.subject = "[toy] A7 RISK: model";
  out.text = std::string(60, 'x') + "\n.\nBcc: nobody\n";
  out.id = "c0ffee-A7-opened-7";
  out.date = *parse_time("1994-11-06T08:49:37Z");  // the example of RFC 9110, 5.6.7
  return out;
}

TEST(Letter, HasItsHeadAndNoLineThatCouldEndIt) {
  const std::string bytes = letter_bytes(letter());
  for (const char* line : {"From: Rondo <rondo@example.org>\r\n",
                           "To: ada@example.org,\r\n bob@example.org\r\n",
                           "Subject: [toy] A7 RISK: model\r\n",
                           "Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n",
                           "Message-ID: <c0ffee-A7-opened-7@example.org>\r\n"}) {
    EXPECT_NE(bytes.find(line), std::string::npos) << line << bytes;
  }
  // python3: base64.b64encode(b"x" * 57), and of the rest.
  EXPECT_NE(bytes.find("\r\n\r\n" + std::string("eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
                                                "eHh4eHh4eHh4eHh4eHh4eHh4eHh4\r\n"
                                                "eHh4Ci4KQmNjOiBub2JvZHkK\r\n")),
            std::string::npos) << bytes;
  EXPECT_EQ(bytes.find("\n."), std::string::npos);
}

TEST(Letter, ASubjectEndsNoLineAndKeepsItsLetters) {
  Letter one = letter();
  one.subject = "[toy]\r\nBcc: nobody";
  EXPECT_NE(letter_bytes(one).find("Subject: [toy]  Bcc: nobody\r\n"), std::string::npos);
  one.subject = "gr\xc3\xb6\xc3\x9f" "e";
  EXPECT_NE(letter_bytes(one).find("Subject: =?utf-8?B?Z3LDtsOfZQ==?=\r\n"), std::string::npos);
}

/// Takes one connection and says its lines: one at once when it speaks first, then one after each
/// line that ends what it waits for.
class OneTalk {
 public:
  OneTalk() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof generic);
    EXPECT_EQ(::bind(socket_, &generic, sizeof generic), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    socklen_t size = sizeof generic;
    EXPECT_EQ(::getsockname(socket_, &generic, &size), 0);
    std::memcpy(&address, &generic, sizeof address);
    port = ntohs(address.sin_port);
  }
  OneTalk(const OneTalk&) = delete;
  OneTalk& operator=(const OneTalk&) = delete;
  ~OneTalk() { ::close(socket_); }

  /// `says[i]` goes out, then everything up to the text `until` is read, and so on.
  void talk(const std::vector<std::pair<std::string, std::string>>& says) {
    const int peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    const timeval patience{10, 0};
    ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (const auto& [line, until] : says) {
      const ssize_t sent = ::send(peer, line.data(), line.size(), MSG_NOSIGNAL);
      EXPECT_EQ(sent, static_cast<ssize_t>(line.size()));
      std::string part;
      std::array<char, 4096> bytes{};
      while (!until.empty() && part.find(until) == part.npos) {
        const ssize_t count = ::recv(peer, bytes.data(), bytes.size(), 0);
        if (count <= 0) break;
        part.append(bytes.data(), static_cast<std::size_t>(count));
      }
      heard += part;
    }
    ::close(peer);
  }

  std::uint16_t port = 0;
  std::string heard;

 private:
  int socket_;
};

constexpr Span kPatience = Span::seconds(10);

Result<int> posted(const std::string& reply, std::string* heard = nullptr) {
  OneTalk server;
  Post post;
  post.to = *web_address(fmt::format("http://127.0.0.1:{}/hook?key=1", server.port));
  post.headers = {{"Idempotency-Key", "k\r\nEvil: 1"}};
  post.body = "{}\n";
  Result<int> status = 0;
  {
    const Worker worker("talk", [&](const Stop&) { server.talk({{"", "{}\n"}, {reply, ""}}); });
    status = io::post(post, kPatience, {});
  }
  if (heard != nullptr) *heard = server.heard;
  return status;
}

TEST(Posting, SendsOneDocumentAndReadsTheCode) {
  std::string heard;
  const auto status =
      posted("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", &heard);
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(*status, 204);
  EXPECT_TRUE(heard.starts_with("POST /hook?key=1 HTTP/1.1\r\nHost: 127.0.0.1:")) << heard;
  EXPECT_NE(heard.find("\r\nIdempotency-Key: k  Evil: 1\r\n"), std::string::npos) << heard;
  EXPECT_NE(heard.find("\r\nContent-Length: 3\r\n"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\n{}\n"));
}

TEST(Posting, WhatIsNoYesIsAnErrorWithoutTheSecretOfTheAddress) {
  const std::pair<const char*, const char*> kSaid[] = {
      {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", "a redirect, which is not followed"},
      {"HTTP/1.1 500 Oh no\r\n\r\n", "refuses the message: 500 Oh no"},
      {"SSH-2.0-x\r\n", "is no HTTP"},
      {"", "the connection ended"}};
  for (const auto& [reply, told] : kSaid) {
    const auto status = posted(reply);
    ASSERT_FALSE(status) << reply;
    EXPECT_EQ(status.error().code, Code::kUnavailable);
    EXPECT_NE(status.error().text().find(told), std::string::npos) << status.error().text();
    EXPECT_EQ(status.error().text().find("key=1"), std::string::npos);
  }
}

TEST(Posting, WaitsNoLongerThanItMay) {
  OneTalk silent;
  Post post;
  post.to = *web_address(fmt::format("http://127.0.0.1:{}", silent.port));
  const auto status = io::post(post, Span::millis(200), {});
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text().find("no answer in time"), std::string::npos);
  Stop stop;
  stop.request();
  EXPECT_EQ(io::post(post, kPatience, stop).error().code, Code::kCancelled);
}

TEST(Posting, ALetterIsGivenOverAsRfc5321Says) {
  OneTalk server;
  Letter one = letter();
  one.server = *mail_server(fmt::format("smtp://127.0.0.1:{}", server.port));
  one.user = "u";
  one.password = "p";
  Result<void> sent;
  {
    const Worker worker("talk", [&](const Stop&) {
      server.talk({{"220-a\r\n220 b\r\n", "\r\n"}, {"250-b\r\n250 AUTH PLAIN\r\n", "\r\n"},
                   {"235 in\r\n", "\r\n"}, {"250 ok\r\n", "\r\n"}, {"250 ok\r\n", "\r\n"},
                   {"250 ok\r\n", "\r\n"}, {"354 go\r\n", "\r\n.\r\n"}, {"250 took\r\n", "\r\n"},
                   {"221 bye\r\n", ""}});
    });
    sent = send_letter(one, kPatience, {});
  }
  ASSERT_TRUE(sent) << sent.error().text();
  EXPECT_TRUE(server.heard.starts_with("EHLO example.org\r\n"
                                       "AUTH PLAIN AHUAcA==\r\n"  // "\0u\0p"
                                       "MAIL FROM:<rondo@example.org>\r\n"
                                       "RCPT TO:<ada@example.org>\r\n"
                                       "RCPT TO:<bob@example.org>\r\nDATA\r\n")) << server.heard;
  EXPECT_TRUE(server.heard.ends_with("\r\n.\r\nQUIT\r\n"));
}

TEST(Posting, ARecipientThatIsRefusedIsNamed) {
  OneTalk server;
  Letter one = letter();
  one.server = *mail_server(fmt::format("smtp://127.0.0.1:{}", server.port));
  Result<void> sent;
  {
    const Worker worker("talk", [&](const Stop&) {
      server.talk({{"220 b\r\n", "\r\n"}, {"250 b\r\n", "\r\n"}, {"250 ok\r\n", "\r\n"},
                   {"550 nobody of this name\r\n", ""}});
    });
    sent = send_letter(one, kPatience, {});
  }
  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().text().find("refuses the recipient ada@example.org: 550 nobody"),
            std::string::npos) << sent.error().text();
}

}  // namespace
}  // namespace rondo::io
