// One connection of a client: reads a request, has it answered, writes the reply, and again, in
// order. A deadline that is only a number is moved at each event; one timer looks at it now and
// then, so a request costs no timer. Everything runs on the connection's own I/O thread, but for
// slow handlers, which run in the pool while the connection waits.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>

#include "api/gate.h"
#include "api/head.h"
#include "api/inline_limit.h"
#include "api/lag.h"
#include "api/pool.h"
#include "api/request_parser.h"
#include "api/server.h"
#include "api/stream.h"

namespace rondo::api {

using Acceptor = asio::ip::tcp::acceptor::rebind_executor<Executor>::other;
using Timer = asio::steady_timer::rebind_executor<Executor>::other;

/// Asks the thread's own queue how far it is behind, after a request once a millisecond while no
/// question is out: what the request itself took is no queue.
class LagProbe {
 public:
  explicit LagProbe(asio::io_context& context) : context_(context) {}
  void ask(std::int64_t now_us);
  bool is_behind(std::int64_t now_us) const { return watch_.is_behind(now_us); }

 private:
  asio::io_context& context_;
  LagWatch watch_;
  bool asked_ = false;
  std::int64_t asked_us_ = 0;
};

/// What the connections of one I/O thread share.
struct Lane {
  App& app;
  Pool& pool;
  asio::io_context& context;
  LagProbe& lag;
  InlineLimit& inline_limit;
  Patience patience;
  std::size_t thread;       // index of the I/O thread's Scratch
  std::size_t first_pool;   // index of the first pool worker's Scratch
  const TlsFiles* tls;      // null: bare HTTP
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket&& socket, const Lane& lane);
  void start();
  /// Ends it soon unless a request is on its way. On the I/O thread.
  void wind_down();

 private:
  static constexpr std::size_t kReadSize = 16 << 10;
  enum class State : std::uint8_t {
    kHandshake, kIdle, kHead, kBody, kWorking, kWriting, kTelling, kLingering
  };

  void on_handshake(NetError error);
  void refuse_bare();
  void begin_request();
  void read();
  void on_read(NetError error, std::size_t count);
  void go_on();
  bool take_head();
  bool parse_head(std::size_t size);
  std::optional<Refusal> collect(Announced& announced);
  bool body_is_wanted(const Announced& announced);
  void take_body();
  void dispatch();
  void hand_to_pool();
  void refuse_broken(const Refusal& refusal);
  void respond(Response&& response);
  void wait_until_kept(Response&& response);
  void on_written(NetError error);
  void linger();
  void linger_bare();
  void on_lingered(NetError error, std::size_t count);
  void send_continue();
  void start_telling();
  void listen_for_end();
  void tell(const std::string& text);
  void write_told();
  void beat();
  void end_telling();
  void close();

  void expect_within(Span span) { deadline_us_ = now_us_ + span.us; }
  void watch();
  void set_timer();
  void on_deadline();

  const Lane lane_;
  App* app_;  // that the request of now is for
  Stream stream_;
  Timer timer_;
  Held counted_;
  bool local_;
  std::optional<Held> shaking_;  // while its handshake is not done

  State state_ = State::kIdle;
  boost::beast::flat_buffer buffer_;
  HeadScanner scanner_;
  std::string head_in_;  // what the views of request_ point into
  std::optional<RequestParser> parser_;
  Request request_;
  std::optional<Admission> admission_;
  std::string head_out_;
  Response response_;
  std::string told_;  // events that wait for the one that is being written
  bool telling_ = false, ending_ = false;
  bool close_ = false, timed_out_ = false, old_client_ = false;
  std::int64_t now_us_ = 0;          // when what is being worked on began: reads of a clock add up
  std::int64_t deadline_us_ = 0;
  std::int64_t watched_us_ = 0;      // when the timer looks at the deadline
  std::int64_t window_us_ = 0;       // start of the stretch in which the body's rate is measured
  std::uint64_t window_bytes_ = 0, discarded_ = 0;
};

}  // namespace rondo::api
