// For tests: a client on a socket of this machine, so blunt that it can send what is no HTTP. Every
// wait has a bound.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace rondo::api {

inline constexpr const char* kRow =
    R"({"rows":[{"temp":25.5,"hour":8,"sky":"rain","holiday":false}]})";

struct Got {
  int status = 0;  // 0: the connection ended, or nothing came in time
  std::string head, body;
  bool closes() const { return head.find("\r\nConnection: close") != head.npos; }
  std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == head.npos) return "";
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// A blocking client that waits for at most ten seconds.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof generic);
    connected_ = ::connect(socket_, &generic, sizeof generic) == 0;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  bool connected() const { return connected_; }
  Client& send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }
  /// Whether something has come; does not wait.
  bool has_reply() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  Got reply(bool bare = false) {
    Got got;
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == in_.npos) {
      if (!more()) return got;
    }
    got.head = in_.substr(0, end + 2);
    in_.erase(0, end + 4);
    const std::string length = got.header("Content-Length");
    const std::size_t size = bare || length.empty() ? 0 : std::stoul(length);
    while (in_.size() < size) {
      if (!more()) return got;
    }
    got.body = in_.substr(0, size);
    in_.erase(0, size);
    got.status = std::stoi(got.head.substr(9, 3));
    return got;
  }
  /// Waits until a text has come, and takes what came up to its end. False: it did not come.
  bool hears(std::string_view text) {
    std::size_t at = 0;
    while ((at = in_.find(text)) == in_.npos) {
      if (!more()) return false;
    }
    in_.erase(0, at + text.size());
    return true;
  }
  /// Whether the server ended the connection, and nothing else came.
  bool ended() { return in_.empty() && !more() && over_; }

 private:
  bool more() {
    char bytes[4096];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count == 0 || (count < 0 && errno == ECONNRESET)) over_ = true;
    if (count <= 0) return false;
    in_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  int socket_;
  bool connected_ = false, over_ = false;
  std::string in_;
};

inline std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body,
                        const std::string& fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace rondo::api
