// Rows into codes by AVX2: as kernel_avx512_bin.cc, with four vectors for 16 cuts.
#include <algorithm>

#include "model/kernel_avx2.h"

namespace rondo::model {
namespace {

/// The values of a feature, as they are and as a column compares them.
struct Values {
  alignas(32) double raw[kStripRows], seen[kStripRows];
};

/// Rows beyond the last repeat it.
RONDO_AVX2 void take(const ForestLayout& layout, StripRows strip, std::size_t feature,
                     std::size_t rows, Values& values) {
  const __m256d sign = _mm256_set1_pd(-0.0), near = _mm256_set1_pd(kNearZero);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t from = std::min(row, strip.rows - 1);
    values.raw[row] = strip.values[from * layout.features + feature];
  }
  for (std::size_t row = 0; row < rows; row += 4) {
    const __m256d x = _mm256_load_pd(values.raw + row);
    // False for NaN as well: what is neither below nor above is 0.
    const __m256d far = _mm256_cmp_pd(_mm256_andnot_pd(sign, x), near, _CMP_GT_OQ);
    _mm256_store_pd(values.seen + row, _mm256_and_pd(far, x));
  }
}

RONDO_AVX2 void search_avx2(const CutBlock* blocks, bool one_block, const double* values,
                            std::size_t rows, std::uint8_t* codes) {
  for (std::size_t row = 0; row < rows; ++row) {
    const __m256d x = _mm256_set1_pd(values[row]);
    const unsigned block = one_block ? 0 : cuts_below16(blocks->cut.data(), x);
    codes[row] = static_cast<std::uint8_t>(
        block * kCutBlock + cuts_below16(blocks[1 + block].cut.data(), x));
  }
}

void set_missing(const Column& column, const Values& values, std::size_t rows,
                 std::uint8_t* codes) {
  if (column.missing == Missing::kNever) return;
  const bool zero = column.missing == Missing::kZero;
  for (std::size_t row = 0; row < rows; ++row) {
    const double x = zero ? values.seen[row] : values.raw[row];
    const bool missing = zero ? x == 0 : x != x;
    codes[row] = missing ? column.missing_code : codes[row];
  }
}

RONDO_AVX2 void turn_over(const std::uint8_t* codes, std::size_t rows, std::uint8_t* turned) {
  for (std::size_t row = 0; row < rows; row += 32) {
    store32(turned + row, _mm256_xor_si256(load32(codes + row), spread32(255)));
  }
}

void code_categories(const CategoryColumn& column, const double* values, std::size_t rows,
                     std::uint8_t* codes) {
  for (std::size_t row = 0; row < rows; ++row) {
    const double x = values[row];
    const bool known = x > -1.0 && x < static_cast<double>(column.categories);
    codes[row] = static_cast<std::uint8_t>(known ? static_cast<int>(x) + 1 : 0);
  }
}

}  // namespace

RONDO_AVX2 void avx2_bin(const ForestLayout& layout, StripRows strip, std::uint8_t* codes,
                         std::uint8_t* categories) {
  const std::size_t rows = (strip.rows + 31) / 32 * 32, columns = layout.columns.size();
  Values values;
  for (std::size_t i = 0; i < columns; ++i) {
    const Column& column = layout.columns[i];
    std::uint8_t* const out = codes + i * kStripRows;
    if (i == 0 || layout.columns[i - 1].feature != column.feature) {
      take(layout, strip, column.feature, rows, values);
    }
    search_avx2(&layout.blocks[column.from], column.blocks == 1, values.seen, rows, out);
    set_missing(column, values, rows, out);
    turn_over(out, rows, codes + (columns + i) * kStripRows);
  }
  for (std::size_t i = 0; i < layout.categories.size(); ++i) {
    take(layout, strip, layout.categories[i].feature, rows, values);
    code_categories(layout.categories[i], values.raw, rows, categories + i * kStripRows);
  }
}

}  // namespace rondo::model
