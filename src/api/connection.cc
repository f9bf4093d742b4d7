// Reading requests, having them answered, writing replies, in the limits of each state (Patience).
#include "api/connection.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "api/house.h"
#include "base/clock.h"
#include "base/words.h"

namespace rondo::api {
namespace {

namespace http = boost::beast::http;

constexpr std::uint64_t kBodyRate = 1 << 10;  // bytes a second
constexpr std::int64_t kAskEveryUs = 1000;
constexpr std::size_t kMostUnparsed = 64 << 10;
constexpr std::string_view kSlow = "send it in one go, or look at the network between";
constexpr std::string_view kWhole = "end chunks as RFC 9112 says, or send Content-Length";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Refusal closing(int status, std::string_view code, std::string message, std::string hint) {
  Refusal refusal(status, code, std::move(message), std::move(hint));
  refusal.close = true;
  return refusal;
}

bool is_local(const Socket& socket) {
  NetError error;
  const auto peer = socket.remote_endpoint(error).address();
  if (error) return false;
  if (peer.is_v6() && peer.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, peer.to_v6()).is_loopback();
  }
  return peer.is_loopback();
}

}  // namespace

void LagProbe::ask(std::int64_t now_us) {
  if (asked_ || now_us - asked_us_ < kAskEveryUs) return;
  asked_ = true;
  asked_us_ = now_us;
  asio::post(context_, [this] {
    asked_ = false;
    watch_.note(asked_us_, monotonic_us());
  });
}

Connection::Connection(Socket&& socket, const Lane& lane)
    : lane_(lane),
      app_(&lane.app),
      stream_(std::move(socket), lane.tls == nullptr ? nullptr : lane.tls->pair()),
      timer_(lane.context),
      counted_(lane.app.connections),
      local_(is_local(stream_.socket())),
      now_us_(monotonic_us()) {
  NetError ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::begin_request() {
  admission_.reset();
  request_.clear();
  parser_.reset();
  scanner_ = HeadScanner();
  state_ = State::kIdle;
  expect_within(lane_.patience.idle);
  app_ = &lane_.app;
  if (app_->draining.requested()) wind_down();
  if (buffer_.size() > 0) return go_on();
  read();
}

void Connection::read() {
  stream_.async_read_some(buffer_.prepare(kReadSize),
                          [self = shared_from_this()](NetError error, std::size_t count) {
                            self->on_read(error, count);
                          });
}

void Connection::on_read(NetError error, std::size_t count) {
  now_us_ = monotonic_us();
  if (timed_out_) {
    if (state_ == State::kHead || state_ == State::kBody) {
      return refuse_broken(
          closing(408, "timeout", "the request came too slowly", std::string(kSlow)));
    }
    return close();
  }
  if (error == asio::error::eof && stream_.is_secure()) return linger();  // it waits for our end
  if (error) return close();  // also a client that ended in the middle of a request
  buffer_.commit(count);
  go_on();
}

void Connection::go_on() {
  if (state_ == State::kIdle || state_ == State::kHead) {
    if (!take_head()) return;
  }
  if (state_ == State::kBody) take_body();
}

/// True when the head was whole and the body may follow.
bool Connection::take_head() {
  if (state_ == State::kIdle) {
    state_ = State::kHead;
    expect_within(lane_.patience.head);
  }
  const auto data = buffer_.data();
  std::string_view bytes(static_cast<const char*>(data.data()), data.size());
  if (bytes.starts_with("\r\n")) {  // left behind by an old client's form
    buffer_.consume(2);
    bytes.remove_prefix(2);
  }
  switch (scanner_.scan(bytes)) {
    case HeadScanner::State::kMore:
      watch();
      read();
      return false;
    case HeadScanner::State::kBroken: refuse_broken(scanner_.refusal()); return false;
    case HeadScanner::State::kWhole: break;
  }
  return parse_head(scanner_.size());
}

bool Connection::parse_head(std::size_t size) {
  head_in_.assign(static_cast<const char*>(buffer_.data().data()), size);
  parser_.emplace(request_.headers, request_.body);
  parser_->header_limit(static_cast<std::uint32_t>(size + 16));
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // judged by the route's limit
  NetError error;
  const std::size_t used = parser_->put(asio::buffer(head_in_), error);
  Announced announced;
  std::optional<Refusal> broken;
  if (error || !parser_->is_header_done()) {
    broken = closing(400, "bad_request",
                     fmt::format("the head of the request is not valid HTTP/1.1: {}",
                                 error ? error.message() : "it ends too early"),
                     "a client library of HTTP/1.1 writes heads that are valid");
  } else {
    broken = collect(announced);
  }
  if (broken) {
    refuse_broken(*broken);
    return false;
  }
  buffer_.consume(used);
  close_ = !parser_->keep_alive();
  old_client_ = parser_->version() == 10;
  request_.crowded = lane_.lag.is_behind(now_us_);
  if (lane_.app.house != nullptr) app_ = &lane_.app.house->choose(lane_.app, request_);
  admission_.emplace(admit(*app_, request_, announced, now_us_));
  return body_is_wanted(announced);
}

/// Fills request_ and what is said of the body. Views point into head_in_.
std::optional<Refusal> Connection::collect(Announced& announced) {
  request_.method = parser_->method();
  request_.verb = parser_->verb();
  request_.target = parser_->target();
  request_.local = local_;
  announced.chunked = parser_->chunked();
  if (const auto length = parser_->content_length()) announced.length = *length;
  const auto encoding = request_.header("Transfer-Encoding");
  if (encoding && (!equal_fold(*encoding, "chunked") || !announced.chunked)) {
    return closing(400, "bad_request", "the only Transfer-Encoding that is read is chunked",
                   "send Content-Length, or chunked alone");
  }
  if (announced.chunked && (parser_->version() == 10 || request_.header("Content-Length"))) {
    return closing(400, "bad_request", "the length of the body is said in two ways",
                   "send either Content-Length or, by HTTP/1.1, Transfer-Encoding: chunked");
  }
  return std::nullopt;
}

/// True when the body is to be read. A refusal with a short body waits for it, so that the
/// connection can go on; before a long one it is said at once.
bool Connection::body_is_wanted(const Announced& announced) {
  if (!announced.any()) {
    dispatch();
    return false;
  }
  const bool expects = request_.header("Expect").has_value();
  if (admission_->refusal && (announced.chunked || expects || *announced.length > kSmallBody)) {
    admission_->refusal->close = true;
    dispatch();
    return false;
  }
  parser_->body_limit(admission_->refusal ? kSmallBody : admission_->body_max);
  parser_->eager(true);
  state_ = State::kBody;
  window_us_ = now_us_;
  window_bytes_ = 0;
  expect_within(lane_.patience.body);
  watch();
  if (!expects || buffer_.size() > 0) return true;
  send_continue();
  return false;
}

void Connection::send_continue() {
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](NetError error, std::size_t) {
                      if (error) return self->close();
                      self->now_us_ = monotonic_us();
                      self->take_body();
                    });
}

void Connection::take_body() {
  NetError error;
  while (!parser_->is_done() && buffer_.size() > 0) {
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    window_bytes_ += used;
    if (error == http::error::need_more) break;
    if (error == http::error::body_limit) {
      return refuse_broken(
          closing(413, "too_large",
                  fmt::format("the body is longer than {} bytes",
                              grouped(admission_->body_max)),
                  "send fewer rows at once, or raise `[deploy] body_max`"));
    }
    if (error) {
      return refuse_broken(closing(400, "bad_request",
                                   fmt::format("the body is broken: {}", error.message()),
                                   std::string(kWhole)));
    }
  }
  if (parser_->is_done()) return dispatch();
  if (buffer_.size() > kMostUnparsed) {
    return refuse_broken(closing(400, "bad_request", "the head of a chunk does not end",
                                 std::string(kWhole)));
  }
  if (now_us_ - window_us_ >= lane_.patience.body.us) {
    const auto least = static_cast<std::uint64_t>(lane_.patience.body.us) * kBodyRate / 1'000'000;
    if (window_bytes_ < least) {
      return refuse_broken(
          closing(408, "timeout", "the body came too slowly", std::string(kSlow)));
    }
    window_us_ = now_us_;
    window_bytes_ = 0;
    expect_within(lane_.patience.body);
    watch();
  }
  read();
}

void Connection::dispatch() {
  state_ = State::kWorking;
  expect_within(Span::days(1));  // handlers have limits of their own
  const std::size_t bytes = request_.body.size();
  if (is_quick(*admission_, request_, lane_.inline_limit.bytes())) {
    const std::int64_t before = now_us_;
    Response response = answer(*app_, app_->scratch(lane_.thread), *admission_, request_);
    now_us_ = monotonic_us();
    const Route* route = admission_->route;
    if (response.status == 200 && route->manners.where == Where::kBySize) {
      lane_.inline_limit.note(bytes, now_us_ - before);
    }
    lane_.lag.ask(now_us_);
    return respond(std::move(response));
  }
  hand_to_pool();
}

void Connection::hand_to_pool() {
  admission_->posted_us = monotonic_us();
  const auto work = [self = shared_from_this()](std::size_t worker) {
    const Lane& lane = self->lane_;
    App& app = *self->app_;
    auto response = std::make_shared<Response>(
        answer(app, app.scratch(lane.first_pool + worker), *self->admission_, self->request_));
    asio::post(lane.context, [self, response] {
      self->now_us_ = monotonic_us();
      self->respond(std::move(*response));
    });
  };
  const bool sheds = admission_->route->manners.load == Load::kShed;
  const std::size_t all = std::numeric_limits<std::size_t>::max();
  if (lane_.pool.post(work, sheds ? app_->limits().queue_max : all)) return;
  respond(queue_is_full(*app_, app_->scratch(lane_.thread), *admission_));
}

void Connection::refuse_broken(const Refusal& refusal) {
  Scratch& scratch = app_->scratch(lane_.thread);
  respond(admission_ ? refused(*app_, scratch, *admission_, refusal)
                     : refused(*app_, scratch, refusal));
}

/// The log's thread tells that the records of the answer are on disk, or cannot be.
void Connection::wait_until_kept(Response&& response) {
  const auto waiting = std::make_shared<Response>(std::move(response));
  const std::shared_ptr<Kept> kept = waiting->kept;
  app_->unkept.add();
  kept->wait([self = shared_from_this(), waiting](bool good) mutable {
    App& app = *self->app_;
    asio::io_context& context = self->lane_.context;
    asio::post(context, [self = std::move(self), waiting = std::move(waiting), good] {
      self->now_us_ = monotonic_us();
      App& by = *self->app_;
      self->respond(settled(by, by.scratch(self->lane_.thread), *self->admission_,
                            std::move(*waiting), good));
    });
    app.unkept.sub();  // from here on the context may go
  });
}

void Connection::respond(Response&& response) {
  if (response.kept) return wait_until_kept(std::move(response));
  state_ = State::kWriting;
  expect_within(lane_.patience.write);
  timed_out_ = false;
  response_ = std::move(response);
  close_ = close_ || response_.close;
  head_out_.clear();
  write_head(head_out_, response_, wall_clock_now(), close_, old_client_);
  if (request_.method == Method::kHead) {
    response_.body.clear();
    response_.feed.reset();
  }
  if (stream_.is_secure() && response_.body.size() <= kReadSize) {  // one record in place of two
    head_out_ += response_.body;
    response_.body.clear();
  }
  const std::array<asio::const_buffer, 2> out = {asio::buffer(head_out_),
                                                 asio::buffer(response_.body)};
  const auto progress = [this](NetError error, std::size_t written) -> std::size_t {
    if (written > 0) now_us_ = monotonic_us();
    expect_within(lane_.patience.write);
    return error ? 0 : 256 << 10;
  };
  asio::async_write(stream_, out, progress,
                    [self = shared_from_this()](NetError error, std::size_t) {
                      self->on_written(error);
                    });
}

void Connection::on_written(NetError error) {
  if (error || timed_out_) return close();
  if (response_.feed) return start_telling();
  if (close_) return linger();
  begin_request();
}

}  // namespace rondo::api
