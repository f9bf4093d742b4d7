// Addresses, acceptors, threads, and the end: what was accepted is answered before the last one
// goes.
#include "api/server.h"

#include <fmt/format.h>
#include <sched.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "api/connection.h"
#include "api/house.h"
#include "api/rpc_host.h"
#include "base/clock.h"
#include "base/words.h"

namespace rondo::api {
namespace {

using Tcp = asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr std::size_t kPoolWorkers = 8;
constexpr Span kAcceptAfterStop = Span::seconds(1);
constexpr Span kEndIsNear = Span::days(14);  // of a certificate
constexpr Span kAloneAfterStop = Span::millis(100);  // enough when nobody is connected
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

Result<Tcp::endpoint> endpoint_of(const std::string& listen) {
  const loop::Listen wish = TRY(loop::parse_listen(listen));
  NetError error;
  const auto address = asio::ip::make_address(wish.host, error);
  if (!error) return Tcp::endpoint(address, wish.port);
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is no address to listen on", listen),
              "write numbers, like \"127.0.0.1:8080\" or \"[::1]:8080\"");
}

Result<void> check_address(const std::string& listen, const ServerOptions& options,
                           bool anybody_known) {
  if (TRY(endpoint_of(listen)).address().is_loopback() || options.insecure_bind) return {};
  if (options.tls.empty()) {
    return fail(Code::kUnavailable,
                fmt::format("{} can be reached by others, and there is no TLS", listen),
                "name a folder with cert.pem and key.pem: a project by [deploy] tls, `rondo serve` "
                "and several projects by --tls; or listen on 127.0.0.1 behind a proxy with TLS, or "
                "say --insecure-bind");
  }
  if (anybody_known) return {};
  return fail(Code::kUnavailable,
              fmt::format("{} can be reached by others, and there is no token that they could show",
                          listen),
              "`rondo token create NAME --role predictor` makes one in a project; `rondo serve` "
              "takes those of its folder by --tokens");
}

/// The configured names, and the address itself when it is one that others use.
std::vector<std::string> host_names(const ServerOptions& options, const Tcp::endpoint& endpoint) {
  std::vector<std::string> hosts = options.hosts;
  const auto address = endpoint.address();
  if (address.is_unspecified()) return hosts;
  hosts.push_back(address.is_v6() ? "[" + address.to_string() + "]" : address.to_string());
  return hosts;
}

/// An acceptor that shares its port, or a probe that does not and so finds it in use.
Result<Acceptor> open_acceptor(asio::io_context& context, const Tcp::endpoint& endpoint,
                                    bool share) {
  Acceptor acceptor(context);
  NetError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && share) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error && share) acceptor.listen(1024, error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) return acceptor;
  const std::string where = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  if (error == asio::error::address_in_use) {
    return fail(Code::kConflict, fmt::format("port {} is in use at {}", endpoint.port(), where),
                "stop what uses it, or choose another: `up --listen` or [deploy] listen");
  }
  return fail(Code::kUnavailable, fmt::format("cannot listen on {}: {}", where, error.message()),
              "choose another address: `up --listen` or [deploy] listen");
}

/// One I/O thread's acceptor and connections. All members but stop() run on that thread.
class IoThread {
 public:
  IoThread(App& app, Pool& pool, const ServerOptions& options, const TlsFiles* tls,
           std::size_t thread, std::size_t first_pool)
      : connections_max_(options.connections_max),
        handshakes_max_(options.handshakes_max),
        lane_{app,    pool,       context_, lag_, inline_limit_, options.patience,
              thread, first_pool, tls},
        work_(asio::make_work_guard(context_)),
        acceptor_(context_),
        pause_(context_) {}

  asio::io_context& context() { return context_; }
  std::uint16_t listen(Acceptor&& acceptor) {
    acceptor_ = std::move(acceptor);
    NetError ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void start() {
    accept();
    worker_ = std::make_unique<Worker>(fmt::format("api-io-{}", lane_.thread),
                                       [this](const Stop&) { run(); });
  }

  /// Takes in who already stands in the queue (closing the socket would reset them), then nobody.
  void stop_accepting() {
    asio::post(context_, [this] {
      NetError error;
      while (acceptor_.is_open()) {
        Socket socket(context_);
        acceptor_.accept(socket, error);
        if (error) break;
        welcome(std::move(socket));
      }
      acceptor_.close(error);
      for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) connection->wind_down();
      }
    });
  }

  void join() {
    work_.reset();
    context_.stop();
    worker_.reset();
  }

 private:
  void run() {
    answer_first();
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception&) {
        // No memory for a connection: it is gone, the others go on.
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](NetError error, Socket socket) {
      if (!acceptor_.is_open()) return;
      if (!error) {
        welcome(std::move(socket));
        return accept();
      }
      // Out of descriptors or memory: others may end meanwhile.
      pause_.expires_after(std::chrono::milliseconds(50));
      pause_.async_wait([this](NetError stopped) {
        if (!stopped && acceptor_.is_open()) accept();
      });
    });
  }

  std::optional<Shed> too_much() const {
    if (lane_.app.connections.get() >= connections_max_) return Shed::kConnections;
    if (lane_.app.handshakes.get() >= handshakes_max_) return Shed::kHandshakes;
    return std::nullopt;
  }

  void welcome(Socket&& socket) {
    NetError ignored;
    socket.non_blocking(true, ignored);
    if (const auto why = too_much()) {
      lane_.app.scratch(lane_.thread).numbers.with(
          [&](Numbers& n) { ++n.shed[static_cast<std::size_t>(*why)]; });
      if (lane_.tls == nullptr) socket.write_some(asio::buffer(kFull), ignored);
      return;
    }
    if (connections_.size() >= sweep_at_) {
      std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
      sweep_at_ = 64 + 2 * connections_.size();
    }
    const auto connection = std::make_shared<Connection>(std::move(socket), lane_);
    connections_.push_back(connection);
    connection->start();
  }

  std::uint64_t connections_max_, handshakes_max_;
  asio::io_context context_{1};
  LagProbe lag_{context_};
  InlineLimit inline_limit_;
  Lane lane_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Acceptor acceptor_;
  Timer pause_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::size_t sweep_at_ = 64;  // ended ones are forgotten when there are so many
  std::unique_ptr<Worker> worker_;
};

class RealServer : public Server {
 public:
  RealServer(const ServerOptions& options, loop::Service& service, House* house,
             std::size_t threads, std::unique_ptr<TlsFiles> tls)
      : drain_(options.drain),
        house_(house),
        tls_(std::move(tls)),
        app_(service, limits_of(options), options.hosts,
             threads + kPoolWorkers + (options.grpc.empty() ? 0 : threads)),
        first_rpc_(threads + kPoolWorkers),
        pool_(std::make_unique<Pool>(kPoolWorkers)) {
    app_.house = house;
    if (house != nullptr) house->furnish(app_.threads(), options.hosts);
    for (std::size_t i = 0; i < threads; ++i) {
      lanes_.push_back(std::make_unique<IoThread>(app_, *pool_, options, tls_.get(), i, threads));
    }
  }
  ~RealServer() override {
    drain_ = Span{};
    stop();
  }

  Result<void> listen(Tcp::endpoint endpoint, bool takes_over) {
    if (endpoint.port() != 0 && !takes_over) {
      TRY(open_acceptor(lanes_[0]->context(), endpoint, false));
    }
    for (const auto& lane : lanes_) {
      port_ = lane->listen(TRY(open_acceptor(lane->context(), endpoint, true)));
      endpoint.port(port_);
    }
    for (const auto& lane : lanes_) lane->start();
    teller_ = std::make_unique<Teller>(app_);
    if (tls_) follower_ = std::make_unique<Worker>("api-tls", [this](const Stop& s) { follow(s); });
    return {};
  }

  /// The gRPC server on the same app, with scratches of its own.
  Result<void> listen_grpc(const ServerOptions& options) {
    if (options.grpc.empty()) return {};
    TRY(during(endpoint_of(options.grpc), "reading the address of gRPC"));
    RpcOptions rpc;
    rpc.listen = options.grpc;
    rpc.threads = lanes_.size();
    rpc.message_max = options.body_max;
    rpc.streams_max = options.in_flight_max;
    rpc.idle_ms = static_cast<std::uint64_t>(options.patience.idle.us / 1000);
    rpc.tls = tls_ != nullptr;
    const RpcPlaces places{.first = first_rpc_,
                           .threads = rpc.threads,
                           .first_pool = lanes_.size(),
                           .connections_max = options.connections_max};
    rpc_host_ = make_rpc_host(app_, *pool_, places, tls_.get());
    rpc_ = TRY(start_rpc(rpc, *rpc_host_));
    return {};
  }

  std::uint16_t port() const override { return port_; }
  std::uint16_t grpc_port() const override {
    return rpc_ ? static_cast<std::uint16_t>(rpc_->port()) : std::uint16_t{0};
  }

  std::string login_code() override {
    if (house_ != nullptr || app_.service().admin_token().empty()) return {};
    return app_.access().sessions().new_code(monotonic_us());
  }

  bool signs_itself() const override { return tls_ && tls_->pair()->signs_itself; }

  void stop() override {
    if (std::exchange(stopped_, true)) return;
    teller_.reset();  // it hands events to the I/O threads
    app_.draining.request();
    if (house_ != nullptr) house_->drain();
    // Who is connected may be a balancer that sends more until it sees that we are not ready.
    Span more;
    const bool taken_over = house_ != nullptr && house_->progress() != nullptr;
    while (!taken_over && more < std::min(kAcceptAfterStop, drain_)) {
      if (more >= kAloneAfterStop && app_.connections.get() == 0) break;
      sleep_for(Span::millis(10));
      more.us += 10'000;
    }
    for (const auto& lane : lanes_) lane->stop_accepting();
    for (Span waited = more; waited < drain_; waited.us += 10'000) {
      if (app_.connections.get() == 0) break;
      sleep_for(Span::millis(10));
    }
    if (rpc_) rpc_->stop(std::max<std::int64_t>(drain_.us - more.us, 0));
    follower_.reset();
    pool_.reset();  // its workers still hand replies to the I/O threads, and so does the log
    for (const App* app : apps_of(app_)) {
      while (app->unkept.get() > 0) sleep_for(Span::millis(1));
    }
    for (const auto& lane : lanes_) lane->join();
  }

 private:
  /// A renewed certificate is taken within a second; a wrong one is told, and the former goes on.
  void follow(const Stop& stop) {
    for (; !stop.requested(); sleep_for(Span::seconds(1), stop)) {
      const Time now = wall_clock_now();
      const auto news = tls_->follow(now);
      const Time ends = tls_->pair()->ends;
      std::string alert;
      if (!news) {
        alert = fmt::format("the certificate is not renewed: {}", news.error().message);
      } else if (ends - now < kEndIsNear) {
        alert = fmt::format("the certificate in {} {} at {}", tls_->certificate().string(),
                            now < ends ? "ends" : "ended", to_text(ends));
      }
      for (App* app : apps_of(app_)) app->tls.with([&](App::Tls& tls) { tls = {alert, ends}; });
    }
  }

  Span drain_;
  House* house_;
  std::unique_ptr<TlsFiles> tls_;
  App app_;  // of several projects, their front
  std::size_t first_rpc_;
  std::unique_ptr<RpcHost> rpc_host_;
  std::unique_ptr<RpcServer> rpc_;
  std::vector<std::unique_ptr<IoThread>> lanes_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<Worker> follower_;
  std::unique_ptr<Teller> teller_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<void> check_reach(const ServerOptions& options, bool anybody_known) {
  TRY(check_address(options.listen, options, anybody_known));
  if (options.grpc.empty()) return {};
  return check_address(options.grpc, options, anybody_known);
}

namespace {

Result<std::unique_ptr<TlsFiles>> open_tls(const io::Path& folder) {
  return during(TlsFiles::open(folder, wall_clock_now()), "reading the files of TLS");
}

}  // namespace

Result<Time> certificate_end(const io::Path& folder) {
  const auto files = TRY(open_tls(folder));
  return files->pair()->ends;
}

namespace {

/// `anybody_known`: there is a token that others could show.
Result<std::unique_ptr<Server>> start_server(const ServerOptions& options, loop::Service& service,
                                             House* house, bool anybody_known) {
  const Tcp::endpoint endpoint = TRY(endpoint_of(options.listen));
  TRY(check_reach(options, anybody_known));
  const std::size_t threads =
      options.threads > 0 ? static_cast<std::size_t>(options.threads) : cores();
  ServerOptions merged = options;
  merged.hosts = host_names(options, endpoint);
  std::unique_ptr<TlsFiles> tls;
  if (!options.tls.empty()) tls = TRY(open_tls(options.tls));
  auto server = std::make_unique<RealServer>(merged, service, house, threads, std::move(tls));
  TRY(server->listen(endpoint, options.takes_over));
  TRY(server->listen_grpc(options));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              loop::Service& service) {
  return start_server(options, service, nullptr, somebody_known(service));
}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, House& house) {
  return start_server(options, house.front(), &house, house.somebody_known());
}

}  // namespace rondo::api
