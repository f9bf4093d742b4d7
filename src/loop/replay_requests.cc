// See replay_requests.h. Rows are scored in blocks, by the kernel of batches; what is kept of them
// are counts and a histogram, so a long log needs no more memory than a short one.
#include "loop/replay_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loop/replay_loss.h"
#include "loop/rescore.h"
#include "loop/run.h"
#include "loop/service_world.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kBlock = 2'048;
constexpr double kStep = 1.02;  // between two ends of the histogram

using deploy::Deployed;

/// Differences, not negative: percentiles to 1 %, mean and maximum as they are.
class Differences {
 public:
  void add(double difference) {
    if (!std::isfinite(difference)) difference = std::numeric_limits<double>::max();
    ++rows_;
    sum_ += difference;
    most_ = std::max(most_, difference);
    if (difference > 0) ++buckets_[static_cast<int>(std::floor(std::log(difference) / kWidth))];
  }
  std::uint64_t rows() const { return rows_; }
  double mean() const { return sum_ / static_cast<double>(rows_); }
  double most() const { return most_; }
  /// The middle of the bucket in which the percentile lies.
  double percentile(double share) const {
    const double place = share * static_cast<double>(rows_);
    std::uint64_t above = 0;
    for (const auto& bucket : buckets_) above += bucket.second;
    double below = static_cast<double>(rows_ - above);  // equal answers
    if (below >= place) return 0;
    for (const auto& [bucket, count] : buckets_) {
      below += static_cast<double>(count);
      if (below >= place) return std::min(most_, std::exp((bucket + 0.5) * kWidth));
    }
    return most_;
  }

 private:
  const double kWidth = std::log(kStep);
  std::uint64_t rows_ = 0;
  double sum_ = 0, most_ = 0;
  std::map<int, std::uint64_t> buckets_;
};

double probability_of(const model::Pipeline::Parts& parts, const ledger::Prediction& row,
                      const std::string& name) {
  const auto found = std::ranges::find(parts.classes, name);
  const auto place = static_cast<std::size_t>(found - parts.classes.begin());
  return place < row.probabilities.size() ? row.probabilities[place] : 0;
}

/// Between two answers to one row: of the values, or the greatest of a probability.
double difference_of(const model::Pipeline::Parts& a_parts, const ledger::Prediction& a,
                     const model::Pipeline::Parts& b_parts, const ledger::Prediction& b) {
  if (model::is_number(a_parts.task)) return std::abs(a.value - b.value);
  double most = 0;
  for (const auto* classes : {&a_parts.classes, &b_parts.classes}) {
    for (const std::string& name : *classes) {
      most = std::max(most, std::abs(probability_of(a_parts, a, name) -
                                     probability_of(b_parts, b, name)));
    }
  }
  return most;
}

/// The version that scores again, beside one that answered.
struct Pair {
  std::shared_ptr<const Deployed> answered;
  std::vector<std::int32_t> from;  // of each column that is read, its place in the logged row
  std::string reason;              // why no row of it can be read; empty: they can
  bool same_past = false;          // the logged lags are those that are asked for
};

class Replayer {
 public:
  Replayer(ServiceWorld& world, const State& state, std::shared_ptr<const Deployed> by,
           const ShownLoss& shown, std::map<std::string, Json, std::less<>> labels)
      : world_(world),
        state_(state),
        by_(std::move(by)),
        shown_(shown),
        labels_(std::move(labels)) {}

  Result<void> add(ledger::Prediction&& row) {
    block_.push_back(std::move(row));
    return block_.size() < kBlock ? Result<void>() : finish();
  }
  Result<void> finish();
  Json to_json() const;

 private:
  struct Answered {
    std::uint64_t rows = 0, equal = 0;
  };
  Result<const Pair*> pair_for(std::int64_t version);
  Pair make_pair(std::shared_ptr<const Deployed> answered) const;
  std::optional<LoggedRow> read(const ledger::Prediction& row, const Pair& pair);
  std::optional<std::vector<double>> past_of(const ledger::Prediction& row, const Pair& pair,
                                             std::span<const model::Cell> cells);
  void compare(const ledger::Prediction& row, const Pair& pair, std::span<const double> answer);
  const model::Pipeline::Parts& parts() const { return by_->pipeline->parts(); }

  ServiceWorld& world_;
  const State& state_;
  const std::shared_ptr<const Deployed> by_;
  const ShownLoss shown_;
  const std::map<std::string, Json, std::less<>> labels_;
  std::vector<ledger::Prediction> block_;
  std::map<std::int64_t, Pair> pairs_;
  std::map<std::int64_t, Answered> answered_;
  std::map<std::string, std::uint64_t> passed_over_;
  Differences differences_;
  std::uint64_t changed_ = 0;
  ReplayDay logged_, replayed_;
};

Pair Replayer::make_pair(std::shared_ptr<const Deployed> answered) const {
  Pair pair;
  const model::Transform& mine = by_->pipeline->transform();
  const model::Transform& other = answered->pipeline->transform();
  pair.same_past = mine.history() == other.history();
  if (answered->pipeline->parts().task != parts().task) pair.reason = "it answered another task";
  for (const table::Field& field : mine.inputs().fields) {
    const auto place = other.inputs().find(field.name);
    pair.from.push_back(place ? static_cast<std::int32_t>(*place) : -1);
    if (!place) {
      pair.reason =
          fmt::format("v{} did not read the column \"{}\"", answered->version, field.name);
    } else if (is_text(other.inputs().fields[*place].type) != is_text(field.type)) {
      pair.reason = fmt::format("v{} read the column \"{}\" as another type", answered->version,
                                field.name);
    }
  }
  pair.answered = std::move(answered);
  return pair;
}

Result<const Pair*> Replayer::pair_for(std::int64_t version) {
  if (const auto found = pairs_.find(version); found != pairs_.end()) return &found->second;
  const auto answered = version == by_->version ? by_ : TRY(world_.load(state_, version));
  return &pairs_.emplace(version, make_pair(answered)).first->second;
}

std::optional<std::vector<double>> Replayer::past_of(const ledger::Prediction& row,
                                                     const Pair& pair,
                                                     std::span<const model::Cell> cells) {
  const std::size_t count = by_->pipeline->transform().history().lags.size();
  if (pair.same_past && row.lags.size() == count) return row.lags;
  if (pair.answered == by_) return std::nullopt;
  std::vector<double> lags(count);
  if (by_->history) {
    const std::string_view entity = by_->pipeline->transform().entity(cells);
    by_->history->with([&](const model::HistoryState& history) {
      history.read(entity, row.time, row.time, lags);
    });
  }
  return lags;
}

std::optional<LoggedRow> Replayer::read(const ledger::Prediction& row, const Pair& pair) {
  const auto pass = [&](const std::string& reason) {
    ++passed_over_[reason];
    return std::nullopt;
  };
  if (!pair.reason.empty()) return pass(pair.reason);
  const auto cells = model::decode_cells(row.cells);
  const std::size_t width = pair.answered->pipeline->transform().inputs().fields.size();
  if (!cells || cells->size() != width) return pass("the record does not hold its columns");
  LoggedRow out{{}, row.time, {}};
  for (const std::int32_t place : pair.from) {
    out.cells.push_back((*cells)[static_cast<std::size_t>(place)]);
  }
  auto lags = past_of(row, pair, out.cells);
  if (!lags) return pass("the record is from before lags were logged");
  out.lags = *std::move(lags);
  return out;
}

void Replayer::compare(const ledger::Prediction& row, const Pair& pair,
                       std::span<const double> answer) {
  const ledger::Prediction again = as_answered(parts(), answer);
  Answered& count = answered_[row.version];
  ++count.rows;
  count.equal += same_bits(row, again) ? 1 : 0;
  const model::Pipeline::Parts& then = pair.answered->pipeline->parts();
  if (pair.answered != by_) {
    differences_.add(difference_of(then, row, parts(), again));
    changed_ += row.answer != again.answer ? 1 : 0;
  }
  const auto label = labels_.find(row.id);
  if (label == labels_.end()) return;
  const auto logged = loss_of(shown_.metric, then, row, label->second);
  const auto replayed = loss_of(shown_.metric, parts(), again, label->second);
  if (!logged || !replayed) return;
  ++logged_.rows;
  logged_.loss += *logged;
  ++replayed_.rows;
  replayed_.loss += *replayed;
}

Result<void> Replayer::finish() {
  std::vector<LoggedRow> rows;
  std::vector<std::pair<const ledger::Prediction*, const Pair*>> told;
  for (const ledger::Prediction& row : block_) {
    const Pair* pair = TRY(pair_for(row.version));
    auto logged = read(row, *pair);
    if (!logged) continue;
    rows.push_back(*std::move(logged));
    told.emplace_back(&row, pair);
  }
  const std::vector<double> answers = score_again(*by_->pipeline, rows);
  const std::size_t outputs = by_->pipeline->outputs();
  for (std::size_t i = 0; i < told.size(); ++i) {
    compare(*told[i].first, *told[i].second, std::span(answers).subspan(i * outputs, outputs));
  }
  block_.clear();
  return {};
}

Json Replayer::to_json() const {
  Json out = {{"version", by_->version}, {"answered_by", Json::array()}};
  std::uint64_t rows = 0;
  for (const auto& [version, count] : answered_) {
    rows += count.rows;
    out["answered_by"].push_back(
        {{"version", version}, {"rows", count.rows}, {"bit_equal", count.equal}});
  }
  out["rows"] = rows;
  out["passed_over"] = passed_over_;
  if (differences_.rows() > 0) {
    out["difference"] = {{"rows", differences_.rows()},
                         {"mean", differences_.mean()},
                         {"p50", differences_.percentile(0.5)},
                         {"p90", differences_.percentile(0.9)},
                         {"p99", differences_.percentile(0.99)},
                         {"max", differences_.most()}};
    if (!model::is_number(parts().task)) out["difference"]["class_changed"] = changed_;
  }
  if (logged_.rows > 0) {
    DayMean logged(shown_.name), replayed(shown_.name);
    logged.add(logged_);
    replayed.add(replayed_);
    out["loss"] = {{"metric", shown_.name},
                   {"rows", logged_.rows},
                   {"logged", logged.value()},
                   {"replayed", replayed.value()}};
    if (!shown_.note.empty()) out["loss"]["note"] = shown_.note;
  }
  return out;
}

}  // namespace

Result<Json> replay_requests(ledger::Store& store, const Config& config, const RequestsWish& wish) {
  const State state = TRY(read_state(*store.ledger));
  ServiceWorld world(store, config, nullptr, nullptr);
  const auto by = TRY(world.load(state, wish.version));
  std::map<std::string, Json, std::less<>> labels;
  std::int64_t row = 0;
  TRY(ledger::each_label(*store.ledger, row, [&](const ledger::Label& label) {
    labels[label.id] = label.value;
  }));
  Replayer replayer(world, state, by,
                    shown_loss(config.evaluate.metric, by->pipeline->parts().task),
                    std::move(labels));
  Result<void> good;
  TRY(ledger::read_predictions(*store.fs, store.log(), {}, [&](ledger::Prediction&& prediction) {
    const bool wanted = prediction.answered >= wish.from && prediction.answered < wish.to;
    if (wanted && good) good = replayer.add(std::move(prediction));
  }));
  TRY(std::move(good));
  TRY(replayer.finish());
  Json out = replayer.to_json();
  if (wish.from != kBeginningOfTime) out["from"] = to_text(wish.from);
  if (wish.to != kEndOfTime) out["to"] = to_text(wish.to);
  return out;
}

}  // namespace rondo::loop
