// Rows as a request would bring them are read back from their features, changed, and sent through
// the transform; a feature that does not come out as it was before the change is not trusted.
#include "evaluate/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "evaluate/changed_rows.h"

namespace rondo::evaluate {
namespace {

constexpr double kWalks = 1e6;  // down a tree, in all
constexpr std::size_t kMostRows = 500, kFewestRowsProbed = 30, kMostHeld = 2'000;
constexpr double kNoise = 0.1, kScale = 1'000;

Metric loss_of(const Truth& truth) {
  if (truth.task == model::Task::kQuantile) return Metric::kPinball;
  return truth.task == model::Task::kRegression ? Metric::kMae : Metric::kLogLoss;
}

/// Mean loss of the rows `which` of the truth, given answers to these alone.
double mean_loss(const Truth& truth, const std::vector<std::size_t>& which,
                 const Answers& answers) {
  Truth some{truth.task, truth.classes, {}, {}};
  some.levels = truth.levels;
  for (const std::size_t row : which) some.label.push_back(truth.label[row]);
  double sum = 0;
  for (std::size_t i = 0; i < which.size(); ++i) {
    sum += sums_of(loss_of(truth), some, answers, i, 0).loss;
  }
  return sum / static_cast<double>(which.size());
}

double interquartile_range(std::vector<double> values) {
  std::erase_if(values, [](double x) { return !std::isfinite(x); });
  if (values.size() < 4) return 0;
  std::ranges::sort(values);
  return values[values.size() * 3 / 4] - values[values.size() / 4];
}

/// What one column is worth, by what happens without it.
class Column {
 public:
  Column(const Probed& probed, const ChangedRows& rows, std::size_t input, double base)
      : probed_(probed), rows_(rows), input_(input), base_(base) {}

  Json told(Seed seed) const {
    const table::Field& field = probed_.prepared.transform.inputs().fields[input_];
    Json out = {{"column", field.name}, {"missing", grown([](std::size_t, model::Cell& cell) {
                                           cell = model::Cell();
                                         })}};
    out["noise"] = out["scaled"] = out["swapped"] = nullptr;
    if (rows_.seen(input_) == ChangedRows::Seen::kCategory || field.type == table::Type::kBool) {
      out["swapped"] = grown([&](std::size_t i, model::Cell& cell) {
        cell = rows_.cell((i + rows_.rows() / 2) % rows_.rows(), input_);
      });
    } else {
      std::vector<double> values;
      for (std::size_t i = 0; i < rows_.rows(); ++i) values.push_back(number(i));
      const double width = kNoise * interquartile_range(std::move(values));
      Chance chance(seed.derive(field.name));
      std::vector<double> noise;
      for (std::size_t i = 0; i < rows_.rows(); ++i) noise.push_back(width * chance.normal());
      out["noise"] = grown([&](std::size_t i, model::Cell& cell) { cell.number += noise[i]; });
      out["scaled"] = grown([](std::size_t, model::Cell& cell) { cell.number *= kScale; });
    }
    return out;
  }

 private:
  double number(std::size_t i) const { return rows_.cell(i, input_).number; }
  template <class Change>
  Json grown(const Change& change) const {
    const Answers answers = rows_.answers(input_, change);
    const double loss = mean_loss(probed_.truth, rows_.places(), answers);
    return std::isfinite(loss) ? Json(loss - base_) : Json(nullptr);
  }

  const Probed& probed_;
  const ChangedRows& rows_;
  std::size_t input_;
  double base_;
};

double greatest(const Json& column) {
  double most = -std::numeric_limits<double>::infinity();
  for (const char* key : {"missing", "noise", "scaled", "swapped"}) {
    if (column.at(key).is_number()) most = std::max(most, column.at(key).get<double>());
  }
  return most;
}

bool holds(Invariant::Answer wanted, double before, double after) {
  switch (wanted) {
    case Invariant::Answer::kNotLower: return after >= before;
    case Invariant::Answer::kNotHigher: return after <= before;
    case Invariant::Answer::kSame: break;
  }
  return after == before;
}

void change_cell(const Invariant& invariant, bool number, model::Cell& cell) {
  switch (invariant.change) {
    case Invariant::Change::kFactor: cell.number *= invariant.amount; return;
    case Invariant::Change::kAdd: cell.number += invariant.amount; return;
    case Invariant::Change::kSet: break;
  }
  cell = model::Cell();
  if (number) {
    cell.kind = model::Cell::Kind::kNumber;
    cell.number = invariant.amount;
  } else {
    cell.kind = model::Cell::Kind::kText;
    cell.text = invariant.value;
  }
}

Result<std::size_t> input_of(const Probed& probed, const ChangedRows& rows,
                             const Invariant& invariant) {
  const table::Schema& inputs = probed.prepared.transform.inputs();
  const auto found = inputs.find(invariant.column);
  if (!found) {
    return fail(Code::kInvalidInput,
                fmt::format("[[evaluate.invariant]] names the column \"{}\", which the model does "
                            "not read", invariant.column),
                "`rondo models show` lists what it reads");
  }
  const ChangedRows::Seen seen = rows.seen(*found);
  const bool sets = invariant.change == Invariant::Change::kSet;
  const bool wrong = seen == ChangedRows::Seen::kNumber
                         ? sets && !std::isfinite(invariant.amount)
                         : seen == ChangedRows::Seen::kCategory && !sets;
  if (!wrong) return *found;
  return fail(Code::kInvalidInput,
              fmt::format("[[evaluate.invariant]] changes \"{}\" as a {}, which it is not",
                          invariant.column, sets ? "text" : "number"),
              "numbers change by \"+10%\", \"-5\" or \"= 3\", categories by \"= name\"");
}

}  // namespace

Json robustness_json(const Probed& probed, Seed seed) {
  const std::size_t columns = probed.prepared.transform.inputs().fields.size();
  const double work = 3 * static_cast<double>(std::max<std::size_t>(columns, 1) *
                                              std::max<std::size_t>(probed.forest.trees(), 1));
  const auto most = static_cast<std::size_t>(
      std::clamp(kWalks / work, static_cast<double>(kFewestRowsProbed),
                 static_cast<double>(kMostRows)));
  const ChangedRows rows(probed.prepared, probed.forest, probed.answering, most);
  if (rows.rows() < kFewestRowsProbed) return nullptr;
  const double base = mean_loss(probed.truth, rows.places(), rows.answers());
  Json told = Json::array(), not_tried = Json::array();
  for (std::size_t input = 0; input < columns; ++input) {
    if (rows.seen(input) == ChangedRows::Seen::kNone) {
      not_tried.push_back(probed.prepared.transform.inputs().fields[input].name);
      continue;
    }
    told.push_back(Column(probed, rows, input, base).told(seed));
  }
  std::stable_sort(told.begin(), told.end(),
                   [](const Json& a, const Json& b) { return greatest(a) > greatest(b); });
  return {{"rows", rows.rows()}, {"loss", name_of(loss_of(probed.truth))}, {"mean_loss", base},
          {"columns", told}, {"not_tried", not_tried}};
}

Result<Json> invariants_json(const Probed& probed, const std::vector<Invariant>& invariants) {
  Json out = Json::array();
  if (invariants.empty()) return out;
  if (probed.prepared.task == model::Task::kMulticlass) {
    return fail(Code::kInvalidInput, "[[evaluate.invariant]] needs a target of numbers or of two "
                                     "classes", "leave it out");
  }
  const ChangedRows rows(probed.prepared, probed.forest, probed.answering, kMostHeld);
  const Answers before = rows.answers();
  const std::size_t outputs = outputs_of(probed.truth);
  for (const Invariant& invariant : invariants) {
    const std::size_t input = TRY(input_of(probed, rows, invariant));
    const bool number = rows.seen(input) == ChangedRows::Seen::kNumber;
    std::vector<std::uint8_t> changed;
    const Answers after = rows.answers(input, [&](std::size_t, model::Cell& cell) {
      if (cell.kind != model::Cell::Kind::kMissing) change_cell(invariant, number, cell);
    }, &changed);
    std::uint64_t asked = 0, broken = 0;
    Json example = nullptr;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      if (changed[i] == 0) continue;
      ++asked;
      for (std::size_t at = i * outputs; at < (i + 1) * outputs; ++at) {
        if (holds(invariant.answer, before[at], after[at])) continue;
        if (broken++ == 0) example = {{"before", before[at]}, {"after", after[at]}};
        break;  // one broken quantile breaks the row
      }
    }
    out.push_back({{"invariant", invariant.text}, {"rows", asked}, {"broken", broken},
                   {"share", asked == 0 ? Json(nullptr)
                                        : Json(static_cast<double>(broken) /
                                               static_cast<double>(asked))},
                   {"example", example}});
  }
  return out;
}

std::vector<std::string> broken_invariants(const Json& invariants) {
  std::vector<std::string> out;
  for (const Json& one : invariants) {
    if (one.at("share").is_null()) {
      out.push_back(fmt::format("the invariant \"{}\" could be tried on no test row: the column is "
                                "missing in all, or cannot be read back from what is made of it",
                                one.at("invariant").get<std::string>()));
      continue;
    }
    const double share = one.at("share").get<double>();
    if (share <= kMostBroken) continue;
    out.push_back(fmt::format("the invariant \"{}\" is broken in {:.1f} % of {} test rows (at most "
                              "{:g} % may be), as from {:.4g} to {:.4g}",
                              one.at("invariant").get<std::string>(), 100 * share,
                              one.at("rows").get<std::uint64_t>(), 100 * kMostBroken,
                              one.at("/example/before"_json_pointer).get<double>(),
                              one.at("/example/after"_json_pointer).get<double>()));
  }
  return out;
}

}  // namespace rondo::evaluate
