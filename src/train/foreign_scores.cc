// One booster, loaded, asked once and freed.
#include "train/foreign_scores.h"

#include <cstring>

#include "base/check.h"
#include "train/lightgbm_library.h"

namespace rondo::train {

Result<std::vector<double>> scores_by_lightgbm(const std::string& text, std::size_t width,
                                               std::size_t outputs,
                                               std::span<const double> features) {
  const LightgbmLibrary* const library = TRY(lightgbm_library());
  BoosterHandle handle = nullptr;
  int iterations = 0;
  TRY(library->checked(library->BoosterLoadModelFromString(text.c_str(), &iterations, &handle),
                       "loading the model into LightGBM"));
  const std::size_t rows = features.size() / width;
  std::vector<double> out(rows * outputs);
  std::int64_t count = 0;
  const auto done = library->checked(
      library->BoosterPredictForMat(handle, features.data(), C_API_DTYPE_FLOAT64,
                                    static_cast<std::int32_t>(rows),
                                    static_cast<std::int32_t>(width), 1, C_API_PREDICT_RAW_SCORE, 0,
                                    -1, "num_threads=1 verbosity=-1", &count, out.data()),
      "predicting with LightGBM");
  library->BoosterFree(handle);
  TRY(done);
  return out;
}

Result<ledger::StageOutput> foreign_scores(const ledger::StageInput& input) {
  const auto width = TRY(io::get<std::size_t>(input.options, "width"));
  const auto outputs = TRY(io::get<std::size_t>(input.options, "outputs"));
  const std::string text = TRY(input.objects->get(input.inputs.at("model")));
  const std::string bytes = TRY(input.objects->get(input.inputs.at("features")));
  CHECK(width > 0 && bytes.size() % (width * sizeof(double)) == 0, "features are whole rows");
  std::vector<double> features(bytes.size() / sizeof(double));
  std::memcpy(features.data(), bytes.data(), bytes.size());
  const std::vector<double> scores = TRY(scores_by_lightgbm(text, width, outputs, features));
  std::string out(scores.size() * sizeof(double), '\0');
  std::memcpy(out.data(), scores.data(), out.size());
  TRY(io::write_atomically(*input.fs, input.out / "scores", out));
  return ledger::StageOutput{"scored", "LightGBM scored the rows", Json::object(), Json::object(),
                             {{"scores", "scores"}}};
}

}  // namespace rondo::train
