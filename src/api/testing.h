// For tests: two small pipelines whose answers are worked out by hand, and a Service that serves
// them from memory with a real, empty store. Regression "bikes": 10 if temp <= 20 else 30, plus 1
// if hour <= 12 else 2.5. Binary: raw -1 if a <= 0 else 1, of the matrix (a, b).
#pragma once

#include <algorithm>

#include "api/app.h"
#include "api/gate.h"
#include "api/house.h"
#include "base/check.h"
#include "io/scratch.h"
#include "model/forest_build.h"
#include "model/pipeline.h"

namespace rondo::api {

inline constexpr std::string_view kAdminToken = "a-token-for-tests";
inline constexpr Time kTestNow{1'330'000'000'000'000};

inline model::ForestBuilder::Tree stump(std::uint32_t feature, double cut, double left,
                                        double right) {
  model::ForestBuilder::Tree tree;
  tree.feature = {feature};
  tree.rule = {0};
  tree.default_left = {0};
  tree.cut = {cut};
  tree.set = {0};
  tree.left = {~0};
  tree.right = {~1};
  tree.leaves = {left, right};
  tree.covers = {3, 1};
  return tree;
}

inline std::vector<model::Step> steps_for(const table::Schema& inputs) {
  std::vector<model::Step> steps;
  for (std::size_t i = 0; i < inputs.fields.size(); ++i) {
    model::Step step;
    step.feature = inputs.fields[i].name;
    step.input = static_cast<std::int32_t>(i);
    if (inputs.fields[i].type == table::Type::kCategory) {
      step.kind = model::Step::Kind::kCategory;
      step.categories = {"clear", "rain"};
    }
    steps.push_back(step);
  }
  return steps;
}

inline std::shared_ptr<const model::Pipeline> loaded(model::Pipeline::Parts parts) {
  table::Schema schema{{{parts.target, table::Type::kNumber}}};
  std::vector<std::string> names;
  for (const table::Field& field : parts.transform.inputs().fields) {
    if (field.type != table::Type::kNumber && field.type != table::Type::kInteger) continue;
    schema.fields.push_back({field.name, table::Type::kNumber});
    names.push_back(field.name);
  }
  table::ColumnBuilder ones(table::Type::kNumber);
  for (int i = 0; i < 40; ++i) ones.number(i % 2);
  const auto column = ones.finish();
  const table::Table rows(schema, std::vector(schema.fields.size(), column));
  parts.reference = model::freeze(rows, names, parts.target, {});
  for (int i = 0; i < 40; ++i) {
    std::vector<model::Cell> cells;
    for (const table::Field& field : parts.transform.inputs().fields) {
      const bool text = field.type == table::Type::kCategory;
      cells.push_back(text ? model::Cell{model::Cell::Kind::kText, 0, i % 3 ? "rain" : "clear"}
                           : model::Cell{model::Cell::Kind::kNumber, i % 2 + 0.0, {}});
    }
    parts.golden.push_back(model::Pipeline::make_golden(
        parts.transform, parts.forest, parts.answering, cells, Time{i * 3'600'000'000}, {}));
  }
  auto pipeline = model::Pipeline::load(model::Pipeline::encode(parts).value());
  CHECK(pipeline.has_value(), "the pipeline of the tests loads");
  return *pipeline;
}

/// `more` is added to each answer.
inline std::shared_ptr<const model::Pipeline> regression_pipeline(double more = 0) {
  model::Pipeline::Parts parts;
  parts.target = "cnt";
  table::Schema inputs;
  inputs.fields = {{"temp", table::Type::kNumber},
                   {"hour", table::Type::kInteger},
                   {"sky", table::Type::kCategory},
                   {"holiday", table::Type::kBool}};
  parts.transform = model::Transform(inputs, steps_for(inputs), {});
  auto builder = model::ForestBuilder::start({4, 1, model::Link::kIdentity, 1.0}).value();
  CHECK(builder.add(stump(0, 20, 10, 30)) && builder.add(stump(1, 12, 1 + more, 2.5 + more)),
        "two trees");
  parts.forest = builder.finish().value();
  return loaded(std::move(parts));
}

inline std::shared_ptr<const model::Pipeline> binary_pipeline() {
  model::Pipeline::Parts parts;
  parts.task = model::Task::kBinary;
  parts.target = "class";
  parts.classes = {"DOWN", "UP"};
  table::Schema inputs;
  inputs.fields = {{"a", table::Type::kNumber}, {"b", table::Type::kNumber}};
  parts.transform = model::Transform(inputs, steps_for(inputs), {});
  auto builder = model::ForestBuilder::start({2, 1, model::Link::kSigmoid, 1.0}).value();
  CHECK(builder.add(stump(0, 0, -1, 1)), "a tree");
  parts.forest = builder.finish().value();
  return loaded(std::move(parts));
}

class FakeService : public loop::Service {
 public:
  explicit FakeService(std::shared_ptr<const model::Pipeline> pipeline) {
    config_.project.name = "bikes";
    ledger::OpenOptions options;
    options.create = true;
    options.durability = io::Durability::kProcess;
    auto store = ledger::Store::open(io::real_fs(options.durability), scratch_ / ".rondo", options);
    CHECK(store.has_value(), "an empty store opens");
    store_ = *std::move(store);
    if (pipeline) deploy(3, std::move(pipeline));
  }
  void deploy(std::int64_t version, std::shared_ptr<const model::Pipeline> pipeline) {
    auto next = std::make_shared<deploy::Deployed>();
    next->version = version;
    next->pipeline = std::move(pipeline);
    const auto before = router_.take();
    router_.publish(std::make_shared<const deploy::Routing>(
        deploy::Routing{next, before ? before->champion : nullptr}));
  }

  void publish(const deploy::Routing& next) {
    router_.publish(std::make_shared<const deploy::Routing>(next));
  }

  const loop::Config& config() const override { return config_; }
  std::string model_name() const override { return "bikes"; }
  ledger::Store& store() override { return *store_; }
  const deploy::Router& router() const override { return router_; }
  Result<std::shared_ptr<const deploy::Deployed>> version(std::int64_t number) override {
    const auto routing = router_.take();
    if (routing->champion->version == number) return routing->champion;
    return fail(Code::kNotFound, "there is no v" + std::to_string(number));
  }
  Result<std::vector<std::int64_t>> versions() const override { return registry; }
  Result<void> load(std::int64_t number) override {
    if (std::ranges::find(registry, number) == registry.end()) {
      return fail(Code::kNotFound, "there is no v" + std::to_string(number));
    }
    auto other = std::make_shared<deploy::Deployed>();
    other->version = number;
    other->pipeline = regression_pipeline(100);
    auto next = *router_.take();
    next.others.push_back(std::move(other));
    router_.publish(std::make_shared<const deploy::Routing>(std::move(next)));
    return {};
  }
  Result<void> unload(std::int64_t number) override {
    auto next = *router_.take();
    if (next.champion->version == number) return fail(Code::kConflict, "v3 answers");
    std::erase_if(next.others, [&](const auto& other) { return other->version == number; });
    router_.publish(std::make_shared<const deploy::Routing>(std::move(next)));
    return {};
  }
  const ledger::PredictionIds& ids() const override { return ids_; }
  bool log(std::span<const ledger::Prediction> rows) override {
    logged.with([&](auto& all) { all.insert(all.end(), rows.begin(), rows.end()); });
    return true;
  }
  std::uint64_t log_written() const override {
    return logged.with([](const auto& all) { return all.size(); });
  }
  bool log_durably(std::span<const ledger::Prediction> rows,
                   ledger::PredictionLog::Done done) override {
    if (log_full.get() > 0 || !log(rows)) return false;
    if (hold_done.get() > 0) held_done.with([&](auto& all) { all.push_back(std::move(done)); });
    else done(log_breaks.get() == 0);
    return true;
  }
  std::uint64_t log_dropped() const override { return 0; }
  std::uint64_t log_left_out() const override { return 0; }
  Time now() const override { return kTestNow; }
  Result<loop::FeedbackResult> feedback(std::span<const loop::FeedbackItem> items) override {
    if (feedback_error) return std::unexpected(*feedback_error);
    loop::FeedbackResult result;
    for (const loop::FeedbackItem& item : items) {
      const bool ours = ids_.authentic(std::string_view(item.id).substr(0, item.id.find('.')));
      ++(ours ? result.accepted : result.unknown);
    }
    result.receipt = "a receipt";
    return result;
  }
  Result<loop::PushResult> push(loop::PushWish wish) override {
    if (feedback_error) return std::unexpected(*feedback_error);
    loop::PushResult result;
    result.rows = static_cast<std::uint64_t>(std::ranges::count(wish.body, '\n'));
    result.too_many = result.rows > wish.rows_most;
    result.accepted = result.rows;
    result.reply = Json{{"accepted", result.accepted}, {"duplicate", 0}, {"rejected", 0},
                        {"duplicates", Json::array()}, {"rejects", Json::array()}}
                       .dump();
    return result;
  }
  Result<Json> ask(const std::string& act, const Json& arguments, const std::string& who,
                   const std::string& why, const std::string& key) override {
    if (act == "rollback") return fail(Code::kConflict, "there is no earlier version");
    return Json{{"act", act}, {"arguments", arguments}, {"who", who}, {"why", why}, {"key", key}};
  }
  loop::LoopNumbers numbers() const override { return loop_numbers; }
  std::string admin_token() const override { return std::string(kAdminToken); }
  std::shared_ptr<const ledger::Tokens> tokens() const override { return held_tokens; }
  void start() override {}
  void stop() override {}

  Guarded<std::vector<ledger::Prediction>> logged;
  std::optional<Error> feedback_error;
  loop::LoopNumbers loop_numbers;
  std::shared_ptr<const ledger::Tokens> held_tokens = std::make_shared<ledger::Tokens>();
  std::vector<std::int64_t> registry = {2, 3};
  Counter log_full, log_breaks, hold_done;  // above 0: so it is
  Guarded<std::vector<ledger::PredictionLog::Done>> held_done;

 private:
  io::Scratch scratch_;
  loop::Config config_;
  std::unique_ptr<ledger::Store> store_;
  deploy::Router router_;
  ledger::PredictionIds ids_{"a secret", 7};
};

/// Asks an App as the connection would, without a socket.
struct Asking {
  Method method = Method::kGet;
  std::string target;
  std::string body{};
  std::vector<Header> headers{};  // beside Host and, for a body, Content-Type
  bool local = true;
  std::optional<std::int64_t> now_us{};  // on a clock of the test's; absent: the real one
};
inline Response ask(App& app, const Asking& asking) {
  Request request;
  request.method = asking.method;
  request.target = asking.target;
  request.headers = asking.headers;
  request.local = asking.local;
  const auto absent = [&](std::string_view name) { return !request.header(name); };
  if (absent("Host")) request.headers.push_back({"Host", "localhost:8080"});
  if (asking.method == Method::kPost && absent("Content-Type")) {
    request.headers.push_back({"Content-Type", "application/json"});
  }
  App& door = app.house == nullptr ? app : app.house->choose(app, request);
  const Admission admission = admit(door, request, {asking.body.size(), false},
                                    asking.now_us.value_or(monotonic_us()));
  request.body = asking.body;
  return answer(door, door.scratch(0), admission, request);
}
/// The list of one token more; its secret is its name behind "the secret of ".
inline std::shared_ptr<const ledger::Tokens> with_token(
    const std::shared_ptr<const ledger::Tokens>& before, const std::string& name, Roles roles,
    std::optional<Time> expires = {}) {
  auto tokens = std::make_shared<ledger::Tokens>(*before);
  tokens->all.push_back(
      {name, roles, kTestNow, expires, "a test", io::sha256("the secret of " + name)});
  return tokens;
}
inline Header admin() { return {"Authorization", "Bearer a-token-for-tests"}; }

}  // namespace rondo::api
