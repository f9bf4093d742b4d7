// 32 rows a vector over the splits of a tree, as kernel_avx512.cc has 64: the greater of code and
// cut equals the cut where a row stays.
#include "model/kernel_avx2.h"

#include <algorithm>

namespace rondo::model {
namespace {

constexpr std::size_t kHalf = 128;  // rows that four vectors hold

template <int kVectors>
RONDO_AVX2 inline void clear32(const Split& split, const std::uint8_t* codes,
                               __m256i (&live)[kVectors]) {
  const __m256i cut = spread32(split.cut), keep = spread32(split.keep);
  const std::uint8_t* const plane = codes + std::size_t{split.plane} * kStripRows;
#pragma GCC unroll 4
  for (int i = 0; i < kVectors; ++i) {
    const __m256i stays = _mm256_cmpeq_epi8(_mm256_max_epu8(load32(plane + 32 * i), cut), cut);
    live[i] = _mm256_and_si256(live[i], _mm256_or_si256(stays, keep));
  }
}

/// The exit leaves of 32 * kVectors rows.
template <int kVectors>
RONDO_AVX2 inline void exit_leaves32(const ForestLayout& layout, const TreeLayout& tree,
                                     const std::uint8_t* codes, std::uint8_t* leaves) {
  const Split* split = layout.splits.data() + tree.split;
  const std::uint16_t* count = layout.counts.data() + tree.count;
  __m256i last[kVectors], place[kVectors];
#pragma GCC unroll 4
  for (int i = 0; i < kVectors; ++i) last[i] = place[i] = _mm256_setzero_si256();
  for (unsigned byte = tree.bytes; byte-- > 0; ++count) {
    __m256i live[kVectors];
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) live[i] = _mm256_set1_epi8(-1);
    for (const Split* const end = split + *count; split != end; ++split) {
      clear32<kVectors>(*split, codes, live);
    }
    const __m256i here = spread32(static_cast<std::uint8_t>(byte * 8));
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i) {
      const __m256i none = _mm256_cmpeq_epi8(live[i], _mm256_setzero_si256());
      last[i] = _mm256_blendv_epi8(live[i], last[i], none);
      place[i] = _mm256_blendv_epi8(here, place[i], none);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kVectors; ++i) {
    store32(leaves + 32 * i, _mm256_add_epi8(place[i], lowest_bit32(last[i])));
  }
}

template <int kVectors>
RONDO_AVX2 void add_trees32(const ForestLayout& layout, const TreeBlock& block,
                            const std::uint8_t* codes, double* sums) {
  alignas(32) std::uint8_t leaves[32 * kVectors];
  for (std::size_t t = block.tree; t < block.tree + block.trees; ++t) {
    const TreeLayout& tree = layout.trees[t];
    exit_leaves32<kVectors>(layout, tree, codes, leaves);
    double* const sum = sums + t % layout.outputs * kStripRows;
    const double* const values = layout.leaves.data() + tree.leaf;
    for (std::size_t row = 0; row < 32 * kVectors; ++row) sum[row] += values[leaves[row]];
  }
}

}  // namespace

RONDO_AVX2 void avx2_ask_sets(const ForestLayout& layout, const TreeBlock& block,
                              std::size_t rows, const std::uint8_t* categories,
                              std::uint8_t* codes) {
  const __m256i bit_of = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
  for (std::size_t i = 0; i < block.sets; ++i) {
    const std::size_t set = block.set + i;
    const auto* const halves =
        reinterpret_cast<const __m128i*>(layout.sets[set].codes.data());
    const __m256i low = _mm256_broadcastsi128_si256(_mm_load_si128(halves));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_load_si128(halves + 1));
    const std::uint8_t* const column = categories + layout.set_column[set] * kStripRows;
    std::uint8_t* const out = codes + (2 * layout.columns.size() + i) * kStripRows;
    for (std::size_t row = 0; row < rows; row += 32) {
      const __m256i code = load32(column + row);
      const __m256i at = _mm256_and_si256(_mm256_srli_epi16(code, 3), spread32(15));
      // The highest bit of a code tells the half.
      const __m256i byte = _mm256_blendv_epi8(_mm256_shuffle_epi8(low, at),
                                              _mm256_shuffle_epi8(high, at), code);
      const __m256i bit = _mm256_shuffle_epi8(bit_of, _mm256_and_si256(code, spread32(7)));
      const __m256i has = _mm256_cmpeq_epi8(_mm256_and_si256(byte, bit), bit);
      store32(out + row, _mm256_and_si256(has, spread32(1)));
    }
  }
}

RONDO_AVX2 void avx2_add_block(const ForestLayout& layout, const TreeBlock& block,
                               std::size_t rows, const std::uint8_t* codes, double* sums) {
  for (std::size_t from = 0; from < rows; from += kHalf) {
    switch ((std::min(kHalf, rows - from) + 31) / 32) {
      case 1: add_trees32<1>(layout, block, codes + from, sums + from); break;
      case 2: add_trees32<2>(layout, block, codes + from, sums + from); break;
      case 3: add_trees32<3>(layout, block, codes + from, sums + from); break;
      default: add_trees32<4>(layout, block, codes + from, sums + from); break;
    }
  }
}

constexpr KernelFunctions kAvx2Functions = {avx2_bin, avx2_ask_sets, avx2_add_block,
                                            avx2_add_row};

}  // namespace rondo::model
