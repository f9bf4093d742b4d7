// From what training and evaluation stored to a verified pipeline file. Nothing is fitted here. The
// file counts only after it was read back and its golden rows came out the same.
#include "deploy/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/failpoint.h"
#include "base/words.h"
#include "deploy/floor.h"
#include "deploy/golden_rows.h"
#include "deploy/provenance.h"
#include "ledger/dataset.h"

namespace rondo::deploy {
namespace {

using ledger::StageInput;
using ledger::StageOutput;
using model::Pipeline;
using model::Prepared;

constexpr const char* kFile = "pipeline.rondo";

struct Inputs {
  Prepared measured, twin;
  model::Candidate candidate;
  model::Forest forest;
  Json evidence;  // null without a gate
  ledger::Manifest manifest;
  table::Table rows;
};

Result<std::string> read(const StageInput& input, const std::string& name) {
  const auto found = input.inputs.find(name);
  if (found == input.inputs.end()) {
    return fail(Code::kInvalidInput, fmt::format("deployment lacks its input \"{}\"", name));
  }
  return during(input.objects->get(found->second), "reading " + name);
}

Result<Inputs> read_all(const StageInput& input) {
  Inputs in;
  in.measured = TRY(Prepared::decode(TRY(read(input, "prepared"))));
  in.twin = TRY(Prepared::decode(TRY(read(input, "twin_prepared"))));
  in.candidate = TRY(model::Candidate::decode(TRY(read(input, "twin_candidate"))));
  in.forest = TRY(model::Forest::decode(in.candidate.forest));
  if (input.inputs.contains("evidence")) {
    in.evidence = TRY(io::parse_json(TRY(read(input, "evidence")), "evidence"));
  }
  if (in.forest.features() != in.twin.features.columns) {
    return fail(Code::kConflict, fmt::format("the twin reads {} features, its data have {}",
                                             in.forest.features(), in.twin.features.columns));
  }
  in.manifest = TRY(ledger::Manifest::from_json(
      TRY(io::parse_json(TRY(read(input, "manifest")), "manifest"))));
  const Json now = io::get_or<Json>(input.options, "now", Json::object());
  const Json situation = io::get_or<Json>(now, "situation", Json::object());
  const auto temp = io::get_or<std::string>(situation, "temp", input.out.string());
  in.rows = TRY(ledger::read_dataset(in.manifest, *input.objects, temp));
  return in;
}

/// The rows that train, as the table of these columns; one that the dataset lacks is all missing.
Result<table::Table> training_rows(const Inputs& in, const std::vector<table::Field>& columns) {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < in.twin.side.size(); ++i) {
    if (in.twin.side[i] == table::Side::kTrain) which.push_back(in.twin.source_row[i]);
  }
  if (!std::ranges::all_of(which, [&](std::size_t row) { return row < in.rows.rows(); })) {
    return fail(Code::kConflict, "the twin was prepared from another dataset version");
  }
  table::Schema schema;
  std::vector<std::shared_ptr<const table::Column>> found;
  for (const table::Field& field : columns) {
    const auto place = in.rows.schema().find(field.name);
    found.push_back(place ? in.rows.shared(*place)
                          : table::Column::missing(field.type, in.rows.rows()));
    schema.fields.push_back({field.name, found.back()->type});
  }
  return table::Table(std::move(schema), std::move(found)).take(which);
}

/// Label (a class by its index) and event time of the rows that train.
struct Known {
  std::shared_ptr<const table::Column> label;
  std::vector<Time> times;
};

Known known_of(const Prepared& twin) {
  Known known;
  table::ColumnBuilder label(table::Type::kNumber);
  for (std::size_t i = 0; i < twin.side.size(); ++i) {
    if (twin.side[i] != table::Side::kTrain) continue;
    label.number(twin.label[i]);
    if (!twin.time.empty()) known.times.push_back(twin.time[i]);
  }
  known.label = label.finish();
  return known;
}

Result<void> fill_risk(const Prepared& twin, const Json& evidence, model::Reference& reference) {
  reference.loss = model::name_of(model::plain_loss(twin.task));
  if (!evidence.is_object()) return {};
  const Json bound = io::get_or<Json>(evidence, "bound", Json::object());
  reference.loss = io::get_or<std::string>(bound, "loss", reference.loss);
  reference.loss_scale = io::get_or<double>(bound, "loss_scale", reference.loss_scale);
  reference.false_positive = io::get_or<double>(bound, "false_positive", 1);
  reference.false_negative = io::get_or<double>(bound, "false_negative", 1);
  reference.test_risk = io::get_or<double>(bound, "test_risk", reference.test_risk);
  reference.risk_bound = io::get_or<double>(bound, "risk_bound", reference.risk_bound);
  reference.least_day = io::get_or<double>(bound, "least", reference.least_day);
  reference.test_days = io::get_or<std::uint64_t>(bound, "days", reference.test_days);
  reference.test_rows = io::get_or<std::uint64_t>(bound, "rows", reference.test_rows);
  reference.day_correlation =
      io::get_or<double>(bound, "day_correlation", reference.day_correlation);
  for (const Json& one : io::get_or<Json>(evidence, "watched_slices", Json::array())) {
    reference.slices.push_back(TRY(model::SliceReference::from_json(one)));
  }
  if (evidence.contains("answers")) {
    model::add_answers(TRY(model::Reference::from_json(evidence.at("answers"))), reference);
  }
  if (evidence.contains("tree")) {
    reference.tree = TRY(model::RiskTree::from_json(evidence.at("tree")));
  }
  if (evidence.contains("scores")) {
    reference.scores = TRY(stats::ScoreMap::from_json(evidence.at("scores")));
    reference.scores_of_positive = twin.task == model::Task::kBinary;
    if (evidence.contains("score_kinds")) {
      reference.score_kinds =
          TRY(stats::ScoreKinds::from_json(evidence.at("score_kinds"), reference.scores));
    }
  }
  return {};
}

/// The frozen reference: inputs from the rows that train, without those that are kept out, and the
/// label as models and monitoring know it.
Result<model::Reference> freeze_reference(const Inputs& in, const Known& known) {
  const auto& inputs = in.twin.transform.inputs().fields;
  std::vector<std::string> names;
  for (const table::Field& field : inputs) names.push_back(field.name);
  table::Table rows = TRY(training_rows(in, inputs));
  rows = rows.with({in.twin.target, table::Type::kNumber}, known.label);
  model::Reference reference = model::freeze(rows, names, in.twin.target, known.times);
  TRY(fill_risk(in.twin, in.evidence, reference));
  if (in.manifest.orders_only) reference.longest_gap = {};  // no clock on a wall to be late by
  return reference;
}

/// What a join found for the rows that train.
std::shared_ptr<const table::Column> joined_values(const Prepared& twin, std::size_t series) {
  const auto& steps = twin.transform.steps();
  const auto reads = [&](const model::Step& step) {
    return step.kind == model::Step::Kind::kLag &&
           twin.transform.history().lags[step.lag].series == series;
  };
  const auto place = static_cast<std::size_t>(std::ranges::find_if(steps, reads) - steps.begin());
  table::ColumnBuilder values(table::Type::kNumber);
  for (std::size_t row = 0; row < twin.side.size(); ++row) {
    if (twin.side[row] != table::Side::kTrain) continue;
    const double value = place < steps.size() ? twin.features.row(row)[place] : std::nan("");
    if (std::isfinite(value)) values.number(value);
    else values.null();
  }
  return values.finish();
}

/// Distributions of the columns that lags read, which need not be inputs.
Result<std::vector<model::ColumnReference>> freeze_series(const Inputs& in, const Known& known) {
  std::vector<model::ColumnReference> series;
  const model::HistorySpec& history = in.twin.transform.history();
  for (std::size_t i = 0; i < history.series.size(); ++i) {
    const std::string& name = history.series[i];
    table::Table rows({{{name, table::Type::kNumber}}}, {known.label});
    if (history.side(i) != nullptr) {
      rows = table::Table({{{name, table::Type::kNumber}}}, {joined_values(in.twin, i)});
    } else if (name != in.twin.target) {
      rows = TRY(training_rows(in, {{name, table::Type::kNumber}}));
    }
    series.push_back(model::freeze(rows, {}, name, {}).label);
    if (!series.back().numeric) {
      return fail(Code::kConflict, fmt::format("the lagged column \"{}\" holds text", name));
    }
  }
  return series;
}

Result<Pipeline::Parts> make_parts(const StageInput& input, const Inputs& in) {
  Pipeline::Parts parts;
  const Known known = known_of(in.twin);
  parts.reference = TRY(freeze_reference(in, known));
  // Of the measured model: its twin was fitted on every row, so there is none left to choose on.
  if (in.evidence.is_object() && in.evidence.contains("answering")) {
    parts.answering = TRY(model::Answering::from_json(in.evidence.at("answering")));
  }
  const auto series = TRY(freeze_series(in, known));
  const auto [first, last] = std::ranges::minmax_element(known.times);
  const bool clock = !known.times.empty();
  parts.golden = draw_golden({in.twin.transform, in.forest, parts.answering, parts.reference,
                              series, clock ? *first : Time{}, clock ? *last : Time{}},
                             input.seed.derive("golden"));
  parts.provenance = provenance_of(
      input, {in.measured, in.twin, in.candidate, in.evidence, in.manifest.number});
  parts.task = in.twin.task;
  parts.target = in.twin.target;
  parts.classes = in.twin.classes;
  parts.levels = in.twin.levels;
  parts.transform = in.twin.transform;
  parts.forest = in.forest;
  return parts;
}

StageOutput refused(std::string why, Json evidence) {
  return {"refused by its golden rows", std::move(why), std::move(evidence), Json::object(), {}};
}

/// Which golden row has an answer that is no number.
std::optional<std::size_t> without_answer(const Pipeline::Parts& parts) {
  for (std::size_t i = 0; i < parts.golden.size(); ++i) {
    const auto is_number = [](double x) { return std::isfinite(x); };
    if (!std::ranges::all_of(parts.golden[i].answer, is_number)) return i;
  }
  return std::nullopt;
}

/// Writes the file and reads it back as a server will; its size. The error of a file that does not
/// reproduce its golden rows is kCorrupt.
Result<std::uint64_t> write_and_load(const StageInput& input, const Pipeline::Parts& parts) {
  const std::string bytes = TRY(Pipeline::encode(parts));
  const io::Path file = input.out / kFile;
  RONDO_FAILPOINT(kPipelineWrite);
  TRY(io::write_atomically(*input.fs, file, bytes));
  RONDO_FAILPOINT(kPipelineLoad);
  const std::string back = TRY(input.fs->read(file));
  if (back != bytes) {
    return fail(Code::kIo, "the pipeline file reads back other bytes than were written",
                "look at the disk and its log");
  }
  TRY(Pipeline::load(back));
  return bytes.size();
}

std::string words_of(const Floor& floor) {
  if (floor.rows == 0) return "it knows none of the test rows";
  const bool errors = floor.loss == model::Loss::kError;
  const auto number = [&](double x) {
    return errors ? fmt::format("{:.3g} %", 100 * x) : fmt::format("{:.4g}", x);
  };
  return fmt::format("its {} on the {} test rows, which it has seen, is {}; the measured model's "
                     "is {}, and {} at most",
                     errors ? "share of wrong answers" : model::words_of(floor.loss),
                     grouped(floor.rows),
                     number(floor.value), number(floor.measured), number(floor.most));
}

}  // namespace

Result<StageOutput> assemble(const StageInput& input) {
  const Inputs in = TRY(during(read_all(input), "assembling a pipeline"));
  if (input.stop.requested()) return fail(Code::kCancelled, "deployment was asked to stop");
  if (input.progress) input.progress({{"done", 0.3}, {"what", "assembling the pipeline"}});
  Pipeline::Parts parts = TRY(make_parts(input, in));
  Json evidence = {{"metrics", metrics_of(in.evidence)},
                   {"label_until_us", in.twin.label_until.us},
                   {"features", parts.transform.features()},
                   {"trees", parts.forest.trees()},
                   {"golden_rows", parts.golden.size()}};
  if (const auto row = without_answer(parts)) {
    return refused(fmt::format("golden row {} has no finite answer", *row), evidence);
  }
  std::string about;
  if (in.evidence.is_object()) {
    const TwinAnswers answered = answers_of(in.measured, in.twin, parts);
    model::also_answered(answered.scores, answered.times, parts.reference);
    const Floor floor = floor_of(answered, in.twin, parts, in.evidence);
    evidence["floor"] = {{"value", floor.value}, {"most", floor.most}, {"rows", floor.rows}};
    about = words_of(floor);
    if (!floor.holds()) {
      return refused("the twin is worse than what was measured: " + about, evidence);
    }
  }
  const auto bytes = write_and_load(input, parts);
  if (!bytes && bytes.error().code == Code::kCorrupt) {
    return refused(bytes.error().message, evidence);
  }
  evidence["bytes"] = TRY(bytes);
  return StageOutput{"deployed",
                     fmt::format("{} over {} features; {} golden rows come out the same "
                                 "after reading the file back{}{}",
                                 parts.forest.text(), parts.transform.features(),
                                 parts.golden.size(), about.empty() ? "" : "; ", about),
                     evidence, Json::object(), {{"pipeline", kFile}}};
}

}  // namespace rondo::deploy
