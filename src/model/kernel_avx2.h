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

RONDO_AVX2 inline __m256i spread32(std::uint8_t byte) {
  return _mm256_set1_epi8(static_cast<char>(byte));
}

RONDO_AVX2 inline __m256i load32(const std::uint8_t* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}

RONDO_AVX2 inline void store32(std::uint8_t* to, __m256i v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), v);
}

}  // namespace rondo::model
