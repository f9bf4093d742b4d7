// The answers of one window that are remembered until they are judged: all of them up to a limit,
// of more a random part, so that a busy server needs no more memory than a quiet one. Which ones
// follows from their ids alone (those whose hash is least), so order of arrival, a restart and what
// was passed twice change nothing, and a row that gets a label is as likely kept as any other.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "base/seed.h"
#include "ledger/prediction_log.h"

namespace rondo::loop {

/// Threads: one. Cost: memory of `most` answers.
class WindowSample {
 public:
  explicit WindowSample(std::size_t most) : most_(most) {}

  static std::uint64_t hash(std::string_view id) { return Seed{}.derive(id).value; }
  /// Whether an answer of that id would be kept now; it may have to go later.
  bool wants(std::string_view id) const { return hash(id) <= greatest_; }
  /// Keeps it if wanted. Each id that has to go then, for good, is told to `gone`.
  void add(ledger::Prediction&& prediction, const std::function<void(const std::string&)>& gone) {
    std::string id = prediction.id;
    if (!wants(id)) return;
    rows_.try_emplace(std::move(id), std::move(prediction));
    while (rows_.size() > most_ && greatest_ > 0) {
      greatest_ /= 2;
      std::erase_if(rows_, [&](const auto& item) {
        const bool goes = !wants(item.first);
        if (goes) gone(item.first);
        return goes;
      });
    }
  }
  /// By id, in no order.
  const std::unordered_map<std::string, ledger::Prediction>& rows() const { return rows_; }
  /// What part of all answers is kept: 1, 1/2, 1/4, ...
  double share() const { return (static_cast<double>(greatest_) + 1) * 0x1p-64; }

 private:
  std::size_t most_;
  std::uint64_t greatest_ = ~std::uint64_t{0};  // the hashes up to it are kept
  std::unordered_map<std::string, ledger::Prediction> rows_;
};

}  // namespace rondo::loop
