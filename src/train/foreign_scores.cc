// One booster, loaded, asked once and freed.
#include "train/foreign_scores.h"

#include "train/lightgbm_library.h"

namespace rondo::train {

Result<std::vector<double>> lightgbm_scores(const std::string& text, std::size_t width,
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

}  // namespace rondo::train
