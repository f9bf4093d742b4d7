// Gathering windows of different versions under one list of columns; counting one column's bins.
#include "loop/shift_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/prediction_log.h"
#include "loop/desk.h"
#include "model/bins.h"
#include "model/pipeline.h"

namespace rondo::loop {
namespace {

using model::ShiftScale;

std::unexpected<Error> damaged() {
  return fail(Code::kCorrupt, "a record of what windows showed has another shape",
              "`rondo fsck` tells more");
}

/// The places of these names in a list that grows by those it lacks.
std::vector<std::size_t> places_of(const std::vector<std::string>& names,
                                   std::vector<std::string>& all) {
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(all, name);
    places.push_back(static_cast<std::size_t>(found - all.begin()));
    if (found == all.end()) all.push_back(name);
  }
  return places;
}

struct Row {
  Json shown;
  std::vector<std::size_t> places;
  std::string beyond;
};

Result<Row> row_of(const Json& window, const Json& body, const std::vector<std::size_t>& places) {
  const bool shaped = window.is_array() && window.size() == 5 && window[1].is_number_integer() &&
                      window[2].is_number_integer() && window[3].is_number_unsigned() &&
                      window[4].is_string();
  if (!shaped) return damaged();
  Row row;
  row.beyond = TRY(io::from_base64url(window[4].get<std::string>()));
  if (row.beyond.size() != places.size()) return damaged();
  row.places = places;
  row.shown = {{"from", to_text(Time{window[1].get<std::int64_t>()})},
               {"until", to_text(Time{window[2].get<std::int64_t>()})},
               {"rows", window[3]},
               {"version", io::get_or<std::int64_t>(body, "version", 0)}};
  return row;
}

}  // namespace

Result<Json> shifts_view(ledger::Store& store, const ShiftWish& wish) {
  std::vector<std::string> columns, clocks;
  std::vector<Row> rows;
  auto entries = TRY(store.ledger->journal_of("shift_windows"));
  std::ranges::reverse(entries);  // the newest version's columns come first
  for (const ledger::JournalEntry& entry : entries) {
    const auto names = TRY(io::get<std::vector<std::string>>(entry.body, "columns"));
    const std::vector<std::size_t> places = places_of(names, columns);
    const Json windows = TRY(io::get<Json>(entry.body, "windows"));
    if (!windows.is_array()) return damaged();
    for (auto window = windows.rbegin(); window != windows.rend(); ++window) {
      if (!window->is_array() || window->empty() || !(*window)[0].is_string()) return damaged();
      const auto clock = (*window)[0].get<std::string>();
      if (std::ranges::find(clocks, clock) == clocks.end()) clocks.push_back(clock);
      if (clock != wish.clock) continue;
      Row row = TRY(row_of(*window, entry.body, places));
      const Time from = TRY(parse_time(row.shown.at("from").get<std::string>()));
      if (from >= wish.from && from < wish.until) rows.push_back(std::move(row));
    }
  }
  Json windows = Json::array();
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    std::string beyond(columns.size(), static_cast<char>(ShiftScale::kUnjudged));
    for (std::size_t i = 0; i < row->places.size(); ++i) beyond[row->places[i]] = row->beyond[i];
    row->shown["beyond"] = io::base64url(beyond);
    windows.push_back(std::move(row->shown));
  }
  std::ranges::sort(clocks);
  return Json{{"clock", wish.clock}, {"clocks", clocks}, {"columns", columns},
              {"steps", ShiftScale::kSteps}, {"windows", std::move(windows)}};
}

Result<Json> shift_column_view(ledger::Store& store, const std::string& column, Time from,
                               Time until) {
  const State state = TRY(read_state(*store.ledger));
  if (state.champion == 0) return fail(Code::kNotFound, "no model serves yet");
  const auto digest = TRY(io::Digest::from_hex(state.versions.at(state.champion).pipeline));
  const auto pipeline = TRY(model::Pipeline::load(TRY(store.objects->get(digest))));
  const model::Reference& reference = pipeline->reference();
  const auto found = std::ranges::find(reference.columns, column, &model::ColumnReference::name);
  if (found == reference.columns.end()) {
    return fail(Code::kNotFound,
                fmt::format("v{} has no input \"{}\"", state.champion, column));
  }
  const auto& fields = pipeline->parts().transform.inputs().fields;
  const auto place = static_cast<std::size_t>(
      std::ranges::find(fields, column, &table::Field::name) - fields.begin());
  std::vector<std::uint64_t> live(found->counts.size(), 0);
  std::uint64_t rows = 0;
  const auto wanted = [&](std::string_view, Time time) { return time >= from && time < until; };
  TRY(ledger::read_predictions(*store.fs, store.log(), {}, wanted, [&](ledger::Prediction&& row) {
    if (row.version != state.champion) return;
    const auto cells = model::decode_cells(row.cells);
    if (!cells || place >= cells->size()) return;
    ++live[model::bin_of(*found, (*cells)[place])];
    ++rows;
  }));
  const bool days = found->day_low.size() == live.size() && found->day_high.size() == live.size();
  Json bins = Json::array();
  for (std::size_t b = 0; b < live.size(); ++b) {
    const auto share = [](std::uint64_t count, std::uint64_t all) {
      return all == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(all);
    };
    bins.push_back({{"text", model::bin_text(*found, b)},
                    {"reference", share(found->counts[b], found->rows)},
                    {"low", days ? Json(found->day_low[b]) : Json(nullptr)},
                    {"high", days ? Json(found->day_high[b]) : Json(nullptr)},
                    {"live", share(live[b], rows)}});
  }
  return Json{{"column", column}, {"version", state.champion}, {"rows", rows},
              {"bins", std::move(bins)}};
}

}  // namespace rondo::loop
