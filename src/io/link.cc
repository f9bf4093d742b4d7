// Sockets that never block: each step is tried, and between two tries we wait for the socket in
// small turns, so that a stop is seen. OpenSSL does the same through its own want-read, want-write.
#include "io/link.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/clock.h"

namespace rondo::io {
namespace {

constexpr int kTurnMs = 100;
constexpr std::size_t kLongestLine = 8 << 10;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

}  // namespace

struct Link::State {
  Address to;
  Stop stop;
  std::int64_t until_us = 0;
  int socket = -1;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{nullptr, &::SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> session{nullptr, &::SSL_free};
  std::string waiting;  // bytes that came and were not taken yet

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    session.reset();
    if (socket >= 0) ::close(socket);
  }

  std::unexpected<Error> broken(std::string_view what) const {
    return fail(Code::kUnavailable, fmt::format("{}: {}", to.place(), what));
  }
  /// Until the socket is ready for `events`.
  Result<void> wait(short events) const;
  Result<void> connect_to(const addrinfo& address);
  Result<void> connect();
  Result<void> shake_hands();
  /// What OpenSSL wants after a try that did not do: waits for it. Errors: it will never do.
  Result<void> want(int result) const;
  Result<std::size_t> receive(std::span<char> into);
};

Result<void> Link::State::wait(short events) const {
  for (;;) {
    if (stop.requested()) return fail(Code::kCancelled, "a stop was requested");
    const std::int64_t left_ms = (until_us - monotonic_us()) / 1'000;
    if (left_ms <= 0) return broken("no answer in time");
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left_ms, kTurnMs)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return broken(std::strerror(errno));
  }
}

Result<void> Link::State::connect_to(const addrinfo& address) {
  if (socket >= 0) ::close(socket);
  socket = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address.ai_protocol);
  if (socket < 0) return broken(std::strerror(errno));
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return broken(std::strerror(errno));
  TRY(wait(POLLOUT));
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return broken(std::strerror(error));
  return {};
}

Result<void> Link::State::connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int bad = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &list);
  if (bad != 0) return broken(::gai_strerror(bad));
  const Addresses addresses(list);
  Result<void> last = broken("it has no address");
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    last = connect_to(*each);
    if (last || last.error().code == Code::kCancelled) return last;
  }
  return last;
}

Result<void> Link::State::want(int result) const {
  switch (::SSL_get_error(session.get(), result)) {
    case SSL_ERROR_WANT_READ: return wait(POLLIN);
    case SSL_ERROR_WANT_WRITE: return wait(POLLOUT);
    default: break;
  }
  const long verified = ::SSL_get_verify_result(session.get());
  if (verified != X509_V_OK) {
    return broken(fmt::format("its certificate is not trusted: {}",
                              ::X509_verify_cert_error_string(verified)));
  }
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  return broken(reason == nullptr ? "the connection ended" : reason);
}

Result<void> Link::State::shake_hands() {
  context.reset(::SSL_CTX_new(::TLS_client_method()));
  if (!context || ::SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return broken("the system's certificates cannot be read");
  }
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_ctrl(context.get(), SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  session.reset(::SSL_new(context.get()));
  if (!session || ::SSL_set_fd(session.get(), socket) != 1) return broken("TLS cannot begin");
  const bool numeric = to.host.find_first_not_of("0123456789.") == to.host.npos ||
                       to.host.find(':') != to.host.npos;
  if (numeric) {
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session.get()), to.host.c_str());
  } else {
    std::string name = to.host;
    ::SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    ::SSL_set1_host(session.get(), name.c_str());
  }
  for (;;) {
    ::ERR_clear_error();
    const int result = ::SSL_connect(session.get());
    if (result == 1) return {};
    TRY(want(result));
  }
}

Result<std::size_t> Link::State::receive(std::span<char> into) {
  for (;;) {
    if (session) {
      std::size_t count = 0;
      ::ERR_clear_error();
      const int result = ::SSL_read_ex(session.get(), into.data(), into.size(), &count);
      if (result == 1) return count;
      TRY(want(result));
      continue;
    }
    const ssize_t count = ::recv(socket, into.data(), into.size(), 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return broken("the connection ended");
    if (errno != EAGAIN && errno != EINTR) return broken(std::strerror(errno));
    TRY(wait(POLLIN));
  }
}

Link::Link(std::unique_ptr<State> state) : state_(std::move(state)) {}
Link::Link(Link&&) noexcept = default;
Link& Link::operator=(Link&&) noexcept = default;
Link::~Link() = default;

Result<Link> Link::open(const Address& to, Span at_most, const Stop& stop) {
  auto state = std::make_unique<State>();
  state->to = to;
  state->stop = stop;
  state->until_us = monotonic_us() + at_most.us;
  TRY(state->connect());
  if (to.tls) TRY(state->shake_hands());
  return Link(std::move(state));
}

Result<void> Link::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_->session) {
      std::size_t count = 0;
      ::ERR_clear_error();
      const int result =
          ::SSL_write_ex(state_->session.get(), bytes.data(), bytes.size(), &count);
      if (result == 1) bytes.remove_prefix(count);
      else TRY(state_->want(result));
      continue;
    }
    const ssize_t count = ::send(state_->socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EINTR) {
      TRY(state_->wait(POLLOUT));
    } else {
      return state_->broken(std::strerror(errno));
    }
  }
  return {};
}

Result<std::string> Link::line() {
  std::string& waiting = state_->waiting;
  for (;;) {
    const std::size_t end = waiting.find('\n');
    if (end != waiting.npos) {
      std::string line = waiting.substr(0, end);
      if (line.ends_with('\r')) line.pop_back();
      waiting.erase(0, end + 1);
      return line;
    }
    if (waiting.size() > kLongestLine) {
      return fail(Code::kExhausted, fmt::format("{} answers with a line of over {} bytes",
                                                state_->to.place(), kLongestLine));
    }
    std::array<char, 2048> bytes{};
    const std::size_t count = TRY(state_->receive(bytes));
    waiting.append(bytes.data(), count);
  }
}

}  // namespace rondo::io
