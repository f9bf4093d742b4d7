// Handshakes that are not finished: who says nothing is let go, and only so many go on at once.
#include <gtest/gtest.h>

#include <cstdlib>

#include "api/server.h"
#include "api/socket_client.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

class TlsThreads : public ::testing::Test {
 protected:
  TlsThreads() {
    const std::string at = folder_.path().string();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 "
        "-subj /CN=localhost -keyout " + at + "/key.pem -out " + at + "/cert.pem 2> /dev/null";
    CHECK(std::system(command.c_str()) == 0, "openssl makes a certificate");
    options_.listen = "127.0.0.1:0";
    options_.threads = 1;
    options_.drain = Span{};
    options_.tls = folder_.path();
  }
  void start() { server_ = Server::start(options_, service_).value(); }

  io::Scratch folder_;
  FakeService service_{regression_pipeline()};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsThreads, WhoSaysNothingIsLetGo) {
  options_.patience.handshake = Span::millis(200);
  start();
  Client silent(server_->port()), half(server_->port());
  half.send(std::string("\x16\x03\x01\x00\xc8\x01", 6));
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(half.ended());
}

TEST_F(TlsThreads, OnlySoManyHandshakesGoOnAtOnce) {
  options_.handshakes_max = 2;
  options_.patience.handshake = Span::seconds(60);
  start();
  auto one = std::make_unique<Client>(server_->port());
  const Client two(server_->port());
  Client three(server_->port());
  EXPECT_TRUE(three.ended()) << "and is not waited for";
  one.reset();
  int status = 0;
  for (int i = 0; i < 500 && status != 400; ++i) {  // the server sees the end a moment later
    status = Client(server_->port()).send(get("/ping")).reply().status;
    if (status != 400) sleep_for(Span::millis(10), Stop());
  }
  EXPECT_EQ(status, 400) << "whoever left makes room, and is told that this port speaks TLS";
}

}  // namespace
}  // namespace rondo::api
