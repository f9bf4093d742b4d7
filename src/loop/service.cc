// A project at work: threads beside those of the server. The loop turns, requests are answered
// within 100 ms whatever the loop does, labels are learnt, alerts are carried out. Each can fail
// alone; predictions go on.
#include "loop/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/published.h"
#include "base/words.h"
#include "loop/asking.h"
#include "loop/conductor.h"
#include "loop/courier.h"
#include "loop/log_care.h"
#include "loop/lost.h"
#include "loop/requests.h"
#include "loop/rollout_turn.h"
#include "loop/service_world.h"
#include "loop/session.h"
#include "loop/skew.h"
#include "loop/watch.h"

namespace rondo::loop {
namespace {

constexpr Span kPoll = Span::millis(40), kFollow = Span::millis(200);
constexpr std::uint64_t kSegment = 64ULL << 20;
constexpr std::int64_t kSegmentsKept = 16;  // of the log, at least: what goes is a small part

class RealService : public Service {
 public:
  explicit RealService(const ServiceOptions& options) : options_(options) {}
  ~RealService() override { stop(); }

  Result<void> open();

  const Config& config() const override { return *config_; }
  std::string model_name() const override { return config_->model_name(); }
  ledger::Store& store() override { return *store_; }
  const deploy::Router& router() const override { return world_->router(); }
  Result<std::shared_ptr<const deploy::Deployed>> version(std::int64_t number) override {
    return world_->load(TRY(state()), number);
  }
  Result<std::vector<std::int64_t>> versions() const override {
    std::vector<std::int64_t> numbers;
    const State now = TRY(state());
    for (const auto& [number, version] : now.versions) numbers.push_back(number);
    return numbers;
  }
  Result<void> load(std::int64_t number) override { return world_->pin(TRY(state()), number); }
  Result<void> unload(std::int64_t number) override {
    return world_->unpin(TRY(state()), number);
  }
  const ledger::PredictionIds& ids() const override { return *ids_; }
  bool log(std::span<const ledger::Prediction> rows) override {
    if (!is_kept(rows)) return true;
    return shadow_->busy() ? shadow_->write(rows) : log_->write(rows);
  }
  bool log_durably(std::span<const ledger::Prediction> rows,
                   ledger::PredictionLog::Done done) override {
    if (is_kept(rows)) {
      return shadow_->busy() ? shadow_->write(rows, std::move(done))
                             : log_->write(rows, std::move(done));
    }
    done(true);
    return true;
  }
  std::uint64_t log_written() const override { return log_ ? log_->written() : 0; }
  std::uint64_t log_dropped() const override {
    return log_ ? log_->dropped() + shadow_->dropped() : 0;
  }
  std::uint64_t log_left_out() const override { return left_out_.get(); }
  Time now() const override { return clock_->now(); }
  Result<FeedbackResult> feedback(std::span<const FeedbackItem> items) override;
  Result<PushResult> push(PushWish wish) override {
    return push_to(push_.get(), session_ != nullptr, std::move(wish));
  }
  Result<Json> ask(const std::string& act, const Json& arguments, const std::string& who,
                   const std::string& why, const std::string& key) override;
  LoopNumbers numbers() const override;
  std::string champion_alert() const override { return world_->alert(); }
  std::string admin_token() const override { return token_; }
  std::shared_ptr<const ledger::Tokens> tokens() const override { return tokens_.take(); }
  void start() override;
  void stop() override;

 private:
  Result<State> state() const {
    if (session_) return session_->desk->look();
    return read_state(*store_->ledger);
  }
  Result<bool> is_answered(const std::string& id);
  bool is_kept(std::span<const ledger::Prediction> rows);
  void look_after_log();
  void look_after_champion();
  void turn(const Stop& stop);
  Result<void> answer_requests();
  void serve_requests(const Stop& stop);
  void follow_tokens();
  /// An empty sentence takes the last one of the same part back.
  void complain(const std::string& part, const std::string& sentence);
  void observe(const Json& event);

  ServiceOptions options_;
  std::unique_ptr<Session> session_;  // holds the lease; null without a loop
  Config own_config_;
  std::unique_ptr<ledger::Store> own_store_;
  const Config* config_ = nullptr;
  ledger::Store* store_ = nullptr;
  std::unique_ptr<RealClock> clock_;
  std::unique_ptr<ledger::PredictionLog> log_;
  std::unique_ptr<ledger::PredictionIds> ids_;
  std::unique_ptr<LostAnswers> lost_;
  std::unique_ptr<LogCare> log_care_;  // of the thread `requests`; null without a log
  std::string told_alert_;  // of the champion
  Counter left_out_;
  SkewWatch skew_;
  std::unique_ptr<ServiceWorld> world_;
  std::unique_ptr<ShadowScorer> shadow_;  // null without a log
  std::unique_ptr<RolloutTurn> rollout_;  // null without a loop
  std::unique_ptr<Launcher> launcher_;
  std::string token_;
  std::optional<ledger::TokenWatch> token_watch_;  // of the thread `requests`
  Published<ledger::Tokens> tokens_;
  Guarded<std::map<std::string, std::string>> complaints_;  // by the part that complains
  Guarded<std::uint64_t> late_labels_;
  Guarded<std::optional<Error>> doubt_;  // about the clock, until a person accepts it
  std::unique_ptr<PushDesk> push_;  // null without a loop, or without the source "push"
  std::unique_ptr<Courier> courier_;  // null without a loop
  std::unique_ptr<Worker> loop_, requests_, alerts_;
};

Result<void> RealService::open() {
  if (options_.run_loop) {
    session_ = TRY(open_session(
        {.project = options_.project, .holder = options_.who, .progress = options_.progress}));
    config_ = &session_->config;
    store_ = session_->store.get();
  } else {
    const auto fs = io::real_fs();
    own_config_ = TRY(load_config(*fs, options_.project));
    own_store_ = TRY(ledger::Store::open(fs, store_folder(options_.project), {}));
    config_ = &own_config_;
    store_ = own_store_.get();
    if (TRY(fs->stat(store_->folder / "token"))) token_ = TRY(store_->admin_token());
  }
  const State now = TRY(state());
  clock_ = std::make_unique<RealClock>(not_before(now));
  doubt_.with([&](auto& doubt) { doubt = clock_doubt(now, clock_->now()); });
  const std::string secret = TRY(store_->ledger->secret("prediction_ids"));
  const std::int64_t epoch = session_ ? session_->desk->lease().epoch : 0;
  ids_ = std::make_unique<ledger::PredictionIds>(secret, static_cast<std::uint32_t>(epoch));
  lost_ = std::make_unique<LostAnswers>(*store_->fs, store_->log(), ids_->start());
  if (session_) {
    const std::uint64_t most = TRY(parse_size(config_->deploy.log_size));
    const Span keep = config_->deploy.log_keep;
    log_ = TRY(ledger::PredictionLog::open(
        store_->fs, store_->log(), static_cast<std::uint64_t>(epoch),
        {.segment_bytes = std::min(kSegment, most / kSegmentsKept),
         .segment_span = std::min(Span::days(1), Span{keep.us / kSegmentsKept})}));
    log_care_ = std::make_unique<LogCare>(
        *log_, *lost_, ledger::LogRetention(*store_->fs, store_->log(), keep, most));
    token_ = TRY(store_->admin_token());
    push_ = TRY(PushDesk::open(*store_, *config_, static_cast<std::uint64_t>(epoch),
                               [this] { return session_->desk->look().manifest; }));
  }
  token_watch_.emplace(*store_->fs, store_->folder);
  follow_tokens();
  world_ = std::make_unique<ServiceWorld>(*store_, *config_, session_.get(), log_.get(),
                                          options_.progress);
  if (log_) {
    shadow_ = std::make_unique<ShadowScorer>(world_->router(), *log_);
    world_->passes_by(shadow_.get());
  }
  const auto loaded = world_->follow(now);
  if (!loaded && world_->alert().empty()) complain("model", loaded.error().line());
  if (session_) {
    rollout_ = std::make_unique<RolloutTurn>(RolloutTurn::Parts{
        session_->desk.get(), store_, config_, world_.get(), clock_.get(),
        [this](const Json& event) { observe(event); }});
    courier_ = TRY(open_courier(
        *config_, *session_->desk, *clock_,
        [this](const std::string& line) { observe({{"event", "alert_told"}, {"line", line}}); },
        [this](const std::string& all) { complain("sinks", all); }));
  }
  launcher_ = process_launcher(store_->fs, store_->folder / "objects");
  look_after_champion();
  return {};
}

/// What cannot be read holds nobody: a token that was revoked may stand in the list of before.
void RealService::follow_tokens() {
  auto news = token_watch_->look();
  complain("tokens", news ? "" : news.error().line());
  if (!news) tokens_.publish(nullptr);
  if (news && *news) tokens_.publish(std::make_shared<const ledger::Tokens>(**std::move(news)));
}

void RealService::complain(const std::string& part, const std::string& sentence) {
  complaints_.with([&](auto& all) {
    if (sentence.empty()) all.erase(part);
    else all[part] = sentence;
  });
}

void RealService::observe(const Json& event) {
  if (io::get_or<std::string>(event, "event", "") == "looked") {  // a round of the loop went well
    complain("loop", "");
    const auto late = io::get_or<std::uint64_t>(event, "late_labels", 0);
    late_labels_.with([late](std::uint64_t& count) { count = late; });
    return;
  }
  if (options_.observer) options_.observer(event);
}

void RealService::turn(const Stop& stop) {
  give_way();
  auto policy = Policy::make(config_->loop.policy, config_->loop, config_->collect.min_rows);
  if (!policy) return complain("loop", policy.error().line());
  const auto doubtful = [this] { return doubt_.with([](const auto& d) { return d; }); };
  if (const auto doubt = doubtful()) complain("clock", doubt->line());
  while (doubtful() && !stop.requested()) sleep_for(kPoll, stop);
  while (!stop.requested()) {
    Conductor conductor({store_, session_->desk.get(), config_, options_.project, *policy,
                         clock_.get(), world_.get(), launcher_.get(),
                         [this](const Json& event) { observe(event); }});
    const auto ended = conductor.run(stop);
    if (ended || stop.requested()) return;
    complain("loop", "the loop stopped: " + ended.error().line());
    if (ended.error().code == Code::kConflict) return;  // another program holds the lease now
    sleep_for(Span::seconds(1), stop);                  // a full disk may be freed
  }
}

/// What people asked for.
Result<void> RealService::answer_requests() {
  const State before = session_->desk->look();
  const auto doubt = doubt_.with([](const auto& said) { return said; });
  const auto handled = handle_open(*session_->desk, clock_->now(), doubt);
  if (!handled || *handled == 0) return {};
  const State after = session_->desk->look();
  if (doubt && !clock_doubt(after, clock_->now())) {
    doubt_.with([](auto& d) { d.reset(); });
    complain("clock", "");
  }
  if (same_routing(after, before) && after.kept.size() == before.kept.size()) return {};
  RONDO_FAILPOINT(kPromoteAfterCommit);
  const auto switched = world_->changed(after);
  complain("model", switched || !world_->alert().empty() ? "" : switched.error().line());
  return {};
}

void RealService::serve_requests(const Stop& stop) {
  give_way();  // who asks for a prediction goes first
  while (!stop.requested()) {
    const auto answered = answer_requests();
    if (!answered) complain("model", answered.error().line());
    const auto rolled = rollout_->judge();
    complain("rollout", rolled ? "" : rolled.error().line());
    const auto learnt = world_->learn(session_->desk->look());
    complain("labels", learnt ? "" : learnt.error().line());
    follow_tokens();
    look_after_log();
    look_after_champion();
    if (const auto routing = world_->router().take()) skew_.check(*routing);
    complain("skew", skew_.alert());
    sleep_for(kPoll, stop);
  }
}

void RealService::start() {
  if (!session_) {  // nobody's requests to answer; others decide
    requests_ = std::make_unique<Worker>("requests", [this](const Stop& s) {
      for (; !s.requested(); sleep_for(kFollow, s)) {
        follow_tokens();
        look_after_champion();
      }
    });
    return;
  }
  requests_ = std::make_unique<Worker>("requests", [this](const Stop& s) { serve_requests(s); });
  loop_ = std::make_unique<Worker>("loop", [this](const Stop& s) { turn(s); });
  alerts_ = std::make_unique<Worker>("alerts", [this](const Stop& s) { courier_->run(s); });
}

void RealService::stop() {
  if (loop_) loop_->request_stop();
  if (requests_) requests_->request_stop();
  if (alerts_) alerts_->request_stop();
  loop_.reset();
  requests_.reset();
  alerts_.reset();
  if (log_) {
    shadow_->drain();
    const auto flushed = log_->flush();
    static_cast<void>(flushed);
  }
}

/// Of a request that is answered now.
bool RealService::is_kept(std::span<const ledger::Prediction> rows) {
  skew_.offer(rows);
  if (log_ == nullptr || rows.empty()) return false;
  const double share = config_->deploy.log;
  if (share >= 1 || ledger::PredictionIds::lot_of(rows.front().id) < share) return true;
  left_out_.add(rows.size());
  return false;
}

void RealService::look_after_log() {
  const LogCare::Told told = log_care_->look(clock_->now());
  complain("log_keep", told.kept);
  complain("log", told.log);
}

/// Without a loop here it follows what others decide. Tells when another version answers.
void RealService::look_after_champion() {
  if (session_ && told_alert_.empty() && world_->alert().empty()) return;
  const auto now = state();
  if (now && !session_) {
    const auto followed = world_->follow(*now);
    complain("model", followed || !world_->alert().empty() ? "" : followed.error().line());
  }
  if (now) world_->mend(*now);
  const std::string alert = world_->alert();
  if (alert == told_alert_) return;
  told_alert_ = alert;
  const auto routing = world_->router().take();
  const std::int64_t version = routing && routing->champion ? routing->champion->version : 0;
  observe({{"event", "alert"}, {"sentence", alert}, {"version", version}});
}

/// Whether a label for this id can be joined with its answer; one that was acknowledged already
/// always counts.
Result<bool> RealService::is_answered(const std::string& id) {
  if (!ids_->authentic(id)) return false;
  const auto origin = ledger::PredictionIds::origin_of(id);
  const bool ours = log_ != nullptr && origin.start == ids_->start();
  if (ours && ledger::PredictionIds::lot_of(id) >= config_->deploy.log) return false;
  if (!TRY(lost_->is_lost(id))) return true;
  return TRY(store_->ledger->label_of(id)).has_value();
}

Result<FeedbackResult> RealService::feedback(std::span<const FeedbackItem> items) {
  if (const auto routing = world_->router().take(); routing && routing->champion) {
    TRY(demand_fitting(items, routing->champion->pipeline->parts()));
  }
  return take_labels(*store_->ledger, items, now(),
                     [this](const std::string& id) { return is_answered(id); });
}

Result<Json> RealService::ask(const std::string& act, const Json& arguments, const std::string& who,
                              const std::string& why, const std::string& key) {
  return ask_loop(*store_->ledger, {.key = key, .act = act, .arguments = arguments, .who = who,
                                    .why = why, .result = {}}, session_ != nullptr);
}

LoopNumbers RealService::numbers() const {
  LoopNumbers numbers;
  if (auto alert = world_->alert(); !alert.empty()) numbers.alerts.push_back(std::move(alert));
  complaints_.with([&](const auto& all) {
    for (const auto& [part, sentence] : all) numbers.alerts.push_back(sentence);
  });
  world_->tell_history(numbers);
  if (!numbers.alerts.empty()) numbers.alert = numbers.alerts.front();
  numbers.skew_checked = skew_.checked();
  numbers.skew_mismatches = skew_.mismatches();
  numbers.late_labels = late_labels_.with([](std::uint64_t count) { return count; });
  if (const auto now = state()) add_state(*now, numbers);
  else return numbers;
  if (rollout_) {
    const RolloutTurn::Evidence evidence = rollout_->evidence();
    numbers.guarded = evidence.version;
    numbers.guard_evidence = evidence.by_guard;
  }
  if (shadow_) {
    numbers.shadow_scored = shadow_->scored();
    numbers.shadow_shed = shadow_->shed();
  }
  if (session_) {
    const auto holder = store_->ledger->lease_holder();
    numbers.lease_held = holder && *holder && (*holder)->epoch == session_->desk->lease().epoch;
  }
  if (const auto size = store_->ledger->size_bytes()) numbers.store_bytes = *size;
  return numbers;
}

}  // namespace

Result<std::unique_ptr<Service>> Service::open(const ServiceOptions& options) {
  auto service = std::make_unique<RealService>(options);
  TRY(service->open());
  return std::unique_ptr<Service>(std::move(service));
}

}  // namespace rondo::loop
