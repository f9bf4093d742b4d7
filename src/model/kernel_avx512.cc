// 64 rows a vector over the splits of a tree: one comparison and one logic operation each. The
// bytes of a tree's leaves are gone through from the last to the first, so the last one that is
// seen not empty holds the exit leaf, and no more than one of them is ever kept.
#include "model/kernel_avx512.h"

namespace rondo::model {
namespace {

template <int kVectors>
RONDO_AVX512 inline void clear(const Split& split, const std::uint8_t* codes,
                               __m512i (&live)[kVectors]) {
  const __m512i cut = spread(split.cut), keep = spread(split.keep);
  const std::uint8_t* const plane = codes + std::size_t{split.plane} * kStripRows;
#pragma GCC unroll 4
  for (int i = 0; i < kVectors; ++i) {
    const __m512i stays = _mm512_movm_epi8(
        _mm512_cmple_epu8_mask(_mm512_load_si512(plane + 64 * i), cut));
    live[i] = _mm512_and_si512(live[i], _mm512_or_si512(stays, keep));
  }
}

/// The exit leaves of 64 * kVectors rows.
template <int kVectors>
RONDO_AVX512 inline void exit_leaves(const ForestLayout& layout, const TreeLayout& tree,
                                     const std::uint8_t* codes, std::uint8_t* leaves) {
  const Split* split = layout.splits.data() + tree.split;
  const std::uint16_t* count = layout.counts.data() + tree.count;
  __m512i last[kVectors], place[kVectors];
#pragma GCC unroll 4
  for (int i = 0; i < kVectors; ++i) last[i] = place[i] = _mm512_setzero_si512();
  for (unsigned byte = tree.bytes; byte-- > 0; ++count) {
    __m512i live[kVectors];
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) live[i] = _mm512_set1_epi8(-1);
    for (const Split* const end = split + *count; split != end; ++split) {
      clear<kVectors>(*split, codes, live);
    }
    const __m512i here = spread(static_cast<std::uint8_t>(byte * 8));
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) {
      const __mmask64 some = _mm512_test_epi8_mask(live[i], live[i]);
      last[i] = _mm512_mask_mov_epi8(last[i], some, live[i]);
      place[i] = _mm512_mask_mov_epi8(place[i], some, here);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kVectors; ++i) {
    _mm512_store_si512(leaves + 64 * i, _mm512_add_epi8(place[i], lowest_bit(last[i])));
  }
}

RONDO_AVX512 inline void add_leaves(const double* values, const std::uint8_t* leaves,
                                    std::size_t rows, double* sums) {
  for (std::size_t row = 0; row < rows; ++row) sums[row] += values[leaves[row]];
}

/// Up to 32 leaves stay in four registers.
RONDO_AVX512 inline void add_few_leaves(const double* values, const std::uint8_t* leaves,
                                        std::size_t rows, double* sums) {
  const __m512d v0 = _mm512_loadu_pd(values), v1 = _mm512_loadu_pd(values + 8);
  const __m512d v2 = _mm512_loadu_pd(values + 16), v3 = _mm512_loadu_pd(values + 24);
  for (std::size_t row = 0; row < rows; row += 8) {
    const __m512i leaf = _mm512_cvtepu8_epi64(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(leaves + row)));
    const __mmask8 second = _mm512_test_epi64_mask(leaf, _mm512_set1_epi64(16));
    const __m512d low = _mm512_permutex2var_pd(v0, leaf, v1);
    const __m512d high = _mm512_permutex2var_pd(v2, leaf, v3);
    const __m512d value = _mm512_mask_mov_pd(low, second, high);
    _mm512_store_pd(sums + row, _mm512_add_pd(_mm512_load_pd(sums + row), value));
  }
}

template <int kVectors>
RONDO_AVX512 void add_trees(const ForestLayout& layout, const TreeBlock& block,
                            const std::uint8_t* codes, double* sums) {
  alignas(64) std::uint8_t leaves[64 * kVectors];
  for (std::size_t t = block.tree; t < block.tree + block.trees; ++t) {
    const TreeLayout& tree = layout.trees[t];
    exit_leaves<kVectors>(layout, tree, codes, leaves);
    double* const sum = sums + t % layout.outputs * kStripRows;
    const double* const values = layout.leaves.data() + tree.leaf;
    tree.leaves <= 32 ? add_few_leaves(values, leaves, 64 * kVectors, sum)
                      : add_leaves(values, leaves, 64 * kVectors, sum);
  }
}

}  // namespace

RONDO_AVX512 void avx512_ask_sets(const ForestLayout& layout, const TreeBlock& block,
                                  std::size_t rows, const std::uint8_t* categories,
                                  std::uint8_t* codes) {
  const __m512i bit_of = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201));
  for (std::size_t i = 0; i < block.sets; ++i) {
    const std::size_t set = block.set + i;
    const __m512i members = _mm512_castsi256_si512(_mm256_load_si256(
        reinterpret_cast<const __m256i*>(layout.sets[set].codes.data())));
    const std::uint8_t* const column = categories + layout.set_column[set] * kStripRows;
    std::uint8_t* const out = codes + (2 * layout.columns.size() + i) * kStripRows;
    for (std::size_t row = 0; row < rows; row += 64) {
      const __m512i code = _mm512_load_si512(column + row);
      const __m512i byte = _mm512_permutexvar_epi8(
          _mm512_and_si512(_mm512_srli_epi16(code, 3), _mm512_set1_epi8(31)), members);
      const __m512i bit =
          _mm512_shuffle_epi8(bit_of, _mm512_and_si512(code, _mm512_set1_epi8(7)));
      _mm512_store_si512(out + row,
                         _mm512_maskz_set1_epi8(_mm512_test_epi8_mask(byte, bit), 1));
    }
  }
}

RONDO_AVX512 void avx512_add_block(const ForestLayout& layout, const TreeBlock& block,
                                   std::size_t rows, const std::uint8_t* codes, double* sums) {
  switch ((rows + 63) / 64) {
    case 1: return add_trees<1>(layout, block, codes, sums);
    case 2: return add_trees<2>(layout, block, codes, sums);
    case 3: return add_trees<3>(layout, block, codes, sums);
    default: return add_trees<4>(layout, block, codes, sums);
  }
}

constexpr KernelFunctions kAvx512Functions = {avx512_bin, avx512_ask_sets, avx512_add_block,
                                              avx512_add_row};

}  // namespace rondo::model
