// Picking, scoring, logging. Rows are kept from request to request, so that their texts need no new
// memory.
#include "api/scoring.h"

#include <fmt/format.h>

#include <charconv>

#include "api/json_out.h"
#include "base/words.h"

namespace rondo::api {
namespace {

std::expected<Deployed, Refusal> champion_of(const deploy::Routing* routing) {
  if (routing != nullptr && routing->champion) return routing->champion;
  return std::unexpected(Refusal(503, "unavailable", "no model is deployed yet",
                                 "/api/v1/status says what the loop is waiting for")
                             .with("Retry-After", "5"));
}

/// "7" and "v7". None for anything else.
std::optional<std::int64_t> version_number(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

void copy_answer(const deploy::Answer& answer, ledger::Prediction& out) {
  out.version = answer.version;
  out.value = answer.value;
  out.answer.assign(answer.label);
  out.probabilities = answer.probabilities;
}

}  // namespace

std::expected<Deployed, Refusal> pick(App& app, std::string_view model, std::string_view version) {
  const std::string name = app.service().model_name();
  if (model != name) {
    return refuse(404, "not_found", fmt::format("there is no model \"{}\"", model.substr(0, 200)),
                  fmt::format("this server serves \"{}\"", name));
  }
  const auto routing = app.service().router().take();
  if (version.empty() || version == "champion") return champion_of(routing.get());
  const auto number = version_number(version);
  if (!number) {
    return refuse(404, "not_found",
                  fmt::format("there is no version \"{}\"", version.substr(0, 200)),
                  "name a number, or \"champion\"");
  }
  for (const Deployed& loaded : {routing ? routing->champion : nullptr,
                                 routing ? routing->former : nullptr}) {
    if (loaded && loaded->version == *number) return loaded;
  }
  return TRY(app.service().version(*number));
}

Batch::Batch(Call& call, Deployed by)
    : call_(call),
      by_(std::move(by)),
      now_(call.app.service().now()) {
  call_.scratch.cells.resize(inputs().fields.size());
  call_.scratch.counts.missing.assign(inputs().fields.size(), 0);
  call_.scratch.counts.unseen.assign(inputs().fields.size(), 0);
}

Outsiders Batch::outsiders() const {
  const loop::Config& config = call_.app.service().config();
  return {parts().target, config.collect.time, config.prepare.ignore, config.prepare.late};
}

std::expected<void, Refusal> Batch::add(Time time) {
  if (count_ >= call_.app.limits().rows_max) {
    return refuse(413, "too_large",
                  fmt::format("a request may have {} rows", grouped(call_.app.limits().rows_max)),
                  "send them in parts, or raise `[deploy] rows_max`");
  }
  std::vector<ledger::Prediction>& rows = call_.scratch.rows;
  if (rows.size() == count_) rows.emplace_back();
  ledger::Prediction& row = rows[count_];
  const std::span<const model::Cell> cells = call_.scratch.cells;
  copy_answer(deploy::Router::answer(by_, {cells, time, time, {}}, &call_.scratch.counts), row);
  row.time = time;
  row.answered = now_;
  row.cells = model::encode_cells(cells);
  ++count_;
  return {};
}

Response Batch::finish() {
  id_ = call_.app.service().ids().make(call_.scratch.thread, call_.scratch.sequence++, count_);
  for (std::size_t i = 0; i < count_; ++i) {
    std::string& id = call_.scratch.rows[i].id;
    id.assign(id_);
    id += '.';
    write_number(id, static_cast<std::uint64_t>(i));
  }
  // A record that finds no room is dropped and counted by the log: predictions go on.
  static_cast<void>(call_.app.service().log(rows()));
  const model::InputCounts& counts = call_.scratch.counts;
  call_.scratch.numbers.with([&](Numbers& numbers) {
    numbers.predictions[by_->version] += count_;
    for (std::size_t i = 0; i < counts.missing.size() && i < inputs().fields.size(); ++i) {
      if (counts.missing[i] == 0 && counts.unseen[i] == 0) continue;
      Numbers::Input& input = numbers.inputs[inputs().fields[i].name];
      input.missing += counts.missing[i];
      input.unseen += counts.unseen[i];
    }
  });
  constexpr std::size_t kKept = 4096;
  if (call_.scratch.rows.size() > kKept && count_ <= kKept) call_.scratch.rows.resize(kKept);
  Response response;
  response.headers.emplace_back("Rondo-Model-Version", std::to_string(by_->version));
  response.headers.emplace_back("Rondo-Prediction-Id", id_);
  response.body.reserve(256 + count_ * 96);
  return response;
}

}  // namespace rondo::api
