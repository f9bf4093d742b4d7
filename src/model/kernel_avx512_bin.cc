// Rows into codes by AVX-512. The values of eight features are first turned from rows into columns;
// then each value is looked for among its cuts: 16 last cuts of blocks at once, then 16 cuts of a
// block.
#include <algorithm>

#include "model/kernel_avx512.h"

namespace rondo::model {
namespace {

constexpr std::size_t kTile = 8;  // features

/// Column c of the tile: values of feature `from` + c.
struct Tile {
  alignas(64) double value[kTile][kStripRows];
};

/// Eight rows of eight doubles turned into eight columns.
RONDO_AVX512 void turn(__m512d (&v)[8]) {
  __m512d a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm512_unpacklo_pd(v[i], v[i + 1]);
    a[i + 1] = _mm512_unpackhi_pd(v[i], v[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int k = 0; k < 2; ++k) {
      b[i + k] = _mm512_shuffle_f64x2(a[i + k], a[i + k + 2], 0x88);
      b[i + k + 2] = _mm512_shuffle_f64x2(a[i + k], a[i + k + 2], 0xdd);
    }
  }
  for (int k = 0; k < 4; ++k) {
    v[k] = _mm512_shuffle_f64x2(b[k], b[k + 4], 0x88);
    v[k + 4] = _mm512_shuffle_f64x2(b[k], b[k + 4], 0xdd);
  }
}

/// Rows beyond the last repeat it.
RONDO_AVX512 void take_tile(const ForestLayout& layout, StripRows strip, std::size_t from,
                            Tile& tile) {
  const std::size_t width = std::min(kTile, layout.features - from);
  const auto wanted = static_cast<__mmask8>((1U << width) - 1);
  for (std::size_t row = 0; row < strip.rows; row += 8) {
    __m512d v[8];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t at = std::min(row + i, strip.rows - 1) * layout.features + from;
      v[i] = _mm512_maskz_loadu_pd(wanted, strip.values + at);
    }
    turn(v);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 8; ++i) _mm512_store_pd(tile.value[i] + row, v[i]);
  }
}

/// What a column compares with: nearly 0 is 0, NaN is 0 where it is not missing. Returns which of
/// the rows are missing, 64 a word.
struct Seen {
  alignas(64) double value[kStripRows];
  std::uint64_t missing[kStripRows / 64];
};

RONDO_AVX512 void see(const double* values, Missing rule, std::size_t rows, Seen& seen) {
  const __m512d near = _mm512_set1_pd(kNearZero);
  auto* const missing = reinterpret_cast<__mmask8*>(seen.missing);
  for (std::size_t row = 0; row < rows; row += 8) {
    const __m512d x = _mm512_load_pd(values + row);
    const __mmask8 zero = _mm512_cmp_pd_mask(_mm512_abs_pd(x), near, _CMP_LE_OQ);
    const __mmask8 nan = _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q);
    const auto either = static_cast<__mmask8>(zero | nan);
    _mm512_store_pd(seen.value + row, _mm512_maskz_mov_pd(static_cast<__mmask8>(~either), x));
    missing[row / 8] = rule == Missing::kNever ? 0 : rule == Missing::kZero ? either : nan;
  }
}

enum class Search { kOneBlock, kEightBlocks, kAllBlocks };

template <Search kSearch>
RONDO_AVX512 void search(const CutBlock* blocks, const double* values, std::size_t rows,
                         std::uint8_t* codes) {
  for (std::size_t row = 0; row < rows; ++row) {
    const __m512d x = _mm512_set1_pd(values[row]);
    unsigned block = 0;
    if constexpr (kSearch != Search::kOneBlock) {
      block = cuts_below<kSearch == Search::kAllBlocks>(blocks->cut.data(), x);
    }
    const unsigned in_block = cuts_below<true>(blocks[1 + block].cut.data(), x);
    codes[row] = static_cast<std::uint8_t>(block * kCutBlock + in_block);
  }
}

RONDO_AVX512 void bin_column(const ForestLayout& layout, const Column& column, const double* values,
                             std::size_t rows, std::uint8_t* codes, std::uint8_t* turned) {
  Seen seen;
  see(values, column.missing, rows, seen);
  const CutBlock* const blocks = &layout.blocks[column.from];
  if (column.blocks <= 1) {
    search<Search::kOneBlock>(blocks, seen.value, rows, codes);
  } else if (column.blocks <= 9) {
    search<Search::kEightBlocks>(blocks, seen.value, rows, codes);
  } else {
    search<Search::kAllBlocks>(blocks, seen.value, rows, codes);
  }
  const __m512i missing = _mm512_set1_epi8(static_cast<char>(column.missing_code));
  for (std::size_t row = 0; row < rows; row += 64) {
    __m512i code = _mm512_load_si512(codes + row);
    code = _mm512_mask_mov_epi8(code, seen.missing[row / 64], missing);
    _mm512_store_si512(codes + row, code);
    _mm512_store_si512(turned + row, _mm512_xor_si512(code, _mm512_set1_epi8(-1)));
  }
}

RONDO_AVX512 void bin_category(const CategoryColumn& column, const double* values,
                               std::size_t rows, std::uint8_t* codes) {
  const __m256i count = _mm256_set1_epi32(static_cast<int>(column.categories));
  const __m256i one = _mm256_set1_epi32(1);
  for (std::size_t row = 0; row < rows; row += 8) {
    const __m512d x = _mm512_load_pd(values + row);
    const auto is_code = static_cast<__mmask8>(
        _mm512_cmp_pd_mask(x, _mm512_set1_pd(-1.0), _CMP_GT_OQ) &
        _mm512_cmp_pd_mask(x, _mm512_set1_pd(2147483648.0), _CMP_LT_OQ));
    const __m256i category = _mm512_maskz_cvttpd_epi32(is_code, x);
    const __mmask8 known = _mm256_mask_cmplt_epu32_mask(is_code, category, count);
    _mm256_mask_cvtepi32_storeu_epi8(codes + row, 0xff,
                                     _mm256_maskz_add_epi32(known, category, one));
  }
}

}  // namespace

RONDO_AVX512 void avx512_bin(const ForestLayout& layout, StripRows strip, std::uint8_t* codes,
                             std::uint8_t* categories) {
  Tile tile;
  const std::size_t rows = (strip.rows + 63) / 64 * 64, columns = layout.columns.size();
  std::size_t column = 0, category = 0;
  for (std::size_t from = 0; from < layout.features; from += kTile) {
    const auto in_tile = [&](std::uint32_t feature) { return feature < from + kTile; };
    const bool any = (column < columns && in_tile(layout.columns[column].feature)) ||
                     (category < layout.categories.size() &&
                      in_tile(layout.categories[category].feature));
    if (any) take_tile(layout, strip, from, tile);
    for (; column < columns && in_tile(layout.columns[column].feature); ++column) {
      const Column& now = layout.columns[column];
      bin_column(layout, now, tile.value[now.feature - from], rows, codes + column * kStripRows,
                 codes + (columns + column) * kStripRows);
    }
    for (; category < layout.categories.size() &&
           in_tile(layout.categories[category].feature); ++category) {
      const CategoryColumn& now = layout.categories[category];
      bin_category(now, tile.value[now.feature - from], rows, categories + category * kStripRows);
    }
  }
}

}  // namespace rondo::model
