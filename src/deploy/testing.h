// For tests of this folder: pipelines whose answers are known by hand, and a whole project in a
// scratch folder from which a pipeline is assembled.
#pragma once

#include <algorithm>

#include "base/check.h"
#include "deploy/assemble.h"
#include "deploy/router.h"
#include "io/scratch.h"
#include "ledger/dataset.h"
#include "model/forest_build.h"
#include "model/pipeline.h"
#include "table/engine.h"

namespace rondo::deploy {

inline model::Cell cell(double number) { return {model::Cell::Kind::kNumber, number, {}}; }
inline model::Cell cell(std::string_view text) { return {model::Cell::Kind::kText, 0, text}; }

/// `left` where the feature is <= cut, else `right`; missing goes left.
inline model::ForestBuilder::Tree stump(std::uint32_t feature, double cut, double left,
                                        double right) {
  model::ForestBuilder::Tree tree;
  tree.feature = {feature};
  tree.rule = {2};
  tree.default_left = {1};
  tree.cut = {cut};
  tree.set = {0};
  tree.left = {~0};
  tree.right = {~1};
  tree.leaves = {left, right};
  return tree;
}

inline model::Forest forest_of(const model::ForestBuilder::Head& head,
                               std::span<const model::ForestBuilder::Tree> trees) {
  auto builder = model::ForestBuilder::start(head).value();
  for (const auto& tree : trees) CHECK(builder.add(tree).has_value(), "the tree fits");
  return builder.finish().value();
}

/// Reads x and the newest "y"; answers base + (1 if x > 0) + (10 if the newest y > 5; none: no).
/// The series is preceded by `other` ones.
inline std::shared_ptr<Deployed> lagged(std::int64_t version, double base, std::uint32_t other) {
  model::Pipeline::Parts parts;
  parts.target = "y";
  model::HistorySpec history;
  for (std::uint32_t i = 0; i < other; ++i) history.series.push_back("other " + std::to_string(i));
  history.series.push_back("y");
  history.lags = {{other, {}, 1, "y_lag_1_row"}};
  std::vector<model::Step> steps(2);
  steps[0].feature = "x";
  steps[0].input = 0;
  steps[1].kind = model::Step::Kind::kLag;
  steps[1].feature = "y_lag_1_row";
  parts.transform = model::Transform({{{"x", table::Type::kNumber}}}, steps, history);
  const model::ForestBuilder::Tree trees[] = {stump(0, 0, base, base + 1), stump(1, 5, 0, 10)};
  parts.forest = forest_of({2, 1, model::Link::kIdentity, 1.0}, trees);
  table::ColumnBuilder label(table::Type::kNumber);
  label.number(1);
  parts.reference =
      model::freeze(table::Table({{{"y", table::Type::kNumber}}}, {label.finish()}), {}, "y", {});
  for (int i = 0; i < 32; ++i) {
    const model::Cell x = cell(i - 16.0);
    const double lag = i;
    parts.golden.push_back(model::Pipeline::make_golden(
        parts.transform, parts.forest, parts.answering, {&x, 1}, Time{i}, {&lag, 1}));
  }
  auto deployed = std::make_shared<Deployed>();
  deployed->version = version;
  deployed->pipeline = model::Pipeline::load(model::Pipeline::encode(parts).value()).value();
  deployed->history = std::make_shared<Guarded<model::HistoryState>>(history);
  return deployed;
}

/// 60 days of hours: temp from 0 to 40, sky of three, n whole from 1 to 9, holiday now and then;
/// cnt = 10 if temp <= 20 else 30, plus 5 if the cnt of a day before was above 15, plus up to 1.
/// The rows from `broken_from` to `broken_until` read temp = 999; they are kept out.
class Project {
 public:
  static constexpr std::size_t kRows = 60 * 24;
  static constexpr Time kFirst{1'300'000'000'000'000};
  static constexpr std::size_t kTestFrom = 46 * 24;
  static constexpr std::size_t kBrokenFrom = 100, kBrokenUntil = 120;

  Project();
  ledger::StageInput input();
  /// What assemble() made of it; the file must load.
  Result<ledger::StageOutput> assemble() { return deploy::assemble(input()); }
  std::string file() const { return fs_->read(out_ / "pipeline.rondo").value(); }

  static Time time(std::size_t row) {
    return kFirst + Span{static_cast<std::int64_t>(row) * 3'600'000'000};
  }

  bool binary = false;                    // is cnt above 25?
  double leaf = 30;                       // what the twin answers above 20 degrees
  Json evidence;                          // null: none
  table::Table rows;

 private:
  table::Table make_rows() const;
  model::Transform transform() const;
  model::Prepared prepared(bool twin) const;
  model::Candidate candidate() const;
  io::Digest manifest();

  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
  io::Path out_;
  int assembled_ = 0;
  ledger::Objects objects_{fs_, scratch_ / "objects"};
};

inline Project::Project() : rows(make_rows()) {
  evidence = {{"metric", "mae"},
              {"value", 0.75},
              {"low", 0.5},
              {"high", 1.25},
              {"metrics", {{"mae", 0.75}, {"rmse", 3.5}}},
              {"baselines", Json::array({{{"name", "mean"}, {"value", 9.0}}})},
              {"verdict", {{"decision", "promote"}}},
              {"bound",
               {{"loss", "absolute"},
                {"loss_scale", 20.0},
                {"test_risk", 0.025},
                {"risk_bound", 0.05},
                {"least", 0.0125},
                {"days", 14},
                {"rows", 336},
                {"day_correlation", 0.1}}}};
}

inline table::Table Project::make_rows() const {
  table::ColumnBuilder time_of(table::Type::kTime), temp(table::Type::kNumber),
      sky(table::Type::kCategory), n(table::Type::kInteger), holiday(table::Type::kBool),
      cnt(table::Type::kNumber);
  std::vector<double> counts;
  for (std::size_t i = 0; i < kRows; ++i) {
    const bool broken = i >= kBrokenFrom && i < kBrokenUntil;
    const double warmth = static_cast<double>(i * 37 % 401) / 10;
    const double before = i >= 24 ? counts[i - 24] : 0;
    counts.push_back((warmth <= 20 ? 10 : 30) + (before > 15 ? 5 : 0) +
                     static_cast<double>(i * 53 % 101) / 100);
    time_of.integer(time(i).us);
    i % 31 == 0 ? temp.null() : temp.number(broken ? 999 : warmth);
    sky.text(i % 7 == 0 ? "snow" : i % 3 == 0 ? "rain" : "clear");
    n.integer(static_cast<std::int64_t>(i % 9) + 1);
    holiday.integer(i % 50 == 0);
    cnt.number(counts.back());
  }
  return table::Table({{{std::string(table::kTimeColumn), table::Type::kTime},
                        {"temp", table::Type::kNumber},
                        {"sky", table::Type::kCategory},
                        {"n", table::Type::kInteger},
                        {"holiday", table::Type::kBool},
                        {"cnt", table::Type::kNumber}}},
                      {time_of.finish(), temp.finish(), sky.finish(), n.finish(), holiday.finish(),
                       cnt.finish()});
}

inline model::Transform Project::transform() const {
  std::vector<model::Step> steps(6);
  const char* names[] = {"temp", "sky", "n", "holiday"};
  table::Schema inputs;
  for (std::size_t i = 0; i < 4; ++i) {
    steps[i].feature = names[i];
    steps[i].input = static_cast<std::int32_t>(i);
    inputs.fields.push_back(rows.schema().fields[i + 1]);
  }
  steps[1].kind = model::Step::Kind::kCategory;
  steps[1].categories = {"clear", "rain"};  // snow is rare
  steps[1].rare_code = 2;
  steps[4].kind = model::Step::Kind::kTimePart;
  steps[4].feature = "hour";
  steps[5].kind = model::Step::Kind::kLag;
  steps[5].feature = "cnt_lag_24h";
  return model::Transform(inputs, steps, {{"cnt"}, {{0, Span::hours(24), 0, "cnt_lag_24h"}}});
}

inline model::Prepared Project::prepared(bool twin) const {
  model::Prepared p;
  p.task = binary ? model::Task::kBinary : model::Task::kRegression;
  p.target = "cnt";
  if (binary) p.classes = {"few", "many"};
  p.transform = transform();
  p.by_time = true;
  const table::Column& cnt = *rows.find("cnt");
  model::HistoryState history(p.transform.history());
  const table::Column* columns[] = {&rows.column(1), &rows.column(2), &rows.column(3),
                                    &rows.column(4)};
  std::vector<model::Cell> cells(4);
  p.features.columns = p.transform.features();
  for (std::size_t i = 0; i < kRows; ++i) {
    if (i >= kBrokenFrom && i < kBrokenUntil) continue;
    history.apply({0, "", time(i), time(i), i, cnt.numbers[i]});
    model::gather(columns, i, cells);
    std::vector<double> features(p.features.columns);
    p.transform.row({cells, time(i), time(i)}, &history, features);
    p.features.values.insert(p.features.values.end(), features.begin(), features.end());
    ++p.features.rows;
    p.label.push_back(binary ? cnt.numbers[i] > 25 : cnt.numbers[i]);
    p.time.push_back(time(i));
    p.source_row.push_back(i);
    p.side.push_back(twin || i < kTestFrom ? table::Side::kTrain : table::Side::kTest);
  }
  p.test_from = time(kTestFrom);
  p.test_until = time(kRows);
  p.label_until = time(kRows - 1);
  return p;
}

inline model::Candidate Project::candidate() const {
  model::Candidate candidate;
  candidate.options = {{"leaves", 2}};
  candidate.rounds = 2;
  candidate.forest_digest = "a digest";
  const model::ForestBuilder::Tree numbers[] = {stump(0, 20, 10.5, leaf + 0.5),
                                                stump(5, 15, 0, 5)};
  const model::ForestBuilder::Tree classes[] = {stump(0, 20, -leaf, leaf)};
  candidate.forest = (binary ? forest_of({6, 1, model::Link::kSigmoid, 1.0}, classes)
                             : forest_of({6, 1, model::Link::kIdentity, 1.0}, numbers))
                         .encode();
  return candidate;
}

inline io::Digest Project::manifest() {
  const auto engine = table::Engine::open(scratch_.path()).value();
  const io::Path file = scratch_ / "segment.parquet";
  CHECK(engine->write_parquet(rows, file).has_value(), "the segment is written");
  ledger::Manifest manifest;
  manifest.number = 5;
  const auto& fields = rows.schema().fields;
  manifest.contract.schema.fields.assign(fields.begin() + 1, fields.end());
  manifest.segments = {{objects_.put_file(file).value(), {}, kRows, time(0), time(kRows - 1)}};
  manifest.rows = manifest.labelled = kRows;
  return ledger::put_manifest(objects_, manifest).value();
}

inline ledger::StageInput Project::input() {
  ledger::StageInput input;
  input.inputs["manifest"] = manifest();
  input.inputs["prepared"] = objects_.put(prepared(false).encode().value()).value();
  input.inputs["twin_prepared"] = objects_.put(prepared(true).encode().value()).value();
  input.inputs["twin_candidate"] = objects_.put(candidate().encode().value()).value();
  if (!evidence.is_null()) {
    input.inputs["evidence"] = objects_.put(io::canonical(evidence)).value();
  }
  input.options = {{"now",
                    {{"target", "cnt"},
                     {"time", true},
                     {"model", "bikes"},
                     {"situation", {{"temp", scratch_.path().string()}}}}}};
  input.objects = &objects_;
  input.fs = fs_.get();
  out_ = scratch_ / ("out" + std::to_string(assembled_++));
  CHECK(fs_->make_folders(out_).has_value(), "a folder for the output");
  input.out = out_;
  return input;
}

}  // namespace rondo::deploy
