// How a connection begins, with or without TLS, how it ends, and the timer that ends it.
#include "api/connection.h"

#include <openssl/ssl.h>

#include "base/clock.h"

namespace rondo::api {
namespace {

constexpr Span kLingerSpan = Span::seconds(2);
constexpr Span kWindDownSpan = Span::millis(200);
constexpr std::int64_t kLooks = 15;  // at a deadline in the time that a client may be idle
constexpr std::uint64_t kLingerBytes = 64 << 20;

bool speaks_http(NetError error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace

void Connection::start() {
  if (!stream_.is_secure()) {
    watch();
    return begin_request();
  }
  state_ = State::kHandshake;
  shaking_.emplace(lane_.app.handshakes);
  expect_within(lane_.patience.handshake);
  watch();
  stream_.async_handshake(
      [self = shared_from_this()](NetError error) { self->on_handshake(error); });
}

void Connection::on_handshake(NetError error) {
  now_us_ = monotonic_us();
  shaking_.reset();
  if (!timed_out_ && speaks_http(error)) return refuse_bare();
  if (error || timed_out_) return close();
  begin_request();
}

/// Tells a client without TLS what it did, in its own words.
void Connection::refuse_bare() {
  Refusal refusal(400, "bad_request", "this port speaks TLS", "ask for https://");
  refusal.close = true;
  const Response response = refused(lane_.app, lane_.app.scratch(lane_.thread), refusal);
  write_head(head_out_, response, wall_clock_now(), true, false);
  head_out_ += response.body;
  NetError ignored;  // it is short, and nothing was sent before it
  stream_.socket().write_some(asio::buffer(head_out_), ignored);
  state_ = State::kLingering;
  expect_within(kLingerSpan);
  linger_bare();
}

/// Reads on for a while what the client still sends: closing at once would reset the connection,
/// and a client that still writes would never see its reply.
void Connection::linger() {
  state_ = State::kLingering;
  admission_.reset();
  expect_within(kLingerSpan);
  watch();
  if (!stream_.is_secure()) return linger_bare();
  stream_.async_tell_end([self = shared_from_this()](NetError) { self->linger_bare(); });
}

void Connection::linger_bare() {
  NetError ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  on_lingered({}, 0);
}

void Connection::on_lingered(NetError error, std::size_t count) {
  now_us_ = monotonic_us();
  discarded_ += count;
  if (error || timed_out_ || discarded_ > kLingerBytes) return close();
  buffer_.clear();
  stream_.socket().async_read_some(buffer_.prepare(kReadSize),
                                   [self = shared_from_this()](NetError e, std::size_t n) {
                                     self->on_lingered(e, n);
                                   });
}

void Connection::wind_down() {
  if (state_ == State::kTelling) return end_telling();
  if (state_ != State::kIdle && state_ != State::kHandshake) return;  // its reply will close it
  now_us_ = monotonic_us();
  expect_within(kWindDownSpan);
  watch();
}

void Connection::close() {
  NetError ignored;
  timer_.cancel();
  shaking_.reset();
  stream_.socket().close(ignored);
  admission_.reset();
  response_.feed.reset();
}

/// Has the deadline looked at in time. The timer looks now and then anyway, so that most requests
/// leave it alone.
void Connection::watch() {
  if (watched_us_ <= now_us_ || watched_us_ > deadline_us_) set_timer();
}

/// Sets the timer to the deadline, or to look again before it: deadlines also move closer. The
/// timer holds the connection weakly, so that one that ended is not kept alive by it.
void Connection::set_timer() {
  const std::int64_t left = std::max<std::int64_t>(0, deadline_us_ - now_us_);
  const std::int64_t look = std::min(left, lane_.patience.idle.us / kLooks);
  watched_us_ = now_us_ + look;
  timer_.expires_after(std::chrono::microseconds(look));
  timer_.async_wait([weak = weak_from_this()](NetError error) {
    const auto self = weak.lock();
    if (self && !error) self->on_deadline();
  });
}

void Connection::on_deadline() {
  if (!stream_.socket().is_open()) return;
  now_us_ = monotonic_us();
  if (now_us_ < deadline_us_) return set_timer();
  if (state_ == State::kTelling && !telling_) return beat();
  timed_out_ = true;
  expect_within(lane_.patience.write);
  NetError ignored;
  stream_.socket().cancel(ignored);
  set_timer();
}

}  // namespace rondo::api
