// A client's socket, bare or with TLS around it. Which one is settled when it is accepted; a bare
// one costs a comparison a call and a pointer a connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>

#include "api/tls.h"

namespace rondo::api {

namespace asio = boost::asio;
using NetError = boost::system::error_code;
// With the I/O thread's executor itself: the default one asks at each step which one it is.
using Executor = asio::io_context::executor_type;
using Socket = asio::ip::tcp::socket::rebind_executor<Executor>::other;

/// What asio asks of a stream. Threads: one. One read and one write at a time.
class Stream {
 public:
  using executor_type = Socket::executor_type;

  /// `pair` null: bare.
  Stream(Socket&& socket, std::shared_ptr<const TlsPair> pair)
      : socket_(std::move(socket)), pair_(std::move(pair)) {
    // OpenSSL counts who uses a context; nothing of it is changed any more.
    if (pair_) tls_ = std::make_unique<Tls>(socket_, const_cast<TlsPair&>(*pair_).context);
  }
  executor_type get_executor() noexcept { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool is_secure() const { return tls_ != nullptr; }

  template <class Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  /// Tells a client with TLS that this is the end, and waits until it says so too.
  template <class Handler>
  void async_tell_end(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) [[unlikely]] {
      return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    }
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) [[unlikely]] {
      return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    }
    socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  using Tls = asio::ssl::stream<Socket&>;
  Socket socket_;
  std::shared_ptr<const TlsPair> pair_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace rondo::api
