// What a Service answers that has no project: nothing is kept, nobody is asked, ids are its own.
// Who derives from it says what is served.
#pragma once

#include "base/clock.h"
#include "loop/service.h"

namespace rondo::loop {

class StorelessService : public Service {
 public:
  StorelessService();
  bool has_store() const override { return false; }
  ledger::Store& store() override;  // may not be called
  Result<void> load(std::int64_t version) override;
  Result<void> unload(std::int64_t version) override;
  const ledger::PredictionIds& ids() const override { return ids_; }
  bool log(std::span<const ledger::Prediction>) override { return true; }
  bool log_durably(std::span<const ledger::Prediction>, ledger::PredictionLog::Done done) override;
  std::uint64_t log_written() const override { return 0; }
  std::uint64_t log_dropped() const override { return 0; }
  std::uint64_t log_left_out() const override { return 0; }
  Time now() const override { return clock_.now(); }
  Result<FeedbackResult> feedback(std::span<const FeedbackItem>) override;
  Result<PushResult> push(PushWish) override;
  Result<Json> ask(const std::string& act, const Json& arguments, const std::string& who,
                   const std::string& why, const std::string& key) override;
  std::string admin_token() const override { return {}; }
  std::shared_ptr<const ledger::Tokens> tokens() const override {
    return std::make_shared<const ledger::Tokens>();
  }

 private:
  ledger::PredictionIds ids_;
  RealClock clock_;
};

}  // namespace rondo::loop
