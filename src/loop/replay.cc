// `rondo replay`: a project of its own, the same conductor, a simulated clock. Killed anywhere, the
// same call goes on where it stood and ends with the same facts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/failpoint.h"
#include "loop/conductor.h"
#include "loop/replay_loss.h"
#include "loop/replay_world.h"
#include "loop/score.h"
#include "loop/shared.h"

namespace rondo::loop {
namespace {

/// The replayed project: its rondo.toml is a copy, its store lies beside it.
Result<std::unique_ptr<Session>> open_replay(const ReplayOptions& options) {
  const auto fs = io::real_fs(options.durability);
  TRY(fs->make_folders(options.into));
  const std::string toml = TRY(during(fs->read(options.project / "rondo.toml"),
                                      "reading the project to replay"));
  if (!TRY(fs->stat(options.into / "rondo.toml"))) {
    TRY(io::write_atomically(*fs, options.into / "rondo.toml", toml));
  }
  auto session = TRY(open_session({options.into, true, options.durability, "replay", false}));
  session->config = TRY(replayed_config(*fs, options));
  return session;
}

/// What was asked for, as a person would write it.
Json asked_of(const ReplayOptions& options, const std::string& policy) {
  const auto time = [](const std::optional<Time>& at) { return at ? Json(to_text(*at)) : Json(); };
  return {{"policy", policy}, {"from", time(options.from)}, {"to", time(options.to)},
          {"every", to_text(options.every)}, {"fault", options.fault},
          {"label-delay", options.label_delay ? Json(to_text(*options.label_delay)) : Json()}};
}

/// A replay goes on, or tells its result again, only for the same question.
/// Errors: kConflict naming the first difference.
Result<void> same_question(Session& session, const io::Path& into, const Json& asked) {
  constexpr std::string_view kName = "replay";
  const auto before = TRY(session.store->ledger->projection(kName));
  if (!before && TRY(session.store->ledger->head()).first == 0) {
    const ledger::Projection projection{std::string(kName), asked};
    return session.store->ledger->note(session.desk->lease(), {}, std::span(&projection, 1));
  }
  const std::string hint = "name a folder that does not exist with --into";
  if (!before) {
    return fail(Code::kConflict, fmt::format("{} is a project with a history of its own, which no "
                                             "replay made", into.string()), hint);
  }
  const auto said = [](const Json& value) {
    return value.is_null() || value.empty() ? std::string("none")
           : value.is_string() ? value.get<std::string>()
                               : fmt::format("\"{}={} from {} to {}\"",
                                             io::get_or<std::string>(value, "column", ""),
                                             io::get_or<double>(value, "value", 0),
                                             io::get_or<std::string>(value, "from", ""),
                                             io::get_or<std::string>(value, "to", ""));
  };
  for (const auto& [key, value] : asked.items()) {
    const Json was = io::get_or<Json>(*before, key, nullptr);
    if (was == value) continue;
    return fail(Code::kConflict,
                fmt::format("{} was lived through with --{} {}, not {}", into.string(), key,
                            said(was), said(value)), hint);
  }
  return {};
}

struct Reach {
  Time from, to;
};

Result<Reach> reach_of(const ReplayOptions& options, const Recording& recording) {
  if (recording.times.empty()) return fail(Code::kInvalidInput, "the source has no rows to replay");
  const Time first = recording.times.front();
  const Time last = recording.times.back();
  const Span sixth{(last - first).us / 6};
  const Time start{day_of(options.from.value_or(first + sixth)) * Span::days(1).us};
  const Time end = options.to.value_or(Time{(day_of(last) + 1) * Span::days(1).us});
  if (options.from && (*options.from <= first || *options.from >= last)) {
    return fail(Code::kInvalidInput,
                fmt::format("--from {} lies outside the history, {} to {}", to_text(*options.from),
                            to_text(first), to_text(last)),
                "the rows before it are what the first model is trained on");
  }
  const Reach reach{options.from.value_or(start), end};
  const bool any = std::ranges::any_of(recording.times, [&](Time time) {
    return time >= reach.from && time < reach.to;
  });
  if (!any) {
    return fail(Code::kInvalidInput,
                fmt::format("there is no row from {} to {}: nothing to live through",
                            to_text(reach.from), to_text(reach.to)),
                fmt::format("the history goes from {} to {}; --from comes before --to",
                            to_text(first), to_text(last)));
  }
  return reach;
}

/// Labels as numbers: themselves, or one for each class.
class Numbers {
 public:
  explicit Numbers(model::Task task) : task_(task) {}
  std::optional<double> of(const std::optional<Json>& label) {
    if (!label) return std::nullopt;
    if (model::is_number(task_)) {
      return label->is_number() ? std::optional(label->get<double>()) : std::nullopt;
    }
    return classes_.try_emplace(label->dump(), static_cast<double>(classes_.size())).first->second;
  }

 private:
  model::Task task_;
  std::map<std::string, double> classes_;
};

/// "The same hour last week": what it would have answered, from labels known at the row's time. NaN
/// where there is none.
std::vector<double> naive_answers(const Recording& recording,
                                  const std::vector<std::string>& entity, Numbers& numbers) {
  model::HistorySpec spec{{"target"}, {{0, Span::days(7), 0, "naive"}}};
  model::HistoryState history(spec);
  std::vector<const table::Column*> columns;
  for (const std::string& name : entity) columns.push_back(recording.rows.find(name));
  std::vector<model::Cell> cells(columns.size());
  const auto whose = [&](std::size_t row) {
    std::string key;
    model::gather(columns, row, cells);
    for (const model::Cell& cell : cells) append_entity(cell, key);
    return key;
  };
  for (std::size_t i = 0; i < recording.times.size(); ++i) {
    const auto label = numbers.of(recording.told[i]);
    if (label) history.apply({0, whose(i), recording.times[i], recording.known[i], i, *label});
  }
  std::vector<double> out(recording.times.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    history.read(whose(i), recording.times[i], recording.times[i], std::span(&out[i], 1));
  }
  return out;
}

Result<std::vector<ReplayDay>> judge_days(Session& session, const Recording& recording,
                                          ReplayWorld& world, const ShownLoss& shown,
                                          model::Task task) {
  const State state = session.desk->look();
  Numbers numbers(task);
  const std::vector<double> naive =
      naive_answers(recording, session.config.collect.entity, numbers);
  std::map<std::int64_t, ReplayDay> days;
  std::vector<std::uint8_t> seen(recording.times.size());
  Result<void> loaded;
  const auto each = [&](ledger::Prediction&& prediction) {
    if (!loaded || !world.ids().authentic(prediction.id)) return;
    const std::size_t i = ledger::PredictionIds::origin_of(prediction.id).sequence;
    if (i >= seen.size() || std::exchange(seen[i], 1) != 0) return;
    if (!recording.truth[i]) return;
    const auto by = world.load(state, prediction.version);
    if (!by) {
      loaded = std::unexpected(by.error());
      return;
    }
    const auto loss = loss_of(shown.metric, (*by)->pipeline->parts(), prediction,
                              *recording.truth[i]);
    if (!loss) return;
    ReplayDay& day = days[day_of(recording.times[i])];
    day.day = {day_of(recording.times[i]) * Span::days(1).us};
    ++day.rows;
    day.loss += *loss;
    const auto truth = numbers.of(recording.truth[i]);
    if (!truth || std::isnan(naive[i])) return;
    if (const auto alike = naive_loss(shown.metric, naive[i], *truth)) {
      day.naive += *alike;
      ++day.naive_rows;
    }
  };
  TRY(ledger::read_predictions(*session.store->fs, session.store->log(), {}, each));
  TRY(std::move(loaded));
  std::vector<ReplayDay> out;
  for (const auto& item : days) out.push_back(item.second);
  return out;
}

Result<std::vector<Time>> cycle_times_of(ledger::Ledger& ledger) {
  std::vector<Time> times;
  for (const ledger::Fact& fact : TRY(ledger.facts(0))) {
    const bool trains = fact.kind == "step_started" &&
                        io::get_or<std::string>(fact.body, "stage", "") ==
                            text_of(Stage::kTraining).name;
    if (trains) times.push_back(fact.at);
  }
  return times;
}

Result<std::vector<Json>> marks_of(ledger::Ledger& ledger) {
  std::vector<Json> marks;
  for (const ledger::Fact& fact : TRY(ledger.facts(0))) {
    const Json& body = fact.body;
    const auto mark = [&](const char* kind, std::string text) {
      marks.push_back({{"at", to_text(fact.at)}, {"kind", kind}, {"text", std::move(text)},
                       {"step", fact.step}});
    };
    const std::string result = io::get_or<std::string>(body, "result", "");
    const std::string stage = io::get_or<std::string>(body, "stage", "");
    if (fact.kind == "deployed") {
      mark("deployment", fmt::format("v{}", io::get_or<std::int64_t>(body, "to", 0)));
    } else if (fact.kind == "signal" && io::get_or<bool>(body, "open", true)) {
      const auto signal = monitor::signal_from(body);
      mark(signal && pages(*signal) ? "alarm" : "notice",
           io::get_or<std::string>(body, "sentence", ""));
    } else if (fact.kind == "step_finished" && stage == text_of(Stage::kEvaluation).name &&
               result != "good") {
      mark("refusal", io::get_or<std::string>(body, "reason", ""));
    } else if (fact.kind == "step_finished" && result == "needed") {
      mark("back", io::get_or<std::string>(body, "reason", ""));
    }
  }
  return marks;
}

/// What the models answered: a project has one task. A guess from the labels while there is none.
Result<model::Task> task_of(const State& state, const Recording& recording, ReplayWorld& world) {
  if (!state.versions.empty()) {
    const auto version = TRY(world.load(state, state.newest_version));
    return version->pipeline->parts().task;
  }
  const bool numbers = std::any_of(recording.truth.begin(), recording.truth.end(),
                                   [](const auto& t) { return t && t->is_number(); });
  return numbers ? model::Task::kRegression : model::Task::kMulticlass;
}

Result<ReplayResult> result_of(Session& session, const Recording& recording, ReplayWorld& world) {
  const State state = session.desk->look();
  const model::Task task = TRY(task_of(state, recording, world));
  const ShownLoss shown = shown_loss(session.config.evaluate.metric, task);
  ReplayResult result;
  result.metric = shown.name;
  result.note = shown.note;
  result.days = TRY(judge_days(session, recording, world, shown, task));
  for (const ReplayDay& day : result.days) result.answered += day.rows;
  result.cycles = cycles_of(state);
  result.promotions = state.promotions;
  result.refusals = state.refusals;
  result.alarms = state.alarms;
  for (const auto& entry : TRY(session.store->ledger->journal_of("attempt_ended"))) {
    result.cpu_s += io::get_or<double>(entry.body, "cpu_s", 0);
  }
  result.head = TRY(session.store->ledger->head()).second.hex();
  result.cycle_times = TRY(cycle_times_of(*session.store->ledger));
  result.marks = TRY(marks_of(*session.store->ledger));
  return result;
}

}  // namespace

Result<Config> replayed_config(io::Fs& fs, const ReplayOptions& options) {
  Config config = TRY(load_config(fs, options.project));
  config.deploy.approve = "auto";
  if (options.label_delay) config.monitor.label_delay = *options.label_delay;
  return config;
}

Result<ReplayResult> replay(const ReplayOptions& options, const Stop& stop,
                            const Observer& observer) {
  const std::unique_ptr<Session> session = TRY(open_replay(options));
  const Config& config = session->config;
  const std::string name = options.policy == "own" ? config.loop.policy : options.policy;
  const Policy policy = TRY(Policy::make(name, config.loop, config.collect.min_rows));
  const std::shared_ptr<Shared> shared =
      options.shared ? options.shared : std::make_shared<Shared>();
  const SharedJobs::Going going(shared->jobs());
  const auto recorded = TRY(shared->recording([&] {
    return record(config, options.project, options.fault, session->store->attempts());
  }));
  const Recording& recording = *recorded;
  const Reach reach = TRY(reach_of(options, recording));
  TRY(same_question(*session, options.into, asked_of(options, name)));
  const auto world = TRY(ReplayWorld::open(
      *session, recording,
      {reach.from, reach.to, options.every, options.fault, policy.crontab(), stop}, observer));
  const auto launcher = inline_launcher();
  Conductor conductor({session->store.get(), session->desk.get(), &config, options.project, policy,
                       world.get(), world.get(), launcher.get(), observer, &shared->jobs()});
  // Also when the clock stands at the end: a kill may have come before the last day was judged.
  TRY(conductor.run(Stop()));
  return result_of(*session, recording, *world);
}

}  // namespace rondo::loop
