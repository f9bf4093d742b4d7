// Refusals, each with where to ask instead.
#include "loop/storeless.h"

#include <cstring>

#include "base/check.h"
#include "io/digest.h"

namespace rondo::loop {
namespace {

std::uint32_t random_start() {
  const std::string bytes = io::random_bytes(sizeof(std::uint32_t));
  std::uint32_t start = 0;
  std::memcpy(&start, bytes.data(), sizeof start);
  return start;
}

std::unexpected<Error> no_store(const char* instead) {
  return fail(Code::kUnavailable, "this server has no project", instead);
}

}  // namespace

StorelessService::StorelessService() : ids_(io::random_bytes(32), random_start()) {}

ledger::Store& StorelessService::store() {
  CHECK(false, "routes that need a store are refused before their handlers");
  __builtin_unreachable();
}

Result<void> StorelessService::load(std::int64_t) {
  return no_store("replace the file to load another");
}

Result<void> StorelessService::unload(std::int64_t) { return no_store("its one version answers"); }

bool StorelessService::log_durably(std::span<const ledger::Prediction>,
                                   ledger::PredictionLog::Done done) {
  done(true);
  return true;
}

Result<FeedbackResult> StorelessService::feedback(std::span<const FeedbackItem>) {
  return no_store("send labels to the `rondo up` of the project");
}

Result<PushResult> StorelessService::push(PushWish) {
  return no_store("send labels to the `rondo up` of the project");
}

Result<Json> StorelessService::ask(const std::string&, const Json&, const std::string&,
                                   const std::string&, const std::string&) {
  return no_store("ask the `rondo up` of the project");
}

}  // namespace rondo::loop
