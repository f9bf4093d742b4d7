// Labels joined with what was answered under their ids.
#include "loop/served.h"

#include <algorithm>
#include <cmath>

#include "ledger/prediction_log.h"
#include "model/pipeline.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kLabelsRead = 10'000;

/// The columns that a version reads, in the order of its cells.
Result<std::vector<std::string>> columns_of(ledger::Store& store, const State& state,
                                            std::int64_t version) {
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
  return names;
}

Json json_of(const model::Cell& cell) {
  if (cell.kind == model::Cell::Kind::kText) return std::string(cell.text);
  if (cell.kind == model::Cell::Kind::kNumber && std::isfinite(cell.number)) return cell.number;
  return nullptr;
}

Result<Json> row_of(const ledger::Prediction& prediction, const Json& label) {
  Json cells = Json::array();
  for (const model::Cell& cell : TRY(model::decode_cells(prediction.cells))) {
    cells.push_back(json_of(cell));
  }
  return Json{{"id", prediction.id}, {"time_us", prediction.time.us}, {"label", label},
              {"cells", std::move(cells)}};
}

}  // namespace

Result<Served> gather_served(ledger::Store& store, const State& state) {
  Served out;
  out.through = state.served_through;
  std::map<std::string, Json, std::less<>> labels;  // by id, until its answer is found
  for (std::size_t got = kLabelsRead; got == kLabelsRead;) {
    std::int64_t last = out.through;
    const auto some = TRY(store.ledger->labels_after(out.through, kLabelsRead, &last));
    for (const ledger::Label& label : some) {
      // A correction of what was collected changes no row: versions of a dataset are immutable.
      if (label.first_row > state.served_through) labels[label.id] = label.value;
    }
    out.through = last;
    got = some.size();
  }
  std::map<std::int64_t, Json> rows;  // by version
  Result<void> went;
  const auto take = [&](ledger::Prediction&& prediction) {
    const auto label = went ? labels.find(prediction.id) : labels.end();
    if (label == labels.end()) return;
    auto row = row_of(prediction, label->second);
    labels.erase(label);
    if (!row) {
      went = std::unexpected(std::move(row).error());
      return;
    }
    Json& of_version = rows.try_emplace(prediction.version, Json::array()).first->second;
    of_version.push_back(*std::move(row));
    ++out.rows;
  };
  if (!labels.empty()) TRY(ledger::read_predictions(*store.fs, store.log(), {}, take));
  TRY(std::move(went));
  Json groups = Json::array();
  for (auto& [version, list] : rows) {
    groups.push_back({{"columns", TRY(columns_of(store, state, version))},
                      {"rows", std::move(list)}});
  }
  out.groups = {{"groups", std::move(groups)}};
  return out;
}

Result<std::int64_t> served_waiting(ledger::Store& store, const State& state) {
  return std::max<std::int64_t>(
      TRY(store.ledger->newest_label_row()) - state.served_through, 0);
}

}  // namespace rondo::loop
