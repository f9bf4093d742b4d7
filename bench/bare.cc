// The yardstick of bench/run serving: the least that a Beast server can do with the same requests.
// One thread, no limits, no routes, no deadlines: it parses the body with simdjson, adds the 30
// numbers up, and answers a body of the same form and headers. No model, no log.
// usage: bare PORT
#include <simdjson.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using Error = boost::system::error_code;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Tcp::socket&& socket) : socket_(std::move(socket)) {
    socket_.set_option(Tcp::no_delay(true));
  }
  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [self = shared_from_this()](Error error, std::size_t) {
                       if (!error) self->answer();
                     });
  }

 private:
  void answer() {
    double sum = 0;
    simdjson::dom::element root;
    const std::string& body = request_.body();
    if (parser_.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS) {
      for (const auto tensor : root["inputs"]) {
        for (const auto value : tensor["data"]) sum += value.get_double();
      }
    }
    response_ = {http::status::ok, 11};
    response_.set(http::field::content_type, "application/json");
    response_.set("Rondo-Model-Version", "1");
    response_.set("Rondo-Prediction-Id", "AAAAAgAAAAAAAAAAAAABFcmEFqlVDYp-8exA");
    std::string& out = response_.body();
    out =
        "{\"model_name\":\"wide\",\"model_version\":\"1\",\"parameters\":{\"prediction_id\":"
        "\"AAAAAgAAAAAAAAAAAAABFcmEFqlVDYp-8exA\"},\"outputs\":[{\"name\":\"prediction\","
        "\"shape\":[1],\"datatype\":\"FP64\",\"data\":[";
    char number[32];
    out.append(number, std::to_chars(number, number + sizeof number, sum).ptr);
    out += "]}]}\n";
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](Error error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->read();
    });
  }

  Tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  simdjson::dom::parser parser_;
};

void accept(Tcp::acceptor& acceptor) {
  acceptor.async_accept([&](Error error, Tcp::socket socket) {
    if (!error) std::make_shared<Connection>(std::move(socket))->read();
    accept(acceptor);
  });
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  asio::io_context context(1);
  const Tcp::endpoint here(asio::ip::address_v4::loopback(),
                           static_cast<unsigned short>(std::atoi(words[1])));
  Tcp::acceptor acceptor(context, here);
  accept(acceptor);
  std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
  context.run();
  return 0;
}
