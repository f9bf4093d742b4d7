// Scores the rows of a file with one model: ours by every kernel of this CPU, LightGBM's C library,
// and a library that lleaves compiled. All take turns, and each answer is compared with LightGBM's.
// Prints one JSON object: microseconds a row (of CPU time, since the machine may be busy), answers
// with other bits than LightGBM's, and the greatest distance in units of their spread.
// usage: bench_scoring MODEL.txt ROWS.f64 LIB_LIGHTGBM.so [LLEAVES.so | explain]
// With `explain`, contributions are compared in place of scores.
// usage: bench_scoring load FILE.rondo
#include <LightGBM/c_api.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "model/compiled_forest.h"
#include "model/explain.h"
#include "model/pipeline.h"

namespace rondo {
namespace {

constexpr int kTurns = 7;
constexpr std::size_t kSingleRows = 2'000;
using LleavesRoot = void (*)(const double*, double*, std::int32_t, std::int32_t);

std::string read_all(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class F>
F function_of(void* library, const char* name) {
  void* const found = library == nullptr ? nullptr : dlsym(library, name);
  if (found == nullptr) {
    std::fputs(fmt::format("bench_scoring: no {}: {}\n", name, dlerror()).c_str(), stderr);
    std::exit(1);
  }
  return std::bit_cast<F>(found);
}

/// One who scores: all rows at once, or `rows` of them one by one.
struct Contestant {
  std::size_t rows;
  std::function<void(double*)> score;
  std::vector<double> spent = {};
  std::size_t wrong = 0;
  double apart = 0;
};

double spread_of(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  return high - low;
}

struct Bench {
  std::vector<double> rows;
  std::size_t width = 0, count = 0;
  std::vector<double> want;
  std::map<std::string, Contestant> contestants;

  const double* row(std::size_t i) const { return rows.data() + i * width; }
  void add_ours(const model::Forest& forest,
                std::vector<std::unique_ptr<model::CompiledForest>>& kept);
  void add_lightgbm(void* library, const char* model);
  void add_lleaves(LleavesRoot root);
  std::string explain(const model::Forest& forest, void* library, const char* model);
  void run();
};

void Bench::add_ours(const model::Forest& forest,
                     std::vector<std::unique_ptr<model::CompiledForest>>& kept) {
  for (const model::Kernel kernel : model::supported_kernels()) {
    kept.push_back(std::make_unique<model::CompiledForest>(forest, kernel));
    const model::CompiledForest* const ours = kept.back().get();
    const std::string name(name_of(kernel));
    contestants[name + " batch"] = {count, [this, ours](double* out) {
      ours->raw_batch(rows, count, {out, count});
    }};
    contestants[name + " row"] = {kSingleRows, [this, ours](double* out) {
      for (std::size_t i = 0; i < kSingleRows; ++i) ours->raw({row(i), width}, {out + i, 1});
    }};
  }
}

void Bench::add_lightgbm(void* library, const char* model) {
  const auto load = function_of<decltype(&LGBM_BoosterCreateFromModelfile)>(
      library, "LGBM_BoosterCreateFromModelfile");
  const auto batch = function_of<decltype(&LGBM_BoosterPredictForMat)>(
      library, "LGBM_BoosterPredictForMat");
  const auto prepare = function_of<decltype(&LGBM_BoosterPredictForMatSingleRowFastInit)>(
      library, "LGBM_BoosterPredictForMatSingleRowFastInit");
  const auto single = function_of<decltype(&LGBM_BoosterPredictForMatSingleRowFast)>(
      library, "LGBM_BoosterPredictForMatSingleRowFast");
  int iterations = 0;
  BoosterHandle booster = nullptr;
  FastConfigHandle fast = nullptr;
  load(model, &iterations, &booster);
  constexpr const char* kOptions = "num_threads=1";
  const int columns = static_cast<int>(width);
  prepare(booster, C_API_PREDICT_RAW_SCORE, 0, -1, C_API_DTYPE_FLOAT64, columns, kOptions, &fast);
  contestants["LightGBM batch"] = {count, [=, this](double* out) {
    std::int64_t length = 0;
    batch(booster, rows.data(), C_API_DTYPE_FLOAT64, static_cast<int>(count), columns, 1,
          C_API_PREDICT_RAW_SCORE, 0, -1, kOptions, &length, out);
  }};
  contestants["LightGBM row"] = {kSingleRows, [=, this](double* out) {
    std::int64_t length = 0;
    for (std::size_t i = 0; i < kSingleRows; ++i) single(fast, row(i), &length, out + i);
  }};
  want.resize(count);
  contestants["LightGBM batch"].score(want.data());
}

void Bench::add_lleaves(LleavesRoot root) {
  contestants["lleaves batch"] = {count, [=, this](double* out) {
    root(rows.data(), out, 0, static_cast<std::int32_t>(count));
  }};
  contestants["lleaves row"] = {kSingleRows, [=, this](double* out) {
    for (std::size_t i = 0; i < kSingleRows; ++i) root(row(i), out + i, 0, 1);
  }};
}

/// Contributions of the first rows: ours by every kernel, and LightGBM's. `apart` is the greatest
/// distance from LightGBM's; `sum_apart` that of the sums from the raw scores, both in units of the
/// scores' spread; `wrong` counts answers with other bits than those of the first kernel.
std::string Bench::explain(const model::Forest& forest, void* library, const char* model) {
  constexpr std::size_t kRows = 200;
  const auto load = function_of<decltype(&LGBM_BoosterCreateFromModelfile)>(
      library, "LGBM_BoosterCreateFromModelfile");
  const auto predict = function_of<decltype(&LGBM_BoosterPredictForMat)>(
      library, "LGBM_BoosterPredictForMat");
  int iterations = 0;
  BoosterHandle booster = nullptr;
  load(model, &iterations, &booster);
  std::vector<double> theirs(kRows * (width + 1)), first;
  const auto timed = [](std::size_t turns, const auto& act) {
    std::vector<double> spent;
    for (std::size_t turn = 0; turn < turns; ++turn) {
      const std::clock_t began = std::clock();
      act();
      spent.push_back(1e6 / CLOCKS_PER_SEC * static_cast<double>(std::clock() - began) / kRows);
    }
    std::ranges::sort(spent);
    return spent[spent.size() / 2];
  };
  const double us = timed(3, [&] {
    std::int64_t length = 0;
    predict(booster, rows.data(), C_API_DTYPE_FLOAT64, static_cast<int>(kRows),
            static_cast<int>(width), 1, C_API_PREDICT_CONTRIB, 0, -1, "num_threads=1", &length,
            theirs.data());
  });
  const double spread = spread_of(want);
  std::string text = fmt::format("\"LightGBM explain\": {{\"us\": {:.6g}}}", us);
  for (const model::Kernel kernel : model::supported_kernels()) {
    const auto explainer = model::ForestExplainer::make(forest, kernel);
    if (!explainer) return text;
    for (const bool batch : {true, false}) {
      std::vector<double> ours(theirs.size());
      const double took = timed(kTurns, [&] {
        const std::size_t step = batch ? kRows : 1;
        for (std::size_t i = 0; i < kRows; i += step) {
          explainer->contributions({row(i), step * width}, step,
                                   std::span(ours).subspan(i * (width + 1), step * (width + 1)));
        }
      });
      if (first.empty()) first = ours;
      std::size_t wrong = 0;
      double apart = 0, sum_apart = 0;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        wrong += std::bit_cast<std::uint64_t>(ours[i]) != std::bit_cast<std::uint64_t>(first[i]);
        apart = std::max(apart, std::fabs(ours[i] - theirs[i]) / spread);
      }
      for (std::size_t i = 0; i < kRows; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k <= width; ++k) sum += ours[i * (width + 1) + k];
        sum_apart = std::max(sum_apart, std::fabs(sum - want[i]) / spread);
      }
      text += fmt::format(", \"{} explain{}\": {{\"us\": {:.6g}, \"wrong\": {}, \"rows\": {}, "
                          "\"apart\": {:.3g}, \"sum_apart\": {:.3g}}}",
                          name_of(kernel), batch ? "" : " row", took, wrong, ours.size(), apart,
                          sum_apart);
    }
  }
  return text;
}

void Bench::run() {
  std::vector<double> out(count);
  const double spread = spread_of(want);
  for (int turn = 0; turn < kTurns; ++turn) {
    for (auto& [name, one] : contestants) {
      std::ranges::fill(out, 0.0);
      const std::clock_t began = std::clock();
      one.score(out.data());
      one.spent.push_back(1e6 / CLOCKS_PER_SEC * static_cast<double>(std::clock() - began) /
                          static_cast<double>(one.rows));
      one.wrong = 0;
      for (std::size_t i = 0; i < one.rows; ++i) {
        one.apart = std::max(one.apart, std::fabs(out[i] - want[i]) / spread);
        one.wrong += std::bit_cast<std::uint64_t>(out[i]) != std::bit_cast<std::uint64_t>(want[i]);
      }
    }
  }
  std::string text;
  for (auto& [name, one] : contestants) {
    std::ranges::sort(one.spent);
    text += fmt::format("{}\"{}\": {{\"us\": {:.6g}, \"wrong\": {}, \"rows\": {}, "
                        "\"apart\": {:.3g}}}",
                        text.empty() ? "" : ", ", name, one.spent[one.spent.size() / 2],
                        one.wrong, one.rows, one.apart);
  }
  std::puts(("{" + text + "}").c_str());
}

/// Milliseconds of loading a pipeline file that is in memory: digests, structure, golden rows by
/// every kernel, layouts.
int measure_load(const char* path) {
  const std::string bytes = read_all(path);
  std::vector<double> spent;
  for (int turn = 0; turn < kTurns; ++turn) {
    const std::clock_t began = std::clock();
    const auto pipeline = model::Pipeline::load(bytes);
    spent.push_back(1e3 / CLOCKS_PER_SEC * static_cast<double>(std::clock() - began));
    if (!pipeline) {
      std::fputs((pipeline.error().text() + "\n").c_str(), stderr);
      return 1;
    }
  }
  std::ranges::sort(spent);
  std::puts(fmt::format("{{\"ms\": {:.6g}, \"bytes\": {}}}", spent[spent.size() / 2],
                        bytes.size())
                .c_str());
  return 0;
}

int measure(int argc, char** argv) {
  if (std::string_view(argv[1]) == "load") return measure_load(argv[2]);
  if (argc < 4) return 2;
  auto forest = model::Forest::from_lightgbm(read_all(argv[1]));
  if (!forest) {
    std::fputs((forest.error().text() + "\n").c_str(), stderr);
    return 1;
  }
  Bench bench;
  const std::string bytes = read_all(argv[2]);
  bench.rows.resize(bytes.size() / sizeof(double));
  std::memcpy(bench.rows.data(), bytes.data(), bench.rows.size() * sizeof(double));
  bench.width = forest->features();
  bench.count = bench.rows.size() / bench.width;
  if (bench.count < kSingleRows) return 2;
  std::vector<std::unique_ptr<model::CompiledForest>> kept;
  bench.add_lightgbm(dlopen(argv[3], RTLD_NOW), argv[1]);
  if (argc > 4 && std::string_view(argv[4]) == "explain") {
    std::puts(("{" + bench.explain(*forest, dlopen(argv[3], RTLD_NOW), argv[1]) + "}").c_str());
    return 0;
  }
  bench.add_ours(*forest, kept);
  if (argc > 4) {
    bench.add_lleaves(function_of<LleavesRoot>(dlopen(argv[4], RTLD_NOW), "forest_root"));
  }
  bench.run();
  return 0;
}

}  // namespace
}  // namespace rondo

int main(int argc, char** argv) { return argc < 3 ? 2 : rondo::measure(argc, argv); }
