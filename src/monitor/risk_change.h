// Why a risk rose: because rows of other kinds come (mix), or because rows of the same kind are
// answered worse (concept). Kinds are the leaves of the frozen tree of the risk.
#pragma once

#include <deque>

#include "model/risk_tree.h"
#include "monitor/signals.h"

namespace rondo::monitor {

class RiskChange {
 public:
  explicit RiskChange(const model::Reference& reference);
  void add(const Judged& row, double loss);
  /// The day, or without a clock the cohort, is over. The newest 60 are kept.
  void close(OpenSignals::Window window);
  /// {"concept","mix","error","rows","shares"}: shares of the rise in the windows from `since` on,
  /// sum 1; "error" is the half width of 95 % over drawn windows, null with fewer than five;
  /// "shares" are those of the rows by leaf, in the order of the tree's nodes. Null: there is no
  /// tree, nothing was judged, or the risk did not rise.
  /// With P the share of the rows and r the mean loss of leaf b: mix = sum over b of (P_now -
  /// P_test) r_test, concept = sum of P_now (r_now - r_test).
  Json cause(Time since) const;
  Json state() const;
  /// Errors: kCorrupt.
  Result<void> read(const Json& state);

 private:
  struct Leaf {
    double rows = 0, loss = 0;
  };
  struct Window {
    Time from, until;
    std::vector<Leaf> leaves;            // in the order of leaves_
  };
  struct Parts {
    double concept_part = 0, mix = 0;
    std::vector<double> shares{};        // of the rows, by leaf
  };
  Parts parts_of(std::span<const Window* const> windows) const;

  const model::RiskTree& tree_;
  std::optional<model::RiskLeaves> walk_;
  std::vector<std::size_t> leaves_;      // nodes that are leaves
  std::vector<std::size_t> number_;      // of each node, among the leaves
  std::vector<Leaf> now_;                // of the window that is being filled
  std::deque<Window> windows_;           // oldest first
};

/// "83 % (+-9) concept, 17 % mix; columns that moved: vicprice, transfer"; empty: nothing is known.
std::string cause_text(const Json& cause);

}  // namespace rondo::monitor
