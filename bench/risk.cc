// What Detector B promises: rows without an alarm while the share of errors is .10, rows until one
// when it rises at row 10,000, and what a row costs. Errors are independent; g = 1e-6 a row.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/seed.h"
#include "stats/evidence.h"

namespace {

using rondo::Chance;
using rondo::Seed;
using rondo::stats::RiskEvidence;

constexpr double kBefore = 0.10;
constexpr int kRises = 10'000, kMost = 200'000;

RiskEvidence detector() {
  RiskEvidence::Null null;
  null.mean = kBefore;
  null.false_alarms_per_year = 1e-6;  // a "year" is a row here
  null.real_valued = false;
  return RiskEvidence(null);
}

bool alarms(RiskEvidence& evidence, bool wrong) {
  evidence.add({wrong ? 1.0 : 0.0, 1, {}, 1});
  if (evidence.value() < 1) return false;
  evidence.restart();
  return true;
}

std::uint64_t false_alarms(std::uint64_t rows, double* seconds) {
  RiskEvidence evidence = detector();
  Chance chance(Seed{1});
  std::uint64_t alarmed = 0;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < rows; ++i) {
    alarmed += alarms(evidence, chance.uniform() < kBefore) ? 1 : 0;
  }
  *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return alarmed;
}

/// The median of 101 runs; alarms before the rise are restarted from.
int delay(double after) {
  std::vector<int> rows;
  for (std::uint64_t run = 0; run < 101; ++run) {
    RiskEvidence evidence = detector();
    Chance chance(Seed{1'000 + run});
    for (int i = 0; i < kRises; ++i) alarms(evidence, chance.uniform() < kBefore);
    int until = 1;
    while (!alarms(evidence, chance.uniform() < after) && until < kMost) ++until;
    rows.push_back(until);
  }
  std::ranges::nth_element(rows, rows.begin() + 50);
  return rows[50];
}

}  // namespace

int main(int count, char** words) {
  const bool full = count > 1 && std::string_view(words[1]) == "--full";
  const std::uint64_t rows = full ? 50'000'000 : 10'000'000;
  double seconds = 0;
  const std::uint64_t alarmed = false_alarms(rows, &seconds);
  std::printf("%s\n", fmt::format("{{\"rows\":{},\"false\":{},\"to_12\":{},\"to_15\":{},"
                                  "\"to_20\":{},\"ns\":{:.1f}}}",
                                  rows, alarmed, delay(0.12), delay(0.15), delay(0.20),
                                  seconds / static_cast<double>(rows) * 1e9).c_str());
  return 0;
}
