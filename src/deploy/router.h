// Which pipeline answers. One immutable routing table is swapped atomically: a request takes it
// once, so no reply mixes two versions, and the old one is freed when the last request let go of
// it. The former champion stays loaded for an instant rollback. Labels reach the histories in here.
#pragma once

#include <map>

#include "base/guarded.h"
#include "base/published.h"
#include "model/pipeline.h"

namespace rondo::deploy {

/// A loaded version with the history that its lags read.
struct Deployed {
  std::int64_t version = 0;
  io::Digest pipeline_digest;
  std::shared_ptr<const model::Pipeline> pipeline;
  std::shared_ptr<Guarded<model::HistoryState>> history;  // null without lags
};

inline constexpr std::uint16_t kWhole = 10'000;  // a share, in hundredths of a percent

/// Where a caller stands in a split: a pure function, so that a caller stays with one version, and
/// a growing share keeps those that it has.
/// hash(salt, key) mod 10,000, which is below the share for who gets the challenger.
/// Source: FNV-1a, 64 bits (Fowler, Noll, Vo 1991), then the finalizer of MurmurHash3 (Appleby
/// 2011), since the low bits of FNV alone follow the last byte.
std::uint16_t place_of(std::string_view salt, std::string_view key) noexcept;

/// Two versions on the same rows: the one that answers by itself and another, which gets a share of
/// the requests (a challenger) or none (before its first share; the former champion afterwards),
/// and scores what it does not answer after the reply.
struct Trial {
  std::shared_ptr<const Deployed> other;
  std::uint16_t share = 0;           // of the unnamed requests, in hundredths of a percent
  std::uint16_t recorded = 0;        // share of the newer of both, as the log keeps it
  std::string salt, split_by;        // split_by: an input of the champion; empty: none
  std::vector<std::ptrdiff_t> columns{};  // of the champion, for each input of the other, -1: none;
                                          // empty: they are the same
};
/// Empty when both read the same columns.
std::vector<std::ptrdiff_t> columns_between(const model::Pipeline& from, const model::Pipeline& to);
/// The cells of one version in the order of the other; missing where it has none.
std::vector<model::Cell> arranged(std::span<const model::Cell> cells,
                                  std::span<const std::ptrdiff_t> columns);

struct Routing {
  std::shared_ptr<const Deployed> champion;  // null: nothing is deployed
  std::shared_ptr<const Deployed> former;    // for rollback; may be null
  std::vector<std::shared_ptr<const Deployed>> others{};  // answer when named, no traffic
  std::shared_ptr<const Trial> trial{};                   // null: the champion answers alone
  /// Champion, former, the trial's and the others. Null: it is not loaded.
  std::shared_ptr<const Deployed> find(std::int64_t version) const;
};

/// One answered row; the caller gives it an id.
struct Answer {
  std::int64_t version = 0;
  double value = 0;                   // regression: the answer; quantiles: the middle one; binary:
                                      // probability of the positive class; more classes: of the
                                      // one that is answered
  std::string_view label;             // class name, empty for numbers; lives with `by`
  std::vector<double> probabilities;  // one a class; quantiles: one a level; empty for regression
  std::vector<double> lags;           // what the history answered; empty without lags
  std::vector<double> raw;            // before the link, one an output; only when asked for
  std::vector<double> contributions;  // model::Pipeline::explain(); only when asked for
  std::shared_ptr<const Deployed> by;
};

/// Whether a version failed at a row: what it answered is no number.
bool failed(double value) noexcept;

/// kContributions: raw scores too. Only of a pipeline that can_explain().
enum class Wanted : std::uint8_t { kAnswer, kRawToo, kContributions };

class Router {
 public:
  std::shared_ptr<const Routing> take() const { return routing_.take(); }
  /// Publishes the next table; returns the one before.
  std::shared_ptr<const Routing> publish(std::shared_ptr<const Routing> next);
  /// Scores one raw row with a given version. Shape: cells in the order of its input schema.
  /// The class is that of model::Answering::class_of().
  static Answer answer(const std::shared_ptr<const Deployed>& by, const model::RowView& row,
                       model::InputCounts* counts, Wanted wanted = Wanted::kAnswer);
  /// Hands observations of one series (the target, or a lagged column) to every loaded history
  /// that reads it and tells entities apart by the same columns. Their own index of the series is
  /// not looked at: versions number them apart.
  void learn(std::span<const model::Observation> observations, const std::string& series,
             const std::vector<std::string>& entity);

 private:
  Published<Routing> routing_;
};

}  // namespace rondo::deploy
