// What a script gets: the training rows as CSV and as Parquet, the same columns and cells in both,
// and a description of them for a program that knows nothing of us.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "table/engine.h"
#include "train/script.h"

namespace rondo::train {
namespace {

constexpr std::string_view kTarget = "_target", kInner = "_inner", kWeight = "_weight";
constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

bool fits_a_name(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
}

std::string folded(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Json feature_json(const model::Step& step, const std::string& column) {
  Json feature = {{"column", column},
                  {"feature", step.feature},
                  {"kind", step.is_category() ? "category" : "number"}};
  if (step.kind == model::Step::Kind::kCategory) {
    feature["categories"] = step.categories;
    if (step.rare_code >= 0) feature["rare_code"] = step.rare_code;
  }
  return feature;
}

/// [train] monotone by the columns' names.
Json monotone_of(const ScriptTask& task, const std::vector<std::string>& columns) {
  Json monotone = Json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto found = task.options.monotone.find(task.prepared.transform.steps()[i].feature);
    if (found != task.options.monotone.end()) monotone[columns[i]] = *found;
  }
  return monotone;
}

Json description_of(const ScriptTask& task, Span deadline, std::size_t inner_rows) {
  const model::Prepared& prepared = task.prepared;
  const std::vector<std::string> columns = script_columns(prepared.transform);
  Json features = Json::array();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    features.push_back(feature_json(prepared.transform.steps()[i], columns[i]));
  }
  Json target = {{"column", kTarget}, {"name", prepared.target}};
  if (!prepared.classes.empty()) target["classes"] = prepared.classes;
  return {{"format", 1},
          {"task", name_of(prepared.task)},
          {"target", target},
          {"inner", {{"column", kInner}, {"rows", inner_rows}}},
          {"features", features},
          {"weight", prepared.weight.empty() ? Json() : Json({{"column", kWeight}})},
          {"monotone", monotone_of(task, columns)},
          {"rows", task.rows.size()},
          {"metric", loss_name(prepared.task)},
          {"seed", task.options.seed % 2'147'483'647},
          {"threads", lanes_for(task.options.threads)},
          {"deadline_s", deadline.us > 0 ? Json(deadline.in_seconds()) : Json()},
          {"rounds", task.rounds > 0 ? Json(task.rounds) : Json()}};
}

void add_number(double value, std::string& line) {
  if (!std::isnan(value)) line += table::number_text(value);
}

Result<void> write_csv(const ScriptTask& task, const std::vector<std::string>& columns,
                       const std::vector<bool>& inner, io::Fs& fs, const io::Path& path) {
  const auto file = TRY(fs.create(path));
  std::string lines;
  for (const std::string& column : columns) lines += "\"" + column + "\",";
  const bool weighted = !task.prepared.weight.empty();
  lines += fmt::format("{},{}", kTarget, kInner);
  lines += weighted ? fmt::format(",{}\n", kWeight) : "\n";
  for (std::size_t i = 0; i < task.rows.size(); ++i) {
    const std::uint32_t row = task.rows[i];
    for (const double value : task.prepared.features.row(row)) {
      add_number(value, lines);
      lines += ',';
    }
    add_number(task.prepared.label[row], lines);
    lines += inner[i] ? ",1" : ",0";
    if (weighted) {
      lines += ',';
      add_number(task.prepared.weight[row], lines);
    }
    lines += '\n';
    if (lines.size() < kFlushBytes) continue;
    TRY(file->append(io::as_bytes(lines)));
    lines.clear();
  }
  TRY(file->append(io::as_bytes(lines)));
  return file->close();
}

/// Which of the rows tell a script when to stop, as they tell us.
std::vector<bool> inner_of(const ScriptTask& task, Seed seed) {
  const Inner split = inner_split(task.prepared, task.rows, seed);
  std::vector<bool> inner;
  std::size_t next = 0;
  for (const std::uint32_t row : task.rows) {
    inner.push_back(next < split.stop.size() && split.stop[next] == row);
    next += inner.back() ? 1 : 0;
  }
  return inner;
}

}  // namespace

std::vector<std::string> script_columns(const model::Transform& transform) {
  std::vector<std::string> columns;
  std::set<std::string> taken = {std::string(kTarget), std::string(kInner),
                                 std::string(kWeight)};
  for (const std::string& name : transform.feature_names()) {
    std::string column;
    for (const char c : name) column += fits_a_name(c) ? c : '_';
    std::string one = column;
    for (int next = 2; !taken.insert(folded(one)).second; ++next) {
      one = fmt::format("{}_{}", column, next);
    }
    columns.push_back(std::move(one));
  }
  return columns;
}

Result<std::size_t> write_script_inputs(const ScriptTask& task, const ledger::StageInput& input,
                                        const io::Path& folder, Span deadline) {
  const std::vector<std::string> columns = script_columns(task.prepared.transform);
  const std::vector<bool> inner = inner_of(task, input.seed);
  const auto inner_rows = static_cast<std::size_t>(std::ranges::count(inner, true));
  TRY(write_csv(task, columns, inner, *input.fs, folder / "train.csv"));
  table::Schema schema;
  for (const std::string& column : columns) schema.fields.push_back({column});
  schema.fields.push_back({std::string(kTarget)});
  schema.fields.push_back({std::string(kInner), table::Type::kInteger});
  if (!task.prepared.weight.empty()) schema.fields.push_back({std::string(kWeight)});
  const io::Path spill = folder.parent_path() / "spill";
  const auto engine = TRY(table::Engine::open(spill));
  TRY(engine->csv_to_parquet(folder / "train.csv", schema, folder / "train.parquet"));
  const std::string text = description_of(task, deadline, inner_rows).dump(2) + "\n";
  TRY(io::write_atomically(*input.fs, folder / "description.json", text));
  return inner_rows;
}

}  // namespace rondo::train
