// Gathering pairs. A row counts for the guards when it is read; its label counts at age
// label_delay, when it is there by then: what comes early would select.
#include "loop/rollout.h"

#include <algorithm>
#include <cmath>

#include "deploy/router.h"
#include "loop/watch.h"

namespace rondo::loop {
namespace {

constexpr Span kWrittenAfter = Span::seconds(2);   // a record may be read later than its label
constexpr Span kPlaces = Span::seconds(10);        // between two places to start again from
constexpr Span kHomeless = Span::seconds(600);
constexpr double kEffect = 0.02, kMostHarm = 0.5;
constexpr std::size_t kPendingMost = 200'000;  // rows; what is beyond gets no label here

std::string_view request_of(std::string_view id) { return id.substr(0, id.rfind('.')); }

Json place_json(const io::LogPosition& log) {
  return {{"segment", log.segment}, {"offset", log.offset}};
}

Result<std::shared_ptr<const model::Pipeline>> pipeline_of(ledger::Store& store, const State& state,
                                                           std::int64_t version) {
  const std::string& hex = state.versions.at(version).pipeline;
  return model::Pipeline::load(TRY(store.objects->get(TRY(io::Digest::from_hex(hex)))));
}

}  // namespace

monitor::GuardOptions guard_options(const DeployOptions& options) {
  return {options.guard_errors, options.guard_latency, options.guard_loss};
}

Json rollout_plan(const DeployOptions& options, const std::string& pipeline, bool proves) {
  const std::string salt = io::sha256("split " + pipeline).hex().substr(0, 16);
  if (proves) {
    return {{"shares", Json::array()}, {"unseen", true}, {"proves", true}, {"salt", salt}};
  }
  std::vector<double> shares = options.canary;
  if (!shares.empty() && shares.back() >= 100) shares.pop_back();
  if (shares.empty() && options.shadow_rows == 0) return nullptr;
  return {{"shares", shares},
          {"unseen", options.shadow_rows > 0},
          {"salt", salt}};
}

std::vector<ledger::NewFact> rollout_facts(const State& state, const Move& move, Json basis,
                                           Time at, Span window) {
  using What = Move::What;
  const Rollout& r = *state.rollout;
  std::vector<ledger::NewFact> facts;
  facts.push_back({at, "decision", r.step,
                   {{"about", "rollout"}, {"answer", kMoves[static_cast<std::size_t>(move.what)]},
                    {"cause", move.cause}, {"reason", move.reason}, {"numbers", move.numbers},
                    {"basis", std::move(basis)}}});
  if (move.what == What::kHold) return facts;
  const bool back = move.what == What::kRollBack && r.watched;  // it serves: a switch
  if (move.what == What::kPromote || back) {
    Json body = {{"from", state.champion}, {"to", back ? r.champion : r.challenger},
                 {"who", "policy"}, {"why", move.reason}};
    if (!back) body["watched_until"] = to_text(at + window);
    facts.push_back({at, "deployed", r.step, std::move(body)});
    return facts;
  }
  const bool on = move.what == What::kAdvance;
  Json body = {{"act", on ? "advance" : "end"}, {"challenger", r.challenger},
               {"champion", r.champion}, {"who", "policy"}, {"why", move.reason}};
  if (on) body["share_percent"] = r.shares[static_cast<std::size_t>(r.place + 1)];
  facts.push_back({at, "rollout", r.step, std::move(body)});
  return facts;
}

double strangeness(const model::Reference& reference, double value, const std::string& answer) {
  const model::ColumnReference& label = reference.label;
  if (answer.empty()) {
    if (!label.numeric || label.rows == 0) return 0;
    return value < label.minimum || value > label.maximum ? 1 : 0;
  }
  const auto found = std::ranges::find(label.categories, answer);
  if (label.numeric || label.rows == 0 || found == label.categories.end()) return 0;
  const auto place = static_cast<std::size_t>(found - label.categories.begin());
  return 1 - static_cast<double>(label.counts[place]) / static_cast<double>(label.rows);
}

RolloutWatch::RolloutWatch(ledger::Store& store, const Config& config, const Rollout& rollout)
    : store_(store),
      config_(config),
      challenger_(rollout.challenger),
      champion_(rollout.champion),
      began_(rollout.began),
      guards_(guard_options(config.deploy)) {}

Result<std::unique_ptr<RolloutWatch>> RolloutWatch::open(ledger::Store& store, const Config& config,
                                                         const State& state,
                                                         const Lookup& loaded) {
  auto watch =
      std::unique_ptr<RolloutWatch>(new RolloutWatch(store, config, *state.rollout));
  TRY(watch->load(state, loaded));
  watch->guards_ = monitor::RolloutGuards(watch->options());
  const std::optional<Json> kept = TRY(store.ledger->projection("rollout"));
  const bool same = kept &&
                    io::get_or<std::int64_t>(*kept, "challenger", 0) == watch->challenger_ &&
                    io::get_or<std::int64_t>(*kept, "began_us", 0) == watch->began_.us;
  if (same) TRY(watch->restore(*kept));
  return watch;
}

/// margin and min_effect in the unit of the losses that are compared: wrong answers, or the error
/// as a share of the reference's scale. A gate that looks at neither leaves 0, and 2 % of the risk
/// that was measured of the older version.
monitor::GuardOptions RolloutWatch::options() const {
  monitor::GuardOptions options = guard_options(config_.deploy);
  const model::Reference& reference = older_->reference();
  const evaluate::Options& gate = config_.evaluate;
  const bool numbers = model::is_number(older_->parts().task);
  const bool plain = older_->parts().task == model::Task::kRegression && gate.metric == "auto";
  const bool same = numbers ? plain || gate.metric == "mae"
                            : gate.metric == "accuracy";
  const double unit = numbers ? std::max(reference.error_scale(), 1e-300) : 1;
  options.min_effect = kEffect * reference.test_risk;
  if (same) {
    options.margin = gate.margin / unit;
    if (gate.min_effect.is_number()) options.min_effect = gate.min_effect.get<double>() / unit;
  }
  options.margin = std::clamp(options.margin, 0.0, kMostHarm);
  options.min_effect = std::clamp(options.min_effect, 0.0, kMostHarm);
  return options;
}

Result<void> RolloutWatch::load(const State& state, const Lookup& loaded) {
  newer_ = loaded(challenger_);
  if (!newer_) newer_ = TRY(pipeline_of(store_, state, challenger_));
  older_ = loaded(champion_);
  if (!older_) older_ = TRY(pipeline_of(store_, state, champion_));
  return {};
}

bool RolloutWatch::is_of(const Rollout& rollout) const {
  return rollout.challenger == challenger_ && rollout.champion == champion_ &&
         rollout.began == began_;
}

Result<void> RolloutWatch::restore(const Json& kept) {
  guards_ = TRY(monitor::RolloutGuards::restore(options(),
                                                io::get_or<Json>(kept, "guards", nullptr)));
  const Json place = io::get_or<Json>(kept, "place", Json::object());
  log_.segment = io::get_or<std::string>(place, "segment", "");
  log_.offset = io::get_or<std::uint64_t>(place, "offset", 0);
  label_row_ = io::get_or<std::int64_t>(kept, "label_row", 0);
  again_ = io::get_or<std::uint64_t>(kept, "again", 0);
  matured_ = {io::get_or<std::int64_t>(kept, "matured_us", kBeginningOfTime.us)};
  unseen_ = io::get_or<std::uint64_t>(kept, "unseen", 0);
  for (const Json& item : io::get_or<Json>(kept, "shares", Json::array())) {
    const auto share = io::get_or<std::uint16_t>(item, "share", 0);
    by_share_[share] = {io::get_or<std::uint64_t>(item, "rows", 0),
                        io::get_or<std::uint64_t>(item, "labels", 0)};
  }
  return {};
}

Json RolloutWatch::projection() const {
  Json shares = Json::array();
  for (const auto& [share, counts] : by_share_) {
    shares.push_back({{"share", share}, {"rows", counts.rows}, {"labels", counts.labels}});
  }
  const bool waits = !began_places_.empty();
  return {{"challenger", challenger_},
          {"began_us", began_.us},
          {"guards", guards_.state()},
          {"place", place_json(waits ? began_places_.front().log : log_)},
          {"label_row", waits ? began_places_.front().label_row : label_row_},
          {"again", waits ? passed_ - began_places_.front().passed : 0},
          {"matured_us", matured_.us},
          {"unseen", unseen_},
          {"shares", shares}};
}

Result<void> RolloutWatch::read(Time now) {
  const Began at{log_, label_row_, passed_, {}, {}};
  log_ = TRY(ledger::read_predictions(
      *store_.fs, store_.log(), log_,
      [&](ledger::Prediction&& row) { take(std::move(row), at); }));
  end_request();
  TRY(read_labels(now));
  mature(now);
  return {};
}

/// Rows of before the rollout, of other versions, that were named, or that nobody compared, say
/// nothing about it.
void RolloutWatch::take(ledger::Prediction&& row, const Began& at) {
  const bool again = again_ > 0;
  if (again) --again_;
  ++passed_;
  if (row.arm == ledger::Arm::kNamed || row.answered < began_) return;
  if (row.arm == ledger::Arm::kCanary && row.version == challenger_ && !again) {
    ++by_share_[row.share].rows;
  }
  if (!row.shadow) return;
  const bool newer_answered = row.version == challenger_ && row.shadow->version == champion_;
  if (!newer_answered && !(row.version == champion_ && row.shadow->version == challenger_)) return;
  keep(row, newer_answered, at);
  if (again) return;
  if (request_of(row.id) != request_) end_request();
  request_ = request_of(row.id);
  if (row.share == 0) ++unseen_;
  const double newer = newer_answered ? row.value : row.shadow->value;
  const double older = newer_answered ? row.shadow->value : row.value;
  const std::string& newer_text = newer_answered ? row.answer : row.shadow->answer;
  const std::string& older_text = newer_answered ? row.shadow->answer : row.answer;
  paired_.failures.push_back(static_cast<int>(deploy::failed(newer)) -
                             static_cast<int>(deploy::failed(older)));
  paired_.newer_strange += strangeness(newer_->reference(), newer, newer_text);
  paired_.older_strange += strangeness(older_->reference(), older, older_text);
  paired_.newer_ns = newer_answered ? row.shadow->own_ns : row.shadow->shadow_ns;
  paired_.older_ns = newer_answered ? row.shadow->shadow_ns : row.shadow->own_ns;
}

void RolloutWatch::end_request() {
  if (!paired_.failures.empty()) {
    const auto rows = static_cast<double>(paired_.failures.size());
    paired_.newer_strange /= rows;
    paired_.older_strange /= rows;
    guards_.add(paired_);
  }
  paired_ = {};
  request_.clear();
}

void RolloutWatch::keep(const ledger::Prediction& row, bool newer_answered, const Began& at) {
  const Span delay = std::max(config_.monitor.label_delay, kWrittenAfter);
  Pending pending;
  pending.mature = std::max(row.time, row.answered) + delay;
  if (pending.mature <= matured_ || pending_.size() >= kPendingMost) return;
  pending.share = row.share;
  (newer_answered ? pending.newer : pending.older) = {row.value, row.answer};
  (newer_answered ? pending.older : pending.newer) = {row.shadow->value, row.shadow->answer};
  if (began_places_.empty() || pending.mature - began_places_.back().first > kPlaces) {
    began_places_.push_back(at);
    began_places_.back().first = began_places_.back().last = pending.mature;
  }
  began_places_.back().last = std::max(began_places_.back().last, pending.mature);
  const Time due = pending.mature;
  if (pending_.emplace(row.id, std::move(pending)).second) due_.emplace(due, row.id);
}

Result<void> RolloutWatch::read_labels(Time now) {
  for (auto at = homeless_.begin(); at != homeless_.end();) {
    const auto found = pending_.find(at->first);
    if (found != pending_.end()) found->second.label = at->second.value;
    const bool gone = found != pending_.end() || now - at->second.received > kHomeless;
    at = gone ? homeless_.erase(at) : std::next(at);
  }
  return ledger::each_label(*store_.ledger, label_row_, [&](const ledger::Label& label) {
    const auto found = pending_.find(label.id);
    if (found != pending_.end()) {
      found->second.label = label.value;
    } else if (now - label.received <= kHomeless) {
      homeless_[label.id] = label;
    }
  });
}

double RolloutWatch::loss_of(const Answered& answer, const Json& label) const {
  const model::Pipeline::Parts& parts = older_->parts();
  const auto truth = label_number(label, parts);
  if (deploy::failed(answer.value) || !truth) return 1;
  if (!model::is_number(parts.task)) {
    return label_number(Json(answer.text), parts) == truth ? 0 : 1;
  }
  return std::min(1.0, std::abs(answer.value - *truth) / parts.reference.error_scale());
}

/// The labels of one request are one observation.
void RolloutWatch::mature(Time now) {
  std::string request;
  double sum = 0, rows = 0;
  const auto end = [&] {
    if (rows > 0) guards_.add_loss(sum / rows);
    sum = rows = 0;
  };
  while (!due_.empty() && due_.begin()->first <= now) {
    auto node = pending_.extract(due_.begin()->second);
    due_.erase(due_.begin());
    if (node.empty() || !node.mapped().label) continue;
    if (!label_number(*node.mapped().label, older_->parts())) continue;  // a class nobody knows
    if (request_of(node.key()) != request) end();
    request = request_of(node.key());
    sum += loss_of(node.mapped().newer, *node.mapped().label) -
           loss_of(node.mapped().older, *node.mapped().label);
    rows += 1;
    ++by_share_[node.mapped().share].labels;
  }
  end();
  matured_ = std::max(matured_, now);
  while (!began_places_.empty() && began_places_.front().last <= now) began_places_.pop_front();
}

RolloutEvidence RolloutWatch::evidence(const Rollout& rollout) const {
  RolloutEvidence out;
  const auto counts = by_share_.find(rollout.share());
  if (counts != by_share_.end()) {
    out.rows = counts->second.rows;
    out.labels = counts->second.labels;
  }
  out.unseen = unseen_;
  out.guards = guards_.readings();
  out.proof = guards_.proof();
  out.proved_at = 1 / (1 - config_.evaluate.confidence);
  return out;
}

}  // namespace rondo::loop
