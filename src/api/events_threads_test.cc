// Events on a real socket: they come when the ledger grows, and a listener holds up no end.
#include <gtest/gtest.h>

#include "api/server.h"
#include "api/socket_client.h"
#include "api/testing.h"

namespace rondo::api {
namespace {

TEST(EventsThreads, AListenerHearsOfAFactAndOfTheEnd) {
  FakeService service{regression_pipeline()};
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.threads = 2;
  auto server = Server::start(options, service);
  ASSERT_TRUE(server.has_value());
  Client client((*server)->port());
  const Got head = client.send(get("/api/v1/events")).reply();
  ASSERT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("Content-Length"), "");
  EXPECT_TRUE(client.hears("event: hello\ndata: {\"sequence\":0}\n\n"));
  ledger::Ledger& ledger = *service.store().ledger;
  const auto lease = ledger.take_lease("a test");
  ASSERT_TRUE(lease.has_value());
  const ledger::NewFact fact{kTestNow, "decision", 0, Json::object()};
  ASSERT_TRUE(ledger.append(*lease, {&fact, 1}).has_value());
  EXPECT_TRUE(client.hears("event: change\ndata: {\"sequence\":1}\n\n"));
  // Others are answered beside it.
  Client other((*server)->port());
  EXPECT_EQ(other.send(get("/health/live")).reply().status, 200);
  (*server)->stop();
  EXPECT_TRUE(client.hears("event: end\n"));
}

}  // namespace
}  // namespace rondo::api
