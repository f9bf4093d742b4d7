// Prepared data and candidates as bundles. What is read back has the shape that its parts promise
// one another: as many labels, times, sides as rows, as many columns as the transform makes.
#include "model/prepared.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "io/bundle.h"

namespace rondo::model {
namespace {

constexpr std::array<std::pair<Task, std::string_view>, 4> kTasks = {{
    {Task::kRegression, "regression"},
    {Task::kBinary, "binary"},
    {Task::kMulticlass, "multiclass"},
    {Task::kQuantile, "quantile"},
}};

std::unexpected<Error> damaged(const std::string& what) {
  return fail(Code::kCorrupt, "prepared data: " + what);
}

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

Result<void> check(const Prepared& p) {
  const std::size_t rows = p.features.rows, columns = p.features.columns;
  if (columns != p.transform.features()) return damaged("its columns are not its transform's");
  if (columns == 0 || p.features.values.size() % columns != 0 ||
      p.features.values.size() / columns != rows) {
    return damaged("the matrix of features is not rows times columns");
  }
  const auto fits = [rows](std::size_t size) { return size == rows; };
  const auto may_lack = [rows](std::size_t size) { return size == rows || size == 0; };
  if (!fits(p.label.size()) || !fits(p.source_row.size()) || !fits(p.side.size()) ||
      !may_lack(p.time.size()) || !may_lack(p.last_value.size()) ||
      !may_lack(p.season_value.size()) || !may_lack(p.weight.size()) ||
      !may_lack(p.group.size())) {
    return damaged("a list has another length than the rows");
  }
  if (p.task == Task::kQuantile ? !are_levels(p.levels) : !p.levels.empty()) {
    return damaged("its levels are not those of quantiles");
  }
  for (const double weight : p.weight) {
    if (!(weight >= 0 && std::isfinite(weight))) return damaged("a weight cannot be one");
  }
  for (const double label : p.label) {
    const bool number = std::isfinite(label);
    const bool is_class = number && label >= 0 && label < static_cast<double>(p.classes.size()) &&
                          label == std::floor(label);
    if (is_number(p.task) ? !number : !is_class) {
      return damaged("a label is no finite number, or no class");
    }
  }
  return {};
}

}  // namespace

std::string_view name_of(Task task) noexcept {
  for (const auto& [each, name] : kTasks) {
    if (each == task) return name;
  }
  return "unknown";
}

Result<Task> task_from(std::string_view name) {
  for (const auto& [task, each] : kTasks) {
    if (each == name) return task;
  }
  return fail(Code::kInvalidInput, "there is no task \"" + std::string(name) + "\"",
              "it is regression, binary, multiclass or quantile");
}

bool are_levels(std::span<const double> levels) noexcept {
  constexpr std::size_t kMost = 20;
  if (levels.empty() || levels.size() > kMost) return false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!(levels[i] > (i == 0 ? 0 : levels[i - 1]) && levels[i] < 1)) return false;
  }
  return true;
}

std::size_t middle_of(std::span<const double> levels) noexcept {
  std::size_t middle = 0;
  for (std::size_t i = 1; i < levels.size(); ++i) {
    if (std::abs(levels[i] - 0.5) < std::abs(levels[middle] - 0.5)) middle = i;
  }
  return middle;
}

std::size_t Prepared::outputs() const noexcept {
  if (task == Task::kMulticlass) return classes.size();
  return task == Task::kQuantile ? levels.size() : 1;
}

std::vector<std::size_t> Prepared::rows_on(table::Side which) const {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < side.size(); ++i) {
    if (side[i] == which) rows.push_back(i);
  }
  return rows;
}

Result<std::string> Prepared::encode() const {
  TRY(during(check(*this), "storing prepared data"));
  io::Bundle bundle;
  bundle.meta = {{"kind", "prepared"},
                 {"task", name_of(task)},
                 {"target", target},
                 {"classes", classes},
                 {"transform", transform.to_json()},
                 {"rows", features.rows},
                 {"columns", features.columns},
                 {"by_time", by_time},
                 {"train_until", train_until.us},
                 {"test_from", test_from.us},
                 {"test_until", test_until.us},
                 {"label_until", label_until.us},
                 {"season", season.us},
                 {"findings", findings}};
  if (!levels.empty()) bundle.meta["levels"] = levels;
  std::vector<std::int64_t> times, sources;
  for (const Time t : time) times.push_back(t.us);
  for (const std::uint64_t row : source_row) sources.push_back(static_cast<std::int64_t>(row));
  std::vector<std::uint8_t> sides;
  for (const table::Side s : side) sides.push_back(static_cast<std::uint8_t>(s));
  bundle.put_f64("features", features.values);
  bundle.put_f64("label", label);
  bundle.put_i64("time", std::move(times));
  bundle.put_i64("source_row", std::move(sources));
  bundle.put_u8("side", std::move(sides));
  bundle.put_f64("last_value", last_value);
  bundle.put_f64("season_value", season_value);
  if (!group.empty()) bundle.put_i64("group", {group.begin(), group.end()});
  if (!weight.empty()) {
    bundle.meta["weight_column"] = weight_column;
    bundle.put_f64("weight", weight);
  }
  return bundle.encode();
}

Result<Prepared> Prepared::decode(std::string bytes) {
  const auto bundle = TRY(io::Bundle::decode(std::move(bytes)));
  const Json& meta = bundle.meta;
  if (TRY(io::get<std::string>(meta, "kind")) != "prepared") return damaged("it is another bundle");
  Prepared p;
  p.task = TRY(task_from(TRY(io::get<std::string>(meta, "task"))));
  p.target = TRY(io::get<std::string>(meta, "target"));
  p.classes = TRY(io::get<std::vector<std::string>>(meta, "classes"));
  if (p.task == Task::kQuantile) p.levels = TRY(io::get<std::vector<double>>(meta, "levels"));
  p.transform = TRY(Transform::from_json(TRY(io::get<Json>(meta, "transform"))));
  p.features.rows = TRY(io::get<std::uint64_t>(meta, "rows"));
  p.features.columns = TRY(io::get<std::uint64_t>(meta, "columns"));
  p.by_time = TRY(io::get<bool>(meta, "by_time"));
  p.train_until.us = TRY(io::get<std::int64_t>(meta, "train_until"));
  p.test_from.us = TRY(io::get<std::int64_t>(meta, "test_from"));
  p.test_until.us = TRY(io::get<std::int64_t>(meta, "test_until"));
  p.label_until.us = TRY(io::get<std::int64_t>(meta, "label_until"));
  p.season.us = TRY(io::get<std::int64_t>(meta, "season"));
  p.findings = TRY(io::get<Json>(meta, "findings"));
  p.features.values = copy(TRY(bundle.f64("features")));
  p.label = copy(TRY(bundle.f64("label")));
  p.last_value = copy(TRY(bundle.f64("last_value")));
  p.season_value = copy(TRY(bundle.f64("season_value")));
  if (bundle.has("weight")) {
    p.weight_column = TRY(io::get<std::string>(meta, "weight_column"));
    p.weight = copy(TRY(bundle.f64("weight")));
  }
  for (const std::int64_t us : TRY(bundle.i64("time"))) p.time.push_back({us});
  for (const std::int64_t row : TRY(bundle.i64("source_row"))) {
    p.source_row.push_back(static_cast<std::uint64_t>(row));
  }
  if (bundle.has("group")) {
    for (const std::int64_t group : TRY(bundle.i64("group"))) {
      p.group.push_back(static_cast<std::uint64_t>(group));
    }
  }
  for (const std::uint8_t s : TRY(bundle.u8("side"))) {
    if (s > static_cast<std::uint8_t>(table::Side::kNeither)) return damaged("no such side");
    p.side.push_back(static_cast<table::Side>(s));
  }
  TRY(check(p));
  return p;
}

Result<std::string> Candidate::encode() const {
  io::Bundle bundle;
  bundle.meta = {{"kind", "candidate"},
                 {"options", options},
                 {"forest_digest", forest_digest},
                 {"rounds", rounds}};
  bundle.put_bytes("forest", forest);
  bundle.put_f64("test_scores", test_scores);
  if (!linear_answers.empty()) bundle.put_f64("linear_answers", linear_answers);
  if (!held_rows.empty()) {
    bundle.put_i64("held_rows", {held_rows.begin(), held_rows.end()});
    bundle.put_f64("held_answers", held_answers);
  }
  return bundle.encode();
}

Result<Candidate> Candidate::decode(std::string bytes) {
  const auto bundle = TRY(io::Bundle::decode(std::move(bytes)));
  if (TRY(io::get<std::string>(bundle.meta, "kind")) != "candidate") {
    return fail(Code::kCorrupt, "candidate: it is another bundle");
  }
  Candidate candidate;
  candidate.options = TRY(io::get<Json>(bundle.meta, "options"));
  candidate.forest_digest = TRY(io::get<std::string>(bundle.meta, "forest_digest"));
  candidate.rounds = TRY(io::get<std::uint64_t>(bundle.meta, "rounds"));
  candidate.forest = TRY(bundle.bytes("forest"));
  candidate.test_scores = copy(TRY(bundle.f64("test_scores")));
  if (bundle.has("linear_answers")) {
    candidate.linear_answers = copy(TRY(bundle.f64("linear_answers")));
    if (candidate.linear_answers.size() != candidate.test_scores.size()) {
      return fail(Code::kCorrupt, "candidate: a linear model answered another number of rows");
    }
  }
  if (!bundle.has("held_rows")) return candidate;  // a twin, or of an older program
  for (const std::int64_t row : TRY(bundle.i64("held_rows"))) {
    if (row < 0 || row > std::numeric_limits<std::uint32_t>::max()) {
      return fail(Code::kCorrupt, "candidate: a row that was held out has no such number");
    }
    candidate.held_rows.push_back(static_cast<std::uint32_t>(row));
  }
  candidate.held_answers = copy(TRY(bundle.f64("held_answers")));
  if (candidate.held_answers.size() % candidate.held_rows.size() != 0) {
    return fail(Code::kCorrupt, "candidate: rows that were held out and their answers differ");
  }
  return candidate;
}

}  // namespace rondo::model
