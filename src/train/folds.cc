// Folds by hash, and windows that roll through time. Both depend on rows and seed alone.
#include "train/folds.h"

#include <algorithm>

namespace rondo::train {
namespace {

constexpr std::size_t kFewestInFold = 20;

std::vector<Inner> hashed(const model::Prepared& prepared, const RowList& train, Seed seed,
                          std::size_t count) {
  std::vector<Inner> folds(count);
  const std::uint64_t salt = seed.derive("folds").value;
  for (const std::uint32_t row : train) {
    const std::uint64_t own = Chance({salt ^ whose(prepared, row)}).below(count);
    for (std::size_t fold = 0; fold < count; ++fold) {
      (fold == own ? folds[fold].stop : folds[fold].fit).push_back(row);
    }
  }
  return folds;
}

/// The newest windows, each as long as the test in rows, or a tenth of what there is; so many.
std::vector<Inner> rolling(const model::Prepared& prepared, const RowList& train,
                           std::size_t windows, std::size_t most) {
  const auto test = std::min(most, static_cast<std::size_t>(std::ranges::count(
                                       prepared.side, table::Side::kTest)));
  const std::size_t length = std::clamp<std::size_t>(test, kFewestInFold,
                                                     std::max(train.size() / 10, kFewestInFold));
  const Span gap{std::max<std::int64_t>(prepared.test_from.us - prepared.train_until.us, 0)};
  std::vector<Inner> folds;
  for (std::size_t window = windows; window > 0; --window) {
    if (train.size() < (window + 1) * length) return {};
    const auto moment = [&](std::size_t at) { return prepared.time[train[at]]; };
    const std::size_t from = train.size() - window * length;
    const Time begin = moment(from);
    const bool last = window == 1;
    const Time end = last ? Time{} : moment(from + length);
    Inner fold;
    for (const std::uint32_t row : train) {
      const Time time = prepared.time[row];
      if (time.us < begin.us - gap.us) fold.fit.push_back(row);
      if (time >= begin && (last || time < end)) fold.stop.push_back(row);
    }
    folds.push_back(std::move(fold));
  }
  return folds;
}

}  // namespace

Inner newest_window(const model::Prepared& prepared, const RowList& train,
                    std::size_t most) {
  std::vector<Inner> made = rolling(prepared, train, 1, most);
  return made.empty() ? Inner{} : std::move(made.front());
}

std::vector<Inner> folds_of(const model::Prepared& prepared, const RowList& train, Seed seed,
                            std::size_t folds) {
  const bool clock = prepared.by_time && !prepared.time.empty();
  std::vector<Inner> made = clock ? rolling(prepared, train, kWindows, train.size())
                                  : hashed(prepared, train, seed, folds);
  const bool few = std::ranges::any_of(made, [&](const Inner& fold) {
    return fold.stop.size() < kFewestInFold || fold.fit.size() < kFewestInFold ||
           !has_weight(prepared, fold.stop) || !has_weight(prepared, fold.fit);
  });
  return few ? std::vector<Inner>() : made;
}

}  // namespace rondo::train
