// POST /api/v1/feedback: labels for prediction ids. Answered after they are durable.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/csv_records.h"
#include "api/handlers.h"
#include "api/json_out.h"
#include "api/rows.h"
#include "base/words.h"
#include "collect/cells.h"
#include "io/json.h"

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

/// The media type of the body, without its parameters.
std::string_view type_of(const Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  std::string_view name = type.substr(0, type.find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return name;
}
bool says_lines(std::string_view type) {
  return equal_fold(type, "application/x-ndjson") || equal_fold(type, "application/jsonl");
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

/// A label as CSV has it. A text that is a class is not taken for a number that is written alike.
Json label_of(std::string_view text, const std::vector<std::string>& classes) {
  Json number;
  std::int64_t whole = 0;
  double wide = 0;
  if (collect::parse_integer(text, whole)) number = whole;
  else if (collect::parse_number(text, wide) == collect::Parsed::kYes) number = wide;
  const bool is_class = std::ranges::find(classes, text) != classes.end();
  if (!number.is_null() && (!is_class || io::canonical(number) == text)) return number;
  if (!is_class && (text == "True" || text == "False")) return text == "True";
  return Json(std::string(text));
}

/// What stands in each field of a record.
class LabelColumns {
 public:
  static std::expected<LabelColumns, Refusal> of(std::span<const std::string_view> names) {
    LabelColumns out;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = std::ranges::find(kNames, names[i]);
      if (found == kNames.end()) {
        return bad_shape(fmt::format("the CSV of labels has a column \"{}\"",
                                     names[i].substr(0, 100)),
                         "its columns are id and label, and time and correction if you like");
      }
      auto& place = out.places_[static_cast<std::size_t>(found - kNames.begin())];
      if (place) return twice(names[i], "the header of the CSV");
      place = i;
    }
    if (out.places_[0] && out.places_[1]) return out;
    return bad_shape("the CSV of labels lacks the column \"id\" or \"label\"",
                     "its first line names them: id,label");
  }

  /// None: its label is not known yet.
  std::expected<std::optional<loop::FeedbackItem>, Refusal> read(
      std::span<const std::string_view> fields, std::size_t row,
      const std::vector<std::string>& classes) const {
    const std::string_view label = field(fields, 1), time = field(fields, 2);
    if (label.empty()) return std::nullopt;
    loop::FeedbackItem item;
    item.id = std::string(field(fields, 0));
    item.label = label_of(label, classes);
    if (!time.empty()) item.time = TRY(read_time(time, fmt::format("row {}: \"time\"", row)));
    const std::string_view correction = field(fields, 3);
    item.correction = correction == "true" || correction == "True";
    if (item.correction || correction.empty() || correction == "false" || correction == "False") {
      return item;
    }
    return wrong_type(fmt::format("row {}: \"correction\" must be true or false", row));
  }

 private:
  static constexpr std::array<std::string_view, 4> kNames = {"id", "label", "time", "correction"};
  std::string_view field(std::span<const std::string_view> fields, std::size_t name) const {
    return places_[name] ? fields[*places_[name]] : std::string_view();
  }
  std::array<std::optional<std::size_t>, kNames.size()> places_;
};

std::expected<std::vector<loop::FeedbackItem>, Refusal> read_csv(Call& call) {
  call.scratch.texts.clear();
  CsvRecords records = TRY(CsvRecords::of(call.request.body, call.scratch.texts));
  std::vector<std::string_view> fields;
  TRY(records.next(fields));
  const LabelColumns columns = TRY(LabelColumns::of(fields));
  const std::size_t width = fields.size();
  const auto routing = call.app.service().router().take();
  const std::vector<std::string> none;
  const std::vector<std::string>& classes =
      routing && routing->champion ? routing->champion->pipeline->parts().classes : none;
  std::vector<loop::FeedbackItem> items;
  for (std::size_t row = 0; !records.at_end(); ++row) {
    TRY(check_count(call, items.size()));
    TRY(records.next(fields));
    if (fields.size() == 1 && fields[0].empty()) continue;  // an empty line
    if (fields.size() != width) {
      return bad_shape(fmt::format("row {} of the CSV has {} fields, the header has {}", row,
                                   fields.size(), width));
    }
    if (auto item = TRY(columns.read(fields, row, classes))) items.push_back(*std::move(item));
  }
  return items;
}

std::expected<std::vector<loop::FeedbackItem>, Refusal> read_items(Call& call) {
  const std::string_view type = type_of(call.request);
  if (says_lines(type)) return read_lines(call);
  if (equal_fold(type, "text/csv")) return read_csv(call);
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
