// Any bytes as a pipeline file, a model section, a model's text, a raw row. A digest would stop
// each mutant at the door, so a file is also tried with its digests made new. What is accepted must
// hold what the formats promise: one encoding a forest, and scores without a crash.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "io/digest.h"
#include "model/pipeline.h"

namespace {

using namespace rondo;

template <class T>
T read(const std::string& bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void put_digest(std::string& bytes, std::size_t at, std::string_view of) {
  const io::Digest digest = io::sha256(of);
  std::memcpy(bytes.data() + at, digest.bytes.data(), digest.bytes.size());
}

/// The file with the length and the digests that its contents ask for, wherever the table points
/// into the file (docs/FORMATS.md, "Pipeline file").
std::string with_new_digests(std::string bytes) {
  constexpr std::size_t kHeader = 64, kEntry = 64;
  if (bytes.size() < kHeader) return bytes;
  const std::size_t count = read<std::uint32_t>(bytes, 12);
  if (count > (bytes.size() - kHeader) / kEntry) return bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = kHeader + i * kEntry;
    const auto offset = read<std::uint64_t>(bytes, entry + 8);
    const auto length = read<std::uint64_t>(bytes, entry + 16);
    if (offset > bytes.size() || length > bytes.size() - offset) continue;
    const std::string section = bytes.substr(offset, length);
    put_digest(bytes, entry + 24, section);
  }
  const std::uint64_t size = bytes.size();
  std::memcpy(bytes.data() + 16, &size, sizeof size);
  const std::string table = bytes.substr(kHeader, count * kEntry);
  put_digest(bytes, 24, table);
  return bytes;
}

void require(bool held) {
  if (!held) std::abort();
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

/// Contributions are numbers wherever the trees are small enough for it to be quick.
void explain(const model::Forest& forest) {
  if (!forest.has_covers() || forest.leaves() > 5'000 || forest.features() > 100) return;
  const std::vector<double> row(forest.features(), 1.5);
  std::vector<double> first(forest.outputs() * (forest.features() + 1)), other(first);
  for (const model::Kernel kernel : model::supported_kernels()) {
    const auto explainer = model::ForestExplainer::make(forest, kernel);
    require(explainer.has_value());
    std::vector<double>& out = kernel == model::Kernel::kScalar ? first : other;
    explainer->contributions(row, 1, out);
    require(same_bits(first, out));
  }
}

/// Every kernel of this CPU says what the walk says.
void use(const model::Forest& forest) {
  std::vector<double> row(forest.features()), out(forest.outputs()), other(out);
  for (const double x : {0.0, 1.5, 33.0, std::numeric_limits<double>::quiet_NaN()}) {
    std::fill(row.begin(), row.end(), x);
    forest.raw(row, out);
    for (const model::Kernel kernel : model::supported_kernels()) {
      const model::CompiledForest compiled(forest, kernel);
      compiled.raw(row, other);
      require(same_bits(out, other));
      compiled.raw_batch(row, 1, other);
      require(same_bits(out, other));
    }
    forest.link(out);
  }
  explain(forest);
}

void use(const model::Pipeline& pipeline) {
  for (const model::GoldenRow& row : pipeline.parts().golden) {
    const auto cells = model::decode_cells(row.cells);
    require(cells.has_value());
    std::vector<double> out(pipeline.outputs()), raw(pipeline.outputs());
    model::InputCounts counts;
    const model::HistoryState history(pipeline.transform().history());
    std::vector<double> lags(pipeline.transform().history().lags.size());
    history.read({}, row.time, row.time, lags);
    pipeline.score(*cells, row.time, lags, out, &counts, raw);
  }
  const auto again = model::Pipeline::encode(pipeline.parts());
  require(again.has_value() && model::Pipeline::load(*again).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto pipeline = model::Pipeline::load(bytes)) use(**pipeline);
  if (const auto pipeline = model::Pipeline::load(with_new_digests(bytes))) use(**pipeline);
  if (const auto forest = model::Forest::decode(bytes)) {
    require(forest->encode() == bytes);
    use(*forest);
  }
  if (const auto forest = model::Forest::from_lightgbm(bytes)) {
    require(model::Forest::decode(forest->encode()).has_value());
    use(*forest);
  }
  if (const auto cells = model::decode_cells(bytes)) require(model::encode_cells(*cells) == bytes);
  return 0;
}
