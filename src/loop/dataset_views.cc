// Versions come from the facts of finished steps, rows from segments. What was known by a time
// follows from the times of commits; before the first one, from the declared delays.
#include "loop/dataset_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ledger/dataset.h"
#include "loop/lifecycle.h"
#include "loop/row_diff.h"

namespace rondo::loop {
namespace {

/// "d1", "d1 and d2", "d1 to d7".
std::string range_text(const std::vector<DatasetVersion>& versions) {
  const std::string first = versions.front().name(), last = versions.back().name();
  if (versions.size() == 1) return first;
  return fmt::format("{} {} {}", first, versions.size() == 2 ? "and" : "to", last);
}

Result<std::size_t> place_of(const std::vector<DatasetVersion>& versions, std::int64_t number) {
  if (versions.empty()) {
    return fail(Code::kNotFound, "there is no dataset version yet",
                "nothing was collected yet: `rondo run`");
  }
  if (number == 0) return versions.size() - 1;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (static_cast<std::int64_t>(versions[i].manifest.number) == number) return i;
  }
  return fail(Code::kNotFound, fmt::format("there is no d{}", number),
              fmt::format("there {} {}; `rondo data` lists {}", versions.size() == 1 ? "is" : "are",
                          range_text(versions), versions.size() == 1 ? "it" : "them"));
}

struct Known {
  const DatasetVersion* version;
  table::Table rows;
};

/// The column with cells missing where `blank` says so.
std::shared_ptr<const table::Column> blanked(const table::Column& column,
                                             const std::vector<bool>& blank) {
  table::Column out = column;
  out.valid = {};
  for (std::size_t row = 0; row < column.size(); ++row) {
    out.valid.push(column.valid.get(row) && !blank[row]);
  }
  return std::make_shared<const table::Column>(std::move(out));
}

/// When rows and their labels are said to become known.
struct Declared {
  Span delay, label_delay;
  std::string target;
};

Result<Declared> declared_of(const Config& config, const std::string& table) {
  if (table.empty()) {
    return Declared{config.collect.delay, config.monitor.label_delay, config.project.target};
  }
  const auto tables = TRY(collect::tables_of(config.collect));
  const auto found = tables.find(table);
  return Declared{found == tables.end() ? Span{} : found->second.delay, Span{}, ""};
}

/// Of the history that the first collection found: what could have been known by `as_of`.
Result<table::Table> history_by(const table::Table& all, const Declared& declared, Time as_of) {
  const table::Column& time = *all.find(table::kTimeColumn);
  std::vector<std::size_t> kept;
  std::vector<bool> unlabelled;
  for (std::size_t row = 0; row < all.rows(); ++row) {
    const Time event{time.integers[row]};
    if (event + declared.delay > as_of) continue;
    kept.push_back(row);
    unlabelled.push_back(event + declared.label_delay > as_of);
  }
  if (kept.empty()) {
    return fail(Code::kNotFound, fmt::format("no row was known by {}", to_text(as_of)),
                fmt::format("the first one was known at {}",
                            to_text(Time{time.integers[0]} + declared.delay)));
  }
  table::Table rows = all.take(kept);
  const auto target = rows.schema().find(declared.target);
  if (!target) return rows;
  return rows.with(rows.schema().fields[*target], blanked(rows.column(*target), unlabelled));
}

Result<Known> known_rows(ledger::Store& store, const Config& config,
                         const std::vector<DatasetVersion>& versions, const ShowWish& wish,
                         const io::Path& temp) {
  std::size_t place = TRY(place_of(versions, wish.number));
  if (wish.as_of) {
    while (place > 0 && versions[place].at > *wish.as_of) --place;
  }
  const DatasetVersion& version = versions[place];
  const ledger::Manifest& manifest = version.manifest;
  const auto read = [&] {
    return ledger::read_dataset(wish.origin ? ledger::with_origin(manifest) : manifest,
                                *store.objects, temp);
  };
  if (!wish.as_of || version.at <= *wish.as_of) return Known{&version, TRY(read())};
  table::Table rows = TRY(read());
  if (rows.find(table::kTimeColumn) == nullptr || manifest.orders_only) {
    return fail(Code::kNotFound, fmt::format("no row was known by {}", to_text(*wish.as_of)),
                fmt::format("d1 was collected at {}, and rows without a time of their own were "
                            "not known before", to_text(version.at)));
  }
  const Declared declared = TRY(declared_of(config, wish.table));
  return Known{&version, TRY(history_by(rows, declared, *wish.as_of))};
}

Json row_json(const table::Table& rows, std::size_t row) {
  Json out = Json::object();
  for (std::size_t c = 0; c < rows.columns(); ++c) {
    out[rows.schema().fields[c].name] = rows.column(c).cell_json(row);
  }
  return out;
}

/// Where a row stood, taken off its cells; null for one that no source gave, or an older program.
Json taken_origin(Json& row) {
  Json out = {{"file", row.at(ledger::kOriginFile)},
              {"record", row.at(ledger::kOriginRecord)},
              {"line", row.at(ledger::kOriginLine)}};
  for (const auto name : {ledger::kOriginFile, ledger::kOriginRecord, ledger::kOriginLine}) {
    row.erase(std::string(name));
  }
  return out.at("file").is_null() ? Json() : out;
}

Json columns_json(const table::Schema& schema) {
  Json out = Json::array();
  for (const table::Field& field : schema.fields) {
    out.push_back({{"name", field.name}, {"type", name_of(field.type)}});
  }
  return out;
}

Json columns_diff(const table::Table& before, const table::Table& after) {
  Json added = Json::array(), removed = Json::array(), retyped = Json::array();
  for (const table::Field& field : after.schema().fields) {
    const auto there = before.schema().find(field.name);
    if (!there) added.push_back({{"name", field.name}, {"type", name_of(field.type)}});
    else if (before.schema().fields[*there].type != field.type) {
      retyped.push_back({{"name", field.name},
                         {"from", name_of(before.schema().fields[*there].type)},
                         {"to", name_of(field.type)}});
    }
  }
  for (const table::Field& field : before.schema().fields) {
    if (after.schema().find(field.name)) continue;
    removed.push_back({{"name", field.name}, {"type", name_of(field.type)}});
  }
  Json moved = Json::array();
  for (const ColumnMove& move : moves(before, after)) {
    if (move.distance == 0 && move.missing_before == move.missing_after) continue;
    moved.push_back({{"name", move.column}, {"distance", move.distance},
                     {"missing_before", move.missing_before},
                     {"missing_after", move.missing_after}});
  }
  return {{"before", columns_json(before.schema())}, {"after", columns_json(after.schema())},
          {"added", added}, {"removed", removed}, {"retyped", retyped}, {"moved", moved}};
}

Json changed_json(const table::Table& before, const table::Table& after,
                  const RowDiff::Changed& changed, const std::vector<std::string>& key) {
  Json cells = Json::object(), names = Json::object();
  for (const std::string& name : changed.columns) {
    cells[name] = {{"before", before.find(name)->cell_json(changed.before)},
                   {"after", after.find(name)->cell_json(changed.after)}};
  }
  for (const std::string& name : key) {
    names[name] = after.find(name)->cell_json(changed.after);
  }
  return {{"key", names}, {"cells", cells}};
}

Json examples_json(const table::Table& before, const table::Table& after, const RowDiff& diff,
                   const std::vector<std::string>& key, std::size_t most) {
  Json added = Json::array(), removed = Json::array(), changed = Json::array();
  for (std::size_t i = 0; i < std::min(most, diff.added.size()); ++i) {
    added.push_back(row_json(after, diff.added[i]));
  }
  for (std::size_t i = 0; i < std::min(most, diff.removed.size()); ++i) {
    removed.push_back(row_json(before, diff.removed[i]));
  }
  for (std::size_t i = 0; i < std::min(most, diff.changed.size()); ++i) {
    changed.push_back(changed_json(before, after, diff.changed[i], key));
  }
  return {{"added", added}, {"removed", removed}, {"changed", changed}};
}

}  // namespace

std::string DatasetVersion::name() const { return fmt::format("d{}", manifest.number); }

Result<std::vector<DatasetVersion>> dataset_versions(ledger::Store& store,
                                                     const std::string& table) {
  std::vector<DatasetVersion> out;
  std::set<std::string> tables;
  for (const ledger::Fact& fact : TRY(store.ledger->facts_of("step_finished"))) {
    const Json outputs = io::get_or<Json>(fact.body, "outputs", Json::object());
    std::string hex = io::get_or<std::string>(outputs, "manifest", "");
    const bool collected = io::get_or<std::string>(fact.body, "stage", "") ==
                           text_of(Stage::kCollection).name;
    if (!collected || hex.empty() || (!out.empty() && hex == out.back().digest)) continue;
    DatasetVersion version;
    version.manifest = TRY(ledger::get_manifest(*store.objects, TRY(io::Digest::from_hex(hex))));
    version.reason = io::get_or<std::string>(fact.body, "reason", "");
    if (!table.empty()) {
      for (const auto& [name, digest] : version.manifest.tables) tables.insert(name);
      const auto side = version.manifest.tables.find(table);
      if (side == version.manifest.tables.end()) continue;
      hex = side->second.hex();
      if (!out.empty() && hex == out.back().digest) continue;
      version.manifest = TRY(ledger::get_manifest(*store.objects, side->second));
      version.reason = told_of_table(version.reason, table);
    }
    version.digest = hex;
    version.step = fact.step;
    version.at = fact.at;
    out.push_back(std::move(version));
  }
  if (table.empty() || !out.empty()) return out;
  return fail(Code::kNotFound, fmt::format("no dataset version has a table \"{}\"", table),
              tables.empty() ? std::string("other tables are named by [collect.table.NAME]")
                             : fmt::format("there {} {}", tables.size() == 1 ? "is" : "are",
                                           fmt::join(tables, ", ")));
}

Result<Json> tables_view(const ledger::Store& store, const ledger::Manifest& manifest) {
  Json tables = Json::object();
  for (const auto& [name, digest] : manifest.tables) {
    const ledger::Manifest side = TRY(ledger::get_manifest(*store.objects, digest));
    tables[name] = {{"version", fmt::format("d{}", side.number)}, {"rows", side.rows},
                    {"digest", digest.hex()}};
  }
  return tables;
}

std::string told_of_table(const std::string& reason, const std::string& table) {
  const std::string begin = table + ": ";
  std::size_t at = reason.starts_with(begin) ? 0 : reason.find("; " + begin);
  if (at == reason.npos) return {};
  if (at > 0) at += 2;
  return reason.substr(at, reason.find("; ", at) - at);
}

Result<DatasetVersion> dataset_version(ledger::Store& store, std::int64_t number,
                                       const std::string& table) {
  std::vector<DatasetVersion> versions = TRY(dataset_versions(store, table));
  return std::move(versions[TRY(place_of(versions, number))]);
}

Result<Json> show_view(ledger::Store& store, const Config& config, const ShowWish& wish,
                       const io::Path& temp) {
  const auto versions = TRY(dataset_versions(store, wish.table));
  const Known known = TRY(known_rows(store, config, versions, wish, temp));
  Json shown = Json::array(), origins = Json::array();
  for (std::size_t row = 0; row < std::min(wish.rows, known.rows.rows()); ++row) {
    shown.push_back(row_json(known.rows, row));
    if (wish.origin) origins.push_back(taken_origin(shown.back()));
  }
  Json columns = columns_json(known.rows.schema());
  if (wish.origin) columns.erase(columns.end() - 3, columns.end());
  Json out = {{"version", known.version->name()},
              {"digest", known.version->digest},
              {"as_of", wish.as_of ? Json(to_text(*wish.as_of)) : Json()},
              {"rows", known.rows.rows()},
              {"columns", std::move(columns)},
              {"shown", std::move(shown)}};
  if (wish.origin) out["origin"] = std::move(origins);
  return out;
}

Result<Json> diff_view(ledger::Store& store, const Config& config, const DiffWish& wish,
                       const io::Path& temp) {
  const auto versions = TRY(dataset_versions(store, wish.table));
  const DatasetVersion& from = versions[TRY(place_of(versions, wish.before))];
  const DatasetVersion& to = versions[TRY(place_of(versions, wish.after))];
  const table::Table before = TRY(ledger::read_dataset(from.manifest, *store.objects, temp));
  const table::Table after = TRY(ledger::read_dataset(to.manifest, *store.objects, temp));
  std::vector<std::string> key = config.collect.key;
  if (!wish.table.empty()) {
    const auto tables = TRY(collect::tables_of(config.collect));
    const auto found = tables.find(wish.table);
    key = found == tables.end() ? std::vector<std::string>() : found->second.key;
  }
  const RowDiff diff = TRY(diff_rows(before, after, key));
  Json cells = Json::object();
  for (const RowDiff::Changed& changed : diff.changed) {
    for (const std::string& name : changed.columns) {
      cells[name] = cells.value(name, std::int64_t{0}) + 1;
    }
  }
  return Json{{"from", from.name()},
              {"to", to.name()},
              {"by", key.empty() ? Json("row") : Json(key)},
              {"rows", {{"before", before.rows()}, {"after", after.rows()}, {"same", diff.same},
                        {"added", diff.added.size()}, {"removed", diff.removed.size()},
                        {"changed", key.empty() ? Json() : Json(diff.changed.size())}}},
              {"columns", columns_diff(before, after)},
              {"cells", std::move(cells)},
              {"examples", examples_json(before, after, diff, key, wish.examples)}};
}

}  // namespace rondo::loop
