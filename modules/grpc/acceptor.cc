// gRPC tells nobody when a connection ends, but it shuts the socket down before it closes it. A
// second descriptor of the same socket, in a queue of our own, hears that and nothing else.
#include "acceptor.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace rondo::wire {
namespace {

constexpr int kBacklog = 1024;
constexpr int kPauseMs = 100;  // after a lack of descriptors or memory

struct Found {
  addrinfo* first = nullptr;
  ~Found() {
    if (first != nullptr) freeaddrinfo(first);
  }
};

/// The number of the port, of "127.0.0.1:8081" or "[::1]:8081".
bool find(const std::string& address, Found* found) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return false;
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  return getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found->first) == 0;
}

void set_on(const Handle& socket, int level, int name) {
  const int on = 1;
  ::setsockopt(socket.number(), level, name, &on, sizeof on);
}

int port_of(const Handle& socket) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&own), &size) != 0) return 0;
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(own).sin6_port
                                         : reinterpret_cast<sockaddr_in&>(own).sin_port);
}

void watch(const Handle& queue, int what, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = what;
  ::epoll_ctl(queue.number(), EPOLL_CTL_ADD, what, &event);
}

}  // namespace

Handle::~Handle() {
  if (number_ >= 0) ::close(number_);
}

std::unique_ptr<Acceptor> Acceptor::open(const std::string& address) {
  Found found;
  if (!find(address, &found)) return nullptr;
  Handle listener(::socket(found.first->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener) return nullptr;
  set_on(listener, SOL_SOCKET, SO_REUSEADDR);
  set_on(listener, IPPROTO_TCP, TCP_NODELAY);  // what it accepts has it too
  if (::bind(listener.number(), found.first->ai_addr, found.first->ai_addrlen) != 0 ||
      ::listen(listener.number(), kBacklog) != 0) {
    return nullptr;
  }
  const int port = port_of(listener);
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(listener), port));
}

Acceptor::Acceptor(Handle listener, int port)
    : listener_(std::move(listener)),
      queue_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      port_(port) {
  watch(queue_, wake_.number(), EPOLLIN);
  watch(queue_, listener_.number(), EPOLLIN);
}

void Acceptor::start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> taker,
                     api::RpcHost& host) {
  taker_ = std::move(taker);
  host_ = &host;
  thread_ = std::thread([this] { run(); });
}

void Acceptor::stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  const auto written = ::write(wake_.number(), &one, sizeof one);
  static_cast<void>(written);  // it cannot be full
  thread_.join();
  listener_ = Handle();
  for (const int connection : watched_) {
    ::close(connection);
    host_->disconnected();
  }
  watched_.clear();
}

void Acceptor::run() {
  ::pthread_setname_np(::pthread_self(), "rpc-accept");
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = ::epoll_wait(queue_.number(), events.data(), static_cast<int>(events.size()),
                                   paused_ ? kPauseMs : -1);
    if (count == 0) listen_again(true);
    for (int i = 0; i < count; ++i) {
      const int what = events[static_cast<std::size_t>(i)].data.fd;
      if (what == wake_.number()) return;
      if (what == listener_.number()) {
        accept_all();
      } else {
        watched_.erase(what);
        // Closing it is not enough: the queue knows the socket, which gRPC may still hold.
        ::epoll_ctl(queue_.number(), EPOLL_CTL_DEL, what, nullptr);
        ::close(what);
        host_->disconnected();
      }
    }
  }
}

void Acceptor::accept_all() {
  while (true) {
    Handle connection(
        ::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      take(std::move(connection));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return listen_again(false);  // it would be told again and again
    }
  }
}

void Acceptor::take(Handle connection) {
  if (!host_->connected()) return;
  Handle second(::fcntl(connection.number(), F_DUPFD_CLOEXEC, 0));
  if (!second) return host_->disconnected();
  watched_.insert(second.number());
  watch(queue_, second.release(), 0);  // EPOLLHUP is always told
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters taken;
  taken.listener_fd = listener_.number();
  taken.fd = connection.release();
  taker_->HandleNewConnection(&taken);
}

void Acceptor::listen_again(bool on) {
  paused_ = !on;
  epoll_event event{};
  if (on) event.events = EPOLLIN;
  event.data.fd = listener_.number();
  ::epoll_ctl(queue_.number(), EPOLL_CTL_MOD, listener_.number(), &event);
}

}  // namespace rondo::wire
