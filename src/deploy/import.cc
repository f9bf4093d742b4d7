// Columns and golden rows of an imported model, and what it is compared with before it counts.
#include "deploy/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/seed.h"
#include "deploy/import_rows.h"

namespace rondo::deploy {
namespace {

using model::Cell;
using model::ForeignModel;
using model::Step;

constexpr std::size_t kDrawn = 96;       // golden rows
constexpr std::size_t kMostGiven = 128;  // of the given rows that become golden
constexpr std::size_t kFewestToFreeze = 30;
constexpr std::size_t kCompared = 1024;         // rows at least, with another reading
constexpr std::size_t kMostValues = 1'000'000;  // of them

model::Transform transform_of(const ForeignModel& model) {
  table::Schema inputs;
  std::vector<Step> steps;
  const auto counts = model.forest.category_counts();
  for (std::size_t i = 0; i < model.names.size(); ++i) {
    Step step;
    step.feature = model.names[i];
    step.input = static_cast<std::int32_t>(i);
    table::Type type = table::Type::kNumber;
    if (model.is_category[i]) {
      step.kind = Step::Kind::kCategory;
      step.categories = model.categories[i].texts;
      type = model.categories[i].number ? table::Type::kNumber : table::Type::kCategory;
      if (step.categories.empty()) {
        type = table::Type::kInteger;
        for (std::uint64_t code = 0; code < std::max<std::uint64_t>(counts[i], 1); ++code) {
          step.categories.push_back(std::to_string(code));
        }
      }
    }
    inputs.fields.push_back({model.names[i], type});
    steps.push_back(std::move(step));
  }
  return model::Transform(std::move(inputs), std::move(steps), {});
}

Result<std::vector<std::string>> classes_of(const Import& import) {
  const ForeignModel& model = import.model;
  const bool regression = model.task == model::Task::kRegression;
  const std::size_t count = regression ? 0 : std::max<std::size_t>(model.forest.outputs(), 2);
  std::vector<std::string> classes = import.classes;
  for (std::size_t i = 0; classes.size() < count && import.classes.empty(); ++i) {
    classes.push_back(std::to_string(i));
  }
  if (classes.size() == count) return classes;
  return fail(Code::kInvalidInput,
              fmt::format("the model has {} classes, {} were named", count, classes.size()),
              regression ? "its objective has no classes: leave them out"
                         : "name each class once, in the order of the model's numbers");
}

/// A cell as it is written in a file of golden rows. Errors: kInvalidInput.
Result<Cell> cell_of(const std::string& text, const table::Field& field, std::size_t line) {
  if (text.empty() || text == "nan" || text == "NaN" || text == "null") return Cell{};
  if (field.type == table::Type::kCategory) return Cell{Cell::Kind::kText, 0, text};
  Cell cell{Cell::Kind::kNumber, 0, {}};
  if (text == "True" || text == "true") cell.number = 1;
  if (cell.number == 1 || text == "False" || text == "false") return cell;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, cell.number);
  if (error == std::errc{} && at == end) return cell;
  return fail(Code::kInvalidInput,
              fmt::format("golden rows, line {}, column \"{}\": \"{}\" is no number", line,
                          field.name, text.substr(0, 40)));
}

std::string values_text(std::span<const double> values) {
  std::string out;
  for (const double value : values) out += fmt::format("{}{}", out.empty() ? "" : ", ", value);
  return out;
}

/// How far an answer may be from what the library said, as a share of its size.
double tolerance_of(const ForeignModel& model) {
  if (model.library != "LightGBM") return 1e-5;  // it adds floats
  return model.forest.link() == model::Link::kIdentity ? 0 : 1e-12;  // its exp is the C library's
}

Result<void> compare_given(const Import& import, const GivenRow& given,
                           const model::GoldenRow& row) {
  if (given.expected.size() != row.answer.size()) {
    return fail(Code::kInvalidInput,
                fmt::format("golden rows have {} expected predictions a row, the model answers {}",
                            given.expected.size(), row.answer.size()),
                "the columns that are no features are the expected predictions: one, or for more "
                "than two classes a probability a class");
  }
  for (std::size_t i = 0; i < row.answer.size(); ++i) {
    const double most = tolerance_of(import.model) * std::max(1.0, std::fabs(given.expected[i]));
    if (std::fabs(row.answer[i] - given.expected[i]) <= most) continue;
    return fail(Code::kConflict,
                fmt::format("golden rows, line {}: the imported model answers {}, expected is {}",
                            given.line, values_text(row.answer), values_text(given.expected)),
                "nothing was imported: expected must be what predict() says of the file, after the "
                "link");
  }
  return {};
}

/// Features of rows where the model decides, row-major, at least kCompared.
std::vector<double> features_to_compare(ImportRows& rows, const model::Transform& transform) {
  const std::size_t width = transform.features();
  const std::size_t count =
      std::clamp(rows.longest(), kCompared, std::max(kCompared, kMostValues / width));
  std::vector<Cell> cells(transform.inputs().fields.size());
  std::vector<double> out(count * width);
  for (std::size_t row = 0; row < count; ++row) {
    rows.next(cells);
    transform.row_with_lags(cells, Time{}, {}, std::span(out).subspan(row * width, width));
  }
  return out;
}

/// What will serve against the other reading, bit by bit.
Result<void> compare_other(const Import& import, const OtherReading& other,
                           const model::Pipeline& pipeline, std::span<const double> features) {
  const std::vector<double> theirs = TRY(other.scores(features));
  const std::size_t outputs = pipeline.outputs(), width = import.model.forest.features();
  const std::size_t rows = features.size() / width;
  std::vector<double> ours(rows * outputs);
  pipeline.forest().raw_batch(features, rows, ours);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(ours[i]) == std::bit_cast<std::uint64_t>(theirs[i])) continue;
    return fail(Code::kConflict,
                fmt::format("row {} of those drawn at its cuts scores {}, {} says {}", i / outputs,
                            ours[i], other.who, theirs[i]),
                "nothing was imported; please report this model");
  }
  return {};
}

/// What monitoring compares with: the given rows, if there are enough; else nothing but the
/// answers.
Result<model::Reference> reference_of(const Import& import, const model::Transform& transform,
                                      std::span<const model::GoldenRow> rows) {
  const auto& fields = transform.inputs().fields;
  const bool freezes = import.given.size() >= kFewestToFreeze;
  table::Schema schema;
  std::vector<table::ColumnBuilder> builders;
  std::vector<std::string> names;
  for (const table::Field& field : fields) {
    const bool text = field.type == table::Type::kCategory;
    schema.fields.push_back({field.name, text ? field.type : table::Type::kNumber});
    builders.emplace_back(schema.fields.back().type);
    if (freezes) names.push_back(field.name);
  }
  schema.fields.push_back({import.target, table::Type::kNumber});
  builders.emplace_back(table::Type::kNumber);
  for (const model::GoldenRow& row : rows) {
    const auto cells = TRY(model::decode_cells(row.cells));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].kind == Cell::Kind::kMissing) builders[i].null();
      if (cells[i].kind == Cell::Kind::kNumber) builders[i].number(cells[i].number);
      if (cells[i].kind == Cell::Kind::kText) builders[i].text(std::string(cells[i].text));
    }
    const auto most = std::max_element(row.answer.begin(), row.answer.end());
    builders.back().number(row.answer.size() > 1
                               ? static_cast<double>(most - row.answer.begin())
                           : import.model.task == model::Task::kBinary
                               ? (row.answer[0] >= model::Answering{}.cut() ? 1.0 : 0.0)
                               : row.answer[0]);
  }
  std::vector<std::shared_ptr<const table::Column>> columns;
  for (table::ColumnBuilder& builder : builders) columns.push_back(builder.finish());
  const table::Table all(std::move(schema), std::move(columns));
  model::Reference reference = model::freeze(all, names, import.target, {});
  reference.loss = model::name_of(model::plain_loss(import.model.task));
  return reference;
}

}  // namespace

Result<Imported> import_model(const Import& import, const OtherReading& other) {
  model::Pipeline::Parts parts;
  parts.task = import.model.task;
  parts.target = import.target;
  parts.classes = TRY(classes_of(import));
  parts.transform = transform_of(import.model);
  parts.forest = import.model.forest;
  const auto& fields = parts.transform.inputs().fields;
  if (std::ranges::find(import.model.names, import.target) != import.model.names.end()) {
    return fail(Code::kInvalidInput,
                fmt::format("the target \"{}\" is also a feature of the model", import.target),
                "name what the model predicts: --target NAME");
  }
  Imported out;
  std::vector<Cell> cells(fields.size());
  const auto golden = [&] {
    return model::Pipeline::make_golden(parts.transform, parts.forest, parts.answering, cells,
                                        Time{}, {});
  };
  std::vector<model::GoldenRow> given;
  for (const GivenRow& row : import.given) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      cells[i] = TRY(cell_of(row.cells[i], fields[i], row.line));
    }
    given.push_back(golden());
    TRY(compare_given(import, row, given.back()));
  }
  out.by_given = given.size();
  ImportRows rows(import.model, parts.transform, Seed{1}.derive("import"));
  for (std::size_t row = 0; row < kDrawn; ++row) {
    rows.draw(cells);
    parts.golden.push_back(golden());
  }
  parts.reference = TRY(reference_of(import, parts.transform,
                                     given.size() < kFewestToFreeze ? parts.golden : given));
  given.resize(std::min(given.size(), kMostGiven));
  parts.golden.insert(parts.golden.end(), given.begin(), given.end());
  const std::vector<double> features = features_to_compare(rows, parts.transform);
  out.by_other = features.size() / parts.transform.features();
  parts.provenance = {{"imported",
                       {{"library", import.model.library},
                        {"objective", import.model.objective},
                        {"sha256", import.sha256},
                        {"compared_with", other.who},
                        {"rows_compared", out.by_given + out.by_other}}}};
  out.file = TRY(model::Pipeline::encode(parts));
  const auto pipeline = TRY(model::Pipeline::load(out.file));
  TRY(compare_other(import, other, *pipeline, features));
  return out;
}

}  // namespace rondo::deploy
