// Labels joined with what was answered under their ids.
#include "loop/served.h"

#include <algorithm>
#include <cmath>

#include "ledger/prediction_log.h"
#include "model/pipeline.h"
#include "model/served_past.h"

namespace rondo::loop {
namespace {

/// The columns that a version reads, in the order of its cells, and those that hold what its
/// history answered.
Result<Json> group_of(ledger::Store& store, const State& state, std::int64_t version,
                      Json rows) {
  const auto known = state.versions.find(version);
  if (known == state.versions.end()) {
    return fail(Code::kCorrupt, "a prediction names v" + std::to_string(version) +
                                    ", which was never made", "run `rondo fsck`");
  }
  const std::string bytes =
      TRY(store.objects->get(TRY(io::Digest::from_hex(known->second.pipeline))));
  const auto pipeline = TRY(model::Pipeline::load(bytes));
  std::vector<std::string> names;
  for (const table::Field& field : pipeline->transform().inputs().fields) {
    names.push_back(field.name);
  }
  const model::HistorySpec& history = pipeline->transform().history();
  Json lags = Json::array();
  for (const model::Lag& lag : history.lags) {
    lags.push_back(model::served_column_of(history, lag, pipeline->parts().target,
                                           pipeline->parts().classes));
  }
  return Json{{"columns", std::move(names)}, {"lags", std::move(lags)}, {"rows", std::move(rows)}};
}

Json json_of(const model::Cell& cell) {
  if (cell.kind == model::Cell::Kind::kText) return std::string(cell.text);
  if (cell.kind == model::Cell::Kind::kNumber && std::isfinite(cell.number)) return cell.number;
  return nullptr;
}

/// A label that waits to become a row, and its answer once that is found.
struct Waiting {
  std::int64_t row = 0;  // of the label
  Json label;
  Time received;
  std::optional<ledger::Prediction> answer;
};

Result<Json> row_of(const Waiting& one) {
  const ledger::Prediction& prediction = *one.answer;
  Json cells = Json::array(), lags = Json::array();
  for (const model::Cell& cell : TRY(model::decode_cells(prediction.cells))) {
    cells.push_back(json_of(cell));
  }
  for (const double lag : prediction.lags) lags.push_back(model::served_bits(lag));
  return Json{{"id", prediction.id},           {"time_us", prediction.time.us},
              {"label", one.label},            {"label_row", one.row},
              {"known_us", one.received.us},   {"cells", std::move(cells)},
              {"lags", std::move(lags)}};
}

/// In order of arrival. `through` ends at the newest label.
Result<std::vector<Waiting>> waiting_labels(ledger::Store& store, std::int64_t* through) {
  const std::int64_t from = *through;
  std::vector<Waiting> out;
  std::map<std::string, std::size_t, std::less<>> places;
  TRY(ledger::each_label(*store.ledger, *through, [&](const ledger::Label& label) {
    // A correction of what was collected changes no row: versions of a dataset are immutable.
    if (label.first_row <= from) return;
    places[label.id] = out.size();
    out.push_back({label.first_row, label.value, label.received, std::nullopt});
  }));
  if (out.empty()) return out;
  TRY(ledger::read_predictions(
      *store.fs, store.log(), {},
      [&](std::string_view id, Time) { return places.contains(id); },
      [&](ledger::Prediction&& row) { out[places.at(row.id)].answer = std::move(row); }));
  std::ranges::sort(out, {}, &Waiting::row);  // a correction stands where the first label stood
  return out;
}

}  // namespace

Result<Served> gather_served(ledger::Store& store, const State& state, const ServedWish& wish) {
  Served out;
  std::int64_t newest = state.served_through;
  const std::vector<Waiting> waiting = TRY(waiting_labels(store, &newest));
  out.through = newest;
  out.look_after = wish.now;
  std::map<std::int64_t, Json> rows;  // by version
  bool cut = false;
  std::int64_t count = 0;
  for (const Waiting& one : waiting) {
    if (!one.answer) continue;
    // A prediction of the future is known only then, and holds up nobody.
    const Time known = one.answer->time + wish.label_delay;
    const bool unknown_yet = one.answer->time <= wish.now && known > wish.now;
    if (unknown_yet && !cut) {
      cut = true;
      out.through = one.row - 1;
    }
    if (cut) {
      if (unknown_yet && count < wish.wanted) out.look_after = std::max(out.look_after, known);
      ++count;
      continue;
    }
    ++count;
    Json& list = rows.try_emplace(one.answer->version, Json::array()).first->second;
    list.push_back(TRY(row_of(one)));
    ++out.rows;
  }
  Json groups = Json::array();
  for (auto& [version, list] : rows) {
    groups.push_back(TRY(group_of(store, state, version, std::move(list))));
  }
  out.groups = {{"groups", std::move(groups)}};
  return out;
}

Result<std::int64_t> served_waiting(ledger::Store& store, const State& state, Time now) {
  if (now < state.served_look_after) return 0;
  return std::max<std::int64_t>(
      TRY(store.ledger->newest_label_row()) - state.served_through, 0);
}

}  // namespace rondo::loop
