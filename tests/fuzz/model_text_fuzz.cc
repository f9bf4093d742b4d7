// Any bytes as a model of another library: LightGBM's text, XGBoost's JSON or UBJSON. What is
// accepted is laid out, scored and explained without a crash, and keeps its one encoding.
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "model/compiled_forest.h"
#include "model/explain.h"
#include "model/foreign.h"
#include "model/ubjson.h"

namespace {

using namespace rondo;

void require(bool held) {
  if (!held) std::abort();
}

void use(const model::ForeignModel& foreign) {
  const model::Forest& forest = foreign.forest;
  require(foreign.names.size() == forest.features());
  require(foreign.categories.size() == forest.features());
  require(model::Forest::decode(forest.encode()).has_value());
  if (forest.leaves() > 5'000 || forest.features() > 100) return;
  const model::CompiledForest compiled(forest, model::supported_kernels().back());
  std::vector<double> row(forest.features()), out(forest.outputs());
  for (const double x : {0.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    row.assign(row.size(), x);
    compiled.raw(row, out);
    forest.link(out);
  }
  if (!forest.has_covers()) return;
  std::vector<double> why(forest.outputs() * (forest.features() + 1));
  model::ForestExplainer::make(forest, model::Kernel::kScalar).value().contributions(row, 1, why);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto model = model::read_foreign(bytes)) use(*model);
  if (const auto json = model::parse_ubjson(bytes)) {
    if (const auto model = model::read_xgboost(*json)) use(*model);
  }
  return 0;
}
