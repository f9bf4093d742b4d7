// What goes out to others: a document posted to a web address, a letter given to a mail server.
// Small clients of our own: one request a connection, no redirects, nothing of the reply but its
// code is read. A reply that does not come, or is no yes, is an error in a sentence.
#pragma once

#include <span>
#include <vector>

#include "io/link.h"

namespace rondo::io {

struct Post {
  Address to;
  std::vector<std::pair<std::string, std::string>> headers;  // beside Host, type and length
  std::string type = "application/json";
  std::string body;
};

/// Posts and gives the status, 200 to 299. Errors: kUnavailable for any other, for a redirect (it
/// is not followed: a secret may stand in the address) and for a connection that fails.
Result<int> post(const Post& what, Span at_most, const Stop& stop);

struct Letter {
  Address server;
  std::string user, password;         // empty: nobody signs in
  std::string from;
  std::vector<std::string> to;
  std::string subject, text;          // UTF-8
  std::string id;                     // of the letter: the same again is the same letter
  Time date;
};

/// Errors: kUnavailable with what the server said.
Result<void> send_letter(const Letter& letter, Span at_most, const Stop& stop);

/// The bytes of a letter between DATA and its final dot.
std::string letter_bytes(const Letter& letter);

}  // namespace rondo::io
