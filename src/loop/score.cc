// Scoring rows of the past with a pipeline of the past, through its own transform and history.
#include "loop/score.h"

#include <algorithm>

#include "io/bundle.h"
#include "model/compiled_forest.h"
#include "model/served_past.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kRowsAtATime = 2'048;

using ledger::StageInput;
using ledger::StageOutput;

Result<std::string> read_input(const StageInput& input, const std::string& name) {
  const auto found = input.inputs.find(name);
  if (found == input.inputs.end()) {
    return fail(Code::kInvalidInput, "scoring lacks its input \"" + name + "\"");
  }
  return during(input.objects->get(found->second), "reading " + name);
}

/// The model that answers, of a pipeline or as it was measured.
struct Answerer {
  model::Transform transform;
  model::Forest forest;
  model::Answering answering;
  std::vector<std::string> classes;
  std::vector<double> levels;
};

Result<Answerer> answerer_of(const StageInput& input) {
  model::Answering answering;
  const bool measured = input.inputs.contains("measured_candidate");
  if (!measured || input.inputs.contains("champion")) {  // a job of an older program has one alone
    const auto pipeline = TRY(model::Pipeline::load(TRY(read_input(input, "champion"))));
    const model::Pipeline::Parts& parts = pipeline->parts();
    if (!measured) {
      return Answerer{parts.transform, parts.forest, parts.answering, parts.classes, parts.levels};
    }
    answering = parts.answering;
  }
  auto prepared = TRY(model::Prepared::decode(TRY(read_input(input, "measured_prepared"))));
  const auto candidate =
      TRY(model::Candidate::decode(TRY(read_input(input, "measured_candidate"))));
  return Answerer{std::move(prepared.transform), TRY(model::Forest::decode(candidate.forest)),
                  std::move(answering), std::move(prepared.classes), std::move(prepared.levels)};
}

/// Whether its answers can be held against those of a model of these classes.
bool is_comparable(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  if (from.empty() || to.empty()) return from.empty() == to.empty();
  return std::ranges::any_of(
      to, [&](const std::string& name) { return std::ranges::find(from, name) != from.end(); });
}

std::vector<double> score_rows(const Answerer& by, const model::HistoryState& history,
                               const ledger::RowsAndServed& rows, const std::string& target,
                               std::span<const std::size_t> which) {
  const std::vector<const table::Column*> columns = columns_for(by.transform, rows.rows);
  const std::vector<Time> times = times_of(rows.rows);
  const model::ServedPast past(rows.served, by.transform.history(), target, by.classes);
  std::vector<double> lags(by.transform.history().lags.size());
  const std::size_t outputs = by.forest.outputs();
  std::vector<model::Cell> cells(columns.size());
  const std::size_t width = by.transform.features();
  std::vector<double> features(std::min(which.size(), kRowsAtATime) * width);
  std::vector<double> scores(which.size() * outputs);
  const model::CompiledForest forest(by.forest);
  for (std::size_t from = 0; from < which.size(); from += kRowsAtATime) {
    const std::size_t count = std::min(kRowsAtATime, which.size() - from);
    for (std::size_t i = 0; i < count; ++i) {
      const Time at = times[which[from + i]];
      model::gather(columns, which[from + i], cells);
      const auto out = std::span(features).subspan(i * width, width);
      if (past.is_empty()) {
        by.transform.row({cells, at, at}, &history, out);
        continue;
      }
      history.read(by.transform.entity(cells), at, at, lags);
      past.put(which[from + i], lags);
      by.transform.row_with_lags(cells, at, lags, out);
    }
    forest.raw_batch(std::span(features).first(count * width), count,
                     std::span(scores).subspan(from * outputs, count * outputs));
  }
  by.forest.link(scores);
  by.answering.apply(scores, outputs);
  return scores;
}

}  // namespace

std::vector<const table::Column*> columns_for(const model::Transform& transform,
                                              const table::Table& rows) {
  std::vector<const table::Column*> columns;
  for (const table::Field& field : transform.inputs().fields) {
    columns.push_back(rows.find(field.name));
  }
  return columns;
}

std::vector<Time> times_of(const table::Table& rows) {
  std::vector<Time> times(rows.rows());
  if (const table::Column* column = rows.find(table::kTimeColumn)) {
    for (std::size_t i = 0; i < times.size(); ++i) times[i] = {column->integers[i]};
  }
  return times;
}

std::vector<double> in_classes(std::span<const double> answers,
                               const std::vector<std::string>& from,
                               const std::vector<std::string>& to) {
  const std::size_t outputs = from.size() == 2 ? 1 : from.size();
  std::vector<double> out;
  for (std::size_t at = 0; at + outputs <= answers.size(); at += outputs) {
    const auto row = answers.subspan(at, outputs);
    const auto probability = [&](const std::string& name) {
      const auto found = std::ranges::find(from, name);
      if (found == from.end()) return 0.0;
      const auto index = static_cast<std::size_t>(found - from.begin());
      if (outputs > 1) return row[index];
      return index == 1 ? row[0] : 1 - row[0];
    };
    if (to.size() == 2) {
      const double both = probability(to[0]) + probability(to[1]);
      out.push_back(both > 0 ? probability(to[1]) / both : 0.5);
    } else {
      std::ranges::transform(to, std::back_inserter(out), probability);
    }
  }
  return out;
}

void fill(model::HistoryState& history, const ledger::RowsAndServed& rows,
          const std::string& target, const std::vector<std::string>& classes,
          const prepare::Situation& situation, Progress* progress) {
  constexpr std::uint64_t kStep = 1 << 16;
  const auto all = prepare::observations(rows, history.spec(), target, classes, situation);
  if (progress) progress->begin("values of lags", all.size());
  std::uint64_t done = 0;
  for (const model::Observation& observation : all) {
    history.apply(observation);
    if (progress && ++done % kStep == 0) progress->reach(done);
  }
}

Result<void> fill_sides(model::HistoryState& history, const ledger::Manifest& manifest,
                        const ledger::Objects& objects, const prepare::Situation& situation) {
  if (history.spec().sides.empty()) return {};
  const prepare::Tables tables = TRY(ledger::read_tables(manifest, objects, situation.temp));
  for (const auto& seen : prepare::observations(tables, history.spec(), situation)) {
    history.apply(seen);
  }
  return {};
}

Result<StageOutput> score(const StageInput& input) {
  const prepare::Situation situation =
      TRY(prepare::situation_from(io::get_or<Json>(input.options, "now", Json::object())));
  const Json manifest_json = TRY(io::parse_json(TRY(read_input(input, "manifest")), "manifest"));
  const auto manifest = TRY(ledger::Manifest::from_json(manifest_json));
  const auto prepared = TRY(model::Prepared::decode(TRY(read_input(input, "prepared"))));
  const Answerer by = TRY(answerer_of(input));
  if (by.levels != prepared.levels || !is_comparable(by.classes, prepared.classes)) {
    return StageOutput{"incomparable", "it answers another question than the rows ask",
                       Json::object(), Json::object(), {}};
  }
  const auto rows = TRY(ledger::read_with_served(manifest, *input.objects, situation.temp));

  model::HistoryState history(by.transform.history());
  fill(history, rows, situation.target, by.classes, situation);
  TRY(fill_sides(history, manifest, *input.objects, situation));
  std::vector<std::size_t> test;
  for (std::size_t i = 0; i < prepared.side.size(); ++i) {
    if (prepared.side[i] == table::Side::kTest) test.push_back(prepared.source_row[i]);
  }
  io::Bundle bundle;
  std::vector<double> scores = score_rows(by, history, rows, situation.target, test);
  if (by.classes != prepared.classes) scores = in_classes(scores, by.classes, prepared.classes);
  bundle.put_f64("scores", scores);
  TRY(io::write_atomically(*input.fs, input.out / "champion_scores.bin", bundle.encode()));
  return StageOutput{"scored", "the champion answered the same rows", Json::object(),
                     Json::object(), {{"champion_scores", "champion_scores.bin"}}};
}

}  // namespace rondo::loop
