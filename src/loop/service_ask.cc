// What a person asks of a project: handed to whoever turns the loop, or done here when nobody does.
#include "base/clock.h"
#include "base/worker.h"
#include "loop/requests.h"
#include "loop/service.h"
#include "loop/session.h"

namespace rondo::loop {
namespace {

constexpr Span kAnswerAtMost = Span::seconds(30);

}  // namespace

Result<Json> wait_for_answer(ledger::Ledger& ledger, std::int64_t id) {
  const Stop never;
  for (Span waited; waited < kAnswerAtMost; waited.us += 10'000) {
    const std::optional<ledger::Request> request = TRY(ledger.request(id));
    if (request && request->result) {
      const Json& result = *request->result;
      if (!result.contains("error")) return result;
      const Json& error = result.at("error");
      return fail(Code::kConflict, io::get_or<std::string>(error, "message", "refused"),
                  io::get_or<std::string>(error, "hint", ""));
    }
    sleep_for(Span::millis(10), never);
  }
  return fail(Code::kUnavailable, "the loop did not answer within 30 s; the request is kept",
              "`rondo status` shows what it is doing");
}

Result<Json> ask_project(const io::Path& project, const std::string& act, const Json& arguments,
                         const std::string& who, const std::string& why) {
  ledger::Request request;
  request.key = io::base64url(io::random_bytes(12));
  request.act = act;
  request.arguments = arguments;
  request.who = who;
  request.why = why;
  auto session = open_session({.project = project, .create = false, .holder = act});
  if (session) {
    const ledger::Request asked = TRY((*session)->store->ledger->ask(request));
    const RealClock clock(not_before((*session)->desk->look()));
    const auto doubt = clock_doubt((*session)->desk->look(), clock.now());
    TRY(handle_open(*(*session)->desk, clock.now(), doubt));
    return wait_for_answer(*(*session)->store->ledger, asked.id);
  }
  if (session.error().code != Code::kConflict) return std::unexpected(session.error());
  const auto store =
      TRY(ledger::Store::open(io::real_fs(), store_folder(project), ledger::OpenOptions{}));
  const ledger::Request asked = TRY(store->ledger->ask(request));
  return wait_for_answer(*store->ledger, asked.id);
}

}  // namespace rondo::loop
