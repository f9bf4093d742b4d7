// What the tests of this folder share: a scratch folder that goes away, and results that must be
// good.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "io/digest.h"
#include "ledger/ledger.h"

namespace rondo::ledger {

/// The value; the test ends with the error's text when there is none.
template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << name_of(result.error().code) << ": " << result.error().text();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Code::kCancelled : result.error().code;
}

class ScratchTest : public ::testing::Test {
 protected:
  ScratchTest()
      : root_(std::filesystem::path(::testing::TempDir()) /
              ("rondo-" + io::sha256(io::random_bytes(16)).brief())) {
    std::filesystem::create_directories(root_);
  }
  ~ScratchTest() override { std::filesystem::remove_all(root_); }

  /// Syncs left out: nearly all tests are about what is written, not about when it is durable.
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
  io::Path root_;
};

inline OpenOptions fast() {
  OpenOptions options;
  options.create = true;
  options.durability = io::Durability::kProcess;
  return options;
}

inline NewFact fact(std::string kind, Json body = Json::object(), std::int64_t step = 0) {
  return {Time{1'300'000'000'000'000}, std::move(kind), step, std::move(body)};
}

inline Label label(std::string id, Json value, bool correction = false) {
  Label out;
  out.id = std::move(id);
  out.value = std::move(value);
  out.correction = correction;
  return out;
}

}  // namespace rondo::ledger
