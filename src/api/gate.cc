// Judging heads, calling handlers, counting.
#include "api/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/house.h"
#include "api/rpc.h"
#include "base/clock.h"
#include "base/words.h"
#include "io/compress.h"

namespace rondo::api {
namespace {

constexpr std::uint64_t kMostRatio = 100;  // of a decompressed body to what was sent

struct Found {
  const Route* route = nullptr;
  std::string allowed;  // methods of the path when the method was wrong
};

Found find_route(const Request& head, std::string_view path, Params* params) {
  const Method method = head.method == Method::kHead ? Method::kGet : head.method;
  Found found;
  for (const Route& route : routes()) {
    if (!matches(route.path, path, params)) continue;
    if (route.method == method) return {&route, {}};
    if (!found.allowed.empty()) found.allowed += ", ";
    found.allowed += route.method == Method::kGet ? "GET, HEAD" : "POST";
  }
  return found;
}

std::expected<void, Refusal> check_route(const Request& head, const Found& found,
                                         std::string_view path) {
  if (found.route != nullptr) return {};
  if (found.allowed.empty()) {
    return refuse(404, "not_found", fmt::format("there is no {}", path.substr(0, 200)),
                  "docs/API.md lists the routes");
  }
  return std::unexpected(Refusal(405, "method_not_allowed",
                                 fmt::format("{} does not take {}", path.substr(0, 200),
                                             head.verb.empty() ? name_of(head.method)
                                                               : head.verb.substr(0, 40)),
                                 "use " + found.allowed)
                             .with("Allow", found.allowed));
}

std::expected<void, Refusal> check_needs(const App& app, const Manners& manners,
                                         std::string_view path) {
  if (app.house != nullptr && manners.needs != Needs::kNothing) {
    return refuse(404, "not_found",
                  fmt::format("{} does not say which project it is for", path.substr(0, 200)),
                  fmt::format("ask /p/NAME{}; GET /api/v1/projects lists them",
                              path.substr(0, 200)));
  }
  if (manners.needs != Needs::kStore || app.service().has_store()) return {};
  return refuse(501, "unsupported",
                fmt::format("{} needs a project, and this server answers from a pipeline file",
                            path.substr(0, 200)),
                "ask the `rondo up` of the project");
}

/// "application/json", at most with "charset=utf-8".
bool is_type(std::string_view said, std::string_view type) {
  const std::size_t end = said.find(';');
  std::string_view name = said.substr(0, end);
  while (name.ends_with(' ')) name.remove_suffix(1);
  if (!equal_fold(name, type)) return false;
  if (end == said.npos) return true;
  std::string_view parameter = said.substr(end + 1);
  while (parameter.starts_with(' ')) parameter.remove_prefix(1);
  return equal_fold(parameter, "charset=utf-8") || equal_fold(parameter, "charset=\"utf-8\"");
}

bool takes_type(Body body, std::string_view type) {
  if (is_type(type, "application/json")) return true;
  switch (body) {
    case Body::kTensors: return equal_fold(type, "application/octet-stream");
    case Body::kJsonForm: return is_type(type, "application/x-www-form-urlencoded");
    case Body::kTable: return is_type(type, "text/csv");
    case Body::kRows:
      return is_type(type, "text/csv") || is_type(type, "application/x-ndjson") ||
             is_type(type, "application/jsonl");
    case Body::kNone:
    case Body::kJson:
    case Body::kJsonBare: break;
  }
  return false;
}

/// True for a body in gzip. Errors: 415 for another encoding.
std::expected<bool, Refusal> check_encoding(const Request& head, Body body) {
  const auto encoding = head.header("Content-Encoding");
  if (body == Body::kNone || !encoding || equal_fold(*encoding, "identity")) return false;
  if (equal_fold(*encoding, "gzip") || equal_fold(*encoding, "x-gzip")) return true;
  return refuse(415, "unsupported_media_type",
                fmt::format("bodies encoded as \"{}\" are not read", *encoding),
                "send the body as it is, or in gzip");
}

std::expected<void, Refusal> check_type(const Request& head, Body body) {
  if (body == Body::kNone) return {};
  const auto type = head.header("Content-Type");
  const bool bare = body == Body::kJsonBare || body == Body::kJsonForm || body == Body::kTensors;
  if (!type && bare) return {};
  if (type && takes_type(body, *type)) return {};
  return refuse(415, "unsupported_media_type",
                type ? fmt::format("the body is said to be \"{}\"", *type)
                     : std::string("the body has no Content-Type"),
                "send JSON in UTF-8 with \"Content-Type: application/json\"");
}

std::expected<void, Refusal> check_expectation(const Request& head) {
  const auto expect = head.header("Expect");
  if (!expect || equal_fold(*expect, "100-continue")) return {};
  return refuse(417, "expectation_failed",
                fmt::format("the expectation \"{}\" is not met", expect->substr(0, 100)),
                "leave the header Expect out, or send 100-continue");
}

std::expected<void, Refusal> check_size(const Announced& body, Size size, std::uint64_t most) {
  if (body.length.value_or(0) <= most) return {};
  return refuse(413, "too_large",
                fmt::format("the body has {} bytes, {} are allowed", grouped(*body.length),
                            grouped(most)),
                size == Size::kLarge ? "send fewer rows at once, or raise `[deploy] body_max`"
                                     : "what this path takes is short: see docs/API.md");
}

Refusal busy(std::string message) {
  return Refusal(503, "unavailable", std::move(message), "try again in a second")
      .with("Retry-After", "1");
}

std::expected<void, Refusal> check_load(const App& app, const Request& head, Load load,
                                        Admission& out) {
  if (load == Load::kNeverShed) return {};
  if (out.in_flight.before() >= app.limits().in_flight_max) out.shed = Shed::kInFlight;
  if (head.crowded) out.shed = Shed::kLag;
  if (!out.shed) return {};
  return std::unexpected(busy(head.crowded ? "the server is behind with its work"
                                           : "too many requests are in flight"));
}

std::expected<void, Refusal> judge(App& app, const Request& head, const Announced& body,
                                   Admission& out) {
  Target target = parse_target(head.target);
  if (head.base != 0) {
    target.path.remove_prefix(head.base);
    if (target.path.empty()) target.path = "/";
  }
  out.path = target.path;
  out.query = target.query;
  if (target.path.starts_with("/v2") || target.path.starts_with("/v1")) out.manner = Manner::kOip;
  if (target.path == "/invocations") out.manner = Manner::kMlflow;
  TRY(app.access().check_host(head, target.authority));
  if (app.house != nullptr) TRY(app.house->check(head, target.path));
  const Found found = find_route(head, target.path, &out.params);
  TRY(check_route(head, found, target.path));
  out.route = found.route;
  const Manners& manners = out.route->manners;
  out.manner = manners.manner;
  TRY(check_needs(app, manners, target.path));
  out.body_max = manners.size == Size::kLarge ? app.limits().body_max : kSmallBody;
  if (out.route->method != Method::kGet) TRY(app.access().check_origin(head));
  out.who = TRY(app.access().who_asks(head));
  if (manners.whose == Whose::kRole) TRY(Access::check_role(out.who, out.route->role));
  out.gzip = TRY(check_encoding(head, manners.body));
  TRY(check_type(head, manners.body));
  TRY(check_expectation(head));
  TRY(check_size(body, manners.size, out.body_max));
  TRY(check_load(app, head, manners.load, out));
  if (manners.load == Load::kNeverShed) return {};
  auto within = app.quotas().take_request(out.who, out.started_us);
  if (!within) out.shed = Shed::kQuota;
  return within;
}

Response finished(App& app, Scratch& scratch, const Admission& admission, Response response) {
  if (response.kept) return response;  // it is counted when that is settled
  const std::size_t place = admission.route == nullptr
                                ? routes().size()
                                : static_cast<std::size_t>(admission.route - routes().data());
  const Span took{monotonic_us() - admission.started_us};
  scratch.numbers.with(
      [&](Numbers& numbers) {
        numbers.routes[place].add(response.status, took);
        if (admission.shed) ++numbers.shed[static_cast<std::size_t>(*admission.shed)];
      });
  if (app.draining.requested()) response.close = true;
  return response;
}

/// Puts the plain body in place of the compressed one. Errors: 400, 413.
std::expected<void, Refusal> decompress(const Admission& admission, std::string& body) {
  if (!admission.gzip || body.empty()) return {};
  if (!body.starts_with("\x1f\x8b")) {
    return refuse(400, "bad_request", "the body is said to be gzip and is not",
                  "compress it, or leave Content-Encoding out");
  }
  const std::uint64_t by_ratio = body.size() * kMostRatio;
  auto plain = io::decompress(body, std::min(admission.body_max, by_ratio));
  if (plain) {
    body = *std::move(plain);
    return {};
  }
  if (plain.error().code != Code::kExhausted) {
    return refuse(400, "bad_request", "the gzip of the body is damaged", "compress it again");
  }
  if (by_ratio < admission.body_max) {
    return refuse(413, "too_large",
                  fmt::format("the body becomes over {} times its size", kMostRatio),
                  "send it as it is");
  }
  return refuse(413, "too_large",
                fmt::format("the decompressed body has over {} bytes", admission.body_max),
                "send fewer rows at once, or raise `[deploy] body_max`");
}

/// What a refused prediction says to whom the columns of the model are not shown: its kind, and
/// the row.
Refusal without_columns(Refusal refusal) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSentences = {{
      {"unknown_column", "there is a column that the model does not have"},
      {"missing_column", "a column of the model is missing"},
      {"wrong_type", "a value is not of its column's type"},
      {"duplicate_key", "a name comes twice"},
      {"invalid_shape", "the rows are not arranged as this path takes them"},
  }};
  const auto found = std::ranges::find(kSentences, refusal.code,
                                       [](const auto& sentence) { return sentence.first; });
  if (found == kSentences.end()) return refusal;
  std::string row;
  if (refusal.message.starts_with("row ")) {
    const std::size_t end = refusal.message.find_first_not_of("0123456789", 4);
    if (end > 4 && end != std::string::npos) row = refusal.message.substr(0, end) + ": ";
  }
  refusal.message = row + std::string(found->second);
  refusal.hint = "this server names columns only to tokens of a deployer";
  return refusal;
}

Reply guarded_call(const Admission& admission, Call& call) {
  try {
    TRY(decompress(admission, call.request.body));
    return admission.route->handler(call);
  } catch (const std::bad_alloc&) {
    return refuse(503, "unavailable", "no memory to answer this", "send fewer rows at once");
  } catch (const std::exception& error) {
    return refuse(500, "internal", fmt::format("a fault of the program: {}", error.what()),
                  "please report it with the request");
  }
}

bool asks_for_contributions(const Request& request) {
  if (request.rpc == nullptr) return request.body.find("\"contributions\"") != std::string::npos;
  return std::ranges::any_of(request.rpc->outputs,
                             [](const RpcWish& wish) { return wish.name == "contributions"; });
}

}  // namespace

Admission::Admission(App& app, std::int64_t now_us)
    : started_us(now_us), in_flight(app.in_flight) {}

Admission admit(App& app, const Request& head, const Announced& body, std::int64_t now_us) {
  Admission out(app, now_us);
  auto judged = judge(app, head, body, out);
  if (!judged) out.refusal = std::move(judged).error();
  return out;
}

bool is_quick(const Admission& admission, const Request& request, std::size_t inline_most) {
  if (admission.refusal) return true;
  if (admission.gzip) return false;  // how long it takes is not known before
  const Where where = admission.route->manners.where;
  if (where == Where::kInline) return true;
  // Explaining a row takes a hundred times as long as scoring it.
  const bool explains = admission.query.find("explain") != std::string_view::npos ||
                        asks_for_contributions(request);
  return where == Where::kBySize && request.size() <= inline_most && !explains;
}

Response answer(App& app, Scratch& scratch, const Admission& admission, Request& request) {
  if (admission.refusal) return refused(app, scratch, admission, *admission.refusal);
  const bool waited = admission.posted_us != 0;
  const std::int64_t now_us = waited ? monotonic_us() : admission.started_us;
  Call call{app,           scratch,       request, admission.params,     admission.path,
            admission.query, admission.who, admission.started_us, now_us,
            waited ? Span{now_us - admission.posted_us} : Span{}};
  Reply reply = guarded_call(admission, call);
  if (!reply && app.limits().terse && admission.route->role == Role::kPredictor &&
      !admission.who.roles.has(Role::kDeployer)) {
    reply = std::unexpected(without_columns(std::move(reply).error()));
  }
  return finished(app, scratch, admission,
                  reply ? *std::move(reply) : render(reply.error(), admission.manner));
}

Response queue_is_full(App& app, Scratch& scratch, Admission& admission) {
  admission.shed = Shed::kQueue;
  return refused(app, scratch, admission,
                 busy("too many requests wait for a worker"));
}

Response settled(App& app, Scratch& scratch, const Admission& admission, Response&& response,
                 bool kept) {
  if (!kept) return refused(app, scratch, admission, not_kept());
  response.kept = nullptr;
  return finished(app, scratch, admission, std::move(response));
}

Response refused(App& app, Scratch& scratch, const Admission& admission, const Refusal& refusal) {
  return finished(app, scratch, admission, render(refusal, admission.manner));
}

Response refused(App& app, Scratch& scratch, const Refusal& refusal) {
  return refused(app, scratch, Admission(app, monotonic_us()), refusal);
}

}  // namespace rondo::api
