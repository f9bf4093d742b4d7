// One thread a connection, which asks, waits for the answer, and asks again.
#include "api/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/worker.h"
#include "io/json.h"

namespace rondo::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using NetError = boost::system::error_code;
using Message = beast::http::request<beast::http::string_body>;
using Received = beast::http::response<beast::http::string_body>;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr std::size_t kMostShown = 300;

struct Place {
  std::string host, port = "80", base;
  std::shared_ptr<ssl::context> tls;  // null: none
  std::string url() const { return fmt::format("http{}://{}:{}", tls ? "s" : "", host, port); }
};

/// What tells whether a server is who it says.
Result<std::shared_ptr<ssl::context>> trust(const std::string& cacert) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  NetError error;
  context->set_default_verify_paths(error);
  context->set_verify_mode(ssl::verify_peer, error);
  if (!cacert.empty()) context->load_verify_file(cacert, error);
  if (!error) return context;
  return fail(Code::kInvalidInput, fmt::format("{} holds no certificates: {}", cacert,
                                               error.message()),
              "name a file in PEM, like the cert.pem of the server");
}

Result<Place> place_of(const std::string& url, const std::string& cacert) {
  const bool plain = url.starts_with("http://");
  if (!plain && !url.starts_with("https://")) {
    return fail(Code::kInvalidInput, fmt::format("\"{}\" is not asked", url),
                "write it as http://127.0.0.1:8080");
  }
  std::string_view rest = std::string_view(url).substr(url.find("//") + 2);
  Place out;
  if (!plain) {
    out.tls = TRY(trust(cacert));
    out.port = "443";
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  out.base = rest.substr(slash);
  while (out.base.ends_with('/')) out.base.pop_back();
  rest = rest.substr(0, slash);
  const bool bracketed = rest.starts_with('[');
  const std::size_t colon = rest.find(':', bracketed ? std::min(rest.find(']'), rest.size()) : 0);
  if (colon != rest.npos) out.port = rest.substr(colon + 1);
  out.host = rest.substr(0, colon);
  if (bracketed && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  unsigned port = 0;
  const auto [end, bad] =
      std::from_chars(out.port.data(), out.port.data() + out.port.size(), port);
  if (!out.host.empty() && bad == std::errc() && end == out.port.data() + out.port.size() &&
      port > 0 && port < 65536) {
    return out;
  }
  return fail(Code::kInvalidInput, fmt::format("\"{}\" names no host and port", url),
              "write it as http://127.0.0.1:8080");
}

struct Said {
  int status = 0;
  std::string body;
  /// The sentence of a refusal of Rondo, else the beginning of the body.
  std::string shown() const;
};

std::string Said::shown() const {
  const auto json = io::parse_json(body, "its reply");
  if (json && json->is_object()) {
    const Json error = io::get_or<Json>(*json, "error", Json());
    if (error.is_string()) return error.get<std::string>();
    if (error.is_object()) return io::get_or<std::string>(error, "message", body);
  }
  return body.substr(0, kMostShown);
}

class Client {
 public:
  /// `dry`: nothing is kept of what is asked, which takes a token for it.
  Client(const Place& place, std::string token, bool dry)
      : place_(place), token_(std::move(token)), dry_(dry) {}

  Result<Said> ask(const std::string& path, const std::string& body) {
    if (!stream_) TRY(connect());
    Message request(body.empty() ? beast::http::verb::get : beast::http::verb::post,
                     place_.base + path, 11);
    request.set(beast::http::field::host, place_.host + ":" + place_.port);
    if (!token_.empty()) request.set(beast::http::field::authorization, "Bearer " + token_);
    if (dry_) request.set("Rondo-Dry-Run", "true");
    if (!body.empty()) request.set(beast::http::field::content_type, "application/json");
    request.body() = body;
    request.prepare_payload();
    Received reply;
    const NetError error = tls_ ? exchange(*tls_, request, reply)
                                : exchange(*stream_, request, reply);
    if (error || !reply.keep_alive()) leave();
    if (error) return unreachable(error);
    return Said{static_cast<int>(reply.result_int()), std::move(reply.body())};
  }

 private:
  Result<void> connect() {
    NetError error;
    asio::ip::tcp::resolver resolver(context_);
    const auto found = resolver.resolve(place_.host, place_.port, error);
    if (error) return unreachable(error);
    stream_.emplace(context_);
    stream_->expires_after(kPatience);
    stream_->async_connect(found, [&](NetError said, const asio::ip::tcp::endpoint&) {
      error = said;
    });
    context_.restart();
    context_.run();
    if (!error) stream_->socket().set_option(asio::ip::tcp::no_delay(true), error);
    if (!error && place_.tls) error = shake_hands();
    if (!error) return {};
    leave();
    return unreachable(error);
  }

  NetError shake_hands() {
    NetError error;
    tls_.emplace(*stream_, *place_.tls);
    std::string name = place_.host;
    SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             name.data());
    tls_->set_verify_callback(ssl::host_name_verification(place_.host), error);
    if (error) return error;
    stream_->expires_after(kPatience);
    tls_->async_handshake(ssl::stream_base::client, [&error](NetError said) { error = said; });
    context_.restart();
    context_.run();
    return error;
  }

  void leave() {
    tls_.reset();
    stream_.reset();
  }

  template <class Stream>
  NetError exchange(Stream& stream, const Message& request, Received& reply) {
    NetError error;
    run([&](auto done) { beast::http::async_write(stream, request, done); }, error);
    if (error) return error;
    run([&](auto done) { beast::http::async_read(stream, buffer_, reply, done); }, error);
    return error;
  }

  template <class Act>
  void run(Act&& act, NetError& error) {
    stream_->expires_after(kPatience);
    act([&error](NetError said, std::size_t) { error = said; });
    context_.restart();
    context_.run();
  }

  std::unexpected<Error> unreachable(const NetError& error) const {
    return fail(Code::kUnavailable,
                fmt::format("{} does not answer: {}", place_.url(), error.message()),
                error.category() == asio::error::get_ssl_category()
                    ? "name its certificate, or that of its authority, by --cacert"
                    : "`rondo up` prints where it answers");
  }

  const Place& place_;
  const std::string token_;
  const bool dry_;
  asio::io_context context_{1};
  std::optional<beast::tcp_stream> stream_;
  std::optional<ssl::stream<beast::tcp_stream&>> tls_;  // around it
  beast::flat_buffer buffer_;
};

Result<Json> ask_json(Client& client, const std::string& path) {
  const Said said = TRY(client.ask(path, ""));
  const auto json = io::parse_json(said.body, "its reply");
  if (said.status == 200 && json && json->is_object()) return *json;
  return fail(Code::kUnavailable,
              fmt::format("{} was answered by {}: {}", path, said.status, said.shown()),
              said.status == 401 ? "show a token: --token" : "a server of Rondo is asked, with a "
                                                             "model that answers");
}

/// Whether what answers belongs to a project, which keeps a log; a pipeline file alone has none.
Result<bool> has_project(Client& client) {
  const Said said = TRY(client.ask("/api/v1/status", ""));
  return said.status != 501 && said.status != 404;
}

/// A matrix of missing texts and zeros, as the inference protocol has it.
std::string body_of(const Json& inputs, std::size_t rows) {
  Json all = Json::array();
  for (const Json& input : inputs) {
    const auto type = io::get_or<std::string>(input, "datatype", "");
    const Json cell = type == "BYTES" ? Json(nullptr) : type == "BOOL" ? Json(false) : Json(0);
    all.push_back({{"name", io::get_or<std::string>(input, "name", "")},
                   {"datatype", type},
                   {"shape", {rows}},
                   {"data", Json(std::vector<Json>(rows, cell))}});
  }
  return io::canonical({{"inputs", all}});
}

struct Asked {
  std::string path, body;
  std::int64_t end_us = 0;
};

/// Keeps asking until the time is over. What cannot be asked ends it.
void keep_asking(Client& client, const Asked& asked, const Stop& stop,
                 Guarded<LoadReport>& report) {
  LoadReport own;
  while (!stop.requested() && monotonic_us() < asked.end_us) {
    const std::int64_t began = monotonic_us();
    const auto said = client.ask(asked.path, asked.body);
    if (said && said->status == 200) {
      ++own.answered;
      own.us.push_back(static_cast<double>(monotonic_us() - began));
      continue;
    }
    ++own.refused;
    if (own.refusal.empty()) {
      own.refusal = said ? fmt::format("{}: {}", said->status, said->shown())
                         : said.error().line();
    }
    if (!said) break;
  }
  report.with([&](LoadReport& all) {
    all.answered += own.answered;
    all.refused += own.refused;
    all.us.insert(all.us.end(), own.us.begin(), own.us.end());
    if (all.refusal.empty()) all.refusal = own.refusal;
  });
}

}  // namespace

double LoadReport::percentile(double p) const {
  if (us.empty()) return 0;
  const auto place = static_cast<std::size_t>(p * static_cast<double>(us.size()));
  return us[std::min(place, us.size() - 1)];
}

Result<LoadReport> load(const LoadOptions& options, const Stop& stop) {
  const Place place = TRY(place_of(options.url, options.cacert));
  Client first(place, options.token, false), trial(place, options.token, true);
  const Json models = io::get_or<Json>(TRY(ask_json(first, "/v1/models")), "models", Json::array());
  if (!models.is_array() || models.size() != 1 || !models[0].is_string()) {
    return fail(Code::kInvalidInput, fmt::format("{} serves {} projects", options.url,
                                                 models.size()),
                fmt::format("name one of {}: {}/p/NAME", io::canonical(models), options.url));
  }
  LoadReport out;
  out.model = models[0].get<std::string>();
  const Json about = TRY(ask_json(first, "/v2/models/" + out.model));
  const Json inputs = io::get_or<Json>(about, "inputs", Json::array());
  out.columns = inputs.size();
  Asked asked{fmt::format("/v2/models/{}/infer", out.model), body_of(inputs, options.rows), 0};
  Said warm = TRY(trial.ask(asked.path, asked.body));
  const bool dry = warm.status != 401 && warm.status != 403;
  if (!dry) {
    out.logged = TRY(has_project(first));
    if (out.logged && !options.may_log) {
      return fail(Code::kInvalidInput,
                  fmt::format("the rows of zeros would be in the log of predictions of {}, and "
                              "monitored",
                              out.model),
                  "show the token of a deployer, and nothing is kept: --token "
                  "\"$(cat .rondo/token)\" in the project's folder; or accept it: --logged");
    }
    warm = TRY(first.ask(asked.path, asked.body));
  }
  if (warm.status != 200) {
    return fail(Code::kUnavailable,
                fmt::format("{} was answered by {}: {}", asked.path, warm.status, warm.shown()),
                warm.status == 401 ? "show a token with the role predictor: --token" : "");
  }
  const auto said = io::parse_json(warm.body, "its reply");
  if (said) out.version = io::get_or<std::string>(*said, "model_version", "");
  Guarded<LoadReport> report(out);
  const std::int64_t began = monotonic_us();
  asked.end_us = began + options.length.us;
  {
    std::vector<Worker> workers;
    workers.reserve(options.connections);
    for (std::size_t i = 0; i < options.connections; ++i) {
      workers.emplace_back("load", [&](const Stop&) {
        Client client(place, options.token, dry);
        keep_asking(client, asked, stop, report);
      });
    }
    for (Worker& worker : workers) worker.join();
  }
  report.with([&](const LoadReport& all) { out = all; });
  out.seconds = static_cast<double>(monotonic_us() - began) * 1e-6;
  std::ranges::sort(out.us);
  return out;
}

}  // namespace rondo::api
