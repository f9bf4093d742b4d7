// Bodies in gzip: the same answer, and limits that count what comes out.
#include <gtest/gtest.h>

#include "api/testing.h"
#include "base/seed.h"
#include "io/testing.h"

namespace rondo::api {
namespace {

class Gzip : public ::testing::Test {
 protected:
  Response send(const std::string& body, std::string_view encoding = "gzip") {
    return ask(app_, {Method::kPost, "/api/v1/predict", body, {{"Content-Encoding", encoding}}});
  }
  const std::string row_ = R"({"rows":[{"temp":25.5,"hour":8,"sky":"rain","holiday":false}]})";
  FakeService service_{regression_pipeline()};
  App app_{service_, {.body_max = 100'000}, {}, 1};
};

TEST_F(Gzip, IsReadLikeThePlainBody) {
  for (const char* encoding : {"gzip", "GZIP", "x-gzip"}) {
    const Response reply = send(io::gzip(row_), encoding);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(io::parse_json(reply.body)->at("predictions")[0].at("value"), 31);
  }
  const std::string two = io::gzip(row_.substr(0, 30)) + io::gzip(row_.substr(30));
  EXPECT_EQ(send(two).status, 200) << "two members";
  EXPECT_EQ(send(row_, "identity").status, 200);
}

TEST_F(Gzip, WhatIsBroken) {
  const std::string good = io::gzip(row_);
  EXPECT_EQ(send(row_).status, 400) << "not gzip at all";
  EXPECT_EQ(send(good.substr(0, good.size() - 3)).status, 400) << "cut";
  std::string bad = good;
  bad[good.size() - 6] ^= 1;  // its checksum
  EXPECT_EQ(send(bad).status, 400);
  EXPECT_EQ(send(good + "x").status, 400);
  EXPECT_EQ(send(good, "deflate").status, 415);
  EXPECT_EQ(service_.log_written(), 0U);
}

TEST_F(Gzip, LimitsCountWhatComesOut) {
  // Blanks behind the JSON; chance keeps the ratio low.
  Chance chance(Seed{3});
  const auto blanks = [&](std::size_t size) {
    std::string out = row_;
    while (out.size() < size) out += " \t\n\r"[chance.below(4)];
    return out;
  };
  EXPECT_EQ(send(io::gzip(blanks(100'000))).status, 200);
  const Response over = send(io::gzip(blanks(100'001)));
  EXPECT_EQ(over.status, 413);
  EXPECT_NE(over.body.find("100000 bytes"), std::string::npos) << over.body;
  const std::string bomb = io::gzip(row_ + std::string(90'000, ' '));
  ASSERT_LT(bomb.size() * 100, 90'000U);
  const Response ratio = send(bomb);
  EXPECT_EQ(ratio.status, 413);
  EXPECT_NE(ratio.body.find("100 times"), std::string::npos) << ratio.body;
}

}  // namespace
}  // namespace rondo::api
