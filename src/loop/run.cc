// `rondo run`: the conductor over the real world, until nothing is due.
#include "loop/run.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "loop/conductor.h"
#include "loop/requests.h"
#include "loop/session.h"
#include "loop/world.h"

namespace rondo::loop {
namespace {

/// Files change by themselves; nobody asks for predictions here.
class RunWorld : public World {
 public:
  RunWorld(Session& session, const Clock& clock) : session_(session), clock_(clock) {}

  Result<SourceNews> peek(const State& state) override { return peek_files(session_, state); }
  Result<void> changed(const State&) override { return {}; }
  bool stays() const override { return false; }
  bool rolls_out() const override { return true; }  // `up` will serve what is registered here
  Result<void> requests() override {
    TRY(handle_open(*session_.desk, clock_.now(), std::nullopt));
    return {};
  }

 private:
  Session& session_;
  const Clock& clock_;
};

std::string rest_reason(const State& state) {
  if (state.paused) return "the loop is paused; `rondo resume` lets it go on";
  if (state.waiting_version_step != 0) {
    return fmt::format("a good model waits for a yes since step {}: `rondo promote` or `rondo "
                       "reject`", state.waiting_version_step);
  }
  if (state.rollout && state.rollout->holds_up()) {
    return fmt::format("v{} is being rolled out: requests to `rondo up` bring it on",
                       state.rollout->challenger);
  }
  return state.last_reason.empty() ? "there is nothing to do" : state.last_reason;
}

}  // namespace

Result<SourceNews> peek_files(Session& session, const State& state) {
  const ledger::Objects& objects = *session.store->objects;
  std::optional<ledger::Manifest> newest;
  if (!state.manifest.empty()) {
    newest = TRY(ledger::get_manifest(objects, TRY(io::Digest::from_hex(state.manifest))));
  }
  collect::Peek peek =
      TRY(collect::peek_all(*session.store->fs, session.config.collect, session.project,
                            newest ? &*newest : nullptr, objects));
  TRY(peek_databases(session, state, newest ? newest->cursor : Json::object(), peek));
  const auto enough = static_cast<std::uint64_t>(std::max<std::int64_t>(
      session.config.collect.min_rows, 1));
  return SourceNews{peek.changed, std::nullopt, peek.what, peek.touched,
                    peek.only_pushed && peek.pushed < enough};
}

Result<RunResult> run_until_rest(const RunOptions& options, const Stop& stop,
                                 const Observer& observer) {
  const std::unique_ptr<Session> session = TRY(open_session(
      {.project = options.project, .fs = options.fs, .record = options.record,
       .boot = options.boot}));
  if (options.input && collect::reads_input(session->config.collect)) {
    TRY(collect::spool_input(session->store->fs, options.project, stop));
  }
  RealClock real(not_before(session->desk->look()));
  ManualClock still(options.now.value_or(real.now()));
  Clock& clock = options.now ? static_cast<Clock&>(still) : real;
  if (const auto doubt = clock_doubt(session->desk->look(), clock.now())) {
    return std::unexpected(*doubt);
  }
  RunWorld world(*session, clock);
  const auto launcher =
      options.workers
          ? process_launcher(session->store->fs, session->store->folder / "objects")
          : inline_launcher();
  Conductor conductor({session->store.get(), session->desk.get(), &session->config, options.project,
                       TRY(Policy::make(session->config.loop.policy, session->config.loop,
                                        session->config.collect.min_rows)),
                       &clock, &world, launcher.get(), observer});
  TRY(conductor.run(stop));
  RunResult result;
  result.anything = conductor.anything();
  result.refused = conductor.refused();
  result.error = conductor.last_error();
  result.failed = result.error.has_value();
  const State state = session->desk->look();
  result.stopped = stop.requested() && (state.open || state.next);
  result.why = result.stopped
                   ? fmt::format("before {}; `rondo run` goes on there",
                                 text_of(state.open ? state.open->stage : *state.next).name)
                   : rest_reason(state);
  return result;
}

}  // namespace rondo::loop
