// Between the ledger and the sinks: nothing is lost by a kill, and what was sent keeps its key.
#include "loop/courier.h"

#include <gtest/gtest.h>

#include "io/scratch.h"
#include "ledger/store.h"

namespace rondo::loop {
namespace {

class CourierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ledger::OpenOptions options;
    options.create = true;
    store_ = *ledger::Store::open(io::real_fs(), scratch_ / ".rondo", options);
    lease_ = *store_->ledger->take_lease("test");
    desk_ = *Desk::open(*store_->ledger, lease_);
    signal("spike", "old", true);
  }

  void signal(const std::string& kind, const std::string& subject, bool open) {
    monitor::Signal signal;
    signal.kind = kind;
    signal.subject = subject;
    signal.open = open;
    signal.since = signal.seen = clock_.now();
    ASSERT_TRUE(desk_->append([&](const State&) -> Result<Entry> {
      Entry entry;
      entry.facts = {{clock_.now(), "signal", 0, monitor::to_json(signal)}};
      return entry;
    }));
  }

  std::unique_ptr<Courier> courier() {
    Courier::Parts parts;
    parts.desk = desk_.get();
    parts.clock = &clock_;
    parts.options = {Severity::kQuality, Span::days(1), {"webhook"}, "toy", "c0ffee"};
    parts.send = [this](const std::string&, const Json& message,
                        const Stop&) -> Result<std::string> {
      sent_.push_back(message.at("key").get<std::string>());
      if (!answers_) return fail(Code::kUnavailable, "host:443: no answer in time");
      return std::string("host:443 answered 200");
    };
    parts.log = [this](const std::string& line) { lines_.push_back(line); };
    parts.complain = [this](const std::string& all) { complaint_ = all; };
    return *Courier::open(std::move(parts));
  }

  io::Scratch scratch_;
  ManualClock clock_{*parse_time("2024-03-01")};
  std::unique_ptr<ledger::Store> store_;
  ledger::Lease lease_;
  std::unique_ptr<Desk> desk_;
  bool answers_ = true;
  std::vector<std::string> sent_, lines_;
  std::string complaint_;
};
using Keys = std::vector<std::string>;

TEST_F(CourierTest, CarriesWhatHappensWhileItWasAway) {
  ASSERT_TRUE(courier()->turn({}));
  EXPECT_EQ(sent_, Keys{}) << "what was open before is no news";
  clock_.set(clock_.now() + Span::days(3));
  signal("spike", "a", true);  // by a `run` without a courier
  signal("spike", "a", false);
  const auto later = courier();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(later->turn({}));
  EXPECT_EQ(sent_, (Keys{"c0ffee-A2-opened-2", "c0ffee-A2-closed-3"}));
  EXPECT_EQ(lines_.size(), 2U);
}

TEST_F(CourierTest, SendsAgainUnderTheSameKeyAfterARestart) {
  auto first = courier();
  ASSERT_TRUE(first->turn({}));
  clock_.set(clock_.now() + Span::days(3));
  signal("spike", "a", true);
  answers_ = false;
  ASSERT_TRUE(first->turn({}));
  first = courier();
  ASSERT_TRUE(first->turn({}));
  EXPECT_EQ(sent_.size(), 1U) << "its pause goes on over the restart";
  clock_.set(clock_.now() + Span::seconds(1));
  answers_ = true;
  ASSERT_TRUE(first->turn({}));
  EXPECT_EQ(sent_, (Keys{"c0ffee-A2-opened-2", "c0ffee-A2-opened-2"}));
  first = courier();
  clock_.set(clock_.now() + Span::hours(2));
  ASSERT_TRUE(first->turn({}));
  EXPECT_EQ(sent_.size(), 2U) << "delivered is delivered";
  EXPECT_EQ(lines_.size(), 1U) << "the log was told once";
}

TEST_F(CourierTest, ComplainsOfADeadSinkAndTakesItBack) {
  const auto one = courier();
  ASSERT_TRUE(one->turn({}));
  clock_.set(clock_.now() + Span::days(3));
  signal("spike", "a", true);
  answers_ = false;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(one->turn({}));
    clock_.set(clock_.now() + Span::hours(1));
  }
  EXPECT_NE(complaint_.find("alerts do not reach the sink webhook"), std::string::npos);
  const auto again = courier();
  complaint_.clear();
  answers_ = true;
  ASSERT_TRUE(again->turn({}));
  EXPECT_EQ(complaint_, "");
}

TEST_F(CourierTest, WithoutTheLeaseNothingIsSent) {
  const auto one = courier();
  ASSERT_TRUE(one->turn({}));
  clock_.set(clock_.now() + Span::days(3));
  signal("spike", "a", true);
  ASSERT_TRUE(store_->ledger->release(lease_));
  ASSERT_TRUE(store_->ledger->take_lease("another"));
  EXPECT_FALSE(one->turn({}));
  EXPECT_EQ(sent_, Keys{});
}

}  // namespace
}  // namespace rondo::loop
