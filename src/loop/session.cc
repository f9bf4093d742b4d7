// Opening and closing; the lease is given back at the end, so that the next command need not wait.
#include "loop/session.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace rondo::loop {

namespace {

constexpr Span kRenew = Span::seconds(3), kRenewAgain = Span::millis(200);
constexpr Span kBelievedJump = Span::days(30);

std::unique_ptr<Worker> keep(ledger::Ledger& ledger, const ledger::Lease& lease) {
  return std::make_unique<Worker>("lease", [&ledger, lease](const Stop& stop) {
    Span pause = kRenew;
    while (!stop.requested()) {
      sleep_for(pause, stop);
      if (stop.requested()) return;
      const auto renewed = ledger.renew(lease);
      pause = renewed ? kRenew : kRenewAgain;
      // Another holds it: appends fail by themselves. A full disk may be freed: ask again.
      if (!renewed && renewed.error().code == Code::kConflict) return;
    }
  });
}

}  // namespace

Session::~Session() {
  keeper.reset();
  if (desk) {
    const auto released = store->ledger->release(desk->lease());
    static_cast<void>(released);  // it expires by itself
  }
}

Result<std::unique_ptr<Session>> open_session(const SessionOptions& options) {
  auto session = std::make_unique<Session>();
  const auto fs = options.fs ? options.fs : io::real_fs(options.durability);
  session->project = options.project;
  session->config = TRY(load_config(*fs, options.project));
  ledger::OpenOptions open;
  open.durability = options.durability;
  open.create = options.create;
  open.record = options.record;
  open.boot = options.boot;
  session->store = TRY(ledger::Store::open(fs, store_folder(options.project), open));
  const ledger::Lease lease = TRY(session->store->ledger->take_lease(options.holder));
  session->desk = TRY(Desk::open(*session->store->ledger, lease, options.progress));
  if (options.keep_lease) session->keeper = keep(*session->store->ledger, lease);
  return session;
}

Result<ledger::Manifest> newest_manifest(ledger::Store& store) {
  const State state = TRY(read_state(*store.ledger));
  if (state.manifest.empty()) {
    return fail(Code::kNotFound, "no data was collected yet", "turn the loop first: `rondo run`");
  }
  const std::string bytes = TRY(store.objects->get(TRY(io::Digest::from_hex(state.manifest))));
  return ledger::Manifest::from_json(TRY(io::parse_json(bytes, "manifest")));
}

Time not_before(const State& state) { return state.last_at; }

std::optional<Error> clock_doubt(const State& state, Time now) {
  const Span ahead = now - state.last_at;
  if (state.sequence == 0 || ahead <= kBelievedJump) return std::nullopt;
  return Error{.code = Code::kConflict,
               .message = fmt::format("the clock says {}, {:.0f} days after the last record of {}: "
                                      "no cycle begins on a clock that may be wrong",
                                      to_text(now), ahead.in_days(), to_text(state.last_at)),
               .hint = "set the clock, or say that it is right: `rondo doctor --accept-clock`",
               .context = {},
               .where = std::source_location::current()};
}

}  // namespace rondo::loop
