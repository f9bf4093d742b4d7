// One row by AVX2: the 64 trees of a group as two vectors of 32. A row's codes stay in tables of 16
// bytes, which a shuffle looks up; the number of the table picks among the shuffles' answers.
#include "model/kernel_avx2.h"
#include "model/kernel_row.h"

namespace rondo::model {
namespace {

RONDO_AVX2 inline std::uint8_t code_of32(const CutBlock* blocks, const Column& column, double x) {
  const Seen seen = seen_by(column, x);
  if (seen.missing) return column.missing_code;
  const __m256d value = _mm256_set1_pd(seen.value);
  const unsigned block = column.blocks > 1 ? cuts_below16(blocks->cut.data(), value) : 0;
  return static_cast<std::uint8_t>(block * kCutBlock +
                                   cuts_below16(blocks[1 + block].cut.data(), value));
}

RONDO_AVX2 void bin_row32(const ForestLayout& layout, const double* row, RowCodes& codes) {
  const std::size_t columns = layout.columns.size();
  for (std::size_t i = 0; i < columns; ++i) {
    const Column& column = layout.columns[i];
    const std::uint8_t code = code_of32(&layout.blocks[column.from], column, row[column.feature]);
    codes.planes[i] = code;
    codes.planes[columns + i] = static_cast<std::uint8_t>(~code);
  }
  code_row_categories(layout, row, codes);
}

RONDO_AVX2 inline __m256i table16(const RowCodes& codes, int table, __m256i at) {
  const auto* const from = reinterpret_cast<const __m128i*>(codes.planes + 16 * table);
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(from)), at);
}

/// The codes of 32 planes, each below 16 * kTables: bit 4 of a plane's number picks among tables 0
/// and 1, bit 5 among pairs, and so on; a blend asks for the highest bit of a byte.
template <int kTables>
RONDO_AVX2 inline __m256i codes_in(__m256i plane, __m256i at, const RowCodes& codes, int table) {
  if constexpr (kTables == 1) {
    return table16(codes, table, at);
  } else {
    constexpr int kHalf = kTables / 2;
    constexpr int kShift = kTables == 2 ? 3 : kTables == 4 ? 2 : kTables == 8 ? 1 : 0;
    return _mm256_blendv_epi8(codes_in<kHalf>(plane, at, codes, table),
                              codes_in<kHalf>(plane, at, codes, table + kHalf),
                              _mm256_slli_epi16(plane, kShift));
  }
}

/// The leaves of 32 trees, of those that begin at `lane`.
template <int kTables>
RONDO_AVX2 void leaves_of32(const ForestLayout& layout, const LaneLayout& lanes,
                            const LaneGroup& group, const RowCodes& codes, std::size_t lane,
                            std::uint8_t* leaves) {
  const LaneSplit* split = lanes.splits.data() + group.split;
  const LaneSet* set = lanes.sets.data() + group.set;
  const LaneByte* byte = lanes.bytes.data() + group.byte;
  const __m256i low_bits = spread32(15);
  __m256i last = _mm256_setzero_si256(), place = last;
  for (unsigned i = group.bytes; i-- > 0; ++byte) {
    __m256i live = _mm256_set1_epi8(-1);
    for (const LaneSplit* const end = split + byte->splits; split != end; ++split) {
      const __m256i plane = load32(split->plane.data() + lane);
      const __m256i cut = load32(split->cut.data() + lane);
      const __m256i code =
          codes_in<kTables>(plane, _mm256_and_si256(plane, low_bits), codes, 0);
      const __m256i stays = _mm256_cmpeq_epi8(_mm256_max_epu8(code, cut), cut);
      live = _mm256_and_si256(
          live, _mm256_or_si256(stays, load32(split->keep.data() + lane)));
    }
    if (byte->sets != 0) {
      alignas(32) std::uint8_t keep[kLaneTrees];
      keep_by_sets(layout, {set, byte->sets}, codes, keep);
      live = _mm256_and_si256(live, load32(keep + lane));
      set += byte->sets;
    }
    const __m256i none = _mm256_cmpeq_epi8(live, _mm256_setzero_si256());
    last = _mm256_blendv_epi8(live, last, none);
    place = _mm256_blendv_epi8(spread32(static_cast<std::uint8_t>(i * 8)), place, none);
  }
  store32(leaves + lane, _mm256_add_epi8(place, lowest_bit32(last)));
}

template <int kTables>
RONDO_AVX2 void add_groups32(const ForestLayout& layout, const LaneLayout& lanes,
                             const RowCodes& codes, double* sums) {
  alignas(32) std::uint8_t leaves[kLaneTrees];
  for (const LaneGroup& group : lanes.groups) {
    leaves_of32<kTables>(layout, lanes, group, codes, 0, leaves);
    if (group.trees > 32) leaves_of32<kTables>(layout, lanes, group, codes, 32, leaves);
    add_leaves(layout, group, leaves, sums);
  }
}

}  // namespace

RONDO_AVX2 void avx2_add_row(const ForestLayout& layout, const LaneLayout& lanes,
                             const double* row, double* sums) {
  RowCodes codes;
  bin_row32(layout, row, codes);
  const std::size_t planes = 2 * layout.columns.size();
  if (planes <= 32) return add_groups32<2>(layout, lanes, codes, sums);
  if (planes <= 64) return add_groups32<4>(layout, lanes, codes, sums);
  if (planes <= 128) return add_groups32<8>(layout, lanes, codes, sums);
  add_groups32<16>(layout, lanes, codes, sums);
}

}  // namespace rondo::model
