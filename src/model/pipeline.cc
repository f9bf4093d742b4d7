// The pipeline file's contents: what each section means, and whether all of them fit together. A
// file is opened in the order container, digests, structure, fit, golden rows; nothing is scored
// before.
#include "model/pipeline.h"

#include <array>
#include <set>

#include "base/check.h"
#include "model/golden.h"
#include "model/sections.h"

namespace rondo::model {
namespace {

// Version of the arithmetic of transforms and links. A newer program goes on scoring an older one
// as it was; a file with a newer one is refused.
constexpr std::int64_t kNumerics = 1;
constexpr std::size_t kStackFeatures = 1'024;

std::unexpected<Error> misfit(const std::string& what) {
  return fail(Code::kCorrupt, "pipeline file: " + what);
}

/// The same failure as damage of a section.
template <class T>
Result<T> in_section(Result<T> result, const Section& section) {
  if (result) return result;
  Error error = std::move(result).error();
  error.code = Code::kCorrupt;
  error.message = "pipeline file: " + name_of(section.kind) + " at offset " +
                  std::to_string(section.offset) + ": " + error.message;
  return std::unexpected(std::move(error));
}

bool is_task_and_classes(const Pipeline::Parts& parts) {
  const std::size_t classes = parts.classes.size(), outputs = parts.forest.outputs();
  switch (parts.task) {
    case Task::kRegression:
      return classes == 0 && outputs == 1 && parts.forest.link() != Link::kSoftmax &&
             parts.forest.link() != Link::kAscending;
    case Task::kBinary:
      return classes == 2 && outputs == 1 && parts.forest.link() == Link::kSigmoid;
    case Task::kMulticlass:
      return classes >= 2 && outputs == classes && parts.forest.link() == Link::kSoftmax;
    case Task::kQuantile:
      return classes == 0 && are_levels(parts.levels) && outputs == parts.levels.size() &&
             parts.forest.link() == Link::kAscending;
  }
  return false;
}

/// A split by categories asks for codes that the dictionary of its feature gives out.
Result<void> check_categories(const Transform& transform, const Forest& forest) {
  const std::vector<std::uint64_t> counts = forest.category_counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Step& step = transform.steps()[i];
    const bool rare_is_own = step.rare_code == static_cast<std::int64_t>(step.categories.size());
    const std::size_t codes = step.categories.size() + (rare_is_own ? 1 : 0);
    if (counts[i] == 0) continue;
    if (!step.is_category() || counts[i] > codes) {
      return misfit("the model splits feature \"" + step.feature +
                    "\" by categories that its dictionary does not have");
    }
  }
  return {};
}

Result<void> check_fit(const Pipeline::Parts& parts) {
  if (parts.target.empty()) return misfit("the target has no name");
  const std::set<std::string> classes(parts.classes.begin(), parts.classes.end());
  if (classes.size() != parts.classes.size() || classes.contains("")) {
    return misfit("a class has an empty name or another one's");
  }
  if (parts.transform.features() != parts.forest.features()) {
    return misfit("the transform makes " + std::to_string(parts.transform.features()) +
                  " features, the model reads " + std::to_string(parts.forest.features()));
  }
  if (!is_task_and_classes(parts)) {
    return misfit("task, classes and outputs of the model do not fit together");
  }
  if (const auto fits = check_answering(parts.answering, parts.task); !fits) {
    return misfit(fits.error().message);
  }
  TRY(check_categories(parts.transform, parts.forest));
  return check_golden(parts);
}

Result<void> read_schema(const Json& json, Pipeline::Parts& parts) {
  parts.task = TRY(task_from(TRY(io::get<std::string>(json, "task"))));
  parts.target = TRY(io::get<std::string>(json, "target"));
  parts.classes = TRY(io::get<std::vector<std::string>>(json, "classes"));
  if (parts.task == Task::kQuantile) {
    parts.levels = TRY(io::get<std::vector<double>>(json, "levels"));
  }
  TRY(io::get<Json>(json, "inputs"));
  return {};
}

Result<void> read_provenance(const Json& json, Pipeline::Parts& parts) {
  const auto numerics = TRY(io::get<std::int64_t>(json, "numerics"));
  if (numerics < 1 || numerics > kNumerics) {
    return fail(Code::kCorrupt, "numerics version " + std::to_string(numerics) +
                                    " is not known here",
                "a newer Rondo wrote it: use that one");
  }
  parts.provenance = json;
  return {};
}

Result<Transform> read_transform(const Section& section, const Json& schema) {
  Json json = TRY(io::parse_json(section.bytes, "transform"));
  if (!json.is_object() || json.contains("inputs")) {
    return fail(Code::kCorrupt, "it is not an object without \"inputs\"");
  }
  json["inputs"] = schema.at("inputs");
  return Transform::from_json(json);
}

Result<Answering> read_answering(const Section& section) {
  return Answering::from_json(TRY(io::parse_json(section.bytes, "answering")));
}

}  // namespace

Result<std::string> Pipeline::encode(const Parts& parts) {
  TRY(during(check_fit(parts), "encoding a pipeline"));
  if (!parts.provenance.is_object()) return misfit("the provenance is not an object");
  Json transform = parts.transform.to_json();
  Json schema = {{"task", name_of(parts.task)},
                 {"target", parts.target},
                 {"classes", parts.classes},
                 {"inputs", transform.at("inputs")}};
  if (!parts.levels.empty()) schema["levels"] = parts.levels;
  transform.erase("inputs");
  Json provenance = parts.provenance;
  provenance["numerics"] = kNumerics;
  const std::array<std::string, 7> bytes = {
      io::canonical(schema),
      io::canonical(transform),
      parts.forest.encode(),
      parts.answering.is_plain() ? "" : io::canonical(parts.answering.to_json()),
      io::canonical(parts.reference.to_json()),
      encode_golden(parts),
      io::canonical(provenance)};
  std::vector<Section> sections;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const Kind kind{static_cast<std::uint16_t>(i + 1)};  // they are numbered without a gap
    if (kind == Kind::kAnswering && parts.answering.is_plain()) continue;
    sections.push_back({kind, 0, bytes[i]});
  }
  return join(sections);
}

Result<std::shared_ptr<const Pipeline>> Pipeline::load(std::string_view bytes) {
  const auto sections = TRY(split(bytes));
  const auto at = [&](Kind kind) { return std::ranges::find(sections, kind, &Section::kind); };
  const Section &schema_at = *at(Kind::kSchema), &transform_at = *at(Kind::kTransform),
                &model_at = *at(Kind::kModel), &reference_at = *at(Kind::kReference),
                &golden_at = *at(Kind::kGolden), &provenance_at = *at(Kind::kProvenance);
  auto pipeline = std::make_shared<Pipeline>();
  Parts& parts = pipeline->parts_;
  const Json provenance =
      TRY(in_section(io::parse_json(provenance_at.bytes, "provenance"), provenance_at));
  TRY(in_section(read_provenance(provenance, parts), provenance_at));
  const Json schema = TRY(in_section(io::parse_json(schema_at.bytes, "schema"), schema_at));
  TRY(in_section(read_schema(schema, parts), schema_at));
  parts.transform = TRY(in_section(read_transform(transform_at, schema), transform_at));
  parts.forest = TRY(in_section(Forest::decode(model_at.bytes), model_at));
  if (const auto section = at(Kind::kAnswering); section != sections.end()) {
    parts.answering = TRY(in_section(read_answering(*section), *section));
  }
  const Json reference =
      TRY(in_section(io::parse_json(reference_at.bytes, "reference"), reference_at));
  parts.reference = TRY(in_section(Reference::from_json(reference), reference_at));
  parts.golden = TRY(in_section(decode_golden(golden_at.bytes, parts), golden_at));
  TRY(check_fit(parts));
  pipeline->name_explained();
  pipeline->name_answers();
  pipeline->forest_.emplace(parts.forest, TRY(chosen_kernel()));
  return pipeline;
}

/// Room for the features of one row; on the stack unless there are very many.
class Pipeline::Room {
 public:
  explicit Room(std::size_t count)
      : many_(count > kStackFeatures ? count : 0),
        features_(count > kStackFeatures ? many_.data() : few_.data(), count) {}
  std::span<double> features() const { return features_; }

 private:
  std::array<double, kStackFeatures> few_;
  std::vector<double> many_;
  std::span<double> features_;
};

void Pipeline::score(std::span<const Cell> cells, Time time, std::span<const double> lags,
                     std::span<double> out, InputCounts* counts,
                     std::span<double> raw) const noexcept {
  const Room room(parts_.transform.features());
  parts_.transform.row_with_lags(cells, time, lags, room.features(), counts);
  forest_->raw(room.features(), out);
  if (!raw.empty()) std::ranges::copy(out, raw.begin());
  answer(out);
}

void Pipeline::name_answers() {
  answer_names_ = parts_.classes;
  for (const double level : parts_.levels) answer_names_.push_back(table::number_text(level));
}

void Pipeline::name_explained() {
  const Transform& transform = parts_.transform;
  for (const table::Field& field : transform.inputs().fields) explained_.push_back(field.name);
  const auto place_of = [&](std::string_view name) {
    const auto found = std::ranges::find(explained_, name);
    const auto place = static_cast<std::size_t>(found - explained_.begin());
    if (found == explained_.end()) explained_.emplace_back(name);
    return place;
  };
  for (const Step& step : transform.steps()) {
    std::size_t place = 0;
    if (step.kind == Step::Kind::kLag) {
      place = place_of(step.feature);  // by its series a lag of the target would be the target
    } else {
      place = step.input < 0 ? place_of(table::kTimeColumn) : static_cast<std::size_t>(step.input);
    }
    const std::size_t second = step.other < 0 ? place : static_cast<std::size_t>(step.other);
    explained_by_.push_back({place, second});
  }
  if (parts_.forest.neighbours().empty()) return;
  std::string name(kNeighboursName);
  while (std::ranges::find(explained_, name) != explained_.end()) name.insert(0, "_");
  explained_.push_back(std::move(name));
}

/// Two who ask first at once both make it; the values are the same.
Result<std::shared_ptr<const ForestExplainer>> Pipeline::explainer() const {
  if (auto ready = explainer_.take()) return ready;
  auto made = std::make_shared<const ForestExplainer>(
      TRY(ForestExplainer::make(parts_.forest, TRY(chosen_kernel()))));
  explainer_.publish(made);
  return made;
}

Result<void> Pipeline::explain(std::span<const Cell> cells, Time time,
                               std::span<const double> lags, std::span<double> out) const {
  const auto by = TRY(explainer());
  const std::size_t width = parts_.transform.features(), columns = explained_.size();
  const std::size_t wide = by->columns();
  CHECK(out.size() == outputs() * (columns + 1), "there is room for each contribution");
  std::vector<double> features(width), values(outputs() * (wide + 1));
  parts_.transform.row_with_lags(cells, time, lags, features);
  by->contributions(features, 1, values);
  std::ranges::fill(out, 0.0);
  for (std::size_t output = 0; output < outputs(); ++output) {
    const auto from = std::span(values).subspan(output * (wide + 1), wide + 1);
    const auto to = out.subspan(output * (columns + 1), columns + 1);
    for (std::size_t i = 0; i < width; ++i) {
      const auto [first, second] = explained_by_[i];
      const double share = first == second ? from[i] : from[i] / 2;
      to[first] += share;
      if (first != second) to[second] += share;
    }
    if (wide > width) to[columns - 1] = from[width];
    to[columns] = from[wide];
  }
  return {};
}

GoldenRow Pipeline::make_golden(const Transform& transform, const Forest& forest,
                                const Answering& answering, std::span<const Cell> cells,
                                Time time, std::span<const double> lags) {
  CHECK(transform.features() == forest.features(), "a golden row's model fits its transform");
  GoldenRow row;
  row.cells = encode_cells(cells);
  row.time = time;
  row.lags.assign(lags.begin(), lags.end());
  row.features.resize(transform.features());
  transform.row_with_lags(cells, time, lags, row.features);
  row.raw.resize(forest.outputs());
  forest.raw(row.features, row.raw);
  row.answer = row.raw;
  forest.link(row.answer);
  answering.apply(row.answer, forest.outputs());
  return row;
}

}  // namespace rondo::model
