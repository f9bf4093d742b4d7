// What the files of the AVX2 kernel share; see kernel_avx512.h for the attribute.
#pragma once

#include <immintrin.h>

#include "model/kernel_functions.h"

#define RONDO_AVX2 __attribute__((target("avx2,popcnt")))

namespace rondo::model {

void avx2_bin(const ForestLayout& layout, StripRows strip, std::uint8_t* codes,
              std::uint8_t* categories);
void avx2_ask_sets(const ForestLayout& layout, const TreeBlock& block, std::size_t rows,
                   const std::uint8_t* categories, std::uint8_t* codes);
void avx2_add_block(const ForestLayout& layout, const TreeBlock& block, std::size_t rows,
                    const std::uint8_t* codes, double* sums);
void avx2_add_row(const ForestLayout& layout, const LaneLayout& lanes, const double* row,
                  double* sums);

RONDO_AVX2 inline __m256i spread32(std::uint8_t byte) {
  return _mm256_set1_epi8(static_cast<char>(byte));
}

RONDO_AVX2 inline __m256i load32(const std::uint8_t* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}

RONDO_AVX2 inline void store32(std::uint8_t* to, __m256i v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), v);
}

RONDO_AVX2 inline __m256i four_below(const double* cuts, __m256d x) {
  return _mm256_castpd_si256(_mm256_cmp_pd(_mm256_load_pd(cuts), x, _CMP_LT_OQ));
}

/// How many of 16 cuts lie below x.
RONDO_AVX2 inline unsigned cuts_below16(const double* cuts, __m256d x) {
  const __m256i low = _mm256_packs_epi32(four_below(cuts, x), four_below(cuts + 4, x));
  const __m256i high = _mm256_packs_epi32(four_below(cuts + 8, x), four_below(cuts + 12, x));
  const int bits = _mm256_movemask_epi8(_mm256_packs_epi16(low, high));
  return static_cast<unsigned>(_mm_popcnt_u32(static_cast<unsigned>(bits))) / 2;
}

/// The number of the lowest bit of each byte that is not 0.
RONDO_AVX2 inline __m256i lowest_bit32(__m256i v) {
  const __m256i low = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(-1, 0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0));
  const __m256i high = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(-1, 4, 5, 4, 6, 4, 5, 4, 7, 4, 5, 4, 6, 4, 5, 4));
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble));
  const __m256i b =
      _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
  return _mm256_min_epu8(a, b);
}

}  // namespace rondo::model
