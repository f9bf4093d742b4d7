// POST /api/v1/{trigger,pause,resume,promote,reject,rollback}, /api/v1/alerts/{alert}/{ack,snooze}:
// what a person may decide, recorded with who and why. The request waits in the store until the
// loop has answered it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/handlers.h"
#include "api/json_in.h"

namespace rondo::api {
namespace {

struct Wish {
  std::string why, key;
  Json arguments = Json::object();
};

/// 7, "7" or "v7".
std::expected<std::int64_t, Refusal> read_version(const Element& element) {
  std::int64_t number = 0;
  std::string_view text;
  if (element.get(number) == simdjson::SUCCESS && number > 0) return number;
  if (element.get(text) == simdjson::SUCCESS) {
    if (text.starts_with('v')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && number > 0) return number;
  }
  return wrong_type("\"version\" must be a version, like 7 or \"v7\"",
                    "GET /api/v1/models lists the versions");
}

/// Other words for "why" are far from it in letters. Errors: bad_shape for one of them.
std::expected<void, Refusal> check_words(const Element& root) {
  constexpr std::array<std::string_view, 6> kLikeWhy = {"reason", "because", "comment",
                                                        "note",   "message", "description"};
  Object object;
  if (root.get(object) != simdjson::SUCCESS) return {};
  for (const auto [key, value] : object) {
    if (std::ranges::find(kLikeWhy, key) == kLikeWhy.end()) continue;
    return bad_shape(fmt::format("the body has no member \"{}\"", key), "did you mean \"why\"?");
  }
  return {};
}

/// "for": of a snooze alone, which needs it.
std::expected<void, Refusal> read_span(const std::optional<Element>& element, bool wanted,
                                       Wish& wish) {
  if (!element && !wanted) return {};
  if (!wanted) return bad_shape("the body has no member \"for\"", "it belongs to a snooze");
  if (!element) return bad_shape("the body lacks \"for\"", "say how long, like \"7d\"");
  wish.arguments["for"] = std::string(TRY(text_of(*element, "\"for\"")));
  return {};
}

std::expected<Wish, Refusal> read_wish(Call& call, std::string_view act) {
  constexpr std::array<std::string_view, 4> kNames = {"why", "version", "key", "for"};
  std::array<std::optional<Element>, kNames.size()> found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(check_words(root));
  TRY(members(root, "the body", kNames, found, Others::kRefused));
  if (!found[0]) {
    return bad_shape("the body lacks \"why\"", "say in a sentence why: it is recorded");
  }
  Wish wish;
  wish.why = std::string(TRY(text_of(*found[0], "\"why\"")));
  if (found[1] && !found[1]->is_null()) {
    wish.arguments["version"] = TRY(read_version(*found[1]));
  }
  if (found[2]) wish.key = std::string(TRY(text_of(*found[2], "\"key\"")));
  TRY(read_span(found[3], act == "snooze", wish));
  if (act == "ack" || act == "snooze") wish.arguments["alert"] = call.params[0];
  return wish;
}

/// The loop words a refusal as {"error":{"code","message","hint"}}.
Refusal refusal_of(const Json& error) {
  const auto code = io::get_or<std::string>(error, "code", "conflict");
  Error known{code == "not_found"       ? Code::kNotFound
              : code == "invalid_input" ? Code::kInvalidInput
              : code == "unavailable"   ? Code::kUnavailable
                                        : Code::kConflict,
              io::get_or<std::string>(error, "message", "refused"),
              io::get_or<std::string>(error, "hint", ""),
              {},
              {}};
  return Refusal(std::move(known));
}

}  // namespace

std::expected<Json, Refusal> ask_loop(Call& call, const std::string& act, const Json& arguments,
                                      const std::string& why, const std::string& key) {
  const Held ask(call.app.asks);
  if (ask.before() >= call.app.limits().asks_max) {
    return std::unexpected(
        Refusal(503, "unavailable", "others are waiting for the loop", "try again in a second")
            .with("Retry-After", "1"));
  }
  Json said = TRY(call.app.service().ask(act, arguments, call.who.who, why, key));
  if (said.is_object() && said.contains("error")) {
    return std::unexpected(refusal_of(said.at("error")));
  }
  return said;
}

Reply post_act(Call& call) {
  const std::string act(call.path.substr(call.path.rfind('/') + 1));
  const Wish wish = TRY(read_wish(call, act));
  const Json said = TRY(ask_loop(call, act, wish.arguments, wish.why, wish.key));
  Response response;
  response.body = io::canonical(said) + "\n";
  return response;
}

}  // namespace rondo::api
