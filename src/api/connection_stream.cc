// A reply without an end: what is told goes out as it comes, a comment every now and then keeps
// what stands between awake, and a reader that stalls is left as any other.
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "api/connection.h"
#include "api/events.h"
#include "base/clock.h"

namespace rondo::api {
namespace {

constexpr Span kBeat = Span::seconds(15);
constexpr std::size_t kMostWaiting = 4 << 10;  // of events that a reader has not taken

}  // namespace

void Connection::start_telling() {
  state_ = State::kTelling;
  now_us_ = monotonic_us();
  admission_.reset();  // it is no request in flight any more
  expect_within(kBeat);
  watch();
  response_.feed->follow([weak = weak_from_this(), &context = lane_.context](
                             const std::string& text) {
    asio::post(context, [weak, text] {
      if (const auto self = weak.lock()) self->tell(text);
    });
  });
  listen_for_end();
  if (app_->draining.requested()) wind_down();
}

/// A client says nothing here, but its end is heard at once.
void Connection::listen_for_end() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kReadSize),
                          [self = shared_from_this()](NetError error, std::size_t) {
                            if (error || self->timed_out_) return self->close();
                            self->listen_for_end();
                          });
}

void Connection::tell(const std::string& text) {
  if (state_ != State::kTelling || told_.size() > kMostWaiting) return;
  told_ += text;
  if (!telling_) write_told();
}

void Connection::write_told() {
  telling_ = true;
  head_out_ = std::exchange(told_, {});
  now_us_ = monotonic_us();
  expect_within(lane_.patience.write);
  asio::async_write(stream_, asio::buffer(head_out_),
                    [self = shared_from_this()](NetError error, std::size_t) {
                      self->telling_ = false;
                      if (error || self->timed_out_ || self->ending_) return self->close();
                      if (!self->told_.empty()) return self->write_told();
                      self->now_us_ = monotonic_us();
                      self->expect_within(kBeat);
                      self->watch();
                    });
}

/// Nothing was told for a while.
void Connection::beat() {
  tell(": still here\n\n");
  set_timer();
}

void Connection::end_telling() {
  if (std::exchange(ending_, true)) return;
  tell("event: end\ndata: {}\n\n");
}

}  // namespace rondo::api
