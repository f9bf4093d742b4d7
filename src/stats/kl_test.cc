// Chernoff's evidence is what it says, and never more than the binomial tail allows.
#include "stats/kl.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rondo::stats {
namespace {

// kl(1/2, 1/4) = ln 2 / 2 + ln(2/3) / 2 = ln(4/3) / 2.
TEST(Kl, WorkedByHand) {
  EXPECT_NEAR(bernoulli_kl(0.5, 0.25), 0.5 * std::log(4.0 / 3), 1e-15);
  EXPECT_EQ(bernoulli_kl(0.2, 0.2), 0);
  EXPECT_NEAR(bernoulli_kl(0, 0.1), -std::log(0.9), 1e-15);
  EXPECT_NEAR(bernoulli_kl(1, 0.1), -std::log(0.1), 1e-15);
  EXPECT_TRUE(std::isinf(bernoulli_kl(0.1, 0)));
  EXPECT_EQ(bernoulli_kl(0, 0), 0);
}

TEST(Kl, PriceIsTheLogarithmOfTheTestsInAYear) {
  EXPECT_NEAR((Budget{20, 100, 365, 0.25}.price()), std::log(2.0 * 20 * 100 * 365 / 0.25), 1e-12);
}

TEST(Kl, EvidenceIsZeroInsideTheBox) {
  EXPECT_EQ(chernoff_evidence({10, 100}, {0.05, 0.15}), 0);
  EXPECT_EQ(chernoff_evidence({0, 0}, {0.05, 0.15}), 0);
  EXPECT_NEAR(chernoff_evidence({30, 100}, {0.05, 0.15}), 100 * bernoulli_kl(0.3, 0.15), 1e-12);
  EXPECT_NEAR(chernoff_evidence({1, 100}, {0.05, 0.15}), 100 * bernoulli_kl(0.01, 0.05), 1e-12);
}

// P(X >= k) is I_p(k, n - k + 1): exp(-evidence) is never below it, so the union bound holds.
TEST(Kl, EvidenceNeverExceedsTheBinomialTail) {
  for (const std::uint64_t n : {5U, 40U, 1000U}) {
    for (const double p : {0.01, 0.1, 0.5}) {
      for (std::uint64_t k = 1; k <= n; k += 1 + n / 20) {
        const double x = static_cast<double>(k) / static_cast<double>(n);
        if (x <= p) continue;
        const double tail = beta_cdf(p, {static_cast<double>(k), static_cast<double>(n - k) + 1});
        const double bound = std::exp(-chernoff_evidence({k, n}, {0, p}));  // p^n both for k = n
        EXPECT_GE(bound * (1 + 1e-12), tail) << n << " " << p << " " << k;
      }
    }
  }
}

// (n - 1) kl((c - 1)/(n - 1), h) - ln n with n = 101, c = 51, h = 0.2.
TEST(Kl, SpikeEvidenceWorkedByHand) {
  EXPECT_NEAR(spike_evidence({51, 101}, 0.2), 100 * bernoulli_kl(0.5, 0.2) - std::log(101), 1e-12);
  EXPECT_EQ(spike_evidence({1, 101}, 0), 0);
  EXPECT_EQ(spike_evidence({10, 101}, 0.2), 0);
}

}  // namespace
}  // namespace rondo::stats
