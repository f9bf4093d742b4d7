// Calls of LightGBM's C API. Rows go in as 64-bit floats, without a copy where they stand next to
// one another; handles that were made are owned before the next call can fail.
#include "train/booster.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/words.h"
#include "train/lightgbm_library.h"

namespace rondo::train {
namespace {

constexpr std::size_t kMostRows = std::numeric_limits<std::int32_t>::max();

/// LightGBM keeps labels as 32-bit floats.
Result<std::vector<float>> labels_of(const model::Prepared& prepared, const RowList& rows) {
  std::vector<float> labels;
  labels.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    const double label = prepared.label[row];
    if (!(std::fabs(label) <= std::numeric_limits<float>::max())) {
      return fail(Code::kInvalidInput,
                  fmt::format("row {} has the label {} in column \"{}\", which trees cannot learn",
                              prepared.source_row[row], label, prepared.target),
                  "use another unit, or take its logarithm");
    }
    labels.push_back(static_cast<float>(label));
  }
  return labels;
}

/// A row's own weight times that of its class, in 32 bits as LightGBM keeps them; empty: 1 each.
std::vector<float> learned_weights(const model::Prepared& prepared, const RowList& rows,
                                   const std::vector<double>& class_weights) {
  std::vector<float> weights;
  if (prepared.weight.empty() && class_weights.empty()) return weights;
  for (const std::uint32_t row : rows) {
    const double own = prepared.weight.empty() ? 1 : prepared.weight[row];
    const double of_class =
        class_weights.empty() ? 1 : class_weights[static_cast<std::size_t>(prepared.label[row])];
    weights.push_back(static_cast<float>(own * of_class));
  }
  return weights;
}

/// LightGBM only warns about a parameter that it does not know, and learns something else.
Result<void> check_known(const LightgbmLibrary& library, const Parameters& parameters) {
  std::string text(std::size_t{1} << 17, '\0');
  std::int64_t size = 0;
  TRY(library.checked(
      library.DumpParamAliases(static_cast<std::int64_t>(text.size()), &size, text.data()),
      "asking for parameters"));
  text.resize(text.find('\0'));
  const Json known = TRY(io::parse_json(text, "LightGBM's list of parameters"));
  for (const auto& [name, value] : parameters.values) {
    if (known.contains(name)) continue;
    return fail(Code::kUnavailable,
                fmt::format("this LightGBM does not know the parameter \"{}\"", name),
                "install LightGBM 4.7");
  }
  return {};
}

}  // namespace

void Booster::FreeDataset::operator()(void* handle) const { library->DatasetFree(handle); }
void Booster::FreeBooster::operator()(void* handle) const { library->BoosterFree(handle); }

Result<Booster::DatasetPtr> Booster::dataset(const LightgbmLibrary& library,
                                             const model::Prepared& prepared, const RowList& rows,
                                             const Parameters& parameters, void* reference) {
  if (rows.size() > kMostRows) {
    return fail(Code::kExhausted,
                fmt::format("LightGBM takes {} rows at most", grouped(kMostRows)));
  }
  const FeatureRows features(prepared.features, rows);
  const auto labels = TRY(labels_of(prepared, rows));
  const auto count = static_cast<std::int32_t>(rows.size());
  const auto columns = static_cast<std::int32_t>(prepared.features.columns);
  void* handle = nullptr;
  TRY(library.checked(
      library.DatasetCreateFromMat(features.values().data(), C_API_DTYPE_FLOAT64, count, columns, 1,
                                   parameters.text().c_str(), reference, &handle),
      fmt::format("giving {} rows to LightGBM", grouped(static_cast<std::uint64_t>(count)))));
  DatasetPtr dataset(handle, {&library});
  TRY(library.checked(
      library.DatasetSetField(handle, "label", labels.data(), count, C_API_DTYPE_FLOAT32),
      "giving labels to LightGBM"));
  if (reference != nullptr) return dataset;  // losses there are ours
  const std::vector<float> weights = learned_weights(prepared, rows, parameters.class_weights);
  if (!weights.empty()) {
    TRY(library.checked(
        library.DatasetSetField(handle, "weight", weights.data(), count, C_API_DTYPE_FLOAT32),
        "giving weights to LightGBM"));
  }
  std::vector<std::string> names;  // f0, f1: LightGBM refuses names with JSON's characters
  for (std::int32_t i = 0; i < columns; ++i) names.push_back(fmt::format("f{}", i));
  std::vector<const char*> pointers;
  for (const std::string& name : names) pointers.push_back(name.c_str());
  TRY(library.checked(library.DatasetSetFeatureNames(handle, pointers.data(), columns),
                      "naming features"));
  return dataset;
}

Result<Booster> Booster::make(const model::Prepared& prepared, const RowList& fit,
                              const RowList& stop, const Parameters& parameters) {
  const LightgbmLibrary& library = *TRY(lightgbm_library());
  TRY(check_known(library, parameters));
  Booster booster(library, prepared.features.columns, prepared.outputs());
  booster.corrections_ = parameters.corrections();
  booster.quantiles_ = !parameters.levels.empty();
  booster.fit_ = TRY(dataset(library, prepared, fit, parameters, nullptr));
  for (std::size_t i = 0; i < std::max<std::size_t>(parameters.levels.size(), 1); ++i) {
    void* handle = nullptr;
    TRY(library.checked(
        library.BoosterCreate(booster.fit_.get(), parameters.text(i).c_str(), &handle),
        "starting a booster"));
    booster.learners_.push_back({{handle, {&library}}});
  }
  if (stop.empty()) return booster;
  booster.stop_ = TRY(dataset(library, prepared, stop, parameters, booster.fit_.get()));
  for (const Learner& learner : booster.learners_) {
    TRY(library.checked(library.BoosterAddValidData(learner.handle.get(), booster.stop_.get()),
                        "giving rows to stop on"));
  }
  booster.answers_.resize(stop.size() * booster.outputs_);
  booster.by_class_.resize(booster.answers_.size());
  return booster;
}

Result<bool> Booster::grow() {
  bool split = false;
  for (Learner& learner : learners_) {
    if (!learner.splits) continue;
    int finished = 0;
    TRY(library_->checked(library_->BoosterUpdateOneIter(learner.handle.get(), &finished),
                          "growing trees"));
    learner.splits = finished == 0;
    split = split || learner.splits;
  }
  return split;
}

Result<std::size_t> Booster::rounds() const {
  int most = 0;
  for (const Learner& learner : learners_) {
    int rounds = 0;
    TRY(library_->checked(library_->BoosterGetCurrentIteration(learner.handle.get(), &rounds),
                          "counting rounds"));
    most = std::max(most, rounds);
  }
  return static_cast<std::size_t>(most);
}

Result<std::span<const double>> Booster::answers() {
  const std::size_t each = by_class_.size() / learners_.size();
  for (std::size_t i = 0; i < learners_.size(); ++i) {
    auto count = static_cast<std::int64_t>(each);
    TRY(library_->checked(library_->BoosterGetPredict(learners_[i].handle.get(), 1, &count,
                                                      by_class_.data() + i * each),
                          "predicting the rows to stop on"));
  }
  const std::size_t rows = answers_.size() / outputs_;
  for (std::size_t row = 0; row < rows; ++row) {  // it answers class after class
    for (std::size_t k = 0; k < outputs_; ++k) {
      answers_[row * outputs_ + k] = by_class_[k * rows + row];
    }
    const auto answer = std::span(answers_).subspan(row * outputs_, outputs_);
    if (quantiles_) std::ranges::sort(answer);
    else correct(answer);
  }
  return std::span<const double>(answers_);
}

void Booster::correct(std::span<double> answer) const {
  if (corrections_.empty()) return;
  if (answer.size() == 1) {
    const double p = answer[0] * std::exp(corrections_[0]);
    answer[0] = p / (p + 1 - answer[0]);
    return;
  }
  double sum = 0;
  for (std::size_t k = 0; k < answer.size(); ++k) {
    answer[k] *= std::exp(corrections_[k]);
    sum += answer[k];
  }
  for (double& p : answer) p /= sum;
}

Result<std::vector<std::string>> Booster::texts(std::size_t rounds) const {
  std::vector<std::string> out;
  for (const Learner& learner : learners_) out.push_back(TRY(text_of(learner, rounds)));
  return out;
}

Result<std::string> Booster::text_of(const Learner& learner, std::size_t rounds) const {
  std::string text(std::size_t{1} << 20, '\0');
  for (;;) {
    std::int64_t size = 0;  // with the zero behind it
    TRY(library_->checked(
        library_->BoosterSaveModelToString(learner.handle.get(), 0, static_cast<int>(rounds),
                                           C_API_FEATURE_IMPORTANCE_SPLIT,
                                           static_cast<std::int64_t>(text.size()), &size,
                                           text.data()),
        "writing the model as text"));
    const auto needed = static_cast<std::size_t>(size);
    const bool whole = needed <= text.size();
    text.resize(whole ? needed - 1 : needed);
    if (whole) return text;
  }
}

Result<std::vector<double>> Booster::predicted(std::span<const double> features,
                                               std::size_t rounds, int kind,
                                               std::size_t values) const {
  const std::size_t rows = features.size() / columns_, each = values / learners_.size();
  std::vector<double> out(rows * values), one(rows * each);
  if (rows == 0) return out;
  for (std::size_t i = 0; i < learners_.size(); ++i) {
    std::int64_t count = 0;
    TRY(library_->checked(
        library_->BoosterPredictForMat(learners_[i].handle.get(), features.data(),
                                       C_API_DTYPE_FLOAT64, static_cast<std::int32_t>(rows),
                                       static_cast<std::int32_t>(columns_), 1, kind, 0,
                                       static_cast<int>(rounds), "num_threads=1 verbosity=-1",
                                       &count, one.data()),
        "predicting with LightGBM"));
    for (std::size_t row = 0; row < rows; ++row) {
      const auto from = std::span(one).subspan(row * each, each);
      std::ranges::copy(from, out.begin() + static_cast<std::ptrdiff_t>(row * values + i * each));
    }
  }
  return out;
}

Result<std::vector<double>> Booster::raw(std::span<const double> features,
                                         std::size_t rounds) const {
  return predicted(features, rounds, C_API_PREDICT_RAW_SCORE, outputs_);
}

Result<std::vector<double>> Booster::contributions(std::span<const double> features,
                                                   std::size_t rounds) const {
  return predicted(features, rounds, C_API_PREDICT_CONTRIB, outputs_ * (columns_ + 1));
}

}  // namespace rondo::train
