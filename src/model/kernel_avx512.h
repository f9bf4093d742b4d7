// What the files of the AVX-512 kernel share. Only functions with this attribute use its
// instructions; inlining stays among them, so no other CPU ever meets one.
#pragma once

#include <immintrin.h>

#include "model/kernel_functions.h"

#define RONDO_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi,bmi2,popcnt")))

namespace rondo::model {

void avx512_bin(const ForestLayout& layout, StripRows strip, std::uint8_t* codes,
                std::uint8_t* categories);
void avx512_ask_sets(const ForestLayout& layout, const TreeBlock& block, std::size_t rows,
                     const std::uint8_t* categories, std::uint8_t* codes);
void avx512_add_block(const ForestLayout& layout, const TreeBlock& block, std::size_t rows,
                      const std::uint8_t* codes, double* sums);
void avx512_add_row(const ForestLayout& layout, const LaneLayout& lanes, const double* row,
                    double* sums);

RONDO_AVX512 inline __m512i spread(std::uint8_t byte) {
  return _mm512_set1_epi8(static_cast<char>(byte));
}

/// How many of 8 or 16 cuts lie below x.
template <bool kAll>
RONDO_AVX512 inline unsigned cuts_below(const double* cuts, __m512d x) {
  const __mmask8 low = _mm512_cmp_pd_mask(_mm512_load_pd(cuts), x, _CMP_LT_OQ);
  if constexpr (!kAll) return static_cast<unsigned>(_mm_popcnt_u32(low));
  const __mmask8 high = _mm512_cmp_pd_mask(_mm512_load_pd(cuts + 8), x, _CMP_LT_OQ);
  return static_cast<unsigned>(_mm_popcnt_u32(_mm512_kunpackb(high, low)));
}

/// The number of the lowest bit of each byte that is not 0.
RONDO_AVX512 inline __m512i lowest_bit(__m512i v) {
  const __m512i low = _mm512_broadcast_i32x4(
      _mm_setr_epi8(-1, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0));
  const __m512i high = _mm512_broadcast_i32x4(
      _mm_setr_epi8(-1, 4, 5, 4, 6, 4, 5, 4, 7, 4, 5, 4, 6, 4, 5, 4));
  const __m512i nibble = _mm512_set1_epi8(15);
  const __m512i a = _mm512_shuffle_epi8(low, _mm512_and_si512(v, nibble));
  const __m512i b =
      _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble));
  return _mm512_min_epu8(a, b);
}

}  // namespace rondo::model
