// POST /api/v1/feedback: labels for prediction ids. Answered after they are durable.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/handlers.h"
#include "api/json_out.h"
#include "api/rows.h"
#include "base/words.h"

namespace rondo::api {
namespace {

std::expected<Json, Refusal> read_label(const Element& element, std::size_t place) {
  double number = 0;
  std::string_view text;
  bool truth = false;
  if (element.get(text) == simdjson::SUCCESS) return Json(std::string(text));
  if (element.get(truth) == simdjson::SUCCESS) return Json(truth);
  if (element.is_int64()) return Json(static_cast<std::int64_t>(element.get_int64()));
  if (element.is_number() && element.get_double().get(number) == simdjson::SUCCESS) {
    return Json(number);
  }
  return wrong_type(fmt::format("label {}: \"label\" must be a number, a text, true or false, "
                                "not {}",
                                place, kind_of(element)),
                    "leave out what is not known yet");
}

std::expected<loop::FeedbackItem, Refusal> read_item(const Element& element, std::size_t place) {
  constexpr std::array<std::string_view, 4> kNames = {"id", "label", "time", "correction"};
  std::array<std::optional<Element>, kNames.size()> found;
  const std::string what = fmt::format("label {}", place);
  TRY(members(element, what, kNames, found, Others::kRefused));
  if (!found[0] || !found[1]) {
    return bad_shape(what + " lacks \"id\" or \"label\"",
                     "send {\"labels\":[{\"id\":\"...\",\"label\":...}]}");
  }
  loop::FeedbackItem item;
  item.id = std::string(TRY(text_of(*found[0], what + ": \"id\"")));
  item.label = TRY(read_label(*found[1], place));
  if (found[2] && !found[2]->is_null()) item.time = TRY(read_time(*found[2], what + ": \"time\""));
  if (found[3] && found[3]->get(item.correction) != simdjson::SUCCESS) {
    return wrong_type(what + ": \"correction\" must be true or false");
  }
  return item;
}

std::expected<void, Refusal> check_count(const Call& call, std::size_t count) {
  const std::uint64_t most = call.app.limits().rows_max;
  if (count < most) return {};
  return refuse(413, "too_large", fmt::format("a request may have {} labels", grouped(most)),
                "send them in parts");
}

bool says_lines(const Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  std::string_view name = type.substr(0, type.find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return equal_fold(name, "application/x-ndjson") || equal_fold(name, "application/jsonl");
}

std::expected<loop::FeedbackItem, Refusal> read_line(Call& call, std::string& line,
                                                     std::size_t place) {
  return read_item(TRY(call.scratch.json.read(line)), place);
}

/// A label a line, as JSON.
std::expected<std::vector<loop::FeedbackItem>, Refusal> read_lines(Call& call) {
  std::vector<loop::FeedbackItem> items;
  std::string_view rest = call.request.body;
  std::string line;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    TRY(check_count(call, items.size()));
    auto item = read_line(call, line, items.size());
    if (!item) {
      item.error().message = fmt::format("line {}: {}", number, item.error().message);
      return std::unexpected(std::move(item).error());
    }
    items.push_back(*std::move(item));
  }
  return items;
}

std::expected<std::vector<loop::FeedbackItem>, Refusal> read_items(Call& call) {
  if (says_lines(call.request)) return read_lines(call);
  constexpr std::array<std::string_view, 1> kNames = {"labels"};
  std::array<std::optional<Element>, 1> found;
  const Element root = TRY(call.scratch.json.read(call.request.body));
  TRY(members(root, "the body", kNames, found, Others::kRefused));
  Array array;
  if (!found[0] || found[0]->get(array) != simdjson::SUCCESS) {
    return bad_shape("the body needs an array \"labels\"",
                     "send {\"labels\":[{\"id\":\"...\",\"label\":...}]}");
  }
  std::vector<loop::FeedbackItem> items;
  for (const Element element : array) {
    TRY(check_count(call, items.size()));
    items.push_back(TRY(read_item(element, items.size())));
  }
  return items;
}

}  // namespace

Reply post_feedback(Call& call) {
  const auto items = TRY(read_items(call));
  const loop::FeedbackResult result = TRY(call.app.service().feedback(items));
  call.scratch.numbers.with([&](Numbers& numbers) {
    numbers.feedback.accepted += result.accepted;
    numbers.feedback.duplicate += result.duplicate;
    numbers.feedback.unknown += result.unknown;
    numbers.feedback.conflicting += result.conflicting;
  });
  Response response;
  response.body = fmt::format(
      "{{\"accepted\":{},\"duplicate\":{},\"unknown\":{},\"conflicting\":{},\"receipt\":",
      result.accepted, result.duplicate, result.unknown, result.conflicting);
  write_text(response.body, result.receipt);
  response.body += "}\n";
  return response;
}

}  // namespace rondo::api
