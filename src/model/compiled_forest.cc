// Batches go through in strips of 256 rows: binned once, then met by one block of trees after the
// other, so that a block's nodes and leaves stay in the second cache while the strips of a chunk
// pass by.
#include "model/compiled_forest.h"

#include <algorithm>

#include "base/check.h"
#include "model/kernel_functions.h"

namespace rondo::model {
namespace {

constexpr std::size_t kMostStrips = 8;                 // a chunk
constexpr std::size_t kChunkBytes = std::size_t{1} << 18;  // of codes, sets and sums

struct alignas(64) Line {
  std::uint8_t byte[64];
};

}  // namespace

struct CompiledForest::Layouts {
  ForestLayout layout;
  std::optional<LaneLayout> lanes;

  static std::shared_ptr<const Layouts> make(const Forest& forest);
  std::size_t code_bytes() const { return layout.planes() * kStripRows; }
  std::size_t category_bytes() const { return layout.categories.size() * kStripRows; }
  std::size_t sum_bytes() const { return layout.outputs * kStripRows * sizeof(double); }
  std::size_t strip_bytes() const { return code_bytes() + category_bytes() + sum_bytes(); }
  void score(const KernelFunctions& by, std::span<const StripRows> strips, std::uint8_t* room,
             double* out) const;
};

std::shared_ptr<const CompiledForest::Layouts> CompiledForest::Layouts::make(
    const Forest& forest) {
  auto layout = ForestLayout::make(forest);
  if (!layout) return nullptr;
  std::optional<LaneLayout> lanes;
  if (2 * layout->columns.size() <= kMostLanePlanes &&
      layout->categories.size() <= kMostLaneCategories) {
    lanes = LaneLayout::make(*layout);
  }
  return std::make_shared<const Layouts>(Layouts{std::move(*layout), std::move(lanes)});
}

/// Shape: room has strip_bytes() a strip; out takes the strips' rows.
void CompiledForest::Layouts::score(const KernelFunctions& by, std::span<const StripRows> strips,
                                    std::uint8_t* room, double* out) const {
  const auto codes_of = [&](std::size_t i) { return room + i * strip_bytes(); };
  const auto categories_of = [&](std::size_t i) { return codes_of(i) + code_bytes(); };
  const auto sums_of = [&](std::size_t i) {
    return reinterpret_cast<double*>(categories_of(i) + category_bytes());
  };
  for (std::size_t i = 0; i < strips.size(); ++i) {
    by.bin(layout, strips[i], codes_of(i), categories_of(i));
    std::fill_n(sums_of(i), layout.outputs * kStripRows, 0.0);
  }
  for (const TreeBlock& block : layout.tree_blocks) {
    for (std::size_t i = 0; i < strips.size(); ++i) {
      const std::size_t rows = strips[i].rows;
      if (block.sets > 0) by.ask_sets(layout, block, rows, categories_of(i), codes_of(i));
      by.add_block(layout, block, rows, codes_of(i), sums_of(i));
    }
  }
  for (std::size_t i = 0; i < strips.size(); ++i) {
    for (std::size_t row = 0; row < strips[i].rows; ++row) {
      for (std::size_t output = 0; output < layout.outputs; ++output) {
        *out++ = sums_of(i)[output * kStripRows + row];
      }
    }
  }
}

CompiledForest::CompiledForest(const Forest& forest, std::shared_ptr<const Layouts> layouts,
                               Kernel kernel)
    : forest_(&forest), layouts_(std::move(layouts)), kernel_(kernel), functions_(nullptr) {
  if (layouts_ == nullptr) kernel_ = Kernel::kScalar;
  if (kernel_ == Kernel::kAvx2) functions_ = &kAvx2Functions;
  if (kernel_ == Kernel::kAvx512) functions_ = &kAvx512Functions;
}

CompiledForest::CompiledForest(const Forest& forest, Kernel kernel)
    : CompiledForest(forest, kernel == Kernel::kScalar ? nullptr : Layouts::make(forest), kernel) {}

CompiledForest::CompiledForest(const Forest& forest)
    : CompiledForest(forest, chosen_kernel().value_or(Kernel::kScalar)) {}

CompiledForest CompiledForest::by(Kernel kernel) const { return {*forest_, layouts_, kernel}; }

Kernel CompiledForest::kernel() const noexcept { return kernel_; }

void CompiledForest::raw(std::span<const double> features, std::span<double> out) const noexcept {
  if (walks() || !layouts_->lanes) return forest_->raw(features, out);
  CHECK(features.size() == forest_->features() && out.size() == forest_->outputs(),
        "a row fits its forest");
  std::ranges::fill(out, 0.0);
  functions_->add_row(layouts_->layout, *layouts_->lanes, features.data(), out.data());
  forest_->add_terms(features, out);
}

void CompiledForest::raw_batch(std::span<const double> features, std::size_t rows,
                               std::span<double> out) const noexcept {
  if (walks()) return forest_->raw_batch(features, rows, out);
  const std::size_t width = forest_->features(), outputs = forest_->outputs();
  CHECK(features.size() == rows * width && out.size() == rows * outputs,
        "a batch fits its forest");
  const std::size_t room = layouts_->strip_bytes();
  const std::size_t strips = std::clamp<std::size_t>(kChunkBytes / room, 1, kMostStrips);
  std::vector<Line> lines(std::min(strips, (rows + kStripRows - 1) / kStripRows) * room /
                          sizeof(Line));
  std::vector<StripRows> chunk;
  for (std::size_t from = 0; from < rows;) {
    chunk.clear();
    const std::size_t chunk_from = from;
    while (from < rows && chunk.size() < strips) {
      chunk.push_back({features.data() + from * width, std::min(kStripRows, rows - from)});
      from += chunk.back().rows;
    }
    layouts_->score(*functions_, chunk, lines.data()->byte, out.data() + chunk_from * outputs);
  }
  forest_->add_terms_batch(features, rows, out);
}

}  // namespace rondo::model
