// Where a message goes out to: a web address or a mail server, checked when it is read. What leaves
// this machine is encrypted; plain text is for loopback alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rondo::io {

struct Address {
  bool tls = false;
  std::string host;         // without brackets
  std::uint16_t port = 0;
  std::string target = "/"; // path and query; may hold a secret, so it is in no message

  /// "hooks.example.org:443".
  std::string place() const;
};

/// "https://host[:port]/path", or http:// on loopback. Errors: kInvalidInput.
Result<Address> web_address(std::string_view text);
/// "smtps://host[:port]", or smtp:// on loopback. Errors: kInvalidInput.
Result<Address> mail_server(std::string_view text);
/// Whether a text is one address of e-mail: "ada@example.org", without a name beside it.
bool is_mailbox(std::string_view text);
/// 127.0.0.0/8, ::1, localhost: by the text alone, so that no name server decides it.
bool is_this_machine(std::string_view host);

}  // namespace rondo::io
